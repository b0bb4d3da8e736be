//! An event, format 1: one JSON object a line, what `--json` prints during a run and what the run's record holds.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::plan::Mode;
use super::plan_parts::Counts;
use crate::{Address, RunId, StepId, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// An event as one line, without the line break. Times are whole milliseconds.
///
/// # Errors
/// Never for an event that bbws made.
pub fn write(stamped: &crate::Stamped) -> Result<String, WireError> {
    let crate::Stamped { at, elapsed, event } = stamped.clone();
    let mut line = serde_json::to_value(Head { format: FORMAT, at, elapsed_ms: millis(elapsed) }).map_err(|e| damaged(e.to_string()))?;
    let event = serde_json::to_value(Event::from(event)).map_err(|e| damaged(e.to_string()))?;
    if let (Value::Object(line), Value::Object(event)) = (&mut line, event) {
        line.extend(event);
    }
    net::catch_in(&mut line);
    Ok(line.to_string())
}

/// Reads one line.
///
/// # Errors
/// When the line is damaged, or a newer bbws wrote it.
pub fn read(line: &str) -> Result<crate::Stamped, WireError> {
    let mut event: Value = super::read("event", FORMAT, line.as_bytes())?;
    let mut head = serde_json::Map::new();
    for field in ["format", "at", "elapsed_ms"] {
        head.extend(event.as_object_mut().and_then(|fields| fields.remove_entry(field)));
    }
    let wrong = |e: serde_path_to_error::Error<serde_json::Error>| damaged(format!("at `{}`: {}", e.path(), e.inner()));
    let head: Head = serde_path_to_error::deserialize(Value::Object(head)).map_err(wrong)?;
    let event: Event = serde_path_to_error::deserialize(event).map_err(wrong)?;
    Ok(crate::Stamped { at: head.at, elapsed: Duration::from_millis(head.elapsed_ms), event: event.into() })
}

/// The schemas of what every event has, and of the events.
pub(super) fn schemas(generator: &mut schemars::SchemaGenerator) -> (Value, Value) {
    (generator.subschema_for::<Head>().to_value(), generator.subschema_for::<Event>().to_value())
}

fn damaged(cause: String) -> WireError {
    WireError::Damaged { what: "event", cause }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Head {
    /// The format of the line.
    format: u64,
    /// When it happened.
    #[schemars(with = "String")]
    at: jiff::Timestamp,
    /// How long after the run began, in milliseconds.
    elapsed_ms: u64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
enum Event {
    /// A run has begun.
    RunStarted {
        environment: String,
        #[schemars(with = "String")]
        run: RunId,
        mode: Mode,
    },
    /// The account has been looked at.
    Observed { resources: usize, calls: usize },
    /// A plan has been made.
    Planned { counts: Counts },
    /// A step has begun. The verb is create, update, delete, adopt, forget, rename or backup.
    StepStarted {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        verb: String,
        expected_ms: u64,
    },
    /// A step waits for AWS.
    StepWaiting {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        phase: Phase,
        waited_ms: u64,
    },
    /// A call of a step failed and will be repeated.
    StepRetrying {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        error: CloudError,
        after_ms: u64,
    },
    /// A step is done; `aws_ms` of it was spent with calls in flight and waiting.
    StepFinished {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        took_ms: u64,
        aws_ms: u64,
    },
    /// A step has failed.
    StepFailed {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        error: CloudError,
    },
    /// A step was not begun: because of the step that failed, or of none when the run was stopped.
    StepSkipped {
        #[schemars(with = "usize")]
        step: StepId,
        #[schemars(with = "String")]
        address: Address,
        #[schemars(with = "Option<usize>")]
        because: Option<StepId>,
    },
    /// The log has grown.
    StateSaved { seq: u64, serial: u64 },
    /// All steps are done; requests of earlier runs may still arrive.
    Settling { requests: usize, left_ms: u64 },
    /// The run begins to stop.
    Stopping { why: Why },
    /// The run is over; `own_ms` of it was bbws's own share.
    RunFinished { outcome: Outcome, counts: Counts, took_ms: u64, own_ms: u64 },
}

impl From<crate::Event> for Event {
    fn from(event: crate::Event) -> Self {
        match event {
            crate::Event::RunStarted { environment, run, mode } => Self::RunStarted { environment, run, mode: mode.into() },
            crate::Event::Observed { resources, calls } => Self::Observed { resources, calls },
            crate::Event::Planned { counts } => Self::Planned { counts: counts.into() },
            crate::Event::StepStarted { step, address, verb, expected } => {
                Self::StepStarted { step, address, verb, expected_ms: millis(expected) }
            }
            crate::Event::StepWaiting { step, address, phase, waited } => {
                Self::StepWaiting { step, address, phase: phase.into(), waited_ms: millis(waited) }
            }
            crate::Event::StepRetrying { step, address, error, after } => {
                Self::StepRetrying { step, address, error: error.into(), after_ms: millis(after) }
            }
            crate::Event::StepFinished { step, address, took, aws } => {
                Self::StepFinished { step, address, took_ms: millis(took), aws_ms: millis(aws) }
            }
            crate::Event::StepFailed { step, address, error } => Self::StepFailed { step, address, error: error.into() },
            crate::Event::StepSkipped { step, address, because } => Self::StepSkipped { step, address, because },
            crate::Event::StateSaved { seq, serial } => Self::StateSaved { seq, serial },
            crate::Event::Settling { requests, left } => Self::Settling { requests, left_ms: millis(left) },
            crate::Event::Stopping { why } => Self::Stopping { why: why.into() },
            crate::Event::RunFinished { outcome, counts, took, own } => {
                Self::RunFinished { outcome: outcome.into(), counts: counts.into(), took_ms: millis(took), own_ms: millis(own) }
            }
        }
    }
}

impl From<Event> for crate::Event {
    fn from(event: Event) -> Self {
        let ms = Duration::from_millis;
        match event {
            Event::RunStarted { environment, run, mode } => Self::RunStarted { environment, run, mode: mode.into() },
            Event::Observed { resources, calls } => Self::Observed { resources, calls },
            Event::Planned { counts } => Self::Planned { counts: counts.into() },
            Event::StepStarted { step, address, verb, expected_ms } => Self::StepStarted { step, address, verb, expected: ms(expected_ms) },
            Event::StepWaiting { step, address, phase, waited_ms } => {
                Self::StepWaiting { step, address, phase: phase.into(), waited: ms(waited_ms) }
            }
            Event::StepRetrying { step, address, error, after_ms } => {
                Self::StepRetrying { step, address, error: error.into(), after: ms(after_ms) }
            }
            Event::StepFinished { step, address, took_ms, aws_ms } => {
                Self::StepFinished { step, address, took: ms(took_ms), aws: ms(aws_ms) }
            }
            Event::StepFailed { step, address, error } => Self::StepFailed { step, address, error: error.into() },
            Event::StepSkipped { step, address, because } => Self::StepSkipped { step, address, because },
            Event::StateSaved { seq, serial } => Self::StateSaved { seq, serial },
            Event::Settling { requests, left_ms } => Self::Settling { requests, left: ms(left_ms) },
            Event::Stopping { why } => Self::Stopping { why: why.into() },
            Event::RunFinished { outcome, counts, took_ms, own_ms } => {
                Self::RunFinished { outcome: outcome.into(), counts: counts.into(), took: ms(took_ms), own: ms(own_ms) }
            }
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
enum Phase {
    Ready {},
    Pending { why: String },
    Failed { why: String },
    Leaving {},
}

impl From<crate::Phase> for Phase {
    fn from(phase: crate::Phase) -> Self {
        match phase {
            crate::Phase::Ready => Self::Ready {},
            crate::Phase::Pending(why) => Self::Pending { why },
            crate::Phase::Failed(why) => Self::Failed { why },
            crate::Phase::Leaving => Self::Leaving {},
        }
    }
}

impl From<Phase> for crate::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Ready {} => Self::Ready,
            Phase::Pending { why } => Self::Pending(why),
            Phase::Failed { why } => Self::Failed(why),
            Phase::Leaving {} => Self::Leaving,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CloudError {
    operation: String,
    class: Class,
    code: String,
    message: String,
    request_id: Option<String>,
}

impl From<crate::CloudError> for CloudError {
    fn from(error: crate::CloudError) -> Self {
        let crate::CloudError { operation, class, code, message, request_id } = error;
        Self { operation, class: class.into(), code, message, request_id }
    }
}

impl From<CloudError> for crate::CloudError {
    fn from(error: CloudError) -> Self {
        let CloudError { operation, class, code, message, request_id } = error;
        Self { operation, class: class.into(), code, message, request_id }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Class {
    Throttled,
    Transient,
    Ambiguous,
    Withheld,
    NotVisibleYet,
    Absent,
    Exists,
    Conflict,
    Dependency,
    Limit,
    Denied,
    Credentials,
    AccountState,
    Capacity,
    Invalid,
}

impl From<crate::Class> for Class {
    fn from(class: crate::Class) -> Self {
        match class {
            crate::Class::Throttled => Self::Throttled,
            crate::Class::Transient => Self::Transient,
            crate::Class::Ambiguous => Self::Ambiguous,
            crate::Class::Withheld => Self::Withheld,
            crate::Class::NotVisibleYet => Self::NotVisibleYet,
            crate::Class::Absent => Self::Absent,
            crate::Class::Exists => Self::Exists,
            crate::Class::Conflict => Self::Conflict,
            crate::Class::Dependency => Self::Dependency,
            crate::Class::Limit => Self::Limit,
            crate::Class::Denied => Self::Denied,
            crate::Class::Credentials => Self::Credentials,
            crate::Class::AccountState => Self::AccountState,
            crate::Class::Capacity => Self::Capacity,
            crate::Class::Invalid => Self::Invalid,
        }
    }
}

impl From<Class> for crate::Class {
    fn from(class: Class) -> Self {
        match class {
            Class::Throttled => Self::Throttled,
            Class::Transient => Self::Transient,
            Class::Ambiguous => Self::Ambiguous,
            Class::Withheld => Self::Withheld,
            Class::NotVisibleYet => Self::NotVisibleYet,
            Class::Absent => Self::Absent,
            Class::Exists => Self::Exists,
            Class::Conflict => Self::Conflict,
            Class::Dependency => Self::Dependency,
            Class::Limit => Self::Limit,
            Class::Denied => Self::Denied,
            Class::Credentials => Self::Credentials,
            Class::AccountState => Self::AccountState,
            Class::Capacity => Self::Capacity,
            Class::Invalid => Self::Invalid,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Why {
    Drain,
    Abort,
    Fenced,
    Credentials,
}

impl From<crate::Why> for Why {
    fn from(why: crate::Why) -> Self {
        match why {
            crate::Why::Drain => Self::Drain,
            crate::Why::Abort => Self::Abort,
            crate::Why::Fenced => Self::Fenced,
            crate::Why::Credentials => Self::Credentials,
        }
    }
}

impl From<Why> for crate::Why {
    fn from(why: Why) -> Self {
        match why {
            Why::Drain => Self::Drain,
            Why::Abort => Self::Abort,
            Why::Fenced => Self::Fenced,
            Why::Credentials => Self::Credentials,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done,
    Failed,
    Stopped,
    Fenced,
}

impl From<crate::Outcome> for Outcome {
    fn from(outcome: crate::Outcome) -> Self {
        match outcome {
            crate::Outcome::Done => Self::Done,
            crate::Outcome::Failed => Self::Failed,
            crate::Outcome::Stopped => Self::Stopped,
            crate::Outcome::Fenced => Self::Fenced,
        }
    }
}

impl From<Outcome> for crate::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Failed => Self::Failed,
            Outcome::Stopped => Self::Stopped,
            Outcome::Fenced => Self::Fenced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stamped;

    #[test]
    fn an_event_holds_no_known_secret() {
        net::remember("event-\"canary\"/7");
        let error = crate::CloudError::own("rds:CreateDBInstance", crate::Class::Invalid, "not a password: event-\"canary\"/7");
        let (step, address) = (StepId(1), "vpc.main".parse().unwrap());
        let event = crate::Event::StepFailed { step, address, error };
        let line = write(&Stamped { at: jiff::Timestamp::UNIX_EPOCH, elapsed: Duration::ZERO, event }).unwrap();
        assert!(!line.contains("canary") && line.contains("not a password: <secret>"), "{line}");
    }

    /// Every event, with every phase, class, reason to stop and outcome.
    fn all() -> Vec<Stamped> {
        let (step, address) = (StepId(3), "nat-gateway.a".parse::<Address>().unwrap());
        let ms = Duration::from_millis;
        let counts = crate::Counts { add: 1, change: 2, replace: 3, destroy: 4, adopt: 5, forget: 6, backup: 7, data_loss: 8, downtime: 9 };
        let mut events = vec![
            crate::Event::RunStarted { environment: "dev".into(), run: RunId("R".into()), mode: crate::Mode::Destroy },
            crate::Event::Observed { resources: 98, calls: 41 },
            crate::Event::Planned { counts },
            crate::Event::StepStarted { step, address: address.clone(), verb: "create".into(), expected: ms(120_000) },
            crate::Event::StepFinished { step, address: address.clone(), took: ms(1500), aws: ms(1490) },
            crate::Event::StepSkipped { step, address: address.clone(), because: Some(StepId(1)) },
            crate::Event::StepSkipped { step, address: address.clone(), because: None },
            crate::Event::StateSaved { seq: 7, serial: 4 },
        ];
        let phases = [crate::Phase::Ready, crate::Phase::Pending("p".into()), crate::Phase::Failed("f".into()), crate::Phase::Leaving];
        events.extend(phases.map(|phase| crate::Event::StepWaiting { step, address: address.clone(), phase, waited: ms(5) }));
        let classes = [
            crate::Class::Throttled,
            crate::Class::Transient,
            crate::Class::Ambiguous,
            crate::Class::Withheld,
            crate::Class::NotVisibleYet,
            crate::Class::Absent,
            crate::Class::Exists,
            crate::Class::Conflict,
            crate::Class::Dependency,
            crate::Class::Limit,
            crate::Class::Denied,
            crate::Class::Credentials,
            crate::Class::AccountState,
            crate::Class::Capacity,
            crate::Class::Invalid,
        ];
        events.extend(classes.map(|class| {
            let error = crate::CloudError { request_id: Some("r".into()), ..crate::CloudError::own("ec2:CreateVpc", class, "m") };
            crate::Event::StepRetrying { step, address: address.clone(), error, after: ms(200) }
        }));
        let error = crate::CloudError { code: "C".into(), ..crate::CloudError::own("ec2:CreateVpc", crate::Class::Limit, "m") };
        events.push(crate::Event::StepFailed { step, address, error });
        events.push(crate::Event::Settling { requests: 2, left: ms(90_000) });
        let whys = [crate::Why::Drain, crate::Why::Abort, crate::Why::Fenced, crate::Why::Credentials];
        events.extend(whys.map(|why| crate::Event::Stopping { why }));
        let outcomes = [crate::Outcome::Done, crate::Outcome::Failed, crate::Outcome::Stopped, crate::Outcome::Fenced];
        events.extend(outcomes.map(|outcome| crate::Event::RunFinished { outcome, counts, took: ms(9000), own: ms(12) }));
        let at: jiff::Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        events.into_iter().map(|event| Stamped { at, elapsed: ms(1234), event }).collect()
    }

    #[test]
    fn each_event_reads_back_as_it_was_written() {
        for stamped in all() {
            let line = write(&stamped).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(read(&line).unwrap(), stamped, "{line}");
        }
    }

    #[test]
    fn format_1_stays_as_it_is() {
        insta::assert_snapshot!(all().iter().map(|stamped| write(stamped).unwrap()).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let line = write(&all()[1]).unwrap();
        let table = [
            (r#""calls":41"#, r#""calls":41,"more":1"#, "unknown field `more`"),
            (r#""calls":41"#, r#""calls":"many""#, "invalid type"),
            (r#""elapsed_ms":1234,"#, "", "missing field `elapsed_ms`"),
            (r#""event":"observed""#, r#""event":"obscured""#, "unknown variant `obscured`"),
        ];
        for (from, to, why) in table {
            assert!(line.contains(from));
            let told = read(&line.replace(from, to)).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
        let newer = read(&line.replace(r#""format":1"#, r#""format":2"#)).unwrap_err();
        assert_eq!(newer, WireError::Newer { what: "event", found: 2, known: 1 });
    }
}
