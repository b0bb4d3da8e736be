//! The commands before a cloud that writes down what is asked of it.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use bbws_cluster::Environment;
use bbws_engine::{Clock, Drivers};
use bbws_model::{Account, CloudError, World};
use clap::Parser;

use crate::args::Cli;
use crate::ui::Ui;
use crate::{Answered, Caller, Cloud, Exit, Failure, Fetched, Link, Referral, Route, Sent, SystemClock, Thing, perform};

/// A cloud in which the caller is of one account, and nothing can be read.
struct Fake {
    account: Account,
    asked: Rc<RefCell<Vec<&'static str>>>,
}

struct FakeLink(Account, Rc<RefCell<Vec<&'static str>>>);

impl Cloud for Fake {
    type Link = FakeLink;

    async fn connect(&self, _: &Route, _: &Environment) -> Result<FakeLink, CloudError> {
        self.asked.borrow_mut().push("connect");
        Ok(FakeLink(self.account.clone(), self.asked.clone()))
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
        Ok(Caller { account: self.0.clone(), arn: "arn:aws:iam::1:user/test".into() })
    }

    async fn referral(&self, _: &str) -> Referral {
        self.1.borrow_mut().push("referral");
        Referral::Unasked
    }

    fn open_gate(&self, _: bbws_engine::Lease) {
        self.1.borrow_mut().push("gate");
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

    fn sent(&self) -> Vec<Sent> {
        vec![]
    }
}

/// A project with the shipped environments.
fn project() -> tempfile::TempDir {
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

#[test]
fn a_state_in_s3_is_not_taken_for_an_empty_one() {
    let dir = project();
    let file = dir.path().join("environments/dev.toml");
    let text = fs::read_to_string(&file).unwrap().replace("backend = \"local\"", "backend = \"s3\"\nbucket = \"wp-dev-bbws-state\"");
    fs::write(&file, text).unwrap();
    for line in ["plan dev", "apply dev --yes", "state list dev"] {
        let failure = run(dir.path(), DEV, line).0.unwrap_err();
        assert!(failure.what.contains("in S3"), "{line}: {failure:?}");
    }
}
