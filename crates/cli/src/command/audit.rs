//! `[audit] log_group`: a run's events in CloudWatch Logs too. They are sent while the run is at work; none of it steers the run, delays
//! it or fails it, and what could not be sent is kept in the store all the same.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::Clock;
use bbws_model::{Class, CloudError, Finding, Outcome, RunId, Severity, Stamped, wire};
use bbws_render::{At, advice};
use futures::future::{Either, select};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Notify;

use crate::cloud::{Audit, Link};
use crate::session::Session;
use crate::ui::Ui;

/// How often is sent what has happened meanwhile.
const EVERY: Duration = Duration::from_secs(5);
/// How long the end of a run waits for the last events to be sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same where somebody has told the run to stop, and waits for it.
const STOPPING: Duration = Duration::from_secs(1);

/// The events of a run on their way to a log group.
pub(super) struct Auditor {
    to: Arc<dyn Audit>,
    waiting: Mutex<Waiting>,
    over: Notify,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<(Timestamp, String)>,
    refused: usize,
    failed: Option<CloudError>,
}

impl Auditor {
    fn new(to: Arc<dyn Audit>) -> Self {
        Self { to, waiting: Mutex::default(), over: Notify::new() }
    }

    /// Of a run, where the file names a log group.
    pub(super) fn of<L: Link>(session: &Session<L>, run: &RunId) -> Option<Self> {
        let environment = &session.offline.environment;
        let group = environment.audit.log_group.as_deref()?;
        Some(Self::new(session.link.audit(group, &format!("{}/{run}", environment.name))))
    }

    /// Takes an event, as `--json` prints it.
    pub(super) fn take(&self, event: &Stamped) {
        if let Ok(line) = wire::event::write(event) {
            self.waiting(|waiting| waiting.lines.push((event.at, line)));
        }
    }

    fn waiting<T>(&self, look: impl FnOnce(&mut Waiting) -> T) -> T {
        look(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends what comes in, until it is said that no more will, and then the rest. It is not to be dropped before: nobody would know
    /// what of a request on its way has arrived.
    pub(super) async fn send(&self, clock: &dyn Clock) {
        loop {
            let over = matches!(select(pin!(self.over.notified()), clock.sleep(EVERY)).await, Either::Left(_));
            // What has failed is tried once more, at the end: the group may be one that this very run makes.
            if over || self.waiting(|waiting| waiting.failed.is_none()) {
                self.send_all().await;
            }
            if over {
                return;
            }
        }
    }

    async fn send_all(&self) {
        loop {
            let lines = self.waiting(|waiting| waiting.lines.clone());
            if lines.is_empty() {
                return self.waiting(|waiting| waiting.failed = None);
            }
            let added = self.to.add(&lines).await;
            let go_on = self.waiting(|waiting| match added {
                Ok(added) => {
                    waiting.lines.drain(..added.taken.min(waiting.lines.len()));
                    waiting.refused += added.refused;
                    added.taken > 0
                }
                Err(error) => {
                    waiting.failed = Some(error);
                    false
                }
            });
            if !go_on {
                return;
            }
        }
    }

    /// Says that no more events come, and waits for those to be sent that have: `sending` is what [`Self::send`] gave.
    pub(super) async fn end(&self, clock: &dyn Clock, sending: impl Future<Output = ()> + Unpin, outcome: Outcome) {
        self.over.notify_one();
        select(sending, clock.sleep(if outcome == Outcome::Stopped { STOPPING } else { PATIENCE })).await;
    }

    /// How many events are not in the log, and why, where that is known.
    fn lacks(&self) -> (usize, Option<CloudError>) {
        self.waiting(|waiting| (waiting.lines.len() + waiting.refused, waiting.failed.clone()))
    }

    /// Tells what could not be sent.
    pub(super) fn tell<L: Link>(&self, ui: &mut Ui, session: &Session<L>, run: &RunId) {
        let environment = &session.offline.environment;
        let (group, (events, error)) = (environment.audit.log_group.as_deref().unwrap_or_default(), self.lacks());
        if events == 0 {
            return;
        }
        let (why, advice) = told((group, &environment.region), error.as_ref(), session.offline.flag());
        if ui.json {
            let line = json!({ "format": 1, "event": "unaudited", "group": group, "events": events, "why": why, "advice": advice });
            return ui.remark(line.to_string());
        }
        let kept = format!("They are kept with the run: bbws runs {} {run}{}", environment.name, session.offline.flag());
        let summary = format!("{} of this run are not in the log group {group} that [audit] names", bbws_render::count(events, "event"));
        let advice = advice.into_iter().chain([kept]).collect::<Vec<_>>().join("\n");
        ui.findings(&[Finding::new(Severity::Warning, summary).seen(why).advise(advice)]);
    }
}

/// Why, and what to do.
fn told((group, region): (&str, &str), error: Option<&CloudError>, flag: &str) -> (String, Vec<String>) {
    let Some(error) = error else {
        return ("CloudWatch Logs did not answer in time, or took them for too long, too old or too new".to_owned(), vec![]);
    };
    let why = format!("{} answered: {}", error.operation, error.message);
    let advice = match error.class {
        Class::Absent => vec![format!("Make the log group: aws logs create-log-group --log-group-name {group} --region {region}")],
        _ => advice(error, &At { region: Some(region.to_owned()), flag: flag.to_owned(), ..At::default() }),
    };
    (why, advice)
}

#[cfg(test)]
mod tests {
    use bbws_engine::Boxed;
    use bbws_model::{Event, Why};

    use super::*;
    use crate::SystemClock;
    use crate::cloud::Added;

    /// A log that takes two lines at a time, after some refusals; or never answers.
    struct Played {
        taken: Arc<Mutex<Vec<String>>>,
        refusals: Mutex<usize>,
        answers: bool,
    }

    impl Audit for Played {
        fn add<'a>(&'a self, lines: &'a [(Timestamp, String)]) -> Boxed<'a, Result<Added, CloudError>> {
            Box::pin(async move {
                if !self.answers {
                    std::future::pending::<()>().await;
                }
                let mut refusals = self.refusals.lock().unwrap();
                if *refusals > 0 {
                    *refusals -= 1;
                    return Err(CloudError::own("logs:CreateLogStream", Class::Absent, "no such group"));
                }
                let some = &lines[..lines.len().min(2)];
                self.taken.lock().unwrap().extend(some.iter().map(|(_, text)| text.clone()));
                Ok(Added { taken: some.len(), refused: 0 })
            })
        }
    }

    /// Three events before the first sending, one after it, and one at the end.
    async fn run(refusals: usize, answers: bool, outcome: Outcome) -> (Vec<String>, usize) {
        let taken = Arc::new(Mutex::new(vec![]));
        let auditor = Auditor::new(Arc::new(Played { taken: taken.clone(), refusals: Mutex::new(refusals), answers }));
        let clock = SystemClock::default();
        let event = |number: u64| {
            let at = Timestamp::from_second(1_800_000_000).unwrap();
            auditor.take(&Stamped { at, elapsed: Duration::from_secs(number), event: Event::Stopping { why: Why::Drain } });
        };
        let mut sending = pin!(auditor.send(&clock));
        let work = async {
            (1..=3).for_each(event);
            clock.sleep(Duration::from_secs(6)).await;
            event(4);
            clock.sleep(Duration::from_secs(1)).await;
            event(5);
        };
        assert!(matches!(select(pin!(work), sending.as_mut()).await, Either::Left(_)), "it goes on until it is told");
        auditor.end(&clock, sending, outcome).await;
        let elapsed = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["elapsed_ms"].to_string();
        let taken = taken.lock().unwrap().iter().map(elapsed).collect();
        (taken, auditor.lacks().0)
    }

    #[tokio::test(start_paused = true)]
    async fn each_event_is_sent_once_in_its_order() {
        let all = ["1000", "2000", "3000", "4000", "5000"].map(str::to_owned).to_vec();
        assert_eq!(run(0, true, Outcome::Done).await, (all.clone(), 0));
        assert_eq!(run(1, true, Outcome::Done).await, (all, 0), "what has failed is tried again at the end");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_sent_is_counted_and_nobody_waits_long_for_it() {
        assert_eq!(run(9, true, Outcome::Failed).await, (vec![], 5));
        for (outcome, patience) in [(Outcome::Done, PATIENCE), (Outcome::Stopped, STOPPING)] {
            let began = tokio::time::Instant::now();
            assert_eq!(run(0, false, outcome).await, (vec![], 5));
            assert_eq!(began.elapsed(), Duration::from_secs(7) + patience, "{outcome:?}");
        }
    }

    #[test]
    fn a_group_that_is_not_there_is_told_with_the_command_that_makes_it() {
        let error = CloudError::own("logs:CreateLogStream", Class::Absent, "The specified log group does not exist.");
        let (why, advice) = told(("/bbws/audit/prod", "af-south-1"), Some(&error), "");
        assert_eq!(why, "logs:CreateLogStream answered: The specified log group does not exist.");
        assert_eq!(advice, ["Make the log group: aws logs create-log-group --log-group-name /bbws/audit/prod --region af-south-1"]);
    }
}
