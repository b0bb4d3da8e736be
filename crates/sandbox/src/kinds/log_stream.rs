//! Streams of CloudWatch Logs groups, and what is written to them.

use aws_sdk_cloudwatchlogs::operation::create_log_stream::{CreateLogStreamInput, CreateLogStreamOutput};
use aws_sdk_cloudwatchlogs::operation::put_log_events::{PutLogEventsInput, PutLogEventsOutput};
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, RejectedLogEventsInfo};
use serde::{Deserialize, Serialize};

use super::log_group::the;
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// What one request holds: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const BESIDE: usize = 26;
const LONGEST: usize = 256 * 1024;
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) at_ms: i64,
    pub(crate) message: String,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_log_stream).on(put_log_events)
}

fn wrong(message: impl Into<String>) -> crate::fate::Refusal {
    refuse(400, "InvalidParameterException", message)
}

fn create_log_stream(at: &mut At<'_>, input: &CreateLogStreamInput) -> Answer<CreateLogStreamOutput> {
    let name = input.log_stream_name().unwrap_or_default();
    if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
        return Err(wrong(format!("1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint")));
    }
    let streams = &mut the(at, input.log_group_name())?.streams;
    if streams.contains_key(name) {
        return Err(refuse(400, "ResourceAlreadyExistsException", "The specified log stream already exists"));
    }
    streams.insert(name.to_owned(), vec![]);
    Ok(CreateLogStreamOutput::builder().build())
}

fn put_log_events(at: &mut At<'_>, input: &PutLogEventsInput) -> Answer<PutLogEventsOutput> {
    let now = i64::try_from(at.now_ms).unwrap_or(i64::MAX);
    let row = the(at, input.log_group_name())?;
    let days = row.retention_days.map_or(14, |days| days.min(14));
    let Some(stream) = row.streams.get_mut(input.log_stream_name().unwrap_or_default()) else {
        return Err(refuse(400, "ResourceNotFoundException", "The specified log stream does not exist."));
    };
    let events = input.log_events();
    if events.is_empty() || events.len() > MOST_EVENTS {
        return Err(wrong(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000",
        ));
    }
    if events.iter().any(|one| one.message.is_empty() || one.message.len() + BESIDE > LONGEST) {
        return Err(wrong("Log event too large or empty"));
    }
    if events.iter().map(|one| one.message.len() + BESIDE).sum::<usize>() > MOST_BYTES {
        return Err(wrong("Upload too large"));
    }
    if !events.is_sorted_by_key(InputLogEvent::timestamp) {
        return Err(wrong("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span = events.last().zip(events.first()).map_or(0, |(last, first)| last.timestamp() - first.timestamp());
    if span > DAY_MS {
        return Err(wrong("The batch of log events in a single PutLogEvents request cannot span more than 24 hours."));
    }
    // What is out of the group's time is left out, and that is told in a good answer.
    let old = events.iter().filter(|one| one.timestamp() < now - i64::from(days) * DAY_MS).count();
    let new = events.iter().filter(|one| one.timestamp() > now + 2 * HOUR_MS).count();
    let taken = &events[old..events.len() - new];
    stream.extend(taken.iter().map(|one| Row { at_ms: one.timestamp(), message: one.message().to_owned() }));
    let index = |count: usize| i32::try_from(count).ok();
    let rejected = (old + new > 0).then(|| {
        RejectedLogEventsInfo::builder()
            .set_too_old_log_event_end_index(index(old).filter(|old| *old > 0))
            .set_too_new_log_event_start_index(index(events.len() - new).filter(|_| new > 0))
            .build()
    });
    Ok(PutLogEventsOutput::builder().set_rejected_log_events_info(rejected).build())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bbws_aws::{Added, AuditStream, Aws};
    use bbws_model::Class;

    const ACCOUNT: &str = "536580886816";
    const REGION: &str = "af-south-1";
    /// 2026-01-01, when a cloud in memory begins.
    const NOW: i64 = 1_767_225_600_000;

    fn lines(number: usize, at: i64, text: &str) -> Vec<(i64, String)> {
        vec![(at, text.to_owned()); number]
    }

    #[tokio::test(start_paused = true)]
    async fn a_runs_events_are_added_in_requests_that_aws_takes_and_nothing_else_leaves() {
        let sandbox = crate::Sandbox::in_memory(ACCOUNT);
        let aws = Aws::new(Arc::new(sandbox.clone()), REGION);
        let stream = AuditStream::new(&aws, "/audit", "dev/01R");
        let absent = stream.add(&lines(1, NOW, "early")).await.unwrap_err();
        assert_eq!((absent.class, absent.operation.as_str()), (Class::Absent, "logs:CreateLogStream"));
        sandbox.sim().tamper(|cloud| cloud.ensure_log_group(ACCOUNT, REGION, "/audit"));
        assert_eq!(stream.add(&lines(2, NOW, "one")).await, Ok(Added { taken: 2, refused: 0 }));
        // Another process that goes on with the same stream.
        let again = AuditStream::new(&aws, "/audit", "dev/01R");
        assert_eq!(again.add(&lines(10_001, NOW, "many")).await, Ok(Added { taken: 10_000, refused: 0 }));
        let long = "x".repeat(200_000);
        assert_eq!(again.add(&lines(9, NOW, &long)).await, Ok(Added { taken: 5, refused: 0 }));
        let week = 7 * 24 * 60 * 60 * 1000;
        let mixed = [lines(1, NOW - 3 * week, "old"), lines(1, NOW, "now"), lines(1, NOW + week, "new")].concat();
        assert_eq!(again.add(&mixed[..1]).await, Ok(Added { taken: 1, refused: 1 }));
        assert_eq!(again.add(&mixed[1..]).await, Ok(Added { taken: 1, refused: 0 }), "a day apart, they are two requests");
        assert_eq!(again.add(&mixed[2..]).await, Ok(Added { taken: 1, refused: 1 }));
        assert_eq!(again.add(&lines(1, NOW, &"x".repeat(300_000))).await, Ok(Added { taken: 1, refused: 1 }));
        let kept = sandbox.sim().tamper(|cloud| cloud.accounts[ACCOUNT].regions[REGION].log_groups["/audit"].streams["dev/01R"].len());
        assert_eq!(kept, 2 + 10_000 + 5 + 1);
        // The gate for all else is shut still.
        let refused = aws.write.logs.delete_log_group().log_group_name("/audit").send().await.unwrap_err();
        assert!(format!("{refused:?}").contains("the account has not been checked yet"), "{refused:?}");
        let looking = Aws::for_a_look(Arc::new(sandbox), REGION);
        assert!(AuditStream::new(&looking, "/audit", "dev/02R").add(&lines(1, NOW, "x")).await.is_err(), "whoever looks adds nothing");
    }
}
