//! A store that fails as S3 can, by the dice of a seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::time::{Instant, sleep};

use super::MemoryStore;
use crate::Trouble;

/// How often what goes wrong. The probabilities are per request.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StoreWeather {
    /// 409: another request was at the same key, and nobody is known to have won.
    pub conflict: f64,
    /// 503: it did nothing.
    pub unavailable: f64,
    /// It was written, and the answer was lost: the next try meets its own object.
    pub ack_lost: f64,
    /// It is written later, though its writer has given it up.
    pub late: f64,
    /// How late at most.
    pub latest: Duration,
    /// 403: refused for certain.
    pub refused: f64,
    /// A read fails.
    pub read_fails: f64,
    /// It takes long.
    pub slow: f64,
    /// How long at most.
    pub slowest: Duration,
}

/// The store of one process: the shared one, with failures of its own; clones share them.
#[derive(Debug, Clone)]
pub struct FaultyStore {
    inner: MemoryStore,
    weather: StoreWeather,
    dice: Arc<Mutex<ChaCha8Rng>>,
    trouble: Trouble,
}

enum Fate {
    Answered,
    Lost(&'static str),
    AckLost,
    Late(Duration),
    Refused,
}

impl FaultyStore {
    /// This store, with what goes wrong by the dice of this seed until the trouble is over.
    #[must_use]
    pub fn new(inner: MemoryStore, seed: u64, weather: StoreWeather, trouble: Trouble) -> Self {
        Self { inner, weather, dice: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))), trouble }
    }

    fn strikes(&self, often: f64, what: &'static str) -> bool {
        let strikes = often > 0.0 && !self.trouble.is_over() && self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_bool(often);
        if strikes {
            self.trouble.count(what);
        }
        strikes
    }

    fn time(&self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..=longest))
    }

    /// A request is under way for a while.
    async fn travel(&self) {
        let long = if self.strikes(self.weather.slow, "store slow") { self.time(self.weather.slowest) } else { Duration::from_millis(10) };
        sleep(long).await;
    }

    fn fate(&self) -> Fate {
        let weather = self.weather;
        if self.strikes(weather.conflict, "store 409") {
            return Fate::Lost("409 ConditionalRequestConflict");
        }
        if self.strikes(weather.unavailable, "store 503") {
            return Fate::Lost("503 SlowDown");
        }
        if self.strikes(weather.ack_lost, "store answer lost") {
            return Fate::AckLost;
        }
        if self.strikes(weather.late, "store write late") {
            return Fate::Late(self.time(weather.latest));
        }
        if self.strikes(weather.refused, "store 403") { Fate::Refused } else { Fate::Answered }
    }

    async fn read(&self, key: &str) -> Result<(), StoreError> {
        self.travel().await;
        if self.strikes(self.weather.read_fails, "store read failed") {
            return Err(StoreError::Failed { key: key.to_owned(), cause: "500 InternalError".into() });
        }
        Ok(())
    }
}

fn unknown<T>(key: &str, cause: &str) -> Result<T, StoreError> {
    Err(StoreError::Unknown { key: key.to_owned(), cause: cause.to_owned() })
}

impl Store for FaultyStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            self.travel().await;
            match self.fate() {
                Fate::Answered => {
                    let put = self.inner.create(key, bytes).await;
                    self.travel().await;
                    put
                }
                Fate::Lost(why) => unknown(key, why),
                Fate::AckLost => {
                    self.inner.create(key, bytes).await?;
                    self.travel().await;
                    unknown(key, "the connection was closed")
                }
                Fate::Late(late) => {
                    self.inner.create_at(Instant::now() + late, key, bytes);
                    sleep(late.min(Duration::from_secs(5))).await;
                    unknown(key, "no answer within 5 s")
                }
                Fate::Refused => Err(StoreError::Failed { key: key.to_owned(), cause: "403 AccessDenied".into() }),
            }
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            self.read(key).await?;
            self.inner.get(key).await
        })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            self.read(prefix).await?;
            self.inner.list_after(prefix, after).await
        })
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.travel().await;
            match self.fate() {
                Fate::Answered => self.inner.overwrite(key, bytes).await,
                Fate::AckLost => {
                    self.inner.overwrite(key, bytes).await?;
                    unknown(key, "the connection was closed")
                }
                Fate::Lost(why) => unknown(key, why),
                // A late overwrite of what is derived would only make it older; it is as good as lost.
                Fate::Late(_) => unknown(key, "no answer within 5 s"),
                Fate::Refused => Err(StoreError::Failed { key: key.to_owned(), cause: "403 AccessDenied".into() }),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.travel().await;
            self.inner.delete(key).await
        })
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.inner.earlier(key)
    }
}
