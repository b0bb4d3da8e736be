//! The system's time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bbws_engine::{Boxed, Clock};
use rustix::time::{ClockId, clock_gettime};

/// A clock that goes on while the machine sleeps, which std's `Instant` does neither on Linux nor on macOS.
#[cfg(target_os = "linux")]
const SINCE_BOOT: ClockId = ClockId::Boottime;
/// macOS counts sleep in its monotonic clock ("will continue to increment while the system is asleep", clock_gettime(3)); std's
/// `Instant` is its `CLOCK_UPTIME_RAW`, which does not.
#[cfg(not(target_os = "linux"))]
const SINCE_BOOT: ClockId = ClockId::Monotonic;

/// The system's time. Its `elapsed` counts sleep of the machine: a lease is over when its owner was asleep for as long.
#[derive(Debug)]
pub struct SystemClock {
    began: Duration,
    /// The most that was ever answered, in nanoseconds: time may not go back, whatever the system says.
    latest: AtomicU64,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { began: since_boot(), latest: AtomicU64::new(0) }
    }
}

fn since_boot() -> Duration {
    let time = clock_gettime(SINCE_BOOT);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        let nanos = u64::try_from(since_boot().saturating_sub(self.began).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.latest.fetch_max(nanos, Ordering::Relaxed).max(nanos))
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn it_counts_what_the_machine_has_slept() {
        let uptime = || std::fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().parse::<f64>().unwrap();
        // The kernel's uptime goes on during suspend; it is told in hundredths.
        let (before, told, after) = (uptime(), since_boot().as_secs_f64(), uptime());
        assert!(before - 0.02 <= told && told <= after + 0.02, "{before} {told} {after}");
    }

    #[test]
    fn it_counts_from_when_it_was_made() {
        let (awake, clock) = (Instant::now(), SystemClock::default());
        let first = clock.elapsed();
        assert!(first <= awake.elapsed() + Duration::from_millis(1), "{first:?}");
        while awake.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        assert!(clock.elapsed() >= Duration::from_millis(4));
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
