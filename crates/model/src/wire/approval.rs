//! An approval, format 1: `<env>/approvals/<plan's digest>/<number>.json`, which `approve` writes and `apply` believes only when
//! it verifies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::WireError;
use super::approval_parts::Principal;
use crate::{Account, Digest, World, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// What the keys of all approvals of a plan begin with.
#[must_use]
pub fn prefix(plan: &Digest) -> String {
    format!("approvals/{plan}/")
}

/// The key of a plan's approval of this number, from 1. The numbers have no gaps: one that is missing was taken away.
#[must_use]
pub fn key(plan: &Digest, number: usize) -> String {
    format!("{}{number:04}.json", prefix(plan))
}

/// What is signed: the SHA-256 of the statement as it is written, format and purpose included, so that a signature over
/// something else can never be taken for an approval.
///
/// # Errors
/// Never for a statement that bbws made.
pub fn message(statement: &crate::Statement) -> Result<[u8; 32], WireError> {
    let document = serde_json::to_value(Signed { format: FORMAT, what: "bbws approval", statement: statement.clone().into() });
    let document = document.map_err(|error| damaged(error.to_string()))?;
    let mut message = [0; 32];
    hex::decode_to_slice(crate::digest(&document).0, &mut message).map_err(|error| damaged(error.to_string()))?;
    Ok(message)
}

/// An approval as it is written, readable by people and jq.
///
/// # Errors
/// Never for an approval that bbws made.
pub fn write(approval: &crate::Approval) -> Result<Vec<u8>, WireError> {
    let mut document = serde_json::to_value(Approval::from(approval.clone())).map_err(|error| damaged(error.to_string()))?;
    net::catch_in(&mut document);
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| damaged(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads an approval. It is not believed by that: whether it fits and verifies is another question.
///
/// # Errors
/// When the bytes are damaged, or a newer bbws wrote them.
pub fn read(bytes: &[u8]) -> Result<crate::Approval, WireError> {
    super::read::<Approval>("approval", FORMAT, bytes)?.try_into()
}

fn damaged(cause: String) -> WireError {
    WireError::Damaged { what: "approval", cause }
}

#[derive(Serialize)]
struct Signed {
    format: u64,
    what: &'static str,
    statement: Statement,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    format: u64,
    statement: Statement,
    signature: Option<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    environment: String,
    plan: Digest,
    lineage: String,
    account: Account,
    #[serde(with = "super::world_text")]
    world: World,
    by: Principal,
    at: Timestamp,
    expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    key: String,
    algorithm: String,
    /// In hex.
    value: String,
}

impl From<crate::Statement> for Statement {
    fn from(statement: crate::Statement) -> Self {
        let crate::Statement { environment, plan, lineage, account, world, by, at, expires } = statement;
        Self { environment, plan, lineage, account, world, by: by.into(), at, expires }
    }
}

impl From<Statement> for crate::Statement {
    fn from(statement: Statement) -> Self {
        let Statement { environment, plan, lineage, account, world, by, at, expires } = statement;
        Self { environment, plan, lineage, account, world, by: by.into(), at, expires }
    }
}

impl From<crate::Approval> for Approval {
    fn from(approval: crate::Approval) -> Self {
        let crate::Approval { statement, signature } = approval;
        let signature = signature.map(|crate::Signature { key, algorithm, bytes }| Signature { key, algorithm, value: hex::encode(bytes) });
        Self { format: FORMAT, statement: statement.into(), signature }
    }
}

impl TryFrom<Approval> for crate::Approval {
    type Error = WireError;

    fn try_from(approval: Approval) -> Result<Self, WireError> {
        let Approval { format: _, statement, signature } = approval;
        let signature = signature.map(|Signature { key, algorithm, value }| {
            let bytes = hex::decode(value).map_err(|error| damaged(format!("at `signature.value`: {error}")))?;
            Ok(crate::Signature { key, algorithm, bytes })
        });
        Ok(Self { statement: statement.into(), signature: signature.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> crate::Approval {
        let by = crate::Principal {
            arn: "arn:aws:iam::093646564004:role/approver".into(),
            session: Some("jan".into()),
            source_identity: Some("jan@kimmyai.io".into()),
        };
        let statement = crate::Statement {
            environment: "prod".into(),
            plan: Digest::of(b"plan"),
            lineage: "01L".into(),
            account: "093646564004".parse().unwrap(),
            world: World::Aws,
            by,
            at: "2026-11-26T07:00:00Z".parse().unwrap(),
            expires: "2026-11-27T07:00:00Z".parse().unwrap(),
        };
        let key = "arn:aws:kms:af-south-1:093646564004:key/k".to_owned();
        let signature = crate::Signature { key, algorithm: "ECDSA_SHA_256".into(), bytes: vec![0x30, 0x45, 0xff] };
        crate::Approval { statement, signature: Some(signature) }
    }

    #[test]
    fn an_approval_reads_back_as_it_was_written() {
        for approval in [whole(), crate::Approval { signature: None, ..whole() }] {
            assert_eq!(read(&write(&approval).unwrap()).unwrap(), approval);
        }
    }

    #[test]
    fn format_1_stays_as_it_is() {
        insta::assert_snapshot!(String::from_utf8(write(&whole()).unwrap()).unwrap());
        // What was signed must verify with every later version.
        let signed = hex::encode(message(&whole().statement).unwrap());
        assert_eq!(signed, "e0a8c4115cbf634b51824d53c3e116fb25183a7d2841398391080b4f5a86e463");
    }

    /// Each part of the statement is under the signature.
    #[test]
    fn whatever_is_changed_changes_what_is_signed() {
        let signed = message(&whole().statement).unwrap();
        let edits: [fn(&mut crate::Statement); 10] = [
            |s| s.environment = "sit".into(),
            |s| s.plan = Digest::of(b"other"),
            |s| s.lineage = "01M".into(),
            |s| s.account = "111111111111".parse().unwrap(),
            |s| s.world = World::Sandbox,
            |s| s.by.arn.push('s'),
            |s| s.by.session = None,
            |s| s.by.source_identity = Some("thandi".into()),
            |s| s.at = s.at.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap(),
            |s| s.expires = s.expires.checked_add(jiff::SignedDuration::from_hours(1)).unwrap(),
        ];
        for (place, edit) in edits.into_iter().enumerate() {
            let mut statement = whole().statement;
            edit(&mut statement);
            assert_ne!(message(&statement).unwrap(), signed, "edit {place}");
        }
    }

    #[test]
    fn what_is_no_approval_is_refused() {
        let text = String::from_utf8(write(&whole()).unwrap()).unwrap();
        let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(told(&text.replace("\"value\": \"3045ff\"", "\"value\": \"30z5\"")).contains("at `signature.value`"));
        assert!(told(&text.replace("\"environment\"", "\"enviroment\"")).contains("unknown field"));
        assert!(told(&text.replace("\"format\": 1", "\"format\": 2")).contains("use the newer bbws"));
        for length in 0..text.len() - 2 {
            assert!(read(&text.as_bytes()[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn keys_count_from_one() {
        assert_eq!(key(&Digest("ab".into()), 1), "approvals/ab/0001.json");
    }
}
