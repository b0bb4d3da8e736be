//! Credentials that run out while a run is on its way: nothing new is begun, what is in flight is waited for, and fresh ones are
//! looked for.

use std::sync::Mutex;
use std::time::Duration;

use bbws_model::{Class, CloudError, Phase};

use super::StepFailure;
use super::work::Task;
use crate::Credentials;
use crate::lock::locked;

/// For how long fresh ones are looked for: somebody may sign in again meanwhile.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How often.
const LOOK: Duration = Duration::from_secs(10);
/// How often others see whether there are any by now.
const SEE: Duration = Duration::from_secs(1);

/// Whether requests can be signed.
pub(super) struct Seal<'a> {
    credentials: &'a dyn Credentials,
    /// Since when they cannot, and how that showed.
    broken: Mutex<Option<(Duration, CloudError)>>,
}

impl<'a> Seal<'a> {
    pub(super) fn new(credentials: &'a dyn Credentials) -> Self {
        Self { credentials, broken: Mutex::default() }
    }

    /// A request was answered, in whatever way: whoever waits may go on.
    pub(super) fn holds(&self) {
        *locked(&self.broken) = None;
    }

    /// Whether a refusal passes once there are fresh credentials.
    pub(super) fn is_broken_by(&self, error: &CloudError) -> bool {
        error.class == Class::Credentials && self.credentials.have_run_out(error)
    }
}

impl Task<'_, '_> {
    /// Looks for fresh credentials, and waits a moment: then the same request is tried again.
    pub(super) async fn wait_for_credentials(&mut self, error: CloudError) -> Result<(), StepFailure> {
        let now = self.work.clock.elapsed();
        let since = locked(&self.work.sealed.broken).get_or_insert_with(|| (now, error.clone())).0;
        self.work.sealed.credentials.renew();
        self.unsigned(since, error, LOOK).await
    }

    /// Waits while requests cannot be signed.
    pub(super) async fn wait_until_signed(&mut self) -> Result<(), StepFailure> {
        loop {
            let broken = locked(&self.work.sealed.broken).clone();
            let Some((since, error)) = broken else { return Ok(()) };
            self.unsigned(since, error, SEE).await?;
        }
    }

    /// Waits a moment, as long as there is patience.
    async fn unsigned(&mut self, since: Duration, error: CloudError, moment: Duration) -> Result<(), StepFailure> {
        if self.work.clock.elapsed().saturating_sub(since) >= PATIENCE {
            return Err(StepFailure::Cloud(error));
        }
        self.say(Phase::Pending("somebody signs in again: the credentials have run out".into()));
        self.aside(self.work.clock.sleep(moment)).await
    }
}
