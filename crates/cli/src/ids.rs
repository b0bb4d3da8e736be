//! Unique ids that sort by time.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bbws_engine::Ids;

use crate::Failure;
use bbws_render::ErrorId;

/// Crockford's alphabet: no I, L, O or U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_BITS: u32 = 80;

/// ULIDs: 48 bits of milliseconds, 80 of randomness. Those of one process grow strictly.
#[derive(Debug)]
pub(crate) struct Ulids(Mutex<u128>);

impl Ulids {
    /// A new source.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(crate) fn new() -> Result<Self, Failure> {
        let none = || Failure::error(ErrorId::System, "no unique ids can be made").because("the system gives no random numbers");
        random().map(|first| Self(Mutex::new(first))).ok_or_else(none)
    }

    fn at(&self, millis: u64) -> String {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = random().map(|r| (u128::from(millis) << RANDOM_BITS) | r);
        // Within one millisecond, or when the clock went back, or without randomness, the next number after the last one.
        *last = fresh.filter(|id| *id >> RANDOM_BITS > *last >> RANDOM_BITS).unwrap_or(*last + 1);
        text(*last)
    }
}

impl Ids for Ulids {
    fn next(&self) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.at(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// 80 random bits; the first is 0, so that counting on from them stays within the millisecond.
fn random() -> Option<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes[6..]).ok()?;
    Some(u128::from_be_bytes(bytes) & !(1 << (RANDOM_BITS - 1)))
}

fn text(id: u128) -> String {
    (0..26).rev().map(|place| char::from(DIGITS[(id >> (5 * place) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_ulids_that_sort_by_their_making() {
        let ids = Ulids::new().unwrap();
        let made: Vec<String> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.iter().all(|id| id.len() == 26 && id.bytes().all(|b| DIGITS.contains(&b))));
        assert!(made.is_sorted());
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
    }

    #[test]
    fn the_time_stands_in_the_first_ten_places() {
        let ids = Ulids::new().unwrap();
        // From the specification's own example.
        assert_eq!(&ids.at(1_469_918_176_385)[..10], "01ARYZ6S41");
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_id_twice() {
        let ids = Ulids::new().unwrap();
        let (first, second) = (ids.at(2_000), ids.at(1_000));
        assert!(first < second, "{first} {second}");
    }

    #[test]
    fn two_processes_do_not_meet() {
        assert_ne!(Ulids::new().unwrap().at(5), Ulids::new().unwrap().at(5));
    }
}
