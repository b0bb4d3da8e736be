//! What becomes of a call, and apart from that, what its caller gets to see.

use std::time::Duration;

use aws_smithy_types::error::operation::BuildError;

/// What a service says when it will not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error code, as it stands on the wire.
    pub code: &'static str,
    /// The message.
    pub message: String,
    /// Further members of the error: EFS tells the id of the file system that exists.
    pub members: Vec<(&'static str, String)>,
}

/// A refusal without further members.
pub fn refuse(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status, code, message: message.into(), members: vec![] }
}

/// An answer that the SDK will not put together is the sandbox's own fault.
impl From<BuildError> for Refusal {
    fn from(error: BuildError) -> Self {
        refuse(500, "InternalFailure", format!("sandbox: {error}"))
    }
}

/// What a handler answers.
pub(crate) type Answer<O> = Result<O, Refusal>;

/// One call's fate.
#[derive(Debug, Clone, Default)]
pub struct Fate {
    /// How long the request is on its way.
    pub there: Duration,
    /// Whether and when it takes effect.
    pub effect: Effect,
    /// How long the answer is on its way.
    pub back: Duration,
    /// What the caller gets to see.
    pub seen: Seen,
}

/// Whether and when a request takes effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Effect {
    /// When it arrives.
    #[default]
    Now,
    /// Not at all.
    Never,
    /// This much later than it arrives.
    Late(Duration),
    /// When it arrives, and this much later once more: somebody on the way has sent its bytes again.
    Twice(Duration),
}

/// What the caller gets to see. `Answer` to an effect that did not take place is silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seen {
    /// The answer.
    #[default]
    Answer,
    /// A refusal, whatever the effect was.
    Refused(Refusal),
    /// The connection timed out.
    TimedOut,
    /// The connection was closed without an answer.
    Closed,
    /// The connection was reset.
    Reset,
    /// The server could not be reached.
    Unreachable,
    /// Nothing, for ever.
    Silence,
    /// Something that is no answer.
    Garbled,
    /// An answer that breaks off.
    Cut,
}
