//! Token buckets: mutating requests leave no faster than AWS takes them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bbws_model::Pace;

use crate::lock::locked;

/// What is left in a bucket; less than nothing where requests are already waiting their turn.
struct Bucket {
    tokens: f64,
    at: Duration,
}

/// The buckets of a run, by name.
#[derive(Default)]
pub(super) struct Buckets(Mutex<BTreeMap<&'static str, Bucket>>);

impl Buckets {
    /// Takes a place in the queue of a bucket, and answers how long to wait for it.
    pub(super) fn take(&self, pace: Pace, now: Duration) -> Duration {
        let mut buckets = locked(&self.0);
        let bucket = buckets.entry(pace.bucket).or_insert(Bucket { tokens: f64::from(pace.burst), at: now });
        let refilled = bucket.tokens + now.saturating_sub(bucket.at).as_secs_f64() * pace.per_second;
        (bucket.tokens, bucket.at) = (refilled.min(f64::from(pace.burst)) - 1.0, now);
        if bucket.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-bucket.tokens / pace.per_second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_waits_its_turn() {
        let (buckets, pace) = (Buckets::default(), Pace { bucket: "b", burst: 2, per_second: 4.0 });
        let waits: Vec<u128> = (0..4).map(|_| buckets.take(pace, Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 0, 250, 500]);
        assert_eq!(buckets.take(pace, Duration::from_secs(10)), Duration::ZERO, "it is full again, and no fuller");
        assert_eq!(buckets.take(pace, Duration::from_secs(10)), Duration::ZERO);
        assert_eq!(buckets.take(pace, Duration::from_secs(10)).as_millis(), 250);
    }
}
