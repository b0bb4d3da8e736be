//! Requests of which nobody knows what became, and until when they may still arrive.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bbws_model::{Address, IntentId, OpenIntent};

use super::Gone;
use crate::Log;
use crate::lock::locked;
use crate::log::LEASE;

/// For how long after it was signed AWS takes a request ("most" of its APIs; S3 alone takes 15 minutes).
const SIGNED: Duration = Duration::from_secs(300);
/// How far a clock may be off before AWS refuses its signatures, so how much longer one may live.
const SKEW: Duration = Duration::from_secs(300);
/// How long AWS may take to show what it has done.
const VISIBLE: Duration = Duration::from_secs(60);

/// For how long what became of a request may still be unseen after it was sent.
const IN_FLIGHT: Duration = SIGNED.saturating_add(SKEW).saturating_add(VISIBLE);

/// What earlier runs left open, at one address or at all.
pub(super) fn left_open(log: &Log, at: Option<&Address>) -> Vec<OpenIntent> {
    let own = log.run();
    let earlier = |open: &&OpenIntent| open.writer.as_ref().is_none_or(|writer| writer.run != *own);
    let here = |open: &&OpenIntent| at.is_none_or(|at| open.intent.address == *at);
    log.state(|state| state.open.values().filter(here).filter(earlier).cloned().collect())
}

/// Where a request of this run is.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    /// It is being sent, and its answer is awaited.
    leaving: bool,
    /// When the answer to the last one that has none was given up.
    lost: Option<Duration>,
}

/// Until when requests may arrive. All times are the run's clock's.
#[derive(Debug, Default)]
pub(super) struct Flights {
    /// What was left open when the environment was opened, and until when what earlier runs sent of it may arrive.
    earlier: BTreeMap<IntentId, Duration>,
    /// What this run has sent, of its own or again.
    sent: Mutex<BTreeMap<IntentId, Sent>>,
}

impl Flights {
    /// Of an environment that was just opened. An earlier run may have sent until its lease was over, which was not later than this
    /// one's began. Of a process that is known to be gone only what was in this machine's hands can still be on its way.
    pub(super) fn new(log: &Log, gone: &Gone<'_>) -> Self {
        let lapses = |open: OpenIntent| {
            let gone = open.writer.as_ref().is_some_and(gone);
            (open.intent.id, log.opened() + LEASE + if gone { VISIBLE } else { IN_FLIGHT })
        };
        Self { earlier: left_open(log, None).into_iter().map(lapses).collect(), sent: Mutex::default() }
    }

    /// A request leaves.
    pub(super) fn leaves(&self, intent: &IntentId) {
        locked(&self.sent).entry(intent.clone()).or_default().leaving = true;
    }

    /// It has been answered, whatever the answer: nothing of it is on its way.
    pub(super) fn is_answered(&self, intent: &IntentId) {
        locked(&self.sent).entry(intent.clone()).or_default().leaving = false;
    }

    /// Its answer was given up at this time.
    pub(super) fn is_lost(&self, intent: &IntentId, now: Duration) {
        locked(&self.sent).insert(intent.clone(), Sent { leaving: false, lost: Some(now) });
    }

    /// When no request of an intent can arrive any more, by what is known at this time: those of earlier runs, and those that this
    /// run has sent.
    pub(super) fn drained(&self, intent: &IntentId, now: Duration) -> Duration {
        let sent = locked(&self.sent).get(intent).copied().unwrap_or_default();
        let own = if sent.leaving { Some(now) } else { sent.lost };
        let earlier = self.earlier.get(intent).copied().unwrap_or_default();
        own.map_or(earlier, |own| earlier.max(own + IN_FLIGHT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_request_that_is_sent_again_is_over_when_the_last_one_has_lapsed() {
        let intent = IntentId("01I".into());
        let flights = Flights { earlier: [(intent.clone(), seconds(105))].into(), sent: Mutex::default() };
        assert_eq!(flights.drained(&intent, seconds(10)), seconds(105), "as the earlier run left it");
        flights.leaves(&intent);
        assert_eq!(flights.drained(&intent, seconds(20)), seconds(20) + IN_FLIGHT, "it is being sent");
        flights.is_answered(&intent);
        assert_eq!(flights.drained(&intent, seconds(30)), seconds(105), "it was refused: only the earlier one may arrive");
        flights.leaves(&intent);
        flights.is_lost(&intent, seconds(90));
        assert_eq!(flights.drained(&intent, seconds(100)), seconds(90) + IN_FLIGHT, "its answer was lost");
        flights.leaves(&intent);
        flights.is_answered(&intent);
        assert_eq!(flights.drained(&intent, seconds(700)), seconds(90) + IN_FLIGHT, "an answer to the third tells nothing of the second");
    }
}
