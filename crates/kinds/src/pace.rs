//! The published rates of mutating calls, as token buckets per account and region.

use bbws_model::Pace;

/// Most mutating EC2 calls: 50 at once, 5 a second, each API by itself.
pub(crate) const EC2: Pace = Pace { bucket: "ec2", burst: 50, per_second: 5.0 };
/// CloudWatch Logs: five calls a second each for creating and deleting groups.
pub(crate) const LOGS: Pace = Pace { bucket: "logs", burst: 5, per_second: 5.0 };
