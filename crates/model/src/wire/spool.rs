//! A file of the spool, format 1: one JSON object, `<run>-<number>.json` in a folder of this machine.

use serde::{Deserialize, Serialize};

use super::WireError;
use super::log::{Record, sealed, unsealed};
use crate::{Digest, RunId, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;
/// What the keys of files begin with that do not fit the log and wait for a person.
pub const ASIDE: &str = "aside/";

/// The key of a run's file within its environment's spool.
#[must_use]
pub fn key(run: &RunId, number: u64) -> String {
    format!("{run}-{number:06}.json")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spooled {
    format: u64,
    lineage: String,
    seq: u64,
    head: Digest,
    run: RunId,
    at: jiff::Timestamp,
    results: Vec<Record>,
}

/// A file as it is written, with the digest of its bytes as its last field. No secret that is known gets into it.
///
/// # Errors
/// Never for what bbws made.
pub fn write(spooled: &crate::Spooled) -> Result<Vec<u8>, WireError> {
    let crate::Spooled { lineage, seq, head, run, at, results } = spooled.clone();
    let results = results.into_iter().map(Into::into).collect();
    let document = Spooled { format: FORMAT, lineage, seq, head, run, at, results };
    let damaged = |e: serde_json::Error| WireError::Damaged { what: "spool", cause: e.to_string() };
    let mut document = serde_json::to_value(document).map_err(damaged)?;
    net::catch_in(&mut document);
    serde_json::to_vec(&document).map(sealed).map_err(damaged)
}

/// Reads a file.
///
/// # Errors
/// When the bytes are damaged or were edited, hold anything but results, or a newer bbws wrote them.
pub fn read(bytes: &[u8]) -> Result<crate::Spooled, WireError> {
    let damaged = |cause: &str| WireError::Damaged { what: "spool", cause: cause.to_owned() };
    let sound = unsealed(bytes).ok_or_else(|| damaged("its content does not fit its sum: it is torn, was edited or damaged"))?;
    let Spooled { format: _, lineage, seq, head, run, at, results } = super::read("spool", FORMAT, &sound)?;
    let results: Vec<crate::Record> = results.into_iter().map(Into::into).collect();
    if !results.iter().all(|record| matches!(record, crate::Record::Result { .. })) {
        return Err(damaged("it holds something else than results"));
    }
    Ok(crate::Spooled { lineage, seq, head, run, at, results })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{IntentId, Record, ResultOutcome};

    pub(crate) fn whole() -> crate::Spooled {
        let result = |intent: &str, outcome, request: Option<&str>| Record::Result {
            intent: IntentId(intent.into()),
            outcome,
            request_id: request.map(str::to_owned),
        };
        crate::Spooled {
            lineage: "01LINEAGE".into(),
            seq: 41,
            head: Digest::of(b"slot 41"),
            run: RunId("01RUN".into()),
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            results: vec![
                result("01A", ResultOutcome::Done { id: Some("vpc-1".into()) }, Some("req-1")),
                result("01B", ResultOutcome::Refused { code: "VpcLimitExceeded".into() }, None),
                result("01C", ResultOutcome::Settled { id: None }, None),
            ],
        }
    }

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        assert_eq!(read(&write(&whole()).unwrap()).unwrap(), whole());
    }

    #[test]
    fn format_1_stays_as_it_is() {
        let document: serde_json::Value = serde_json::from_slice(&write(&whole()).unwrap()).unwrap();
        insta::assert_snapshot!(format!("{document:#}"));
    }

    #[test]
    fn no_byte_can_be_changed_or_cut_off() {
        let bytes = write(&whole()).unwrap();
        for place in 0..bytes.len() {
            assert!(read(&bytes[..place]).is_err(), "cut at {place}");
            let mut spoilt = bytes.clone();
            spoilt[place] ^= 1 << (place % 8);
            assert!(read(&spoilt).is_err(), "byte {place}");
        }
    }

    #[test]
    fn nothing_but_results_is_taken() {
        let mut spooled = whole();
        spooled.results.push(Record::Gone { address: "vpc.main".parse().unwrap(), id: "vpc-1".into() });
        let told = read(&write(&spooled).unwrap()).unwrap_err().to_string();
        assert!(told.contains("something else than results"), "{told}");
    }
}
