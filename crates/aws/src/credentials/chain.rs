//! One chain of credential providers, with what the SDK's own cache has not: it can be told to look again, and it compares the
//! account before it hands out what it found then.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_async::time::SharedTimeSource;
use bbws_engine::Boxed;
use bbws_model::Account;

/// So long before credentials run out others are looked for.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// So long is waited before others are looked for again, where none were found and the old ones still hold.
const PAUSE: Duration = Duration::from_secs(30);

/// Credentials, and whether others can be had without a person.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) credentials: Credentials,
    pub(crate) renewable: bool,
}

/// How much of a session is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// How long its credentials still hold.
    pub left: Duration,
    /// Whether others can be had without a person.
    pub renewable: bool,
}

type Find = dyn Fn() -> Boxed<'static, Result<Found, CredentialsError>> + Send + Sync;
type Whose = dyn Fn(Credentials) -> Boxed<'static, Result<Account, String>> + Send + Sync;

/// A chain of providers. A cheap handle.
#[derive(Clone)]
pub(crate) struct Chain(Arc<Inner>);

struct Inner {
    find: Box<Find>,
    whose: Box<Whose>,
    expected: Account,
    time: SharedTimeSource,
    /// What was found last was refused.
    refused: AtomicBool,
    /// One at a time looks: whoever comes meanwhile gets what it finds.
    looking: tokio::sync::Mutex<Option<SystemTime>>,
    held: Mutex<Option<Found>>,
}

impl Chain {
    /// A chain that looks with `find`. What it finds later than the first time must be of the account `expected`, by `whose`;
    /// the first is compared by whoever connects, who can say more about it.
    pub(crate) fn new(
        find: impl Fn() -> Boxed<'static, Result<Found, CredentialsError>> + Send + Sync + 'static,
        whose: impl Fn(Credentials) -> Boxed<'static, Result<Account, String>> + Send + Sync + 'static,
        expected: Account,
        time: SharedTimeSource,
    ) -> Self {
        Self(Arc::new(Inner {
            find: Box::new(find),
            whose: Box::new(whose),
            expected,
            time,
            refused: AtomicBool::new(false),
            looking: tokio::sync::Mutex::new(None),
            held: Mutex::new(None),
        }))
    }

    /// Looks for others before the next request: those that were handed out were refused.
    pub(crate) fn renew(&self) {
        self.0.refused.store(true, Ordering::SeqCst);
    }

    /// How much is left of the session; none where its end is not known, or nothing was handed out yet.
    pub(crate) fn session(&self) -> Option<Session> {
        let Found { credentials, renewable } = self.held()?;
        let left = credentials.expiry()?.duration_since(self.0.time.now()).unwrap_or_default();
        Some(Session { left, renewable })
    }

    fn held(&self) -> Option<Found> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let mut looked = self.0.looking.lock().await;
        let now = self.0.time.now();
        let lasts = |held: &Found, by: Duration| held.credentials.expiry().is_none_or(|end| end > now + by);
        let old = self.held().filter(|held| !self.0.refused.load(Ordering::SeqCst) && lasts(held, Duration::ZERO));
        if let Some(old) = &old {
            let just_looked = looked.is_some_and(|at| now < at + PAUSE);
            if lasts(old, EARLY) || !old.renewable || just_looked {
                return Ok(old.credentials.clone());
            }
        }
        *looked = Some(now);
        match self.look().await {
            Ok(found) => {
                self.0.refused.store(false, Ordering::SeqCst);
                *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
                Ok(found.credentials)
            }
            // What is held is good for a while.
            Err(error) => old.map(|old| old.credentials).ok_or(error),
        }
    }

    async fn look(&self) -> Result<Found, CredentialsError> {
        let first = self.held().is_none();
        let found = (self.0.find)().await?;
        if first {
            return Ok(found);
        }
        let told = found.credentials.account_id().and_then(|account| account.as_str().parse().ok());
        let account = match told {
            Some(account) => account,
            None => (self.0.whose)(found.credentials.clone())
                .await
                .map_err(|why| CredentialsError::not_loaded(format!("it cannot be told whose the renewed credentials are: {why}")))?,
        };
        if account != self.0.expected {
            let why = format!("the renewed credentials are of account {account}, not of {}: nothing is sent with them", self.0.expected);
            return Err(CredentialsError::invalid_configuration(why));
        }
        Ok(found)
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("expected", &self.0.expected).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_async::time::TimeSource;
    use std::sync::atomic::AtomicUsize;

    const OURS: &str = "536580886816";

    /// A clock that stands where it is put.
    #[derive(Debug, Clone)]
    struct Hands(Arc<Mutex<SystemTime>>);

    impl TimeSource for Hands {
        fn now(&self) -> SystemTime {
            *self.0.lock().unwrap()
        }
    }

    impl Hands {
        fn pass(&self, seconds: u64) {
            *self.0.lock().unwrap() += Duration::from_secs(seconds);
        }
    }

    /// What the chain finds: `Ok(account)`, for an hour, or nothing.
    struct Bench {
        chain: Chain,
        hands: Hands,
        finds: Arc<Mutex<Result<&'static str, ()>>>,
        looks: Arc<AtomicUsize>,
    }

    fn bench(renewable: bool) -> Bench {
        let hands = Hands(Arc::new(Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))));
        let (finds, looks) = (Arc::new(Mutex::new(Ok(OURS))), Arc::new(AtomicUsize::new(0)));
        let (time, what, count) = (hands.clone(), finds.clone(), looks.clone());
        let find = move || -> Boxed<'static, Result<Found, CredentialsError>> {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let end = time.now() + Duration::from_secs(3600);
            let found = what.lock().unwrap().map_err(|()| CredentialsError::not_loaded("signed out")).map(|account| {
                // The key says whose they are, and which of those that were found.
                let credentials = Credentials::new(format!("{account} {number}"), "secret", None, Some(end), "test");
                Found { credentials, renewable }
            });
            Box::pin(async move { found })
        };
        let whose = |credentials: Credentials| -> Boxed<'static, Result<Account, String>> {
            let account = credentials.access_key_id().split(' ').next().unwrap_or_default().parse();
            Box::pin(async move { account })
        };
        let chain = Chain::new(find, whose, OURS.parse().unwrap(), SharedTimeSource::new(hands.clone()));
        Bench { chain, hands, finds, looks }
    }

    impl Bench {
        async fn key(&self) -> Result<String, String> {
            match self.chain.provide_credentials().await {
                Ok(credentials) => Ok(credentials.access_key_id().to_owned()),
                Err(error) => Err(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)),
            }
        }
    }

    #[tokio::test]
    async fn what_holds_is_kept_and_what_is_about_to_end_is_had_anew() {
        let bench = bench(true);
        assert_eq!(bench.chain.session(), None);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 1"));
        bench.hands.pass(3600 - 301);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 1"));
        assert_eq!(bench.chain.session(), Some(Session { left: Duration::from_secs(301), renewable: true }));
        bench.hands.pass(2);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 2"));
    }

    #[tokio::test]
    async fn what_was_refused_is_looked_for_again_until_it_is_found() {
        let bench = bench(true);
        bench.key().await.unwrap();
        bench.chain.renew();
        *bench.finds.lock().unwrap() = Err(());
        for _ in 0..2 {
            assert!(bench.key().await.unwrap_err().contains("signed out"), "what was refused is not handed out again");
        }
        *bench.finds.lock().unwrap() = Ok(OURS);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 4"));
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 4"), "and then they are kept");
    }

    #[tokio::test]
    async fn while_the_old_ones_hold_a_failed_look_harms_nothing_and_is_not_repeated_at_once() {
        let bench = bench(true);
        bench.key().await.unwrap();
        bench.hands.pass(3600 - 200);
        *bench.finds.lock().unwrap() = Err(());
        for _ in 0..5 {
            assert_eq!(bench.key().await.unwrap(), format!("{OURS} 1"));
        }
        assert_eq!(bench.looks.load(Ordering::SeqCst), 2);
        bench.hands.pass(201);
        assert!(bench.key().await.is_err(), "they have ended");
    }

    #[tokio::test]
    async fn renewed_credentials_of_another_account_are_never_handed_out() {
        let bench = bench(true);
        bench.key().await.unwrap();
        bench.chain.renew();
        *bench.finds.lock().unwrap() = Ok("815856636111");
        for _ in 0..2 {
            let why = bench.key().await.unwrap_err();
            assert!(why.contains("815856636111") || why.contains("configuration"), "{why}");
        }
        *bench.finds.lock().unwrap() = Ok(OURS);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 4"), "signed in rightly, it goes on");
    }

    #[tokio::test]
    async fn a_person_is_not_asked_before_it_must_be() {
        let bench = bench(false);
        bench.key().await.unwrap();
        bench.hands.pass(3600 - 1);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 1"));
        bench.hands.pass(1);
        assert_eq!(bench.key().await.unwrap(), format!("{OURS} 2"));
    }
}
