//! The state store in an S3 bucket.

mod bucket;
mod s3;
mod statements;

pub use bucket::{INIT_ACTIONS, Lacks, STORE_ACTIONS, Setting, Vault};
pub use s3::{Place, S3Store};
