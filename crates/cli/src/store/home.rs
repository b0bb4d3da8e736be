//! The place of one environment's state.

use std::fmt;
use std::path::Path;

use bbws_engine::StoreError;

use super::LocalStore;
use crate::cloud::Bucket;
use crate::{Exit, Failure};
use bbws_render::ErrorId;

/// Where an environment's state is kept.
#[derive(Debug, Clone)]
pub(crate) enum Home {
    /// In a folder of this machine.
    Folder(LocalStore),
    /// In a bucket.
    Bucket(Bucket),
}

impl Home {
    /// Makes the place ready to be written: refuses a folder that cannot hold a log, and clears what killed runs left there.
    ///
    /// # Errors
    /// When the file system does not do what a store rests on.
    pub(crate) fn prepare(&self, environment: &str) -> Result<(), Failure> {
        let Self::Folder(store) = self else { return Ok(()) };
        store.probe().map_err(|why| {
            Failure::new(Exit::Store, format!("the state of {environment} cannot be kept in {self}"))
                .because(why)
                .advise("name a folder on a disk of this machine: [state] path = \"…\"")
                .advise("or share it safely: [state] backend = \"s3\", bucket = \"…\"")
        })?;
        store.sweep();
        Ok(())
    }

    /// The folder, where it is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(store) => Some(store.root()),
            Self::Bucket(_) => None,
        }
    }

    /// The store there failed.
    pub(crate) fn failure(&self, (environment, flag): (&str, &str), error: &StoreError) -> Failure {
        let what = format!("the state store of {environment} failed");
        match (self, error) {
            (Self::Folder(_), _) => Failure::new(Exit::Store, what)
                .because(error)
                .advise(format!("check {self}: free space, permissions, and that it is on a disk of this machine")),
            (Self::Bucket(_), StoreError::Unknown { .. }) => {
                Failure::new(Exit::Later, what).because(error).advise("try again; what was sent is settled by the next run")
            }
            (Self::Bucket(_), StoreError::Failed { .. }) if error.is_unsigned() => Failure::new(Exit::Later, what)
                .of(ErrorId::Credentials)
                .because(error)
                .advise(format!("sign in, or name the right profile in the environment's file; then: bbws doctor {environment}{flag}"))
                .advise("or look into the sandbox's: add --sandbox"),
            (Self::Bucket(bucket), StoreError::Failed { .. }) => Failure::error(ErrorId::Store, what)
                .because(error)
                .advise(format!("check the bucket {} and who may use it: bbws init {environment}{flag}", bucket.name)),
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(store) => write!(f, "{}", store.root().display()),
            Self::Bucket(bucket) => write!(f, "{bucket}"),
        }
    }
}
