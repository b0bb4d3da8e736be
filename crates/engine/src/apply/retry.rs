//! Which refusals pass by themselves, and for how long they are waited out.

use std::time::Duration;

use bbws_model::Class;

/// How a class of refusals is waited out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// The first wait.
    pub(super) first: Duration,
    /// The longest wait between two tries.
    pub(super) longest: Duration,
    /// After how long in all it is given up.
    pub(super) total: Duration,
}

/// The budget of a class; none where waiting does not help. `timeout` is the kind's own.
pub(super) fn budget(class: Class, deletes: bool, timeout: Duration) -> Option<Budget> {
    let of = |first, longest, total| Some(Budget { first: Duration::from_secs(first), longest: Duration::from_secs(longest), total });
    match class {
        Class::Throttled => of(1, 20, Duration::from_secs(600)),
        // IAM says minutes, rarely more.
        Class::NotVisibleYet => of(2, 10, Duration::from_secs(300)),
        Class::Conflict => of(5, 15, timeout.max(Duration::from_secs(600))),
        // Network interfaces of a load balancer or a database stay for many minutes after it is gone.
        Class::Dependency if deletes => of(5, 15, timeout.max(Duration::from_secs(1200))),
        Class::Dependency => of(5, 15, Duration::from_secs(120)),
        Class::Capacity => of(20, 30, Duration::from_secs(120)),
        Class::Transient
        | Class::Ambiguous
        | Class::Withheld
        | Class::Absent
        | Class::Exists
        | Class::Limit
        | Class::Denied
        | Class::Credentials
        | Class::AccountState
        | Class::Invalid => None,
    }
}

impl Budget {
    /// How long to wait before the next try, the first try being number 1; none where it is given up. The waits double,
    /// and differ from resource to resource by up to a quarter, so that not all come back at once.
    pub(super) fn wait(&self, tries: u32, spent: Duration, salt: &str) -> Option<Duration> {
        if spent >= self.total {
            return None;
        }
        let doubled = self.first * 2u32.saturating_pow(tries.saturating_sub(1).min(16));
        let part = u32::from(salt.bytes().fold(tries as u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)));
        Some(doubled.min(self.longest) * (1024 + part) / 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let budget = budget(Class::Throttled, false, Duration::ZERO).unwrap();
        let seconds: Vec<u64> = (1..8).map(|n| budget.wait(n, Duration::ZERO, "vpc.a").unwrap().as_secs()).collect();
        assert!(seconds.is_sorted(), "{seconds:?}");
        assert!(seconds[0] == 1 && (20..=25).contains(&seconds[6]), "{seconds:?}");
        assert_eq!(budget.wait(3, Duration::from_secs(600), "vpc.a"), None);
    }

    #[test]
    fn what_does_not_pass_is_not_waited_for() {
        for class in [Class::Denied, Class::Invalid, Class::Limit, Class::Exists, Class::Ambiguous] {
            assert_eq!(budget(class, true, Duration::from_secs(60)), None, "{class}");
        }
    }
}
