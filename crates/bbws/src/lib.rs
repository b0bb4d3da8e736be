//! Wires the commands to AWS and to the sandbox. The binary is a line around it; tests put their own ports beside it.

mod ahead;
mod aws;
mod sandbox;
pub mod trace;

use std::io;
use std::path::Path;
use std::sync::Arc;

use bbws_aws::{
    AuditStream, Aws, Ended, Listener, drivers, is_read, is_stale, name_servers, products, sign, tagged, trail, verifies, whoami,
};
use bbws_cli::{
    Added, Answered, Audit, Bucket, Caller, Cloud, Fetched, Heard, Hearing, Link, Look, Referral, Route, Sent, SessionLife, Stores, Thing,
    Trail,
};
use bbws_cluster::Environment;
use bbws_engine::{Boxed, Clock, Drivers, Lease, Observers, Tagged};
use bbws_model::{CloudError, Signature, Tags, World};
use bbws_operate::drift::Deed;
use bbws_operate::preflight::{Answer, Question};
use bbws_sandbox::Sandbox;

/// AWS, and the sandbox.
#[derive(Debug)]
pub struct Wires;

impl Cloud for Wires {
    type Link = Wire;
    type Vault = aws::StateBucket;
    type Eye = Eye;

    async fn look(&self, route: &Route, environment: &Environment) -> Result<Eye, CloudError> {
        match route {
            Route::Aws => Ok(aws::look(environment).await),
            Route::Sandbox(route) => sandbox::look(route, environment),
        }
    }

    async fn connect(&self, route: &Route, environment: &Environment) -> Result<Wire, CloudError> {
        match route {
            Route::Aws => Ok(aws::connect(environment).await),
            Route::Sandbox(route) => sandbox::connect(route, environment),
        }
    }

    fn stores(&self, hearing: Option<Hearing>) -> Stores {
        Stores::new(move |bucket| aws::store(bucket, hearing.clone()))
    }

    async fn vault(&self, bucket: &Bucket) -> aws::StateBucket {
        aws::StateBucket::connect(bucket).await
    }

    fn things(&self, dir: &Path) -> io::Result<Vec<Thing>> {
        sandbox::things(dir)
    }

    fn answered(&self, dir: &Path) -> io::Result<Vec<Answered>> {
        sandbox::answered(dir)
    }

    fn reset(&self, dir: &Path) -> io::Result<()> {
        sandbox::reset(dir)
    }
}

/// A way to AWS or into the sandbox: the same clients, drivers and guards on both.
pub struct Wire {
    world: World,
    aws: Aws,
    drivers: Arc<Drivers>,
    clock: Arc<dyn Clock>,
    sandbox: Option<Sandbox>,
    /// Who stands behind the session; of AWS nobody tells it.
    source_identity: Option<String>,
}

impl Wire {
    fn new(world: World, aws: Aws, clock: Arc<dyn Clock>, sandbox: Option<Sandbox>, source_identity: Option<String>) -> Self {
        let drivers = Arc::new(drivers(&aws));
        Self { world, aws, drivers, clock, sandbox, source_identity }
    }

    /// The sandbox that it leads into, if it does.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
    }
}

/// A look at AWS or into the sandbox. The clients behind it can only read, and it offers nothing else.
pub struct Eye {
    world: World,
    aws: Aws,
    observers: Observers,
    clock: Arc<dyn Clock>,
}

impl Eye {
    fn new(world: World, aws: Aws, clock: Arc<dyn Clock>) -> Self {
        let observers = Observers::of(Arc::new(drivers(&aws)));
        Self { world, aws, observers, clock }
    }
}

impl Look for Eye {
    fn world(&self) -> World {
        self.world.clone()
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        let identity = whoami(&self.aws.read).await?;
        Ok(Caller { account: identity.account, arn: identity.arn, source_identity: None })
    }

    fn observers(&self) -> Observers {
        self.observers.clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn listen(&self, to: Hearing) {
        listen(&self.aws, to);
    }

    fn sent(&self) -> Vec<Sent> {
        sent(&self.aws)
    }
}

impl Trail for Eye {
    async fn tagged(&self, region: &str, tags: &Tags) -> Result<Vec<Tagged>, CloudError> {
        tagged(&self.aws, region, tags).await
    }

    async fn deeds(&self, region: &str, name: &str, since: jiff::Timestamp) -> Result<Vec<Deed>, CloudError> {
        let events = trail(&self.aws, region, name, since.as_second()).await?.into_iter();
        let at = |seconds| jiff::Timestamp::from_second(seconds).unwrap_or_default();
        Ok(events.map(|event| Deed { at: at(event.at), who: event.who, call: event.call, from: event.from, event: event.id }).collect())
    }
}

fn listen(aws: &Aws, to: Hearing) {
    aws.calls().listen(listener(to));
}

fn listener(to: Hearing) -> Listener {
    Arc::new(move |ended| {
        let Ended { operation, region, took, status, code } = ended.clone();
        to(&Heard { operation, region, took, status, code });
    })
}

fn sent(aws: &Aws) -> Vec<Sent> {
    aws.calls().all().into_iter().map(|call| Sent { read: is_read(&call.operation), operation: call.operation }).collect()
}

/// A stream of CloudWatch Logs.
struct Stream(AuditStream);

impl Audit for Stream {
    fn add<'a>(&'a self, lines: &'a [(jiff::Timestamp, String)]) -> Boxed<'a, Result<Added, CloudError>> {
        Box::pin(async move {
            let lines: Vec<(i64, String)> = lines.iter().map(|(at, text)| (at.as_millisecond(), text.clone())).collect();
            let bbws_aws::Added { taken, refused } = self.0.add(&lines).await?;
            Ok(Added { taken, refused })
        })
    }
}

impl Link for Wire {
    fn world(&self) -> World {
        self.world.clone()
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        let identity = whoami(&self.aws.read).await?;
        Ok(Caller { account: identity.account, arn: identity.arn, source_identity: self.source_identity.clone() })
    }

    fn session(&self) -> Option<SessionLife> {
        self.aws.session().map(|session| SessionLife { left: session.left, renewable: session.renewable })
    }

    fn credentials_have_run_out(&self, error: &CloudError) -> bool {
        is_stale(error)
    }

    fn renew_credentials(&self) {
        self.aws.renew_credentials();
    }

    async fn inquire(&self, caller: &Caller, question: &Question) -> Option<Result<Answer, CloudError>> {
        match self.world {
            World::Aws | World::Sandbox => Some(ahead::inquire(&self.aws, caller, question).await),
            World::Endpoint(_) => None,
        }
    }

    async fn referral(&self, zone: &str) -> Referral {
        match (&self.sandbox, &self.world) {
            (Some(sandbox), _) => sandbox::referral(sandbox, zone),
            (None, World::Aws) => match name_servers(zone).await {
                Ok(servers) => Referral::To(servers),
                Err(why) => Referral::Unknown(why),
            },
            // The names of a server that stands in for AWS are its own.
            (None, World::Endpoint(_) | World::Sandbox) => Referral::Unasked,
        }
    }

    fn open_gate(&self, lease: Lease) {
        self.aws.gate().open_while(lease);
    }

    fn audit(&self, group: &str, stream: &str) -> Arc<dyn Audit> {
        Arc::new(Stream(AuditStream::new(&self.aws, group, stream)))
    }

    async fn sign(&self, key: &str, message: &[u8; 32]) -> Result<Signature, CloudError> {
        sign(&self.aws, key, message).await
    }

    async fn verifies(&self, key: &str, signature: &Signature, message: &[u8; 32]) -> Result<bool, CloudError> {
        verifies(&self.aws, key, signature, message).await
    }

    fn drivers(&self) -> Arc<Drivers> {
        self.drivers.clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    async fn fetch(&self, url: &str) -> Option<Result<Fetched, String>> {
        match self.world {
            World::Aws => Some(bbws_aws::fetch(url).await.map(|(status, body)| Fetched { status, body })),
            World::Sandbox | World::Endpoint(_) => None,
        }
    }

    async fn time(&self, region: &str) -> Option<Result<jiff::Timestamp, String>> {
        let url = match Link::world(self) {
            World::Aws => format!("https://sts.{region}.amazonaws.com/"),
            World::Endpoint(url) => url,
            World::Sandbox => return None,
        };
        let read = |date: String| jiff::fmt::rfc2822::parse(&date).map_err(|error| format!("the answer bears the date `{date}`: {error}"));
        Some(bbws_aws::date_at(&url).await.and_then(read).map(|at| at.timestamp()))
    }

    async fn products(&self, service: &str, filters: &[(&'static str, String)]) -> Result<Vec<String>, CloudError> {
        products(&self.aws, service, filters).await
    }

    fn listen(&self, to: Hearing) {
        listen(&self.aws, to);
    }

    async fn try_assumption(&self, id: &str) -> Option<Result<(Option<bool>, String), CloudError>> {
        Some(self.aws.try_assumption(id).await?.map(|tried| (tried.holds, tried.told)))
    }

    fn sent(&self) -> Vec<Sent> {
        sent(&self.aws)
    }
}
