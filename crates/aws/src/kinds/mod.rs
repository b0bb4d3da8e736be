//! The drivers, one file per kind, and the list of them.

mod ec2;
mod log_group;
mod subnet;
mod vpc;

use bbws_engine::Drivers;
use bbws_kinds::{LogGroup, Subnet, Vpc};

use crate::Aws;

/// The driver of every kind.
#[must_use]
pub fn drivers(aws: &Aws) -> Drivers {
    Drivers::new() //
        .with::<LogGroup>(aws.clone())
        .with::<Subnet>(aws.clone())
        .with::<Vpc>(aws.clone())
}
