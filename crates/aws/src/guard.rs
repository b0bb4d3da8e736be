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
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
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
    /// Open for these operations alone.
    Only(&'static [&'static str]),
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

    /// Lets requests of these operations through, and no others.
    pub fn open_for(&self, operations: &'static [&'static str]) {
        self.set(Passage::Only(operations));
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
            Passage::Only(only) if only.contains(&operation) => Ok(()),
            Passage::Only(only) => Err((format!("only {} is to be sent: a bug in bbws", only.join(" or ")), false)),
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
    /// AWS's word for why it refused or failed, where it said one.
    pub code: Option<String>,
}

/// Whoever is told of requests as they end.
pub type Listener = Arc<dyn Fn(&Ended) + Send + Sync>;

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
    pub fn listen(&self, to: Listener) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(to);
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
#[must_use]
pub fn iam_prefix(service: &str) -> String {
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
            let code = context.response().and_then(error_code);
            self.calls.tell(&Ended { operation: operation(cfg), region: self.region.clone(), took: sent.elapsed(), status, code });
        }
        Ok(())
    }
}

/// The code of an answer that is an error, in whichever protocol it came. An interceptor does not know the type of the
/// operation's error, so it reads what the SDK has read; the body of an error is in memory by then.
fn error_code(response: &HttpResponse) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let header = |name: &str| response.headers().get(name).map(str::to_owned);
    let body = || std::str::from_utf8(response.body().bytes()?).ok();
    let in_xml = || Some(body()?.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
    let in_json = || {
        let body: serde_json::Value = serde_json::from_str(body()?).ok()?;
        Some(["__type", "code", "Code"].iter().find_map(|key| body[key].as_str())?.to_owned())
    };
    let found = header("x-amzn-errortype").or_else(|| header("x-amzn-query-error")).or_else(in_xml).or_else(in_json)?;
    // `com.amazonaws.ecs#ClusterNotFoundException`, `NotFound;Sender`, `AccessDenied:http://…`: the name alone.
    let name = found.rsplit('#').next()?.split([';', ':']).next()?.trim();
    let sound = !name.is_empty() && name.len() <= 80 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    sound.then(|| name.to_owned())
}

/// Finds one of our own errors inside whatever the SDK wrapped around it.
pub(crate) fn caused_by<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn the_code_of_an_error_is_found_in_every_protocol() {
        let code = |status: u16, header: Option<(&'static str, &'static str)>, body: &'static str| {
            let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
            if let Some((name, value)) = header {
                response.headers_mut().insert(name, value);
            }
            error_code(&response)
        };
        let ec2 = "<Response><Errors><Error><Code>VpcLimitExceeded</Code><Message>no</Message></Error></Errors></Response>";
        assert_eq!(code(400, None, ec2).as_deref(), Some("VpcLimitExceeded"));
        assert_eq!(code(412, None, "<Error><Code>PreconditionFailed</Code></Error>").as_deref(), Some("PreconditionFailed"));
        let ecs = r#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"no"}"#;
        assert_eq!(code(400, None, ecs).as_deref(), Some("ClusterNotFoundException"));
        let efs = ("x-amzn-errortype", "FileSystemNotFound:http://internal.amazon.com/coral/");
        assert_eq!(code(404, Some(efs), "{}").as_deref(), Some("FileSystemNotFound"));
        assert_eq!(code(400, Some(("x-amzn-query-error", "ResourceNotFound;Sender")), "").as_deref(), Some("ResourceNotFound"));
        // A HEAD has no body; a proxy between may say anything; a good answer has no error.
        assert_eq!(code(404, None, ""), None);
        assert_eq!(code(502, None, "<html>Bad \u{1b}[31mgateway</html>"), None);
        assert_eq!(code(400, None, "<Code>what\u{1b}[31mever</Code>"), None);
        assert_eq!(code(200, None, ec2), None);
    }
}
