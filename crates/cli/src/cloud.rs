//! The cloud as the commands meet it. The binary implements it for AWS and for the sandbox; this crate knows no SDK.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bbws_cluster::Environment;
use bbws_engine::{Boxed, Clock, Drivers, Lease, Observers, Store, Tagged};
use bbws_model::{Account, CloudError, Signature, Tags, World};
use bbws_operate::drift::Deed;
use bbws_operate::preflight::{Answer, Question};
use serde::Serialize;

use crate::args::Speed;

/// Where an environment's state is kept in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The account that it must belong to.
    pub owner: Account,
    /// Whose state: its keys begin with the environment's name.
    pub environment: String,
    /// The KMS key that the state is encrypted with; the bucket's default if none.
    pub kms_key: Option<String>,
    /// The only roles and users that may write approvals to it, where the file names any.
    pub approvers: Vec<String>,
    /// The profile whose credentials reach it; the environment's variables come before it.
    pub profile: Option<String>,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.environment)
    }
}

/// One thing that a bucket must have to hold a state, and lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Its name: `versioning`.
    pub setting: &'static str,
    /// What is done to have it.
    pub deed: &'static str,
}

/// What a look at a state's bucket found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspected {
    /// What is missing, in the order in which it is made.
    pub lacks: Vec<Lack>,
    /// What others have set that would harm a state.
    pub dangers: Vec<String>,
}

/// A state's bucket, as `init` meets it. Until its gate is opened only reads leave.
pub trait Vault {
    /// Asks who the caller is.
    fn whoami(&self) -> impl Future<Output = Result<Caller, CloudError>>;

    /// Tells each call from now on, when it ends.
    fn listen(&self, to: Hearing);

    /// Lets mutating calls through. Called once, after the account was checked.
    fn open_gate(&self);

    /// Looks at the bucket.
    fn look(&self) -> impl Future<Output = Result<Inspected, CloudError>>;

    /// Makes one setting, with one request.
    fn make(&self, setting: &str) -> impl Future<Output = Result<(), CloudError>>;
}

/// How stores in buckets are opened. Nothing is asked of AWS before one is used.
#[derive(Clone)]
pub struct Stores(Arc<Open>);

type Open = dyn Fn(&Bucket) -> Arc<dyn Store>;

impl Stores {
    /// Opens them so.
    pub fn new(open: impl Fn(&Bucket) -> Arc<dyn Store> + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// The store in a bucket.
    pub(crate) fn open(&self, bucket: &Bucket) -> Arc<dyn Store> {
        (self.0)(bucket)
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stores")
    }
}

/// Where the calls of a command go.
#[derive(Debug, Clone)]
pub enum Route {
    /// To AWS, or to the server that `AWS_ENDPOINT_URL` names.
    Aws,
    /// To the simulation inside the binary.
    Sandbox(SandboxRoute),
}

/// The simulation that the calls of a command go to.
#[derive(Debug, Clone)]
pub struct SandboxRoute {
    /// The folder that it is kept in.
    pub dir: PathBuf,
    /// Whose credentials it is called with.
    pub account: Account,
    /// Who calls, where that was said.
    pub principal: Option<SandboxPrincipal>,
    /// How fast it plays AWS's own durations.
    pub speed: Speed,
    /// The files of the policies that say what its callers are allowed; everything where there is none.
    pub policies: Vec<PathBuf>,
}

/// Who calls the sandbox: a session of a role, and who stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPrincipal {
    /// The role's name.
    pub role: String,
    /// The session's name.
    pub session: String,
    /// The source identity, if it has one.
    pub source_identity: Option<String>,
}

/// `ROLE/SESSION:SOURCE_IDENTITY`, as `--sandbox-principal` takes it; what it would fill in is left out.
impl std::fmt::Display for SandboxPrincipal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.role)?;
        if self.session != Self::SESSION {
            write!(f, "/{}", self.session)?;
        }
        self.source_identity.as_ref().map_or(Ok(()), |identity| write!(f, ":{identity}"))
    }
}

impl SandboxPrincipal {
    /// The session's name where none is given.
    pub const SESSION: &str = "operator";
}

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// The user or role session.
    pub arn: String,
    /// Who stands behind the session, where that is known: STS does not tell it.
    pub source_identity: Option<String>,
}

/// How much is left of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// How long its credentials still hold.
    pub left: Duration,
    /// Whether others can be had without a person.
    pub renewable: bool,
}

/// One call that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The call, as IAM writes it: `ec2:DescribeVpcs`.
    pub operation: String,
    /// Whether it only reads.
    pub read: bool,
}

/// One call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The call, as IAM writes it: `ec2:DescribeVpcs`.
    pub operation: String,
    /// The region called.
    pub region: String,
    /// How long it took.
    pub took: Duration,
    /// The HTTP status of the answer; none where there was none.
    pub status: Option<u16>,
    /// AWS's word for why it refused or failed, where it said one.
    pub code: Option<String>,
}

/// Whoever is told of calls as they end.
pub type Hearing = Arc<dyn Fn(&Heard) + Send + Sync>;

/// One thing that exists in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What sort of thing it is, in AWS's words.
    pub kind: String,
    /// What AWS calls it.
    pub id: String,
    /// What tells it from others.
    pub about: String,
}

/// One call that the sandbox has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The simulated time.
    pub at: jiff::Timestamp,
    /// The caller's account.
    pub account: String,
    /// The region called.
    pub region: String,
    /// The service, as the SDK names it.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// `ok`, or the code of the refusal, or what else became of the call.
    pub outcome: String,
}

/// What became of lines that were to be added to a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// How many were dealt with, from the first one on.
    pub taken: usize,
    /// How many of these the log does not take at all.
    pub refused: usize,
}

/// A log outside that a run's events are added to.
pub trait Audit: Send + Sync {
    /// Adds the first of these lines, in the order of their times: as many as one request holds. Where it fails none is known to be
    /// added.
    fn add<'a>(&'a self, lines: &'a [(jiff::Timestamp, String)]) -> Boxed<'a, Result<Added, CloudError>>;
}

/// What a web server answered to a plain GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// What it said, as text.
    pub body: String,
}

/// What the DNS says of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referral {
    /// It leads to these name servers, in lower case and without a last dot; to none where no zone refers to it.
    To(BTreeSet<String>),
    /// It could not be found out, and why.
    Unknown(String),
    /// There is nobody to ask: every zone counts as found.
    Unasked,
}

/// What the binary offers the commands.
pub trait Cloud {
    /// A connection to one account and region.
    type Link: Link;
    /// A connection to the bucket of a state.
    type Vault: Vault;
    /// A look at one account and region, which can change nothing.
    type Eye: Trail;

    /// Looks at where an environment lives: through clients that can only read, and by a type that has nothing else.
    ///
    /// # Errors
    /// As [`Self::connect`].
    fn look(&self, route: &Route, environment: &Environment) -> impl Future<Output = Result<Self::Eye, CloudError>>;

    /// Connects to where an environment lives. What its file marks as existing is there from the start in the sandbox.
    ///
    /// # Errors
    /// When there are no credentials, or the sandbox cannot be opened.
    fn connect(&self, route: &Route, environment: &Environment) -> impl Future<Output = Result<Self::Link, CloudError>>;

    /// How the states in buckets are reached: with credentials of their own, so that whatever ends the cloud's leaves the
    /// store to write down what was done. Whoever listens is told each call when it ends.
    fn stores(&self, hearing: Option<Hearing>) -> Stores;

    /// Connects to the bucket of a state itself.
    fn vault(&self, bucket: &Bucket) -> impl Future<Output = Self::Vault>;

    /// What exists in the sandbox kept in `dir`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn things(&self, dir: &Path) -> io::Result<Vec<Thing>>;

    /// The calls that the sandbox kept in `dir` has answered.
    ///
    /// # Errors
    /// When their log cannot be read.
    fn answered(&self, dir: &Path) -> io::Result<Vec<Answered>>;

    /// Clears the sandbox kept in `dir`.
    ///
    /// # Errors
    /// When its files cannot be removed.
    fn reset(&self, dir: &Path) -> io::Result<()>;
}

/// A look at one account and region. Nothing that changes anything there can be reached through it: it has no gate to open
/// and no drivers, only their eyes.
///
/// ```
/// use bbws_cli::Look;
///
/// fn look(at: &impl Look) {
///     let _ = at.observers();
/// }
/// ```
///
/// What only looks cannot open a gate,
///
/// ```compile_fail,E0599
/// use bbws_cli::Look;
/// use bbws_engine::Lease;
///
/// fn change(at: &impl Look, lease: Lease) {
///     at.open_gate(lease);
/// }
/// ```
///
/// and has no drivers.
///
/// ```compile_fail,E0599
/// use bbws_cli::Look;
///
/// fn change(at: &impl Look) {
///     let _ = at.drivers();
/// }
/// ```
pub trait Look {
    /// Which world it leads to.
    fn world(&self) -> World;

    /// Asks who the caller is.
    fn whoami(&self) -> impl Future<Output = Result<Caller, CloudError>>;

    /// Who can look at objects of every kind.
    fn observers(&self) -> Observers;

    /// The time that holds there.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Tells each call from now on, when it ends.
    fn listen(&self, to: Hearing);

    /// All calls that were sent so far, in order.
    fn sent(&self) -> Vec<Sent>;
}

/// A connection can look, too.
impl<L: Link> Look for L {
    fn world(&self) -> World {
        Link::world(self)
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        Link::whoami(self).await
    }

    fn observers(&self) -> Observers {
        Observers::of(self.drivers())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Link::clock(self)
    }

    fn listen(&self, to: Hearing) {
        Link::listen(self, to);
    }

    fn sent(&self) -> Vec<Sent> {
        Link::sent(self)
    }
}

/// A look that also reaches what AWS keeps over all services: CloudTrail's record of who changed what, and the index of tags.
pub trait Trail: Look {
    /// What bears all of these tags in a region, of whatever sort: that of global services is in us-east-1.
    fn tagged(&self, region: &str, tags: &Tags) -> impl Future<Output = Result<Vec<Tagged>, CloudError>>;

    /// The events since a moment that changed something and name this, newest first: one call.
    fn deeds(&self, region: &str, name: &str, since: jiff::Timestamp) -> impl Future<Output = Result<Vec<Deed>, CloudError>>;
}

/// A connection to one account and region. Until its gate is opened only reads leave.
pub trait Link {
    /// Which world it leads to.
    fn world(&self) -> World;

    /// Asks who the caller is.
    fn whoami(&self) -> impl Future<Output = Result<Caller, CloudError>>;

    /// How much is left of the session of its credentials, where its end is known.
    fn session(&self) -> Option<SessionLife>;

    /// Whether a refusal says that credentials have run out, and fresh ones would do.
    fn credentials_have_run_out(&self, error: &CloudError) -> bool;

    /// Looks for other credentials before the next request: those at hand were refused. The account is compared before
    /// anything is signed with them.
    fn renew_credentials(&self);

    /// Finds out what is worth knowing before an apply. None where a server stands in for AWS, whose quotas and zones are its own.
    fn inquire(&self, caller: &Caller, question: &Question) -> impl Future<Output = Option<Result<Answer, CloudError>>>;

    /// Asks the DNS which name servers a zone is on.
    fn referral(&self, zone: &str) -> impl Future<Output = Referral>;

    /// Lets mutating calls through for as long as the lease holds. Called after the account was checked.
    fn open_gate(&self, lease: Lease);

    /// A stream of a log group of the environment's region, which is made with the first line. Nothing else can be sent through it, and it
    /// needs no lease.
    fn audit(&self, group: &str, stream: &str) -> Arc<dyn Audit>;

    /// Signs the SHA-256 of an approval with a key of KMS. It changes nothing, and is the only thing that leaves.
    fn sign(&self, key: &str, message: &[u8; 32]) -> impl Future<Output = Result<Signature, CloudError>>;

    /// Whether a key of KMS made a signature of this SHA-256.
    fn verifies(&self, key: &str, signature: &Signature, message: &[u8; 32]) -> impl Future<Output = Result<bool, CloudError>>;

    /// The driver of every kind.
    fn drivers(&self) -> Arc<Drivers>;

    /// The time that holds there: the simulation has its own.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Looks at a web address as a visitor would: no credentials, no redirect followed, ten seconds at most. Otherwise why it
    /// could not be reached. None where the world is simulated and nobody can answer.
    fn fetch(&self, url: &str) -> impl Future<Output = Option<Result<Fetched, String>>>;

    /// What time it is there, as an answer to a request that is not signed says. None where the world is simulated.
    fn time(&self, region: &str) -> impl Future<Output = Option<Result<jiff::Timestamp, String>>>;

    /// What a service takes, by AWS's Price List: its products that have all these values, each as its document.
    fn products(&self, service: &str, filters: &[(&'static str, String)]) -> impl Future<Output = Result<Vec<String>, CloudError>>;

    /// Tells each call from now on, when it ends.
    fn listen(&self, to: Hearing);

    /// Tries what the code takes AWS to do, by the name of the assumption: reads, and changes nothing. Answers whether it holds (none
    /// where the account has nothing to see it at) and what was seen; none where there is no such test.
    fn try_assumption(&self, id: &str) -> impl Future<Output = Option<Result<(Option<bool>, String), CloudError>>>;

    /// All calls that were sent so far, in order.
    fn sent(&self) -> Vec<Sent>;
}
