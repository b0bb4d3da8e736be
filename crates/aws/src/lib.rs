//! How AWS does what bbws wants: one driver file per kind, the clients with their guards, and the errors.
//!
//! With `sandbox`, this is the only crate that knows the AWS SDK. A driver speaks to AWS, never to an emulator.

mod ahead;
mod approval;
mod assumptions;
mod audit;
mod clients;
mod credentials;
mod error;
mod fetch;
mod guard;
mod identity;
mod kinds;
mod name_servers;
mod price_list;
mod scan;
mod store;
mod trail;

pub use ahead::{BucketOwner, principal};
pub use approval::{granted_signers, key_policy, sign, verifies};
pub use assumptions::Tried;
pub use audit::{Added, AuditStream};
pub use bbws_kinds::iam_action;
pub use clients::{Aws, Clients, Connection, Plain, Whose, Wire};
pub use credentials::{AskCode, Mfa, Session};
pub use error::{Told, classify, is_stale};
pub use fetch::{date_at, fetch};
pub use guard::{Call, Calls, Ended, Gate, Listener, Refused, iam_prefix, is_read};
pub use identity::{Identity, whoami};
pub use kinds::{drivers, tagged};
pub use name_servers::name_servers;
pub use price_list::products;
pub use store::{INIT_ACTIONS, Lacks, Place, S3Store, STORE_ACTIONS, Setting, Vault};
pub use trail::{TrailEvent, trail};
