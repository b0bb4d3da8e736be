//! The simulation as the SDK meets it: an interceptor that takes the typed input over, and an HTTP connector in which
//! the handler runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut, Output,
    OutputOrError,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::ErrorKind;
use serde_json::Value;
use tokio::time::sleep;

use crate::authority::Authority;
use crate::clock::SandboxClock;
use crate::cloud::{At, Cloud, Principal};
use crate::fate::{Answer, Effect, Fate, Seen};
use crate::file::{CallRecord, CloudFile};
use crate::handlers::{Handlers, Run};
use crate::kinds::cloudtrail;
use crate::{kinds, wire};

/// One request that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service, as the SDK names it: `EC2`.
    pub service: String,
    /// The operation: `CreateVpc`.
    pub operation: String,
    /// Which attempt of the SDK it is, from 1.
    pub attempt: u32,
    /// The caller's account.
    pub account: String,
    /// Who calls.
    pub principal: Principal,
    /// The region called.
    pub region: String,
    /// When it was sent, simulated.
    pub at: SystemTime,
    /// What it names, where it may change something.
    pub names: Vec<String>,
    /// How many requests of this process arrived before it.
    pub number: usize,
}

impl Call {
    /// Whether it only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        bbws_aws::is_read(&self.operation)
    }
}

type Weather = dyn Fn(&Call) -> Fate + Send + Sync;

/// The world behind all clients of one sandbox.
struct Inner {
    handlers: Handlers,
    world: Mutex<World>,
    weather: Mutex<Box<Weather>>,
    calls: Mutex<Vec<Call>>,
    authority: Mutex<Authority>,
    /// What was called, where no file keeps it.
    trail: Mutex<Vec<CallRecord>>,
    clock: SandboxClock,
    speed: f64,
    file: Option<CloudFile>,
}

struct World {
    cloud: Cloud,
    /// Effects that have not taken place yet, by when they will.
    late: BTreeMap<(SystemTime, usize), (Call, Run)>,
    version: Option<(u64, SystemTime)>,
}

/// The simulated AWS, as one account and region see it. A cheap handle.
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
    account: String,
    principal: Principal,
    region: String,
}

impl Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sim({} {})", self.account, self.region)
    }
}

impl Sim {
    /// A cloud, by itself or kept in a file. Durations of AWS are multiplied by `speed`.
    pub(crate) fn new(cloud: Cloud, file: Option<CloudFile>, clock: SandboxClock, speed: f64) -> Self {
        let version = file.as_ref().and_then(CloudFile::version);
        Self {
            inner: Arc::new(Inner {
                handlers: kinds::handlers(),
                world: Mutex::new(World { cloud, late: BTreeMap::new(), version }),
                weather: Mutex::new(Box::new(|_| Fate::default())),
                calls: Mutex::default(),
                authority: Mutex::default(),
                trail: Mutex::default(),
                clock,
                speed,
                file,
            }),
            account: String::new(),
            principal: Principal::default(),
            region: String::new(),
        }
    }

    /// The same cloud, as this account and region see it.
    pub(crate) fn scoped(&self, account: &str, principal: &Principal, region: &str) -> Self {
        Self { inner: self.inner.clone(), account: account.to_owned(), principal: principal.clone(), region: region.to_owned() }
    }

    /// Decides the fate of every call from now on.
    pub fn set_weather(&self, weather: impl Fn(&Call) -> Fate + Send + Sync + 'static) {
        *self.inner.weather.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(weather);
    }

    /// Lets callers do no more from now on than these policy documents together say.
    pub fn allow_only(&self, documents: Vec<Value>) {
        self.set_authority(Authority::Documents(documents.into()));
    }

    /// Denies each action the first time that it is needed, one at a time, while [`Self::denying`] is on.
    pub fn deny_each_once(&self) {
        self.set_authority(Authority::EachOnce { denied: BTreeSet::new(), pending: None, on: false });
    }

    /// Switches that on or off.
    pub fn denying(&self, now: bool) {
        if let Authority::EachOnce { on, .. } = &mut *self.authority() {
            *on = now;
        }
    }

    /// Takes notice of the action that was denied last: from then on the next one is.
    #[must_use]
    pub fn take_denied(&self) -> Option<String> {
        match &mut *self.authority() {
            Authority::EachOnce { pending, .. } => pending.take(),
            Authority::All | Authority::Documents(_) => None,
        }
    }

    fn set_authority(&self, authority: Authority) {
        *self.authority() = authority;
    }

    pub(crate) fn authority(&self) -> MutexGuard<'_, Authority> {
        self.inner.authority.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All calls of this process so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The cloud as it is now, effects that are due included.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        self.world(|world, _| world.cloud.clone())
    }

    /// Changes the cloud behind everybody's back.
    pub fn tamper<T>(&self, change: impl FnOnce(&mut Cloud) -> T) -> T {
        self.world(|world, _| change(&mut world.cloud))
    }

    /// Puts into the cloud what is to be there from the start; with a file, for all processes.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn prepare<T>(&self, change: impl FnOnce(&mut Cloud, u64) -> T) -> io::Result<T> {
        let Some(file) = &self.inner.file else { return Ok(self.world(|world, sim| change(&mut world.cloud, sim.now_ms()))) };
        let _held = file.lock()?;
        self.world(|world, sim| {
            if file.version() != world.version {
                world.cloud = file.load()?;
            }
            let before = world.cloud.clone();
            let done = change(&mut world.cloud, sim.now_ms());
            if world.cloud != before {
                world.cloud.now = sim.inner.clock.seconds();
                world.cloud.revision += 1;
                file.save(&world.cloud)?;
                world.version = file.version();
            }
            Ok(done)
        })
    }

    /// The simulated clock.
    #[must_use]
    pub fn clock(&self) -> SandboxClock {
        self.inner.clock
    }

    fn now_ms(&self) -> u64 {
        let since = self.inner.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn run(&self, world: &mut World, call: &Call, shown: Option<&str>, run: &Run) -> Answer<Output> {
        let (account, region) = (call.account.as_str(), call.region.as_str());
        let policies = self.authority().documents();
        let principal = &call.principal;
        let mut at = At {
            cloud: &mut world.cloud,
            account,
            principal,
            region,
            now_ms: self.now_ms(),
            speed: self.inner.speed,
            policies,
            past: &|| self.past(),
        };
        self.inner.handlers.pass_time(&mut at);
        if let Some(refusal) = shown.and_then(|shown| self.authority().refuses(&mut at, &call.service, &call.operation, shown)) {
            return Err(refusal);
        }
        // A refused call leaves nothing behind.
        let before = if call.is_read() { None } else { Some(at.cloud.clone()) };
        let answer = run(&mut at);
        if let (Err(_), Some(before)) = (&answer, before) {
            world.cloud = before;
        }
        answer
    }

    /// Looks at the world as it is now, overdue effects included.
    fn world<T>(&self, look: impl FnOnce(&mut World, &Self) -> T) -> T {
        let mut world = self.inner.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.inner.clock.now();
        while let Some(entry) = world.late.first_entry().filter(|entry| entry.key().0 <= now) {
            let (call, run) = entry.remove();
            // Nobody waits for the answer any more.
            let _ = self.run(&mut world, &call, None, &run);
        }
        look(&mut world, self)
    }

    /// Runs a call on the cloud; with a file, on the cloud as the other processes left it.
    fn execute(&self, call: &Call, shown: Option<&str>, run: &Run) -> io::Result<Answer<Output>> {
        let Some(file) = &self.inner.file else {
            let answer = self.world(|world, sim| sim.run(world, call, shown, run));
            self.record(call, &answer)?;
            return Ok(answer);
        };
        let _held = file.lock()?;
        self.world(|world, sim| {
            if file.version() != world.version {
                world.cloud = file.load()?;
            }
            let answer = sim.run(world, call, shown, run);
            sim.record(call, &answer)?;
            if !call.is_read() {
                world.cloud.now = sim.inner.clock.seconds();
                world.cloud.revision += 1;
                file.save(&world.cloud)?;
                world.version = file.version();
            }
            Ok(answer)
        })
    }

    fn record(&self, call: &Call, answer: &Answer<Output>) -> io::Result<()> {
        let (mut caller, mut names) = (String::new(), vec![]);
        if !call.is_read() {
            caller = call.principal.arn(&call.account);
            names = call.names.iter().cloned().chain(answer.iter().flat_map(cloudtrail::names)).collect();
            names.sort_unstable();
            names.dedup();
        }
        let record = CallRecord {
            at_ms: self.now_ms(),
            account: call.account.clone(),
            region: call.region.clone(),
            service: call.service.clone(),
            operation: call.operation.clone(),
            outcome: answer.as_ref().map_or_else(|refusal| refusal.code.to_owned(), |_| "ok".to_owned()),
            caller,
            names,
        };
        match &self.inner.file {
            Some(file) => file.record(&record),
            None => {
                // Of reads nobody asks the trail.
                if !call.is_read() {
                    self.inner.trail.lock().unwrap_or_else(PoisonError::into_inner).push(record);
                }
                Ok(())
            }
        }
    }

    /// All that was called; nothing where it cannot be read, as the trail has nothing then.
    fn past(&self) -> Vec<CallRecord> {
        match &self.inner.file {
            Some(file) => file.calls().unwrap_or_default(),
            None => self.inner.trail.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    async fn serve(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = std::mem::replace(request.body_mut(), SdkBody::taken());
        // Left unread, it would count as a stalled upload after five seconds.
        ByteStream::new(body).collect().await.map_err(|e| ConnectorError::io(e.into()))?;
        let missing = || ConnectorError::user("sandbox: a request without its typed input".into());
        let Handover { mut call, run, shown } = request.extension::<Handover>().cloned().ok_or_else(missing)?;
        let unknown = || ConnectorError::user(format!("sandbox: not simulated: {}.{}", call.service, call.operation).into());
        let run = run.ok_or_else(unknown)?;
        call.number = {
            let mut calls = self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner);
            call.number = calls.len();
            calls.push(call.clone());
            call.number
        };
        let fate = (self.inner.weather.lock().unwrap_or_else(PoisonError::into_inner))(&call);
        wait(fate.there).await;
        let broken = |error: io::Error| ConnectorError::user(format!("sandbox: {error}").into());
        let answer = match fate.effect {
            Effect::Now => Some(self.execute(&call, shown.as_deref(), &run).map_err(broken)?),
            Effect::Never => None,
            Effect::Twice(by) => {
                let answer = self.execute(&call, shown.as_deref(), &run).map_err(broken)?;
                let due = self.inner.clock.now() + by;
                self.world(|world, _| world.late.insert((due, call.number), (call.clone(), run)));
                Some(answer)
            }
            Effect::Late(by) => {
                let due = self.inner.clock.now() + by;
                self.world(|world, _| world.late.insert((due, call.number), (call.clone(), run)));
                None
            }
        };
        wait(fate.back).await;
        let (service, number, head) = (call.service.as_str(), call.number, request.method() == "HEAD");
        match (fate.seen, answer) {
            (Seen::Answer, Some(Ok(output))) => {
                let mut response = wire::response(service, number, 200, SdkBody::empty());
                response.add_extension(Typed(Arc::new(Mutex::new(Some(output)))));
                Ok(response)
            }
            (Seen::Answer, Some(Err(refusal))) | (Seen::Refused(refusal), _) => Ok(wire::refusal(service, number, &refusal, head)),
            (Seen::TimedOut, _) => Err(ConnectorError::timeout("read timed out".into())),
            // As the SDK's own client has it.
            (Seen::Closed, _) => {
                Err(ConnectorError::other("connection closed before message completed".into(), Some(ErrorKind::TransientError)))
            }
            (Seen::Reset, _) => Err(ConnectorError::io("connection reset by peer".into())),
            (Seen::Unreachable, _) => Err(ConnectorError::io("connection refused".into()).never_connected()),
            (Seen::Garbled, _) => Ok(wire::response(service, number, 200, SdkBody::from("<html>proxy"))),
            // Reading it fails.
            (Seen::Cut, _) => Ok(wire::response(service, number, 200, SdkBody::taken())),
            (Seen::Silence, _) | (Seen::Answer, None) => std::future::pending().await,
        }
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// A call on its way from the interceptor to the connector, in the request's extensions.
#[derive(Clone)]
struct Handover {
    call: Call,
    run: Option<Run>,
    /// How its input shows itself, where it is looked at.
    shown: Option<Arc<str>>,
}

/// The input that was taken over, in the config bag.
struct Captured(Option<Run>, Vec<String>, Option<Arc<str>>);

impl Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Captured")
    }
}

impl Storable for Captured {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Sim {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = cfg.load::<Metadata>().map(|m| m.name().to_owned()).unwrap_or_default();
        let run = self.inner.handlers.capture(&name, context.input());
        let names = if bbws_aws::is_read(&name) { vec![] } else { cloudtrail::names(context.input()) };
        let shown = self.authority().looks().then(|| format!("{:?}", context.input()).into());
        cfg.interceptor_state().store_put(Captured(run, names, shown));
        Ok(())
    }

    // At each attempt: a retry's copy of the request has no extensions.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let captured = cfg.load::<Captured>();
        let (run, names, shown) =
            captured.map(|Captured(run, names, shown)| (run.clone(), names.clone(), shown.clone())).unwrap_or_default();
        let metadata = cfg.load::<Metadata>().ok_or("sandbox: a call without metadata")?;
        let call = Call {
            service: metadata.service().to_owned(),
            operation: metadata.name().to_owned(),
            attempt: cfg.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts),
            account: self.account.clone(),
            principal: self.principal.clone(),
            region: self.region.clone(),
            at: self.inner.clock.now(),
            names,
            number: 0,
        };
        context.request_mut().add_extension(Handover { call, run, shown });
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().extension::<Typed>().is_some() {
            // It hides the operation's own; no attempt follows an output.
            cfg.interceptor_state().store_put(SharedResponseDeserializer::new(TakeTyped));
        }
        Ok(())
    }
}

/// The typed output that travels inside a response.
#[derive(Clone)]
struct Typed(Arc<Mutex<Option<Output>>>);

/// Takes it out. A response without one goes the SDK's own way.
#[derive(Debug)]
struct TakeTyped;

impl DeserializeResponse for TakeTyped {
    fn deserialize_streaming_with_config(&self, response: &mut HttpResponse, _: &ConfigBag) -> Option<OutputOrError> {
        let output = response.extension::<Typed>().and_then(|typed| typed.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        Some(output.ok_or_else(|| OrchestratorError::other("sandbox: no typed output")))
    }

    fn deserialize_nonstreaming_with_config(&self, _: &HttpResponse, _: &ConfigBag) -> OutputOrError {
        Err(OrchestratorError::other("sandbox: no typed output"))
    }
}

impl HttpConnector for Sim {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().serve(request))
    }
}

impl HttpClient for Sim {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
