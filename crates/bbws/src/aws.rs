//! The way to AWS, or to a server that speaks its protocols.

use std::sync::Arc;

use bbws_aws::{Aws, Mfa, Place, Plain, S3Store, Setting, Vault, Whose};
use bbws_cli::{Bucket, Caller, Hearing, Inspected, Lack, SystemClock};
use bbws_cluster::Environment;
use bbws_engine::Store;
use bbws_model::{Account, Class, CloudError, World};

use crate::{Eye, Wire, listener};

/// Connects with the credentials of the environment's profile. That they are the right ones is seen when they are used.
pub(crate) async fn connect(environment: &Environment) -> Wire {
    let plain = Plain::load(whose(environment.profile.as_deref(), &environment.account), &environment.region).await;
    let world = plain.endpoint().map_or(World::Aws, |url| World::Endpoint(url.trim_end_matches('/').to_owned()));
    Wire::new(world, Aws::new(Arc::new(plain), &environment.region), Arc::new(SystemClock::default()), None, None)
}

/// Looks with the same credentials, through clients that can only read.
pub(crate) async fn look(environment: &Environment) -> Eye {
    let plain = Plain::load(whose(environment.profile.as_deref(), &environment.account), &environment.region).await;
    let world = plain.endpoint().map_or(World::Aws, |url| World::Endpoint(url.trim_end_matches('/').to_owned()));
    Eye::new(world, Aws::for_a_look(Arc::new(plain), &environment.region), Arc::new(SystemClock::default()))
}

fn whose(profile: Option<&str>, account: &Account) -> Whose {
    let ask = |mfa: &Mfa| bbws_cli::ask_code(&mfa.profile, &mfa.serial);
    Whose { profile: profile.map(str::to_owned), account: account.clone(), ask: Arc::new(ask) }
}

fn place(bucket: &Bucket) -> Place {
    let Bucket { name, owner, environment, kms_key, approvers, .. } = bucket.clone();
    Place { bucket: name, owner, environment, kms_key, approvers }
}

/// The state store in a bucket.
pub(crate) fn store(bucket: &Bucket, hearing: Option<Hearing>) -> Arc<dyn Store> {
    let store = S3Store::new(whose(bucket.profile.as_deref(), &bucket.owner), &bucket.region, place(bucket));
    Arc::new(store.heard_by(hearing.map(listener)))
}

/// The bucket of a state.
pub struct StateBucket(Vault);

impl StateBucket {
    /// Connects to it. That the credentials are the right ones is seen when they are used.
    pub(crate) async fn connect(bucket: &Bucket) -> Self {
        Self(Vault::connect(whose(bucket.profile.as_deref(), &bucket.owner), &bucket.region, place(bucket)).await)
    }
}

impl bbws_cli::Vault for StateBucket {
    async fn whoami(&self) -> Result<Caller, CloudError> {
        let identity = self.0.whoami().await?;
        Ok(Caller { account: identity.account, arn: identity.arn, source_identity: None })
    }

    fn listen(&self, to: Hearing) {
        self.0.listen(listener(to));
    }

    fn open_gate(&self) {
        self.0.open_gate();
    }

    async fn look(&self) -> Result<Inspected, CloudError> {
        let found = self.0.look().await?;
        let lacks = found.missing.into_iter().map(|setting| Lack { setting: setting.name(), deed: setting.deed() }).collect();
        Ok(Inspected { lacks, dangers: found.dangers })
    }

    async fn make(&self, setting: &str) -> Result<(), CloudError> {
        match Setting::ALL.into_iter().find(|one| one.name() == setting) {
            Some(setting) => self.0.make(setting).await,
            None => Err(CloudError::own("init", Class::Invalid, format!("a bucket has no setting `{setting}`"))),
        }
    }
}
