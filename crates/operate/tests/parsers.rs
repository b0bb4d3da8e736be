//! Every parser of outside bytes, fuzzed: inputs are changed, and those that were told something new are kept and changed
//! further. None makes a parser panic, and what is taken is written and read again as the same.
//!
//! The corpus in `tests/corpus` is what was told something of its own, and whatever failed; each test replays it.
//! `BBWS_FUZZ_SECONDS` fuzzes each parser for so long, and adds to the corpus: `cargo xtask soak parsers`.
#![expect(clippy::unwrap_used, reason = "a parser that fails is what a test looks for")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZero;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bbws_cluster::{Context, Look, addresses, load, show};
use bbws_model::{Digest, digest, wire};
use bbws_operate::cost::PriceFile;
use bbws_operate::import::TfState;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// So many inputs of each parser a test tries.
const CASES: usize = 300;
/// So many inputs of each parser the corpus grows by at most in one soak, each of so many bytes at most.
const GROWS: usize = 25;
const LARGEST: usize = 8 * 1024;

/// What is put in.
const PIECES: [&str; 26] = [
    "null",
    "true",
    "-1",
    "0.5",
    "1e999",
    "18446744073709551615",
    "99999999999999999999",
    "\"\"",
    "{}",
    "[]",
    "[[",
    "{\"a\":",
    ",",
    "=",
    "\n",
    "\\",
    "\\ud800",
    "\u{feff}",
    "é",
    "\0",
    "9999-99-99T00:00:00Z",
    "1979-05-27",
    "10.0.0.0/33",
    "${vpc.main.id}",
    "[[rule]]",
    "\"\"\"",
];

/// A parser of outside bytes.
struct Parser {
    name: &'static str,
    /// What the project itself has of it.
    own: &'static [&'static str],
    /// An input as its writer would end it, so that not each change is told by the sum alone.
    seal: fn(&[u8]) -> Vec<u8>,
    /// What it says of an input; it fails for one that is taken and does not read back as the same.
    told: fn(&[u8]) -> String,
}

/// Takes what was read: it is the same when written and read again.
macro_rules! again {
    ($module:ident) => {
        |bytes| match wire::$module::read(bytes) {
            Ok(found) => {
                assert_eq!(wire::$module::read(&wire::$module::write(&found).unwrap()).unwrap(), found);
                "taken".into()
            }
            Err(error) => error.to_string(),
        }
    };
}

const PARSERS: [Parser; 7] = [
    Parser {
        name: "environment",
        own: &[
            include_str!("../../../environments/dev.toml"),
            include_str!("../../../environments/sit.toml"),
            include_str!("../../../environments/prod.toml"),
        ],
        seal: <[u8]>::to_vec,
        told: environment,
    },
    Parser {
        name: "state",
        own: &[include_str!("../../model/src/wire/snapshots/bbws_model__wire__state__tests__format_1_stays_as_it_is.snap")],
        seal: |bytes| summed(bytes, "sum"),
        told: again!(state),
    },
    Parser {
        name: "log",
        own: &[include_str!("../../model/src/wire/snapshots/bbws_model__wire__log__tests__format_1_stays_as_it_is.snap")],
        seal: sealed,
        told: again!(log),
    },
    Parser {
        name: "plan",
        own: &[include_str!("../../model/src/wire/snapshots/bbws_model__wire__plan__tests__format_1_stays_as_it_is.snap")],
        seal: |bytes| summed(bytes, "digest"),
        told: again!(plan),
    },
    Parser {
        name: "approval",
        own: &[include_str!("../../model/src/wire/snapshots/bbws_model__wire__approval__tests__format_1_stays_as_it_is.snap")],
        seal: <[u8]>::to_vec,
        told: again!(approval),
    },
    Parser { name: "prices", own: &[include_str!("../prices/af-south-1.toml")], seal: <[u8]>::to_vec, told: prices },
    Parser { name: "tfstate", own: &[], seal: <[u8]>::to_vec, told: tfstate },
];

/// Judges an environment file, and shows what is wrong with it.
fn environment(bytes: &[u8]) -> String {
    let (kinds, text) = (bbws_kinds::all(), String::from_utf8_lossy(bytes));
    let context = Context { kinds: &kinds, blueprint: &addresses, today: jiff::civil::date(2026, 11, 26), siblings: &[] };
    let problems = match load("dev", &text, &context) {
        Ok(loaded) => {
            assert_eq!(load("dev", &text, &context).unwrap_or_else(|_| panic!("it is refused")).environment, loaded.environment);
            loaded.warnings
        }
        Err(problems) => problems,
    };
    assert!(problems.list.iter().all(|problem| text.get(problem.span.start..problem.span.end).is_some()), "a place outside the text");
    let shown = show(&problems, Look { unicode: false, color: false, width: 100 });
    assert_eq!(shown.is_empty(), problems.list.is_empty());
    // Its first problem alone: there are as many files with several as there are pairs of problems.
    shown.lines().next().unwrap_or("taken").to_owned()
}

fn prices(bytes: &[u8]) -> String {
    match PriceFile::read(&String::from_utf8_lossy(bytes)) {
        Ok(file) => {
            assert_eq!(PriceFile::read(&file.write().unwrap()).unwrap(), file);
            "taken".into()
        }
        // The parser of TOML quotes the line.
        Err(error) => error.to_string().lines().last().unwrap_or_default().to_owned(),
    }
}

fn tfstate(bytes: &[u8]) -> String {
    match TfState::read(bytes.to_vec()) {
        Ok(state) => {
            assert_eq!(TfState::read(bytes.to_vec()).unwrap(), state);
            "taken".into()
        }
        Err(error) => error.to_string(),
    }
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

/// What an answer says, whatever the names and numbers in it are.
fn shape(told: &str) -> String {
    let mut shape = String::new();
    let mut quoted = None;
    for letter in told.chars().take(300) {
        match (quoted, letter) {
            (Some(end), letter) if end == letter => quoted = None,
            (Some(_), _) => {}
            (None, '`' | '"') => quoted = Some(letter),
            (None, letter) if letter.is_ascii_digit() => {
                if !shape.ends_with('0') {
                    shape.push('0');
                }
            }
            (None, letter) => shape.push(letter),
        }
    }
    shape
}

/// Where the value stands that holds this place: between two marks of JSON or TOML.
fn value_at(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let parts = |byte: &u8| b":=,[]{}\n".contains(byte);
    let from = bytes[..at].iter().rposition(parts).map_or(0, |before| before + 1);
    let to = bytes[at..].iter().position(parts).map_or(bytes.len(), |after| at + after);
    from..to
}

fn changed(dice: &mut ChaCha8Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..dice.random_range(1..=4) {
        let at = dice.random_range(0..=bytes.len());
        let end = (at + dice.random_range(0..64)).min(bytes.len());
        let piece = PIECES[dice.random_range(0..PIECES.len())].bytes();
        match dice.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] = dice.random(),
            0 | 1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            3 if dice.random_bool(0.2) => bytes.truncate(at),
            3 | 4 => drop(bytes.splice(at..at, piece)),
            5 | 6 => drop(bytes.splice(value_at(&bytes, at), piece)),
            _ => {
                let (from, here) = (dice.random_range(0..=other.len()), value_at(&bytes, at));
                drop(bytes.splice(here, other[value_at(other, from)].iter().copied()));
            }
        }
    }
    bytes
}

/// What a parser says, or that it failed.
fn tried(parser: &Parser, input: &[u8]) -> Result<String, String> {
    let told = catch_unwind(|| (parser.told)(input)).map(|told| shape(&told));
    told.map_err(|_| format!("{} fails for {:?}", parser.name, String::from_utf8_lossy(input)))
}

/// An input without all that can be left out while the parser says the same.
fn smallest(parser: &Parser, input: Vec<u8>, told: &Result<String, String>) -> Vec<u8> {
    let mut least = input;
    let mut part = least.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < least.len() {
            let mut less = least.clone();
            drop(less.drain(at..(at + part).min(less.len())));
            let less = (parser.seal)(&less);
            let same = match (&tried(parser, &less), told) {
                (Ok(now), Ok(before)) => now == before,
                (now, before) => now.is_err() && before.is_err(),
            };
            if same && less.len() < least.len() {
                least = less;
            } else {
                at += part;
            }
        }
        part /= 2;
    }
    least
}

fn folder(parser: &Parser) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(parser.name)
}

/// What there is of a parser: the project's own files, and what was kept.
fn known(parser: &Parser) -> Vec<Vec<u8>> {
    let golden = |text: &'static str| text.strip_prefix("---\n").map_or(text, |rest| rest.split_once("---\n").map_or("", |(_, it)| it));
    let own = parser.own.iter().map(|text| (parser.seal)(golden(text).as_bytes()));
    let mut kept: Vec<PathBuf> = fs::read_dir(folder(parser)).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    own.chain(kept.into_iter().map(|path| fs::read(path).unwrap())).collect()
}

/// What fuzzing a parser has shown.
#[derive(Default)]
struct Shown {
    cases: usize,
    /// What the parser had to say, each in its own words.
    answers: BTreeSet<String>,
    kept: usize,
    failures: Vec<String>,
}

/// For how long, or how often, inputs are tried.
#[derive(Clone, Copy)]
enum Until {
    Cases(usize),
    Over(Duration),
}

fn fuzzed(parser: &Parser, until: Until, seed: u64) -> Shown {
    let (mut dice, mut shown, began) = (ChaCha8Rng::seed_from_u64(seed), Shown::default(), Instant::now());
    let mut pool = known(parser);
    for input in &pool {
        match tried(parser, input) {
            Ok(told) => drop(shown.answers.insert(told)),
            Err(why) => shown.failures.push(why),
        }
    }
    let grows = matches!(until, Until::Over(_));
    while match until {
        Until::Cases(cases) => shown.cases < cases,
        Until::Over(time) => began.elapsed() < time,
    } {
        shown.cases += 1;
        let (of, other) = (dice.random_range(0..pool.len()), dice.random_range(0..pool.len()));
        let mut input = changed(&mut dice, &pool[of], &pool[other]);
        if dice.random_bool(0.8) {
            input = (parser.seal)(&input);
        }
        let told = tried(parser, &input);
        let new = match &told {
            Ok(told) => shown.answers.insert(told.clone()),
            Err(_) => true,
        };
        if new && grows {
            input = smallest(parser, input, &told);
            let few = shown.kept < GROWS && input.len() <= LARGEST;
            if told.is_err() || few {
                let named = Digest::of(&input).0.chars().take(16).collect::<String>();
                fs::create_dir_all(folder(parser)).unwrap();
                fs::write(folder(parser).join(named), &input).unwrap();
                shown.kept += 1;
            }
        }
        if let Err(why) = told {
            shown.failures.push(why);
        } else if new {
            pool.push(input);
        }
        if shown.failures.len() >= 20 {
            break;
        }
    }
    shown
}

#[test]
fn no_bytes_make_a_parser_panic_or_read_two_things() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seconds, seed) = (number("BBWS_FUZZ_SECONDS"), number("BBWS_SEED").unwrap_or(1));
    let until = seconds.map_or(Until::Cases(CASES), |seconds| Until::Over(Duration::from_secs(seconds)));
    let (next, all) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some(parser) = PARSERS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let shown = fuzzed(parser, until, seed);
                    let mut all = all.lock().unwrap();
                    all.insert(parser.name, shown);
                    // After each: a soak may be interrupted.
                    if let Ok(path) = std::env::var("BBWS_TALLY") {
                        let told = |shown: &Shown| json!({"cases": shown.cases, "answers": shown.answers.len(), "kept": shown.kept, "failures": shown.failures.len()});
                        let parsers: BTreeMap<_, _> = all.iter().map(|(name, shown)| (name, told(shown))).collect();
                        fs::write(path, json!({"seed": seed, "seconds_of_each": seconds, "parsers": parsers}).to_string()).unwrap();
                    }
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    for (name, shown) in &all {
        println!("{name}: {} inputs, {} answers, {} failures", shown.cases, shown.answers.len(), shown.failures.len());
    }
    let failures: Vec<&String> = all.values().flat_map(|shown| &shown.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn what_the_project_has_is_taken() {
    for parser in &PARSERS {
        assert_eq!(tried(parser, &known(parser)[0]), Ok("taken".into()), "{}", parser.name);
    }
}
