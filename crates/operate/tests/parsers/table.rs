//! The parsers of outside bytes: what each is tried with, and what must hold of whatever it is given.
//!
//! Part of two programs: the test beside it, and the coverage-guided fuzzer in `fuzz/`.

use std::fmt::{Debug, Display};
use std::sync::LazyLock;

use bbws_cluster::{Context, Look, Sibling, addresses, load, show};
use bbws_model::{Digest, Kinds, digest, wire};
use bbws_operate::cost::PriceFile;
use bbws_operate::import::TfState;
use serde_json::Value;

/// A parser of outside bytes.
pub(crate) struct Parser {
    pub(crate) name: &'static str,
    /// What the project itself has of it.
    own: fn() -> Vec<String>,
    /// An input as its writer would end it, so that not each change is told by the sum alone.
    pub(crate) seal: fn(&[u8]) -> Vec<u8>,
    /// Has an input read, and fails for one that is taken and does not read back as the same.
    pub(crate) told: fn(&[u8]) -> Told,
}

/// What a parser says of an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Taken,
    Refused(String),
}

impl Parser {
    /// The project's own inputs, sealed.
    pub(crate) fn own(&self) -> Vec<Vec<u8>> {
        (self.own)().iter().map(|text| (self.seal)(text.as_bytes())).collect()
    }
}

/// What was read, when written and read again, is the same.
fn told<T: PartialEq + Debug, E: Display>(read: Result<T, E>, again: impl FnOnce(&T) -> T) -> Told {
    match read {
        Ok(found) => {
            assert_eq!(again(&found), found);
            Told::Taken
        }
        Err(error) => Told::Refused(error.to_string()),
    }
}

macro_rules! again {
    ($module:ident) => {
        |bytes| told(wire::$module::read(bytes), |found| wire::$module::read(&wire::$module::write(found).unwrap()).unwrap())
    };
}

/// A golden file of the formats: it holds one of everything.
macro_rules! golden {
    ($module:literal) => {
        include_str!(concat!("../../../model/src/wire/snapshots/bbws_model__wire__", $module, "__tests__format_1_stays_as_it_is.snap"))
            .splitn(3, "---\n")
            .nth(2)
            .unwrap_or_default()
            .to_owned()
    };
}

pub(crate) const PARSERS: [Parser; 10] = [
    Parser {
        name: "environment",
        own: || SHIPPED.iter().map(|(_, text)| (*text).to_owned()).collect(),
        seal: <[u8]>::to_vec,
        told: environment,
    },
    Parser { name: "state", own: || vec![golden!("state")], seal: |bytes| summed(bytes, "sum"), told: again!(state) },
    Parser { name: "log", own: || vec![golden!("log")], seal: sealed, told: again!(log) },
    Parser { name: "plan", own: || vec![golden!("plan")], seal: |bytes| summed(bytes, "digest"), told: again!(plan) },
    Parser { name: "spool", own: || vec![golden!("spool")], seal: sealed, told: again!(spool) },
    Parser { name: "approval", own: || vec![golden!("approval")], seal: <[u8]>::to_vec, told: again!(approval) },
    Parser { name: "run", own: || vec![golden!("run")], seal: <[u8]>::to_vec, told: again!(run) },
    Parser { name: "event", own: || golden!("event").lines().map(str::to_owned).collect(), seal: <[u8]>::to_vec, told: event },
    Parser { name: "prices", own: || vec![include_str!("../../prices/af-south-1.toml").to_owned()], seal: <[u8]>::to_vec, told: prices },
    Parser {
        name: "tfstate",
        own: || vec![include_str!("../corpus/tfstate/0-whole.json").to_owned()],
        seal: <[u8]>::to_vec,
        told: tfstate,
    },
];

const SHIPPED: [(&str, &str); 3] = [
    ("dev", include_str!("../../../../environments/dev.toml")),
    ("sit", include_str!("../../../../environments/sit.toml")),
    ("prod", include_str!("../../../../environments/prod.toml")),
];

/// Judges an environment file, and shows what is wrong with it.
fn environment(bytes: &[u8]) -> Told {
    static KINDS: LazyLock<Kinds> = LazyLock::new(bbws_kinds::all);
    static SIBLINGS: LazyLock<Vec<Sibling>> = LazyLock::new(|| SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect());
    let text = String::from_utf8_lossy(bytes);
    // What its file would be called: a tier belongs to a name.
    let tier = text.lines().find(|line| line.starts_with("tier")).and_then(|line| line.split('"').nth(1));
    let name = ["sit", "prod"].into_iter().find(|name| tier == Some(name)).unwrap_or("dev");
    let context = Context { kinds: &KINDS, blueprint: &addresses, today: jiff::civil::date(2026, 11, 26), siblings: &SIBLINGS };
    assert_eq!(Sibling::read(name, &text).name, name);
    let (problems, taken) = match load(name, &text, &context) {
        Ok(loaded) => {
            assert_eq!(load(name, &text, &context).unwrap_or_else(|_| panic!("it is refused")).environment, loaded.environment);
            (loaded.warnings, true)
        }
        Err(problems) => (problems, false),
    };
    assert!(problems.list.iter().all(|problem| text.get(problem.span.start..problem.span.end).is_some()), "a place outside the text");
    let shown = show(&problems, Look { unicode: false, color: false, width: 100 });
    assert_eq!(shown.is_empty(), problems.list.is_empty());
    assert!(taken || !shown.is_empty(), "refused without a word");
    if taken { Told::Taken } else { Told::Refused(shown) }
}

fn event(bytes: &[u8]) -> Told {
    told(wire::event::read(&String::from_utf8_lossy(bytes)), |found| wire::event::read(&wire::event::write(found).unwrap()).unwrap())
}

fn prices(bytes: &[u8]) -> Told {
    told(PriceFile::read(&String::from_utf8_lossy(bytes)), |file| PriceFile::read(&file.write().unwrap()).unwrap())
}

fn tfstate(bytes: &[u8]) -> Told {
    told(TfState::read(bytes.to_vec()), |_| TfState::read(bytes.to_vec()).unwrap())
}

/// A document with its digest in a field.
fn summed(bytes: &[u8], field: &str) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else { return bytes.to_vec() };
    fields.remove(field);
    let sum = digest(&Value::Object(fields.clone())).0;
    fields.insert(field.to_owned(), sum.into());
    Value::Object(fields).to_string().into_bytes()
}

/// A document with the digest of its bytes as its last field.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else { return bytes.to_vec() };
    fields.remove("sum");
    let document = Value::Object(fields).to_string();
    let sum = Digest::of(document.as_bytes()).0;
    format!("{},\"sum\":\"{sum}\"}}", document.strip_suffix('}').unwrap_or(&document)).into_bytes()
}
