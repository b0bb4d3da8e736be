//! A run's events in a log group of CloudWatch Logs. It adds to a stream of its own, and can do nothing else.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_cloudwatchlogs::types::{InputLogEvent, RejectedLogEventsInfo};
use bbws_model::{Class, CloudError};

use crate::{Aws, Told};

const MAKE: &str = "logs:CreateLogStream";
const PUT: &str = "logs:PutLogEvents";
/// All that the client of a stream may send.
pub(crate) const AUDIT_CALLS: &[&str] = &[MAKE, PUT];

/// What one request holds: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
/// What CloudWatch counts for each event beside its text.
const BESIDE: usize = 26;
const LONGEST: usize = 256 * 1024 - BESIDE;
/// A little less than the 24 hours that the events of one request may span.
const SPAN_MS: i64 = 23 * 60 * 60 * 1000;

/// A stream of a log group, made with the first line.
#[derive(Debug)]
pub struct AuditStream {
    client: aws_sdk_cloudwatchlogs::Client,
    group: String,
    stream: String,
    made: AtomicBool,
}

/// What became of lines: so many were dealt with, and so many of these CloudWatch does not take at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// How many, from the first one on.
    pub taken: usize,
    /// How many of them are too long, or of a time that the group takes nothing of.
    pub refused: usize,
}

impl AuditStream {
    /// A stream of this group, which has to exist. Nothing is sent before there is a line.
    #[must_use]
    pub fn new(aws: &Aws, group: &str, stream: &str) -> Self {
        Self { client: aws.auditing(), group: group.to_owned(), stream: stream.to_owned(), made: AtomicBool::new(false) }
    }

    /// Adds the first of these lines, in the order of their times (in milliseconds since 1970): as many as one request holds.
    ///
    /// # Errors
    /// As the calls fail: then nothing is known to be added.
    pub async fn add(&self, lines: &[(i64, String)]) -> Result<Added, CloudError> {
        let taken = fitting(lines);
        let short: Vec<&(i64, String)> = lines[..taken].iter().filter(|(_, text)| text.len() <= LONGEST).collect();
        let too_long = taken - short.len();
        if short.is_empty() {
            return Ok(Added { taken, refused: too_long });
        }
        self.make().await?;
        let event = |(at, text): &(i64, String)| {
            let event = InputLogEvent::builder().timestamp(*at).message(text).build();
            event.map_err(|error| CloudError::own(PUT, Class::Invalid, error.to_string()))
        };
        let number = short.len();
        let events = short.into_iter().map(event).collect::<Result<Vec<_>, _>>()?;
        let ask = self.client.put_log_events().log_group_name(&self.group).log_stream_name(&self.stream);
        let answer = ask.set_log_events(Some(events)).send().await.told(PUT)?;
        Ok(Added { taken, refused: too_long + answer.rejected_log_events_info().map_or(0, |info| rejected(info, number)) })
    }

    async fn make(&self) -> Result<(), CloudError> {
        if self.made.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.client.create_log_stream().log_group_name(&self.group).log_stream_name(&self.stream).send().await.told(MAKE) {
            Err(error) if error.code != "ResourceAlreadyExistsException" => Err(error),
            // An answer was lost, and the request was repeated.
            _ => {
                self.made.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

/// How many of these lines one request holds; those that are too long for any are left out of it.
fn fitting(lines: &[(i64, String)]) -> usize {
    let mut bytes = 0;
    let first = lines.first().map_or(0, |(at, _)| *at);
    let fits = |(at, text): &&(i64, String)| {
        bytes += if text.len() > LONGEST { 0 } else { text.len() + BESIDE };
        bytes <= MOST_BYTES && at - first <= SPAN_MS
    };
    lines.iter().take(MOST_EVENTS).take_while(fits).count()
}

/// How many of so many events were not taken: those that are too old or expired come first, those that are too new last.
fn rejected(info: &RejectedLogEventsInfo, events: usize) -> usize {
    let index = |at: Option<i32>| at.and_then(|at| usize::try_from(at).ok());
    let old = index(info.too_old_log_event_end_index).max(index(info.expired_log_event_end_index)).unwrap_or_default();
    let new = index(info.too_new_log_event_start_index()).map_or(0, |at| events.saturating_sub(at));
    (old + new).min(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_what_cloudwatch_takes() {
        let of = |number: usize, length: usize| vec![(1, "x".repeat(length)); number];
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&of(3, 10)), 3);
        assert_eq!(fitting(&of(MOST_EVENTS + 1, 0)), MOST_EVENTS);
        assert_eq!(fitting(&of(5, LONGEST)), 4, "four of the longest are a mebibyte");
        assert_eq!(fitting(&of(5, LONGEST + 1)), 5, "what is too long is not in it");
        let day = 24 * 60 * 60 * 1000;
        assert_eq!(fitting(&[(0, String::new()), (5, String::new()), (day, String::new())]), 2);
    }

    #[test]
    fn what_was_not_taken_is_counted() {
        let info = |old: Option<i32>, expired: Option<i32>, new: Option<i32>| {
            let info = RejectedLogEventsInfo::builder().set_too_old_log_event_end_index(old).set_expired_log_event_end_index(expired);
            rejected(&info.set_too_new_log_event_start_index(new).build(), 10)
        };
        assert_eq!(info(None, None, None), 0);
        assert_eq!(info(Some(2), Some(3), None), 3);
        assert_eq!(info(None, Some(1), Some(8)), 3);
        assert_eq!(info(Some(99), None, Some(0)), 10);
    }
}
