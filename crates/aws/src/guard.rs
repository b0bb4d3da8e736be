//! What stands before every request: a gate that mutating requests pass only when it is open, and a log of all calls.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::request_id::RequestId;
use bbws_engine::Lease;
// Of tokio, so that it is the time that passes in the simulation.
use tokio::time::Instant;

/// Why a request was not sent. Certain: nothing left this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} was not sent: {reason}")]
pub struct Refused {
    /// The call.
    pub operation: String,
    /// Why.
    pub reason: String,
    /// Whether the same request may leave later: the lease had lapsed, and may be renewed.
    pub for_now: bool,
}

/// Decides whether mutating requests may leave. It is looked at after signing, right before a request is sent: what waits for
/// credentials before it is signed would otherwise leave when somebody else has long taken over.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Mutex<Passage>>);

#[derive(Debug, Clone)]
enum Passage {
    Shut(String),
    Open,
    /// Open for as long as the environment is held.
    Leased(Lease),
    /// Open for one operation alone.
    Only(&'static str),
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Passage::Shut("the account has not been checked yet".into()))))
    }
}

impl Gate {
    /// Lets mutating requests through: for what needs no environment.
    pub fn open(&self) {
        self.set(Passage::Open);
    }

    /// Lets mutating requests through for as long as the lease holds.
    pub fn open_while(&self, lease: Lease) {
        self.set(Passage::Leased(lease));
    }

    /// Lets requests of one operation through, and no others.
    pub fn open_for(&self, operation: &'static str) {
        self.set(Passage::Only(operation));
    }

    /// Holds mutating requests back, and says why.
    pub fn close(&self, reason: &str) {
        self.set(Passage::Shut(reason.to_owned()));
    }

    fn set(&self, passage: Passage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = passage;
    }

    /// Whether a request may leave now; else why not, and whether that may pass.
    fn look(&self, operation: &str) -> Result<(), (String, bool)> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Passage::Open => Ok(()),
            Passage::Only(only) if *only == operation => Ok(()),
            Passage::Only(only) => Err((format!("only {only} is to be sent: a bug in bbws"), false)),
            Passage::Shut(reason) => Err((reason.clone(), false)),
            Passage::Leased(lease) => lease.holds().map_err(|why| (why.to_string(), true)),
        }
    }
}

/// One request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, as IAM and our errors write it: `ec2:DescribeVpcs`.
    pub operation: String,
    /// The HTTP status of the answer; none while there is no answer.
    pub status: Option<u16>,
    /// AWS's id of the request.
    pub request_id: Option<String>,
}

/// One request that has ended, as whoever listens is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The operation: `ec2:DescribeVpcs`.
    pub operation: String,
    /// The region called.
    pub region: String,
    /// From when it was sent until its answer was read.
    pub took: Duration,
    /// The HTTP status of the answer; none where there was none.
    pub status: Option<u16>,
}

type Listener = Arc<dyn Fn(&Ended) + Send + Sync>;

/// The log of all requests that were sent.
#[derive(Clone, Default)]
pub struct Calls {
    all: Arc<Mutex<Vec<Call>>>,
    listener: Arc<Mutex<Option<Listener>>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("all", &self.all).finish_non_exhaustive()
    }
}

impl Calls {
    /// All requests so far.
    #[must_use]
    pub fn all(&self) -> Vec<Call> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests were sent so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Tells each request from now on, when it ends.
    pub fn listen(&self, to: impl Fn(&Ended) + Send + Sync + 'static) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(to));
    }

    fn tell(&self, ended: &Ended) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listener) = listener {
            listener(ended);
        }
    }
}

/// Whether an operation only reads, by AWS's own verbs.
#[must_use]
pub fn is_read(operation: &str) -> bool {
    let name = operation.rsplit(':').next().unwrap_or(operation);
    // To verify a signature changes nothing. To sign changes nothing either, but what is signed opens something: the gate stands before it.
    name == "Verify"
        || ["Describe", "Get", "List", "Head", "Simulate", "Decode", "Lookup", "Test", "AssumeRole"]
            .iter()
            .any(|verb| name.starts_with(verb))
}

/// The interceptor of one client.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) gate: Gate,
    pub(crate) calls: Calls,
    /// The client may only read.
    pub(crate) read_only: bool,
    /// The region that the client calls.
    pub(crate) region: String,
}

fn operation(cfg: &ConfigBag) -> String {
    cfg.load::<Metadata>().map(|m| format!("{}:{}", iam_prefix(m.service()), m.name())).unwrap_or_default()
}

/// The prefix of a service's IAM actions, by the name the SDK gives it.
fn iam_prefix(service: &str) -> String {
    match service {
        "Elastic Load Balancing v2" => "elasticloadbalancing".to_owned(),
        "EFS" => "elasticfilesystem".to_owned(),
        "CloudWatch Logs" => "logs".to_owned(),
        "Resource Groups Tagging API" => "tag".to_owned(),
        other => other.to_lowercase().replace(' ', ""),
    }
}

/// A call in flight: its place in the log, and when it was sent.
#[derive(Debug, Clone, Copy)]
struct InFlight(usize, Instant);

impl aws_smithy_types::config_bag::Storable for InFlight {
    type Storer = aws_smithy_types::config_bag::StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = operation(cfg);
        if !is_read(&operation) {
            if self.read_only {
                let reason = "this client may only read: a bug in bbws".into();
                return Err(Refused { operation, reason, for_now: false }.into());
            }
            if let Err((reason, for_now)) = self.gate.look(&operation) {
                return Err(Refused { operation, reason, for_now }.into());
            }
        }
        let mut calls = self.calls.all.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Call { operation, status: None, request_id: None });
        let place = calls.len() - 1;
        cfg.interceptor_state().store_put(InFlight(place, Instant::now()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The part of a call that holds no secret whatever it was about.
        let (status, id) = (context.response().status().as_u16(), context.response().request_id().unwrap_or_default());
        tracing::debug!(operation = operation(cfg), status, id, "answered");
        if let Some(InFlight(place, _)) = cfg.load::<InFlight>() {
            let mut calls = self.calls.all.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(call) = calls.get_mut(*place) {
                call.status = Some(context.response().status().as_u16());
                call.request_id = context.response().request_id().map(str::to_owned);
            }
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What was held back was not sent, and has no time. An attempt is told once.
        if let Some(InFlight(_, sent)) = cfg.load::<InFlight>().copied() {
            cfg.interceptor_state().unset::<InFlight>();
            let status = context.response().map(|response| response.status().as_u16());
            self.calls.tell(&Ended { operation: operation(cfg), region: self.region.clone(), took: sent.elapsed(), status });
        }
        Ok(())
    }
}

/// Finds one of our own errors inside whatever the SDK wrapped around it.
pub(crate) fn caused_by<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}
