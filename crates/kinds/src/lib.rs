//! The AWS vocabulary of bbws: what each kind is, one file per kind.
//!
//! Nothing here knows an SDK, does I/O or is async. How a kind is done stands in `aws`, in a file of the same name; how
//! AWS answers stands in `sandbox`, in a file of the same name.

mod log_group;
mod pace;
mod subnet;
mod vpc;

pub use log_group::{LogGroup, LogGroupOutputs, LogGroupSpec, RETENTION_DAYS};
pub use subnet::{Subnet, SubnetOutputs, SubnetSpec};
pub use vpc::{Vpc, VpcOutputs, VpcSpec};

use bbws_model::Kinds;

/// All kinds there are.
#[must_use]
pub fn all() -> Kinds {
    Kinds::new() //
        .with::<LogGroup>()
        .with::<Subnet>()
        .with::<Vpc>()
}
