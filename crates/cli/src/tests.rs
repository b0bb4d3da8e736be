//! The commands before a cloud that writes down what is asked of it.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bbws_cluster::Environment;
use bbws_engine::{Boxed, Clock, Drivers, Observers, PutOutcome, Store, StoreError, Tagged};
use bbws_model::{Account, CloudError, Signature, Tags, World};
use bbws_operate::drift::Deed;
use bbws_operate::preflight::{Answer, Question};
use bbws_render::ErrorId;
use clap::Parser;

use crate::args::Cli;
use crate::ui::Ui;
use crate::{
    Answered, Bucket, Caller, Cloud, Exit, Failure, Fetched, Hearing, Inspected, Lack, Link, Look, Referral, Route, Sent, SessionLife,
    Stores, SystemClock, Thing, Trail, Vault, perform,
};

/// A cloud in which the caller is of one account, and nothing can be read.
struct Fake {
    account: Account,
    asked: Rc<RefCell<Vec<&'static str>>>,
}

/// A bucket that nobody may use.
struct OutOfReach;

impl OutOfReach {
    fn told<T>(key: &str) -> Result<T, StoreError> {
        Err(StoreError::Failed { key: key.to_owned(), cause: "AccessDenied".into() })
    }
}

impl Store for OutOfReach {
    fn create<'a>(&'a self, key: &'a str, _: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move { Self::told(key) })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Self::told(key) })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, _: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move { Self::told(prefix) })
    }

    fn overwrite<'a>(&'a self, key: &'a str, _: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move { Self::told(key) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move { Self::told(key) })
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async move { Self::told(key) })
    }
}

const LACKS: [Lack; 2] =
    [Lack { setting: "versioning", deed: "keep versions" }, Lack { setting: "policy", deed: "demand conditional writes" }];

/// A bucket that lacks two things until they are made.
struct FakeVault {
    account: Account,
    asked: Rc<RefCell<Vec<&'static str>>>,
    lacks: RefCell<Vec<Lack>>,
}

impl Vault for FakeVault {
    async fn whoami(&self) -> Result<Caller, CloudError> {
        self.asked.borrow_mut().push("whoami");
        Ok(Caller { account: self.account.clone(), arn: "arn:aws:iam::1:user/test".into(), source_identity: None })
    }

    fn listen(&self, _: Hearing) {}

    fn open_gate(&self) {
        self.asked.borrow_mut().push("gate");
    }

    async fn look(&self) -> Result<Inspected, CloudError> {
        self.asked.borrow_mut().push("look");
        Ok(Inspected { lacks: self.lacks.borrow().clone(), dangers: vec![] })
    }

    async fn make(&self, setting: &str) -> Result<(), CloudError> {
        let lack = self.lacks.borrow_mut().remove(0);
        assert_eq!(lack.setting, setting, "in order");
        self.asked.borrow_mut().push(lack.setting);
        Ok(())
    }
}

struct FakeLink(Account, Rc<RefCell<Vec<&'static str>>>);

/// A look that finds nothing.
struct FakeEye(Account, Rc<RefCell<Vec<&'static str>>>);

impl Look for FakeEye {
    fn world(&self) -> World {
        World::Aws
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        self.1.borrow_mut().push("whoami");
        Ok(Caller { account: self.0.clone(), arn: "arn:aws:iam::1:user/test".into(), source_identity: None })
    }

    fn observers(&self) -> Observers {
        self.1.borrow_mut().push("observers");
        Observers::of(Arc::new(Drivers::new()))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock::default())
    }

    fn listen(&self, _: crate::cloud::Hearing) {}

    fn sent(&self) -> Vec<Sent> {
        vec![]
    }
}

impl Trail for FakeEye {
    async fn tagged(&self, _: &str, _: &Tags) -> Result<Vec<Tagged>, CloudError> {
        self.1.borrow_mut().push("tagged");
        Ok(vec![])
    }

    async fn deeds(&self, _: &str, _: &str, _: jiff::Timestamp) -> Result<Vec<Deed>, CloudError> {
        self.1.borrow_mut().push("deeds");
        Ok(vec![])
    }
}

impl Cloud for Fake {
    type Link = FakeLink;
    type Vault = FakeVault;
    type Eye = FakeEye;

    async fn look(&self, _: &Route, _: &Environment) -> Result<FakeEye, CloudError> {
        self.asked.borrow_mut().push("look");
        Ok(FakeEye(self.account.clone(), self.asked.clone()))
    }

    async fn connect(&self, _: &Route, _: &Environment) -> Result<FakeLink, CloudError> {
        self.asked.borrow_mut().push("connect");
        Ok(FakeLink(self.account.clone(), self.asked.clone()))
    }

    async fn vault(&self, bucket: &Bucket) -> FakeVault {
        self.asked.borrow_mut().push("vault");
        assert_eq!((bucket.name.as_str(), bucket.environment.as_str(), bucket.owner.as_str()), ("wp-dev-bbws-state", "dev", DEV));
        FakeVault { account: self.account.clone(), asked: self.asked.clone(), lacks: RefCell::new(LACKS.to_vec()) }
    }

    fn stores(&self, _: Option<Hearing>) -> Stores {
        Stores::new(|_| Arc::new(OutOfReach))
    }

    fn things(&self, _: &Path) -> io::Result<Vec<Thing>> {
        Ok(vec![])
    }

    fn answered(&self, _: &Path) -> io::Result<Vec<Answered>> {
        Ok(vec![])
    }

    fn reset(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

impl Link for FakeLink {
    fn world(&self) -> World {
        World::Aws
    }

    async fn whoami(&self) -> Result<Caller, CloudError> {
        self.1.borrow_mut().push("whoami");
        Ok(Caller { account: self.0.clone(), arn: "arn:aws:iam::1:user/test".into(), source_identity: None })
    }

    fn session(&self) -> Option<SessionLife> {
        None
    }

    fn credentials_have_run_out(&self, _: &CloudError) -> bool {
        false
    }

    fn renew_credentials(&self) {
        self.1.borrow_mut().push("renew");
    }

    async fn inquire(&self, _: &Caller, _: &Question) -> Option<Result<Answer, CloudError>> {
        None
    }

    async fn referral(&self, _: &str) -> Referral {
        self.1.borrow_mut().push("referral");
        Referral::Unasked
    }

    fn open_gate(&self, _: bbws_engine::Lease) {
        self.1.borrow_mut().push("gate");
    }

    fn audit(&self, _: &str, _: &str) -> Arc<dyn crate::cloud::Audit> {
        unreachable!("no run begins here")
    }

    async fn sign(&self, key: &str, _: &[u8; 32]) -> Result<Signature, CloudError> {
        self.1.borrow_mut().push("sign");
        Ok(Signature { key: key.to_owned(), algorithm: "ECDSA_SHA_256".into(), bytes: vec![1] })
    }

    async fn verifies(&self, _: &str, _: &Signature, _: &[u8; 32]) -> Result<bool, CloudError> {
        self.1.borrow_mut().push("verify");
        Ok(true)
    }

    fn drivers(&self) -> Arc<Drivers> {
        self.1.borrow_mut().push("drivers");
        Arc::new(Drivers::new())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock::default())
    }

    async fn fetch(&self, _: &str) -> Option<Result<Fetched, String>> {
        self.1.borrow_mut().push("fetch");
        None
    }

    async fn time(&self, _: &str) -> Option<Result<jiff::Timestamp, String>> {
        None
    }

    async fn products(&self, _: &str, _: &[(&'static str, String)]) -> Result<Vec<String>, CloudError> {
        self.1.borrow_mut().push("products");
        Ok(vec![])
    }

    fn listen(&self, _: crate::cloud::Hearing) {}

    async fn try_assumption(&self, id: &str) -> Option<Result<(Option<bool>, String), CloudError>> {
        unreachable!("nobody tries {id} here")
    }

    fn sent(&self) -> Vec<Sent> {
        vec![]
    }
}

/// A project with the shipped environments.
pub(crate) fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("environments");
    fs::create_dir(&to).unwrap();
    for name in ["dev.toml", "sit.toml", "prod.toml"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments").join(name), to.join(name)).unwrap();
    }
    dir
}

fn run(project: &Path, account: &str, line: &str) -> (Result<Exit, Failure>, Vec<&'static str>) {
    let asked = Rc::new(RefCell::new(vec![]));
    let cloud = Fake { account: account.parse().unwrap(), asked: asked.clone() };
    let dir = project.join("environments").display().to_string();
    let words = ["bbws"].into_iter().chain(line.split(' ')).chain(["--env-dir", &dir]);
    let result = perform(&Cli::try_parse_from(words).unwrap(), &mut Ui::silent(), &cloud);
    let asked = asked.borrow().clone();
    (result, asked)
}

const DEV: &str = "536580886816";
const SIT: &str = "815856636111";

/// Whoever pastes a command that a failure names is in the same world again, with the same files, as the same person.
#[test]
fn each_command_that_a_failure_names_leads_back_to_the_same_world() {
    let dir = project();
    let asked = Rc::new(RefCell::new(vec![]));
    let cloud = Fake { account: DEV.parse().unwrap(), asked };
    let to = dir.path().join("environments").display().to_string();
    let flags = [
        format!(" --sandbox --sandbox-principal deployer/thandi --sandbox-policy apply.json --sandbox-speed 60 --env-dir {to}"),
        format!(" --sandbox --sandbox-account {DEV} --env-dir {to}"),
        format!(" --env-dir {to}"),
    ];
    let mut named = 0;
    for line in [
        "apply prod",
        "destroy prod",
        "state mv prod a.b c.d --reason x",
        "state mv dev a.b --reason x",
        "state mv dev a.b c.d --reason=",
        "state rm dev --reason= a.b",
        "state restore dev",
        "state diff dev",
        "state list dev",
        "output dev",
        "runs dev",
        "runs dev --replay",
        "set dev",
        "set dev rds.class",
        "set dev rds.nothing=1",
        "approve dev FILE",
        "approve prod",
        "import dev",
        "plan sit",
        "apply dev plan.nowhere",
    ] {
        for flag in &flags {
            let words = format!("bbws {line}{flag}");
            let cli = Cli::try_parse_from(words.split(' ')).unwrap();
            let mut ui = Ui::silent();
            let failure = perform(&cli, &mut ui, &cloud).expect_err(&words).filled(&ui.at);
            let environment = line.split(' ').find(|word| ["dev", "sit", "prod"].contains(word)).unwrap();
            let advice = failure.advice.iter().map(String::as_str).chain(failure.told.as_ref().map(|whole| whole.0.as_str()));
            for text in advice.flat_map(str::lines).flat_map(|line| line.split("bbws ").skip(1)) {
                let mut told = text.split_inclusive(' ').skip_while(|word| word.trim_end() != environment);
                let told = told.by_ref().collect::<String>();
                // A rehearsal, or another account, is meant to be elsewhere.
                let elsewhere = text.contains(" --sandbox") && !flag.contains("--sandbox")
                    || told.is_empty()
                    || failure.id == ErrorId::Account
                    || text.starts_with("approve prod --sandbox --sandbox-principal approver")
                    || text.ends_with(" --sandbox");
                named += usize::from(!elsewhere);
                assert!(elsewhere || told.starts_with(&format!("{environment}{flag}")), "`{words}` is told: bbws {text}");
            }
        }
    }
    assert!(named > 30, "{named}");
}

#[test]
fn a_drawing_in_a_file_holds_no_known_secret() {
    let dir = project();
    let file = dir.path().join("environments/dev.toml");
    let text = fs::read_to_string(&file).unwrap() + "\n[resource.log-group.drawn-canary-7]\nname = \"/a\"\nretention_days = 7\n";
    fs::write(&file, text).unwrap();
    let drawing = dir.path().join("dev.dot");
    let line = format!("graph dev --format dot --out {}", drawing.display());
    assert_eq!(run(dir.path(), DEV, &line).0.unwrap(), Exit::Done);
    assert!(fs::read_to_string(&drawing).unwrap().contains("drawn-canary-7"));
    bbws_model::net::remember("drawn-canary-7");
    assert_eq!(run(dir.path(), DEV, &line).0.unwrap(), Exit::Done);
    assert!(!fs::read_to_string(&drawing).unwrap().contains("canary"));
}

#[test]
fn of_another_account_nothing_is_asked_but_whose_it_is() {
    let dir = project();
    for line in ["plan dev", "apply dev --yes", "destroy dev --confirm wp-dev-cluster"] {
        let (result, asked) = run(dir.path(), SIT, line);
        assert_eq!(result.unwrap_err().exit, Exit::Refused, "{line}");
        assert_eq!(asked, ["connect", "whoami"], "{line}");
    }
}

#[test]
fn production_is_refused_without_a_connection() {
    let dir = project();
    for line in ["apply prod --yes", "destroy prod --confirm wp-prod-cluster"] {
        let (result, asked) = run(dir.path(), "093646564004", line);
        assert_eq!(result.unwrap_err().exit, Exit::Refused, "{line}");
        assert!(asked.is_empty(), "{line}: {asked:?}");
    }
}

#[test]
fn what_is_kept_here_is_shown_without_a_connection() {
    let dir = project();
    for line in ["validate dev", "state list dev", "state show dev", "output dev", "sandbox show", "sandbox calls"] {
        assert!(run(dir.path(), DEV, line).1.is_empty(), "{line}");
    }
}

#[test]
fn no_plan_opens_the_gate_and_none_is_made_of_what_cannot_be_read() {
    let dir = project();
    for line in ["plan dev", "apply dev --yes"] {
        let (result, asked) = run(dir.path(), DEV, line);
        let failure = result.unwrap_err();
        assert_eq!(failure.exit, Exit::Error, "{line}");
        assert!(failure.findings.iter().any(|finding| finding.summary.contains("could not be read")), "{failure:?}");
        assert!(!asked.contains(&"gate"), "{line}: {asked:?}");
    }
    assert!(!dir.path().join("state").exists(), "nothing was written");
}

/// Lets the state of dev be kept in a bucket.
fn in_s3(project: &Path) {
    let file = project.join("environments/dev.toml");
    let text = fs::read_to_string(&file).unwrap().replace("backend = \"local\"", "backend = \"s3\"\nbucket = \"wp-dev-bbws-state\"");
    fs::write(&file, text).unwrap();
}

#[test]
fn a_bucket_is_made_ready_only_for_its_own_account_and_only_when_somebody_agrees() {
    let dir = project();
    in_s3(dir.path());
    for (account, line, exit, asked) in [
        (SIT, "init dev --yes", Exit::Refused, &["vault", "whoami"][..]),
        (DEV, "init dev", Exit::Refused, &["vault", "whoami", "look"]),
        // The store is out of reach, so the trial of it fails.
        (DEV, "init dev --yes", Exit::Error, &["vault", "whoami", "look", "gate", "versioning", "look", "policy", "look"]),
    ] {
        let (result, did) = run(dir.path(), account, line);
        assert_eq!((result.unwrap_err().exit, did.as_slice()), (exit, asked), "{line}");
    }
}

#[test]
fn a_folder_is_tried_and_left_as_it_was() {
    let dir = project();
    for line in ["init dev", "init dev --sandbox", "init dev"] {
        let (result, asked) = run(dir.path(), DEV, line);
        assert_eq!((result.unwrap(), asked.len()), (Exit::Done, 0), "{line}");
    }
    assert_eq!(fs::read_dir(dir.path().join("state/dev/probe")).unwrap().count(), 0);
    fs::remove_dir_all(dir.path().join("state/dev")).unwrap();
    fs::write(dir.path().join("state/dev"), "a file where a folder should be").unwrap();
    assert_eq!(run(dir.path(), DEV, "init dev").0.unwrap_err().exit, Exit::Store);
}

#[test]
fn a_state_that_cannot_be_reached_is_not_taken_for_an_empty_one() {
    let dir = project();
    in_s3(dir.path());
    for line in ["plan dev", "apply dev --yes", "state list dev"] {
        let (result, asked) = run(dir.path(), DEV, line);
        let failure = result.unwrap_err();
        assert!(failure.what.contains("state store of dev failed") && failure.why.contains("AccessDenied"), "{line}: {failure:?}");
        assert!(failure.advice.iter().any(|advice| advice.contains("wp-dev-bbws-state")), "{line}: {failure:?}");
        assert!(!asked.contains(&"drivers"), "{line}: nothing is planned on a guess");
    }
    assert!(!dir.path().join("state").exists(), "nor is it kept somewhere else");
}
