//! The sandbox as the clients connect to it.

use std::io;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_types::region::Region;
use bbws_aws::{Connection, Session, Wire};

use crate::clock::SandboxClock;
use crate::cloud::{Cloud, Principal};
use crate::file::CloudFile;
use crate::sim::Sim;

/// AWS inside the binary, with the credentials of one account.
#[derive(Debug, Clone)]
pub struct Sandbox {
    sim: Sim,
    account: String,
    principal: Principal,
}

impl Sandbox {
    /// An empty cloud in memory, for tests. Its time begins at a fixed moment.
    #[must_use]
    pub fn in_memory(account: &str) -> Self {
        // 2026-01-01T00:00:00Z
        let clock = SandboxClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        Self { sim: Sim::new(Cloud::default(), None, clock, 1.0), account: account.to_owned(), principal: Principal::default() }
    }

    /// The cloud kept in a file. Its time goes on from where it was left, or from `now` if that is later; AWS's own
    /// durations are multiplied by `speed`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn in_file(account: &str, file: CloudFile, now: SystemTime, speed: f64) -> io::Result<Self> {
        let cloud = file.load()?;
        let seen = Duration::from_millis(file.last_call_ms()?.unwrap_or_default());
        let left = SystemTime::UNIX_EPOCH + Duration::from_secs(cloud.now + 1).max(seen);
        let sim = Sim::new(cloud, Some(file), SandboxClock::at(now.max(left)), speed);
        Ok(Self { sim, account: account.to_owned(), principal: Principal::default() })
    }

    /// The same cloud with another account's credentials.
    #[must_use]
    pub fn with_account(&self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self.clone() }
    }

    /// The same cloud, called by a session of this role.
    #[must_use]
    pub fn with_principal(&self, principal: Principal) -> Self {
        Self { principal, ..self.clone() }
    }

    /// Sees to it that the key that signs approvals is there from the start. `signers` may sign, by the names of their roles;
    /// everybody of the account if there are none. Everybody of the account may verify.
    ///
    /// # Errors
    /// When the sandbox's file cannot be read or written.
    pub fn ensure_signing_key(&self, arn: &str, signers: &[String]) -> io::Result<()> {
        self.sim.prepare(|cloud, _| cloud.ensure_signing_key(arn, signers))
    }

    /// Sees to it that the account has a public zone of this name from the start, and answers its id: what a file marks
    /// as existing exists in the sandbox.
    ///
    /// # Errors
    /// When the sandbox's file cannot be read or written.
    pub fn ensure_zone(&self, account: &str, name: &str) -> io::Result<String> {
        self.sim.prepare(|cloud, now_ms| cloud.ensure_zone(account, name, now_ms))
    }

    /// Sees to it that the account has a log group of this name from the start: that of the audit is there before bbws is.
    ///
    /// # Errors
    /// When the sandbox's file cannot be read or written.
    pub fn ensure_log_group(&self, account: &str, region: &str, name: &str) -> io::Result<()> {
        self.sim.prepare(|cloud, _| cloud.ensure_log_group(account, region, name))
    }

    /// The simulation behind it.
    #[must_use]
    pub fn sim(&self) -> &Sim {
        &self.sim
    }
}

impl Connection for Sandbox {
    fn wire(&self, region: &str) -> Wire {
        let sim = self.sim.scoped(&self.account, &self.principal, region);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKIASANDBOX", "sandbox", None, None, "sandbox")))
            .time_source(SharedTimeSource::new(sim.clock()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .http_client(SharedHttpClient::new(sim.clone()))
            .build();
        Wire { config, interceptor: Some(SharedInterceptor::new(sim)) }
    }

    fn renew(&self) {}

    fn session(&self) -> Option<Session> {
        None
    }
}
