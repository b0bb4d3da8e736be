//! What is written down of a run when it begins: who, from which commit, what for, and all that is wanted. With it an earlier
//! configuration can be planned again.

use crate::{Account, Desired, Digest, Mode, Owner, RunId, World};

/// The commit that the environment files were taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The branch, where one was checked out.
    pub branch: Option<String>,
    /// Whether the environment's file differs from the commit's.
    pub dirty: bool,
}

/// One run as it began.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Which.
    pub run: RunId,
    /// The environment.
    pub environment: String,
    /// What for.
    pub mode: Mode,
    /// When it began.
    pub at: jiff::Timestamp,
    /// Who ran it, where, with which command and version.
    pub owner: Owner,
    /// The commit, where the files stand in a git repository.
    pub commit: Option<Commit>,
    /// Where the ids belong.
    pub world: World,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: String,
    /// The digest of the plan that it executed.
    pub plan: Digest,
    /// The digest of the configuration that the plan was made from.
    pub configuration: Digest,
    /// Whether only a part of it was to be brought about.
    pub narrowed: bool,
    /// The run to whose configuration it was to go back.
    pub back_to: Option<RunId>,
    /// All that was wanted; nothing where the cluster was to be removed. Passwords stand in it as references only.
    pub wanted: Desired,
}
