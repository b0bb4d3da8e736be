//! The system's time.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bbws_engine::{Boxed, Clock};

/// The system's time. Its `elapsed` counts sleep of the machine where the system tells (Linux: `/proc/uptime` goes on
/// during suspend, std's `Instant` does not); elsewhere it counts as `Instant` does.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
    booted: Option<Duration>,
    /// The most that was ever answered, in nanoseconds: `/proc/uptime` counts in hundredths, and time may not go back.
    latest: AtomicU64,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { began: Instant::now(), booted: uptime(), latest: AtomicU64::new(0) }
    }
}

/// Below this, a difference of the two clocks is rounding.
const ROUNDING: Duration = Duration::from_secs(1);

fn uptime() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()
}

/// The time since the start: what the monotonic clock counted, and the sleep that it did not.
fn elapsed(awake: Duration, with_sleep: Option<Duration>) -> Duration {
    match with_sleep {
        Some(with_sleep) if with_sleep > awake + ROUNDING => with_sleep,
        _ => awake,
    }
}

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        let with_sleep = self.booted.and_then(|booted| uptime()?.checked_sub(booted));
        let nanos = u64::try_from(elapsed(self.began.elapsed(), with_sleep).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.latest.fetch_max(nanos, Ordering::Relaxed).max(nanos))
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_of_the_machine_counts_and_rounding_does_not() {
        let s = Duration::from_secs;
        assert_eq!(elapsed(s(10), Some(s(70))), s(70));
        assert_eq!(elapsed(s(10), Some(s(10) + Duration::from_millis(9))), s(10));
        assert_eq!(elapsed(s(10), Some(s(9))), s(10));
        assert_eq!(elapsed(s(10), None), s(10));
    }

    #[test]
    fn time_does_not_go_back() {
        let clock = SystemClock::default();
        clock.latest.store(5_000_000_000, Ordering::Relaxed);
        assert!(clock.elapsed() >= Duration::from_secs(5));
        let times: Vec<Duration> = (0..1000).map(|_| clock.elapsed()).collect();
        assert!(times.is_sorted());
    }
}
