//! The SDK clients, built in one place, so that none lacks its guard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;

use aws_config::BehaviorVersion;
use aws_config::identity::IdentityCache;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use bbws_engine::Boxed;
use bbws_model::Account;

use crate::Told;
use crate::audit::AUDIT_CALLS;
use crate::credentials::{AskCode, Chain, Found, Session, Used, needed, sign_in};
use crate::guard::{Calls, Gate, Guard};

/// How long one attempt of a call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for the state store, whose objects are small: a lease that is not renewed in time runs out. And for the audit's log.
const STORE_PATIENCE: Duration = Duration::from_secs(10);

/// The clients of one region, all with the same guard.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Certificate Manager.
    pub acm: aws_sdk_acm::Client,
    /// CloudFront.
    pub cloudfront: aws_sdk_cloudfront::Client,
    /// CloudTrail: who changed what.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// EC2, the network.
    pub ec2: aws_sdk_ec2::Client,
    /// ECS.
    pub ecs: aws_sdk_ecs::Client,
    /// EFS.
    pub efs: aws_sdk_efs::Client,
    /// Elastic Load Balancing, application load balancers.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Key Management: it signs and verifies approvals.
    pub kms: aws_sdk_kms::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// The Price List, which only a few regions serve.
    pub pricing: aws_sdk_pricing::Client,
    /// Service Quotas.
    pub quotas: aws_sdk_servicequotas::Client,
    /// RDS.
    pub rds: aws_sdk_rds::Client,
    /// Route 53.
    pub route53: aws_sdk_route53::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// The index of tags over all services.
    pub tags: aws_sdk_resourcegroupstagging::Client,
}

/// What the clients of one region are made from.
pub struct Wire {
    /// Credentials, time, HTTP and endpoint.
    pub config: SdkConfig,
    /// An interceptor that every client gets beside its guard: the sandbox hands typed inputs over through it.
    pub interceptor: Option<SharedInterceptor>,
}

/// Where calls go: AWS, a server that speaks its protocols, or the sandbox.
pub trait Connection: Send + Sync + 'static {
    /// The way to `region`.
    fn wire(&self, region: &str) -> Wire;

    /// Looks for other credentials before the next request: those at hand were refused.
    fn renew(&self);

    /// How much is left of the session, where its end is known.
    fn session(&self) -> Option<Session>;
}

/// A connection to AWS, or to a server that speaks its protocols.
pub struct Plain {
    config: SdkConfig,
    chain: Chain,
}

impl Connection for Plain {
    fn wire(&self, region: &str) -> Wire {
        Wire { config: self.config.to_builder().region(Region::new(region.to_owned())).build(), interceptor: None }
    }

    fn renew(&self) {
        self.chain.renew();
    }

    fn session(&self) -> Option<Session> {
        self.chain.session()
    }
}

/// Whose credentials are looked for.
#[derive(Clone)]
pub struct Whose {
    /// The profile; the environment's variables come before it.
    pub profile: Option<String>,
    /// The account that they must be of.
    pub account: Account,
    /// How a person is asked for a code, where the profile wants one.
    pub ask: AskCode,
}

impl std::fmt::Debug for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whose").field("profile", &self.profile).field("account", &self.account).finish_non_exhaustive()
    }
}

async fn load(profile: Option<&str>, region: &str) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned()));
    match profile {
        Some(profile) => loader.profile_name(profile),
        None => loader,
    }
    .load()
    .await
}

/// Looks through variables, profile and the services of this machine, all of them read anew.
async fn find(whose: Whose, region: String, used: Used) -> Result<Found, CredentialsError> {
    let mfa = needed(whose.profile.as_deref()).await.map_err(CredentialsError::invalid_configuration)?;
    if let Some(mfa) = mfa {
        return sign_in(&mfa, &region, &whose.ask, &used).await;
    }
    let config = load(whose.profile.as_deref(), &region).await;
    let provider = config.credentials_provider().ok_or_else(|| CredentialsError::not_loaded("no provider of credentials"))?;
    Ok(Found { credentials: provider.provide_credentials().await?, renewable: true })
}

/// A client of STS for credentials at hand: the one client without a guard, and all it can do is to ask for a session, or whose
/// the credentials are.
pub(crate) fn sts(config: &SdkConfig) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(config)
}

impl Plain {
    /// Loads settings as every tool of AWS does: from the environment, then from the profile. Credentials are looked for when
    /// the first request needs them.
    pub async fn load(whose: Whose, region: &str) -> Self {
        let base = load(whose.profile.as_deref(), region).await;
        let expected = whose.account.clone();
        let look = {
            let (region, used) = (region.to_owned(), Used::default());
            move || -> Boxed<'static, Result<Found, CredentialsError>> { Box::pin(find(whose.clone(), region.clone(), used.clone())) }
        };
        let asked = base.clone();
        let account = move |credentials: aws_credential_types::Credentials| -> Boxed<'static, Result<Account, String>> {
            let config = asked.to_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
            Box::pin(async move {
                let answer = sts(&config).get_caller_identity().send().await.told("sts:GetCallerIdentity").map_err(|e| e.to_string())?;
                answer.account.unwrap_or_default().parse()
            })
        };
        let chain = Chain::new(look, account, expected, SharedTimeSource::new(SystemTimeSource::new()));
        // The chain remembers by itself, and can be told to forget.
        let config = base.to_builder().credentials_provider(SharedCredentialsProvider::new(chain.clone()));
        Self { config: config.identity_cache(IdentityCache::no_cache()).build(), chain }
    }

    /// The server that calls go to instead of AWS, if any.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }
}

fn clients(connection: &dyn Connection, region: &str, guard: &Guard, retry: RetryConfig, patience: Duration) -> Clients {
    let Wire { config, interceptor } = connection.wire(region);
    let base = config
        .to_builder()
        .retry_config(retry)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(patience).connect_timeout(Duration::from_secs(5)).build())
        .build();
    // One closure cannot build clients of different types, so each line names its crate.
    macro_rules! client {
        ($sdk:ident) => {{ client!($sdk, $sdk::config::Builder::from(&base)) }};
        ($sdk:ident, $builder:expr) => {{
            let mut config = $builder.interceptor(guard.clone());
            if let Some(interceptor) = &interceptor {
                config = config.interceptor(interceptor.clone());
            }
            $sdk::Client::from_conf(config.build())
        }};
    }
    // A server at an endpoint URL has no DNS name per bucket.
    let s3 = aws_sdk_s3::config::Builder::from(&base).force_path_style(base.endpoint_url().is_some());
    Clients {
        acm: client!(aws_sdk_acm),
        cloudfront: client!(aws_sdk_cloudfront),
        cloudtrail: client!(aws_sdk_cloudtrail),
        cloudwatch: client!(aws_sdk_cloudwatch),
        ec2: client!(aws_sdk_ec2),
        ecs: client!(aws_sdk_ecs),
        efs: client!(aws_sdk_efs),
        elb: client!(aws_sdk_elasticloadbalancingv2),
        iam: client!(aws_sdk_iam),
        kms: client!(aws_sdk_kms),
        logs: client!(aws_sdk_cloudwatchlogs),
        pricing: client!(aws_sdk_pricing),
        quotas: client!(aws_sdk_servicequotas),
        rds: client!(aws_sdk_rds),
        route53: client!(aws_sdk_route53),
        s3: client!(aws_sdk_s3, s3),
        secrets: client!(aws_sdk_secretsmanager),
        sns: client!(aws_sdk_sns),
        sts: client!(aws_sdk_sts),
        tags: client!(aws_sdk_resourcegroupstagging),
    }
}

/// Two sets of clients for the environment's region: one that can only read, with the SDK's retries, and one that may
/// change things, without any, because a replay behind the engine's back would double a resource.
#[derive(Clone)]
pub struct Aws {
    /// For Describe, Get and List. A mutating call through it is refused.
    pub read: Clients,
    /// For everything else. Its calls pass the gate.
    pub write: Clients,
    /// The environment's region.
    pub region: String,
    others: Arc<Others>,
}

struct Others {
    connection: Arc<dyn Connection>,
    gate: Gate,
    calls: Calls,
    patience: Duration,
    /// Nothing that changes something leaves, whatever its gate says.
    only_looks: bool,
    made: Mutex<BTreeMap<String, (Clients, Clients)>>,
    sent: Mutex<BTreeSet<String>>,
}

impl Others {
    fn pair(&self, region: &str) -> (Clients, Clients) {
        let guard = |read_only| Guard {
            gate: self.gate.clone(),
            calls: self.calls.clone(),
            read_only: read_only || self.only_looks,
            region: region.to_owned(),
        };
        let connection = self.connection.as_ref();
        (
            clients(connection, region, &guard(true), RetryConfig::standard().with_max_attempts(4), self.patience),
            clients(connection, region, &guard(false), RetryConfig::disabled(), self.patience),
        )
    }
}

impl Aws {
    /// Clients for `region` over `connection`. The gate is closed: only reads leave until it is opened.
    #[must_use]
    pub fn new(connection: Arc<dyn Connection>, region: &str) -> Self {
        Self::patient(connection, region, PATIENCE, false)
    }

    /// The same for a look: both sets can only read, and no gate lets anything else through.
    #[must_use]
    pub fn for_a_look(connection: Arc<dyn Connection>, region: &str) -> Self {
        Self::patient(connection, region, PATIENCE, true)
    }

    /// The same for the state store: a gate and credentials of its own, so that whatever ends the cloud's leaves it to write
    /// down what was done.
    #[must_use]
    pub fn for_store(connection: Arc<dyn Connection>, region: &str) -> Self {
        Self::patient(connection, region, STORE_PATIENCE, false)
    }

    fn patient(connection: Arc<dyn Connection>, region: &str, patience: Duration, only_looks: bool) -> Self {
        let (gate, calls) = (Gate::default(), Calls::default());
        let others = Others { connection, gate, calls, patience, only_looks, made: Mutex::default(), sent: Mutex::default() };
        let (read, write) = others.pair(region);
        Self { read, write, region: region.to_owned(), others: Arc::new(others) }
    }

    /// The same for another region: CloudFront's certificate and log delivery live in us-east-1.
    #[must_use]
    pub fn at(&self, region: &str) -> (Clients, Clients) {
        if region == self.region {
            return (self.read.clone(), self.write.clone());
        }
        let mut made = self.others.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(region.to_owned()).or_insert_with(|| self.others.pair(region)).clone()
    }

    /// A client that adds a run's events to a log group. It has a gate of its own, which lets nothing else through, and the SDK's
    /// retries: an event that stands there twice does no harm.
    pub(crate) fn auditing(&self) -> aws_sdk_cloudwatchlogs::Client {
        let gate = Gate::default();
        gate.open_for(AUDIT_CALLS);
        let Others { connection, calls, only_looks, .. } = self.others.as_ref();
        let guard = Guard { gate, calls: calls.clone(), read_only: *only_looks, region: self.region.clone() };
        clients(connection.as_ref(), &self.region, &guard, RetryConfig::standard().with_max_attempts(3), STORE_PATIENCE).logs
    }

    /// Remembers that something was accepted of which AWS shows nothing, such as a password. Another process does not know it:
    /// whatever goes by this must be harmless to send again.
    pub(crate) fn remember(&self, what: String) {
        self.others.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }

    /// Whether this process remembers it.
    pub(crate) fn remembers(&self, what: &str) -> bool {
        self.others.sent.lock().unwrap_or_else(PoisonError::into_inner).contains(what)
    }

    /// Looks for other credentials before the next request: those at hand were refused. The account is compared before any
    /// request is signed with them.
    pub fn renew_credentials(&self) {
        self.others.connection.renew();
    }

    /// How much is left of the session, where its end is known.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.others.connection.session()
    }

    /// The gate that mutating calls pass.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.others.gate
    }

    /// The log of all calls.
    #[must_use]
    pub fn calls(&self) -> &Calls {
        &self.others.calls
    }
}
