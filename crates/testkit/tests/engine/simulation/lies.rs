//! Ports that lie: how a bug is put into an engine that has no switch for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bbws_engine::{AnyDriver, Attempt, Boxed, Clock, Created, LEASE, Place, Progress, PutOutcome, Reading, Store, StoreError, log};
use bbws_model::{Class, CloudError, Ownership, PhysicalId, Record, Seen, State, wire};
use bbws_testkit::{FaultyStore, Moment, Stood};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::oracle::{FORGOTTEN, Oracle};
use super::process::Leased;
use super::witness::Lease;

/// What a port lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Store: a slot is called written when it is only remembered; it is written with the next one.
    WritesBehind,
    /// Store: slots of intents alone are kept back until the next slot: until after the call.
    IntentsAfter,
    /// Store: what is read back bears another put id.
    HidesPutIds,
    /// Store: create-if-absent writes over what is there.
    Overwrites,
    /// Store: what exists already is called created.
    ExistsIsCreated,
    /// Store: the derived state is written before the slot that it holds.
    StateAhead,
    /// Driver: a lost answer is called a refusal.
    LostIsRefused,
    /// Driver: a create that is sent again bears another token.
    NewTokens,
    /// Driver: after a lost answer it sends a create again, as an SDK does.
    SendsAgain,
    /// Driver: and so a delete.
    DeletesAgain,
    /// Driver: whatever is found is called ours.
    ClaimsAll,
    /// Driver: the last object of a page is missing now and then.
    PartialPages,
    /// Driver: a look that fails found nothing.
    ErrorsAreAbsences,
    /// Driver: what was made is not there for ten minutes.
    HidesTheNew,
    /// Driver: a create is answered with an id that AWS has not said.
    MadeUpIds,
    /// Driver: a request that is sent again says what the file says today.
    TodaysRequest,
    /// Driver: now and then a destroy is in another account, where nothing is there.
    OtherAccount,
    /// Clock: no time is too long, so nothing is waited for.
    NoDrain,
    /// Clock: it stops while the machine sleeps.
    StopsInSleep,
    /// Gate: it lets everything pass.
    NoGate,
    /// Gate: it is asked before there are credentials to sign with.
    EarlyGate,
    /// Gate: the lease counts from when a slot was last sent, not first.
    RenewsByRetry,
    /// Driver: what was given up is not to be seen by whoever looks for it.
    NoSweep,
    /// Driver: what bears our mark is not listed.
    NoCensus,
    /// Driver: its errors quote a secret that the net does not know.
    ForgetsSecrets,
    /// Command: whoever holds the environment is called dead.
    BuriesTheLiving,
    /// Command: garbage is collected by a clock that is a month ahead.
    CollectsYoung,
    /// Command: it gives the environment back while requests are in flight.
    ClosesEarly,
}

impl Lie {
    /// Whether only things whose id is their name can suffer from it: then some are in each seed.
    pub(super) fn is_about_names(self) -> bool {
        self == Self::DeletesAgain
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store that lies.
pub(super) struct LyingStore {
    inner: FaultyStore,
    lie: Lie,
    /// What is only remembered.
    kept: Mutex<Vec<(String, Vec<u8>)>>,
    /// What was found to exist when it was to be created.
    met: Mutex<BTreeSet<String>>,
}

impl LyingStore {
    pub(super) fn new(inner: FaultyStore, lie: Lie) -> Self {
        Self { inner, lie, kept: Mutex::default(), met: Mutex::default() }
    }

    async fn meet(&self, key: &str, bytes: &[u8]) -> Result<PutOutcome, StoreError> {
        let put = self.inner.create(key, bytes).await;
        if put == Ok(PutOutcome::Exists) {
            locked(&self.met).insert(key.to_owned());
        }
        put
    }

    async fn keep(&self, key: &str, bytes: &[u8]) -> Result<PutOutcome, StoreError> {
        let kept = std::mem::take(&mut *locked(&self.kept));
        for (key, bytes) in kept {
            self.inner.create(&key, &bytes).await?;
        }
        let slot = wire::log::read(bytes).unwrap();
        let may_wait = slot.records.iter().all(|record| match self.lie {
            Lie::IntentsAfter => matches!(record, Record::Intent(_)),
            _ => !matches!(record, Record::Open { .. } | Record::Close { .. }),
        });
        if may_wait {
            locked(&self.kept).push((key.to_owned(), bytes.to_vec()));
            return Ok(PutOutcome::Created);
        }
        self.inner.create(key, bytes).await
    }

    async fn state_ahead(&self, key: &str, bytes: &[u8]) -> Result<PutOutcome, StoreError> {
        let slot = wire::log::read(bytes).unwrap();
        let mut state = log::read(&self.inner).await.ok().flatten().unwrap_or_else(|| State::empty(slot.lineage.clone()));
        if state.take(&slot, bytes).is_ok() {
            drop(self.inner.overwrite(wire::state::KEY, &wire::state::write(&state).unwrap()).await);
        }
        self.inner.create(key, bytes).await
    }
}

impl Store for LyingStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            if !key.starts_with(wire::log::PREFIX) {
                return self.inner.create(key, bytes).await;
            }
            match self.lie {
                Lie::WritesBehind | Lie::IntentsAfter => self.keep(key, bytes).await,
                Lie::Overwrites => self.inner.overwrite(key, bytes).await.map(|()| PutOutcome::Created),
                Lie::ExistsIsCreated => self.inner.create(key, bytes).await.map(|_| PutOutcome::Created),
                Lie::StateAhead => self.state_ahead(key, bytes).await,
                _ => self.meet(key, bytes).await,
            }
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let found = self.inner.get(key).await?;
            let (Lie::HidesPutIds, Some(bytes), true) = (self.lie, &found, locked(&self.met).contains(key)) else { return Ok(found) };
            let mut slot = wire::log::read(bytes).unwrap();
            slot.put_id = "hidden".into();
            Ok(Some(wire::log::write(&slot).unwrap()))
        })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.inner.list_after(prefix, after)
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.inner.overwrite(key, bytes)
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.inner.delete(key)
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.inner.earlier(key)
    }
}

/// What the lying drivers of all processes remember together.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    count: u64,
    sent: BTreeSet<String>,
    made: BTreeMap<PhysicalId, Instant>,
}

impl Memory {
    fn count(&self) -> u64 {
        let mut remembered = locked(&self.0);
        remembered.count += 1;
        remembered.count
    }
}

/// A driver that lies.
pub(super) struct LyingDriver {
    pub(super) inner: Box<dyn AnyDriver>,
    pub(super) lie: Lie,
    pub(super) memory: Memory,
    pub(super) oracle: Oracle,
}

impl LyingDriver {
    fn told<T>(&self, answer: Result<T, CloudError>) -> Result<T, CloudError> {
        answer.map_err(|mut error| {
            if self.lie == Lie::LostIsRefused && error.class == Class::Ambiguous {
                error.class = Class::Invalid;
            }
            if self.lie == Lie::ForgetsSecrets {
                error.message += FORGOTTEN;
            }
            error
        })
    }

    /// Only the sweep looks for what was given up.
    fn is_given_up(&self, place: &Place) -> bool {
        let state = self.oracle.fold();
        place.intent.as_ref().is_some_and(|intent| state.is_some_and(|state| state.abandoned.contains_key(intent)))
    }

    fn shown(&self, place: &Place, last: bool, found: Result<Option<Seen>, CloudError>) -> Result<Option<Seen>, CloudError> {
        match (self.lie, found) {
            (Lie::ClaimsAll, Ok(Some(mut seen))) => {
                let intent = seen.owner.as_ref().map(|owner| owner.intent.clone()).or_else(|| place.intent.clone());
                let intent = place.intent.clone().or(intent).unwrap_or_else(|| bbws_model::IntentId("claimed".into()));
                seen.owner = Some(Ownership { lineage: place.lineage.clone(), address: place.address.clone(), intent });
                Ok(Some(seen))
            }
            (Lie::PartialPages, Ok(Some(seen))) => Ok(if last && self.memory.count().is_multiple_of(11) { None } else { Some(seen) }),
            (Lie::ErrorsAreAbsences, Err(_)) => Ok(None),
            (Lie::NoSweep, Ok(_)) if self.is_given_up(place) => Ok(None),
            (Lie::HidesTheNew, Ok(Some(seen))) => {
                let young = locked(&self.memory.0).made.get(&seen.id).is_some_and(|at| at.elapsed() < Duration::from_secs(600));
                Ok((!young).then_some(seen))
            }
            (_, found) => found,
        }
    }
}

impl AnyDriver for LyingDriver {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn observe<'a>(&'a self, at: &'a [Place], reading: &'a Reading) -> Boxed<'a, Vec<Result<Option<Seen>, CloudError>>> {
        Box::pin(async move {
            let found = self.inner.observe(at, reading).await;
            let last = at.len().saturating_sub(1);
            at.iter().zip(found).enumerate().map(|(n, (place, found))| self.shown(place, n == last, found)).collect()
        })
    }

    fn create<'a>(&'a self, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Created, CloudError>> {
        Box::pin(async move {
            let (mut want, mut attempt) = (want.clone(), attempt.clone());
            let again = !locked(&self.memory.0).sent.insert(attempt.token.clone());
            match self.lie {
                Lie::NewTokens if again => attempt.token = format!("{:032}", self.memory.count()),
                Lie::TodaysRequest if again => want["colour"] = json!("today"),
                _ => {}
            }
            let mut answer = self.inner.create(&want, &attempt).await;
            if self.lie == Lie::SendsAgain && answer.as_ref().is_err_and(|error| error.class == Class::Ambiguous) {
                answer = self.inner.create(&want, &attempt).await;
            }
            if let Ok(made) = &mut answer {
                locked(&self.memory.0).made.insert(made.id.clone(), Instant::now());
                if self.lie == Lie::MadeUpIds {
                    made.id = format!("early-{}", self.memory.count()).as_str().into();
                }
            }
            self.told(answer)
        })
    }

    fn update<'a>(&'a self, seen: &'a Seen, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async move { self.told(self.inner.update(seen, want, attempt).await) })
    }

    fn delete<'a>(&'a self, seen: &'a Seen, attempt: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async move {
            let mut answer = self.inner.delete(seen, attempt).await;
            if self.lie == Lie::DeletesAgain && answer.as_ref().is_err_and(|error| error.class == Class::Ambiguous) {
                answer = self.inner.delete(seen, attempt).await;
            }
            self.told(answer)
        })
    }
}

/// What a process asks right before a mutating call leaves.
pub(super) fn gate(lie: Option<Lie>, leased: Leased, lease: Lease) -> impl Fn(Moment) -> Result<(), CloudError> + Send + Sync + 'static {
    move |moment| match (lie, moment) {
        (Some(Lie::NoGate), _) | (Some(Lie::EarlyGate), Moment::AfterSigning) => Ok(()),
        (Some(Lie::RenewsByRetry), Moment::AfterSigning) => {
            let leased = lease.retried().is_some_and(|sent| sent.elapsed() < LEASE);
            if leased { Ok(()) } else { Err(CloudError::own("toy", Class::Withheld, "the lease is over")) }
        }
        (Some(Lie::EarlyGate), Moment::BeforeSigning) | (_, Moment::AfterSigning) => leased.may_send(),
        (_, Moment::BeforeSigning) => Ok(()),
    }
}

/// A clock that stops while the machine sleeps.
pub(super) struct Stopping(pub(super) Arc<dyn Clock>, pub(super) Stood);

impl Clock for Stopping {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed().saturating_sub(self.1.so_far())
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.0.sleep(duration)
    }
}

/// A clock in whose eyes every wait is long over.
pub(super) struct Hasty(pub(super) Arc<dyn Clock>, pub(super) Mutex<Duration>);

impl Clock for Hasty {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        let mut ahead = locked(&self.1);
        *ahead += Duration::from_secs(1000);
        self.0.elapsed() + *ahead
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.0.sleep(duration)
    }
}
