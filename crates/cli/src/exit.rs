//! What a command's end tells a script.

use std::process::ExitCode;

/// How a command ended. The numbers are a contract; each stands in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing was to be done.
    Done,
    /// Something went wrong.
    Error,
    /// `plan --detailed-exitcode` found changes, or a command that checks found something.
    Changes,
    /// A safety rule refused it.
    Refused,
    /// The command line was wrong.
    Usage,
    /// Another run has taken the environment.
    Fenced,
    /// Another run holds the environment.
    Locked,
    /// The local state store failed.
    Store,
    /// It may work later.
    Later,
    /// It was interrupted.
    Interrupted,
}

impl Exit {
    /// All of them, by number.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Refused,
        Self::Usage,
        Self::Fenced,
        Self::Locked,
        Self::Store,
        Self::Later,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Usage => 64,
            Self::Fenced => 70,
            Self::Locked => 73,
            Self::Store => 74,
            Self::Later => 75,
            Self::Interrupted => 130,
        }
    }

    /// What it means, as `--help` says it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Error => "error: the message says what, why and what to do",
            Self::Changes => "`plan --detailed-exitcode` found changes, or a check found something",
            Self::Refused => "refused by a safety rule; nothing was changed",
            Self::Usage => "wrong usage",
            Self::Fenced => "another run took the environment over while this one worked",
            Self::Locked => "another run is at work on the environment",
            Self::Store => "the state store on this machine failed",
            Self::Later => "try again later: credentials or service",
            Self::Interrupted => "interrupted; what exists is recorded",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
