//! One plain line per event, for CI: time, address, what happens.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_model::{Address, Event, Phase, Stamped, StepId};

use super::tally;
use crate::page::clean;
use crate::words::{clock, count, span};

/// A step that goes on waiting for the same is told again after so long.
const AGAIN: Duration = Duration::from_secs(60);

/// Turns events into plain lines, in order. It remembers what was said, so that a wait is not told with every look.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    steps: BTreeMap<StepId, Step>,
    failed: BTreeMap<StepId, Address>,
}

#[derive(Debug, Clone)]
struct Step {
    address: Address,
    verb: String,
    told: Option<(Phase, Duration)>,
}

impl Lines {
    /// Nothing said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The line for an event, without a line break; none for what a reader of a log need not know.
    pub fn line(&mut self, stamped: &Stamped) -> Option<String> {
        let told = self.tell(&stamped.event, stamped.elapsed)?;
        Some(clean(&format!("{:>8}  {told}", clock(stamped.elapsed))))
    }

    fn tell(&mut self, event: &Event, now: Duration) -> Option<String> {
        Some(match event {
            Event::RunStarted { environment, run, mode } => {
                format!("{} {environment}: run {run} begins", mode.verb())
            }
            Event::Observed { resources, calls } => format!("looked at {} with {}", count(*resources, "resource"), count(*calls, "call")),
            Event::Planned { counts } => format!("plan: {}", tally::planned(counts)),
            Event::StepStarted { step, address, verb, expected } => {
                self.steps.insert(*step, Step { address: address.clone(), verb: verb.clone(), told: None });
                format!("{address}: {}, expected {}", tally::verb(verb).0, span(*expected))
            }
            Event::StepWaiting { step, address, phase, waited } => {
                let known = self.steps.get_mut(step);
                if let Some(known) = known {
                    let stale = |(told, at): &(Phase, Duration)| told != phase || now.saturating_sub(*at) >= AGAIN;
                    if !known.told.as_ref().is_none_or(stale) {
                        return None;
                    }
                    known.told = Some((phase.clone(), now));
                }
                format!("{address}: waiting for {}, {phase}", span(*waited))
            }
            Event::StepRetrying { address, error, after, .. } => {
                format!("{address}: {} ({error}), again in {}", error.class, span(*after))
            }
            Event::StepFinished { step, address, took, aws } => {
                let verb = self.steps.remove(step).map_or_else(String::new, |s| s.verb);
                format!("{address}: {} after {} (AWS {})", tally::verb(&verb).1, span(*took), span(*aws))
            }
            Event::StepFailed { address, error, step } => {
                self.steps.remove(step);
                self.failed.insert(*step, address.clone());
                let request = error.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
                format!("{address}: FAILED, {error} ({}{request})", error.class)
            }
            Event::StepSkipped { address, because, .. } => match because {
                Some(step) => {
                    let cause = self.failed.get(step).map_or_else(|| format!("step {step}"), Address::to_string);
                    format!("{address}: skipped because of {cause}")
                }
                None => format!("{address}: not begun, the run was stopped"),
            },
            Event::StateSaved { .. } => return None,
            Event::Settling { requests, left } => {
                format!("waiting up to {} to see what became of {} of an earlier run", span(*left), count(*requests, "request"))
            }
            Event::Stopping { why } => format!("stopping: {}{}", tally::why(*why), self.in_flight()),
            Event::RunFinished { outcome, counts, took, own } => {
                let aws = took.saturating_sub(*own);
                let times = format!("{} in all, AWS {}, bbws {}", span(*took), span(aws), span(*own));
                format!("{}: {}; {times}", outcome.word(), tally::done(counts))
            }
        })
    }

    fn in_flight(&self) -> String {
        let names: Vec<String> = self.steps.values().map(|s| s.address.to_string()).collect();
        if names.is_empty() { String::new() } else { format!("; in flight: {}", names.join(", ")) }
    }
}
