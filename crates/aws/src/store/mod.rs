//! The state store in an S3 bucket.

mod s3;

pub use s3::{Place, S3Store};
