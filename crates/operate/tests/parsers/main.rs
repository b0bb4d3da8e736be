//! Every parser of outside bytes, before inputs that are changed here and there and sealed anew: none makes a parser panic, and
//! what is taken is written and read again as the same.
//!
//! `cargo xtask soak parsers` gives the same table (`table.rs`) to a fuzzer that is guided by the code that ran (`fuzz/` at the
//! root). Of what that finds `tests/corpus` keeps a little, and whatever failed: each is tried here, as it is and changed.
#![expect(clippy::unwrap_used, reason = "a parser that fails is what a test looks for")]

mod change;
mod table;

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use change::changed;
use table::{PARSERS, Parser, Told};

/// So many changed inputs of each parser are tried.
const CASES: usize = 300;

/// What a parser says, or that it failed.
fn tried(parser: &Parser, input: &[u8]) -> Result<Told, String> {
    catch_unwind(|| (parser.told)(input)).map_err(|_| format!("{} fails for {:?}", parser.name, String::from_utf8_lossy(input)))
}

/// What was kept of a parser.
fn kept(parser: &Parser) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(parser.name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The inputs for which a parser fails.
fn failures(parser: &Parser, seed: u64) -> Vec<String> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let known = [parser.own(), kept(parser)].concat();
    let mut failures: Vec<String> = known.iter().filter_map(|input| tried(parser, input).err()).collect();
    for _ in 0..CASES {
        let (of, other) = (dice.random_range(0..known.len()), dice.random_range(0..known.len()));
        let mut input = changed(&mut dice, &known[of], &known[other]);
        if dice.random_bool(0.8) {
            input = (parser.seal)(&input);
        }
        failures.extend(tried(parser, &input).err());
    }
    failures
}

#[test]
fn no_bytes_make_a_parser_panic_or_read_two_things() {
    let seed = std::env::var("BBWS_SEED").map_or(1, |seed| seed.parse().unwrap());
    let failures: Vec<String> = PARSERS.iter().flat_map(|parser| failures(parser, seed)).collect();
    assert!(failures.is_empty(), "seed {seed}: {failures:#?}");
}

#[test]
fn what_the_project_has_is_taken() {
    for parser in &PARSERS {
        let own = parser.own();
        assert!(!own.is_empty(), "{}", parser.name);
        for input in own {
            assert_eq!(tried(parser, &input), Ok(Told::Taken), "{}", parser.name);
        }
    }
}
