//! How an input is changed: often by whole values, as formats have them.
//!
//! Part of two programs: the test beside it, and the coverage-guided fuzzer in `fuzz/`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

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

/// Where the value stands that holds this place: between two marks of JSON or TOML.
fn value_at(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let parts = |byte: &u8| b":=,[]{}\n".contains(byte);
    let from = bytes[..at].iter().rposition(parts).map_or(0, |before| before + 1);
    let to = bytes[at..].iter().position(parts).map_or(bytes.len(), |after| at + after);
    from..to
}

/// An input with one to four places changed; what is put in comes from a list, from itself or from another one.
pub(crate) fn changed(dice: &mut ChaCha8Rng, input: &[u8], other: &[u8]) -> Vec<u8> {
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
