//! The parsers of outside bytes, given to libFuzzer: it changes inputs, sees which code each has run, and goes on from those that
//! ran something new. Half of the changes are those of the test, by whole values.
//!
//! `BBWS_PARSER` names the parser, `BBWS_OWN` a folder that the project's own inputs are written to before the corpora are read.
#![no_main]

#[path = "../../crates/operate/tests/parsers/change.rs"]
mod change;
#[path = "../../crates/operate/tests/parsers/table.rs"]
mod table;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs};

use change::changed;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use table::{PARSERS, Parser};

/// The parser that is asked for; none stands for `flawed`.
static PARSER: LazyLock<Option<&Parser>> = LazyLock::new(|| {
    let name = env::var("BBWS_PARSER").expect("BBWS_PARSER names a parser");
    let parser = PARSERS.iter().find(|parser| parser.name == name);
    assert!(parser.is_some() || name == "flawed", "there is no parser `{name}`");
    parser
});

fn write_own() {
    let (Some(parser), Ok(folder)) = (*PARSER, env::var("BBWS_OWN")) else { return };
    for (number, input) in parser.own().iter().enumerate() {
        fs::write(PathBuf::from(&folder).join(format!("own-{number}")), input).expect("the folder can be written to");
    }
}

/// Panics for one input in a million million. Whoever sees which code has run finds it in a moment, so a fuzzer that does not find
/// it sees nothing, and its silence about the others is worth nothing.
fn flawed(bytes: &[u8]) {
    // Nested: each letter is an edge of its own.
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    if byte(0) == b'f' {
        if byte(1) == b'l' {
            if byte(2) == b'a' {
                if byte(3) == b'w' {
                    assert!(byte(4) != b'!', "the flaw is found");
                }
            }
        }
    }
}

fuzz_target!(init: write_own(), |bytes: &[u8]| {
    let Some(parser) = *PARSER else { return flawed(bytes) };
    (parser.told)(bytes);
    // What its writer would have ended with the right sum gets past the sum.
    let sealed = (parser.seal)(bytes);
    if sealed != bytes {
        (parser.told)(&sealed);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // libFuzzer's own: bytes and bits, what was compared with, parts of other inputs.
    if seed % 2 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let input = data[..size].to_vec();
    let input = changed(&mut ChaCha8Rng::seed_from_u64(seed.into()), &input, &input);
    let size = input.len().min(max_size);
    data[..size].copy_from_slice(&input[..size]);
    size
});
