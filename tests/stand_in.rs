//! The binary with other ports: this test's own program, started once more, runs the same commands on the same wires, with
//! a clock and a weather that the product does not have.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bbws::{Wire, Wires};
use bbws_cli::{Answered, Audit, Bucket, Caller, Cloud, Fetched, Hearing, Link, Referral, Route, Sent, SessionLife, Stores, Thing};
use bbws_cluster::Environment;
use bbws_engine::{Boxed, Clock, Drivers, Lease};
use bbws_model::{CloudError, Signature, World};
use bbws_operate::preflight::{Answer, Question};
use bbws_sandbox::{Effect, Fate, Seen, refuse};
use serde_json::Value;

use crate::support::Place;

const LINE: &str = "BBWS_STAND_IN_LINE";
const WEATHER: &str = "BBWS_STAND_IN_WEATHER";
const ANSWER: &str = "BBWS_STAND_IN_ANSWER";
const FASTER: &str = "BBWS_STAND_IN_FASTER";

/// What becomes of one call in the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// AWS refuses it, and quotes every password that it knows.
    Quoted,
    /// It takes effect, and the connection is closed without an answer.
    Lost,
    /// It takes effect, and nothing comes back.
    Silent,
    /// Something panics, and quotes every password.
    Panic,
    /// It takes effect, and from then on the log of dev is out of reach.
    StoreGone,
    /// AWS refuses it: a quota is used up.
    Limit,
    /// AWS refuses it: no policy allows it.
    Denied,
    /// AWS refuses it: the name is taken by somebody else.
    Taken,
    /// AWS refuses it: the region is off.
    Off,
    /// The service cannot be reached.
    Unreachable,
    /// AWS refuses it, as [`answer`] says.
    Answered,
    /// Somebody uses its quota up after the look ahead: AWS refuses it of itself.
    UsedUp,
}

const ALL: [Weather; 12] = [
    Weather::Quoted,
    Weather::Lost,
    Weather::Silent,
    Weather::Panic,
    Weather::Limit,
    Weather::Denied,
    Weather::Taken,
    Weather::Off,
    Weather::Unreachable,
    Weather::StoreGone,
    Weather::Answered,
    Weather::UsedUp,
];

/// The stand-in for `place.command(args)`. In the sandbox the calls of one operation have a weather; elsewhere the time that
/// bbws waits passes so many times faster.
pub(crate) fn command(place: &Place, line: &str, weather: Option<(&str, Weather)>, faster: u32) -> Command {
    of(&place.command(line.split_whitespace()), weather, faster)
}

/// The stand-in for a command in whose calls of one operation AWS answers with this status, code and message.
pub(crate) fn answer(plain: &Command, operation: &str, (status, code, message): (u16, &str, &str)) -> Command {
    let mut command = of(plain, Some((operation, Weather::Answered)), 1);
    command.env(ANSWER, format!("{status} {code} {message}"));
    command
}

/// The stand-in for a command of the binary.
pub(crate) fn of(plain: &Command, weather: Option<(&str, Weather)>, faster: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    if let Some(folder) = plain.get_current_dir() {
        command.current_dir(folder);
    }
    command.args(["stand_in::the_binary", "--exact", "--nocapture", "--test-threads=1"]);
    // A test has a thread of its own; the binary has the first one, with a larger stack.
    command.env_clear().env("RUST_MIN_STACK", (8 << 20).to_string());
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let arguments: Vec<&str> = plain.get_args().map(|argument| argument.to_str().expect("text")).collect();
    command.env(LINE, serde_json::to_string(&arguments).expect("JSON")).env(FASTER, faster.to_string());
    if let Some((operation, weather)) = weather {
        command.env(WEATHER, format!("{operation}={weather:?}"));
    }
    command
}

/// Not a test by itself: the program that [`command`] starts.
#[test]
#[expect(clippy::exit, reason = "it is a program of its own, with its own exit code")]
fn the_binary() {
    let Ok(line) = std::env::var(LINE) else { return };
    let line: Vec<String> = serde_json::from_str(&line).expect("a line");
    bbws::trace::begin();
    let weather = std::env::var(WEATHER).ok().map(|text| {
        let (operation, name) = text.split_once('=').expect("a weather");
        (operation.to_owned(), *ALL.iter().find(|one| format!("{one:?}") == name).expect("a weather"))
    });
    let faster = std::env::var(FASTER).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let exit = bbws_cli::main(std::iter::once("bbws".to_owned()).chain(line).map(Into::into), &Ports { weather, faster });
    let _ = std::io::stdout().flush();
    std::process::exit(exit.code().into());
}

struct Ports {
    weather: Option<(String, Weather)>,
    faster: u32,
}

impl Cloud for Ports {
    type Link = Other;
    type Vault = <Wires as Cloud>::Vault;
    type Eye = <Wires as Cloud>::Eye;

    async fn look(&self, route: &Route, environment: &Environment) -> Result<Self::Eye, CloudError> {
        Wires.look(route, environment).await
    }

    async fn connect(&self, route: &Route, environment: &Environment) -> Result<Other, CloudError> {
        let wire = Wires.connect(route, environment).await?;
        let Some(sandbox) = wire.sandbox() else {
            let clock = Arc::new(Faster { clock: wire.clock(), times: self.faster });
            return Ok(Other { wire, clock, uses_up: None });
        };
        if let (Some((operation, weather)), Route::Sandbox(route)) = (self.weather.clone(), route) {
            let dir = route.dir.clone();
            sandbox
                .sim()
                .set_weather(move |call| if call.operation == operation { fate(weather, &operation, &dir) } else { Fate::default() });
        }
        let clock = wire.clock();
        let uses_up = self.weather.clone().filter(|(_, weather)| *weather == Weather::UsedUp).map(|(operation, _)| operation);
        Ok(Other { wire, clock, uses_up })
    }

    fn stores(&self, hearing: Option<Hearing>) -> Stores {
        Wires.stores(hearing)
    }

    async fn vault(&self, bucket: &Bucket) -> Self::Vault {
        Wires.vault(bucket).await
    }

    fn things(&self, dir: &Path) -> std::io::Result<Vec<Thing>> {
        Wires.things(dir)
    }

    fn answered(&self, dir: &Path) -> std::io::Result<Vec<Answered>> {
        Wires.answered(dir)
    }

    fn reset(&self, dir: &Path) -> std::io::Result<()> {
        Wires.reset(dir)
    }
}

fn fate(weather: Weather, operation: &str, dir: &Path) -> Fate {
    match weather {
        Weather::Quoted => {
            let refusal = refuse(400, "InvalidParameterValue", format!("what is this: {}", passwords(dir)));
            Fate { effect: Effect::Never, seen: Seen::Refused(refusal), ..Fate::default() }
        }
        Weather::Lost => Fate { seen: Seen::Closed, ..Fate::default() },
        Weather::Silent => Fate { seen: Seen::Silence, ..Fate::default() },
        Weather::Panic => panic!("what is this: {}", passwords(dir)),
        Weather::StoreGone => {
            let log = dir.join("dev/log");
            if log.is_dir() {
                std::fs::rename(&log, dir.join("dev/log-away")).expect("a log");
                std::fs::write(&log, "a file where a folder should be").expect("a file");
            }
            Fate::default()
        }
        Weather::Limit => used_up(operation),
        Weather::Denied => refused(
            403,
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. User: arn:aws:sts::536580886816:assumed-role/ci/run is not authorized to \
             perform: ec2:CreateTags on resource: arn:aws:ec2:af-south-1:536580886816:vpc/* because no identity-based policy allows the \
             ec2:CreateTags action. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm",
        ),
        Weather::Taken => refused(409, "BucketAlreadyExists", "The requested bucket name is not available."),
        Weather::Off => refused(401, "OptInRequired", "You are not subscribed to this service."),
        Weather::Answered => {
            let told = std::env::var(ANSWER).expect("an answer");
            let mut parts = told.splitn(3, ' ');
            let mut next = || parts.next().expect("status, code and message");
            let status = next().parse().expect("a status");
            refused(status, next().to_owned().leak(), next())
        }
        // That happens when the gate opens.
        Weather::UsedUp => Fate::default(),
        Weather::Unreachable => Fate { effect: Effect::Never, seen: Seen::Unreachable, ..Fate::default() },
    }
}

/// How each service says that a quota is used up.
fn used_up(operation: &str) -> Fate {
    match operation {
        "AllocateAddress" => refused(400, "AddressLimitExceeded", "The maximum number of addresses has been reached."),
        "CreateDBInstance" => refused(400, "InstanceQuotaExceeded", "DB Instance quota exceeded."),
        "CreateDBParameterGroup" => {
            refused(400, "DBParameterGroupQuotaExceeded", "The request would exceed the quota of DB parameter groups.")
        }
        "CreateDBSubnetGroup" => refused(400, "DBSubnetGroupQuotaExceeded", "The request would exceed the quota of DB subnet groups."),
        "CreateFileSystem" => refused(403, "FileSystemLimitExceeded", "The account has reached its number of file systems."),
        "CreateRole" => refused(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        "CreateSecurityGroup" => refused(400, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."),
        _ => refused(400, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
    }
}

fn refused(status: u16, code: &'static str, message: &str) -> Fate {
    Fate { effect: Effect::Never, seen: Seen::Refused(refuse(status, code, message)), ..Fate::default() }
}

/// Every password in the sandbox's file, in plain text.
fn passwords(dir: &Path) -> String {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => {
                let inner = serde_json::from_str::<Value>(text).ok();
                found.extend(inner.and_then(|value| value["password"].as_str().map(str::to_owned)));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let cloud = std::fs::read(dir.join("cloud.json")).expect("a cloud");
    let mut found = vec![];
    collect(&serde_json::from_slice(&cloud).expect("a cloud"), &mut found);
    assert!(!found.is_empty(), "there are passwords to be quoted");
    found.join(" and ")
}

/// A connection with another clock.
struct Other {
    wire: Wire,
    clock: Arc<dyn Clock>,
    /// Of which operation somebody uses the quota up before the first change is sent.
    uses_up: Option<String>,
}

impl Link for Other {
    fn world(&self) -> World {
        self.wire.world()
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        self.wire.whoami().await
    }

    fn session(&self) -> Option<SessionLife> {
        self.wire.session()
    }

    fn credentials_have_run_out(&self, error: &CloudError) -> bool {
        self.wire.credentials_have_run_out(error)
    }

    fn renew_credentials(&self) {
        self.wire.renew_credentials();
    }

    async fn inquire(&self, caller: &Caller, question: &Question) -> Option<Result<Answer, CloudError>> {
        self.wire.inquire(caller, question).await
    }

    async fn referral(&self, zone: &str) -> Referral {
        self.wire.referral(zone).await
    }

    fn open_gate(&self, lease: Lease) {
        if let (Some(operation), Some(sandbox)) = (&self.uses_up, self.wire.sandbox()) {
            sandbox.sim().tamper(|cloud| {
                let mut tenant = cloud.tenant("536580886816", "af-south-1");
                match operation.as_str() {
                    "CreateVpc" => tenant.vpcs(5),
                    "AllocateAddress" => tenant.addresses(5),
                    other => panic!("nobody uses up what {other} makes"),
                }
            });
        }
        self.wire.open_gate(lease);
    }

    fn audit(&self, group: &str, stream: &str) -> Arc<dyn Audit> {
        self.wire.audit(group, stream)
    }

    async fn sign(&self, key: &str, message: &[u8; 32]) -> Result<Signature, CloudError> {
        self.wire.sign(key, message).await
    }

    async fn verifies(&self, key: &str, signature: &Signature, message: &[u8; 32]) -> Result<bool, CloudError> {
        self.wire.verifies(key, signature, message).await
    }

    fn drivers(&self) -> Arc<Drivers> {
        self.wire.drivers()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    async fn fetch(&self, url: &str) -> Option<Result<Fetched, String>> {
        self.wire.fetch(url).await
    }

    async fn time(&self, region: &str) -> Option<Result<jiff::Timestamp, String>> {
        self.wire.time(region).await
    }

    async fn products(&self, service: &str, filters: &[(&'static str, String)]) -> Result<Vec<String>, CloudError> {
        self.wire.products(service, filters).await
    }

    fn listen(&self, to: Hearing) {
        self.wire.listen(to);
    }

    async fn try_assumption(&self, id: &str) -> Option<Result<(Option<bool>, String), CloudError>> {
        self.wire.try_assumption(id).await
    }

    fn sent(&self) -> Vec<Sent> {
        self.wire.sent()
    }
}

/// A clock that runs faster; the time of day is the real one.
struct Faster {
    clock: Arc<dyn Clock>,
    times: u32,
}

impl Clock for Faster {
    fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed() * self.times
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.clock.sleep(duration / self.times)
    }
}
