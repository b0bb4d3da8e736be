//! What the engine needs from outside: a store, time, ids, and somebody who listens.

use std::time::Duration;

use bbws_model::{CloudError, Event, Stamped};

use crate::Boxed;

/// What became of a create-if-absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is there now, and by us.
    Created,
    /// Something was there already, and was left as it is.
    Exists,
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be known whether a write took effect: read back before going on. A read may go through when it is asked again.
    #[error("the state store did not answer for {key}: {cause}")]
    Unknown {
        /// The key.
        key: String,
        /// What was seen.
        cause: String,
    },
    /// The store failed for certain.
    #[error("the state store failed at {key}: {cause}")]
    Failed {
        /// The key.
        key: String,
        /// Why.
        cause: String,
    },
}

impl StoreError {
    /// How a cause ends where nobody is signed in who could ask the store.
    pub const SIGN_IN: &str = "sign in again";

    /// Whether nobody is signed in who could ask the store: nothing is wrong with it.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        matches!(self, Self::Failed { cause, .. } if cause.ends_with(Self::SIGN_IN))
    }
}

/// Where an environment's log, checkpoints and documents live. Keys are paths below the environment: `log/0000….json`.
pub trait Store: Send + Sync {
    /// Writes `bytes` at `key` if nothing is there: whole, durable and visible, or not at all.
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>>;
    /// The bytes at `key`, if any.
    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>>;
    /// The keys that begin with `prefix` and come after `after`, in order.
    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>>;
    /// Writes a derived document (`state.json`, `outputs.json`) whether or not one is there; readers see the old or the new one whole.
    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>>;
    /// Removes what is at `key`, if anything is.
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>>;
    /// All earlier versions of the bytes at `key`, oldest first, those of a removed key included; empty where the store keeps
    /// none. Of a key that is only ever created the first version is the true one.
    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>>;
}

/// Time, as the run sees it.
pub trait Clock: Send + Sync {
    /// The time of day, for people and for signatures; nothing is decided by it.
    fn now(&self) -> jiff::Timestamp;
    /// Time since some fixed moment, never going back, counting sleep of the machine too.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration) -> Boxed<'static, ()>;
}

/// Where unique ids come from: intents, runs, lineages, put ids.
pub trait Ids: Send + Sync {
    /// A new one: 26 characters that sort by the time they were made, upper-case letters and digits (a ULID).
    fn next(&self) -> String;
}

/// The credentials that requests are signed with, as far as a run has to know of them.
pub trait Credentials {
    /// Whether a refusal says that they have run out: with fresh ones the same request may go through. Wrong ones stay wrong.
    fn have_run_out(&self, error: &CloudError) -> bool;
    /// Looks for fresh ones before the next request.
    fn renew(&self);
}

/// Somebody who is told what happens, and cannot steer.
pub trait EventSink: Send {
    /// Takes one event.
    fn on(&mut self, event: &Stamped);
}

impl<F: FnMut(&Stamped) + Send> EventSink for F {
    fn on(&mut self, event: &Stamped) {
        self(event);
    }
}

/// Stamps events with their time and hands them on.
pub struct Reporter<'a> {
    sink: &'a mut dyn EventSink,
    clock: &'a dyn Clock,
    began: Duration,
}

impl<'a> Reporter<'a> {
    /// A reporter of a run that begins now.
    pub fn new(sink: &'a mut dyn EventSink, clock: &'a dyn Clock) -> Self {
        let began = clock.elapsed();
        Self { sink, clock, began }
    }

    /// Tells what happened.
    pub fn tell(&mut self, event: Event) {
        self.sink.on(&Stamped { at: self.clock.now(), elapsed: self.elapsed(), event });
    }

    /// How long the run has lasted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.began)
    }
}
