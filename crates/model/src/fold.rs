//! The fold: what the slots of a log add up to. It knows no clock and no store, so every reader of the same slots has
//! the same state, bit for bit.

mod draft;
mod late;
#[cfg(test)]
mod tests;

use draft::Draft;

use crate::{Digest, IntentId, PhysicalId, Record, Slot, State};

/// Why a slot does not continue a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A slot is missing or out of place.
    #[error("slot {found} stands where slot {due} is due: one is missing or out of place; restore it from the store's history")]
    Gap {
        /// The number due.
        due: u64,
        /// The number met.
        found: u64,
    },
    /// The chain of digests is broken.
    #[error(
        "slot {seq} follows another slot than the one before it: it names {found}, the one before has the digest {expected}; one of them was \
         replaced, restore it from the store's history"
    )]
    Chain {
        /// The slot.
        seq: u64,
        /// The digest of the slot before.
        expected: Digest,
        /// The digest it names.
        found: Digest,
    },
    /// It belongs to another log.
    #[error("slot {seq} belongs to the lineage {found}, this log to {expected}: it was copied from elsewhere; remove the copy")]
    Lineage {
        /// The slot.
        seq: u64,
        /// The log's lineage.
        expected: String,
        /// The slot's.
        found: String,
    },
    /// The generation fell, or rose otherwise than by one with an OPEN.
    #[error("slot {seq} has the generation {found} where {due} is due: its writer did not own the environment")]
    Generation {
        /// The slot.
        seq: u64,
        /// The generation due.
        due: u64,
        /// The slot's.
        found: u64,
    },
    /// The serial does not tell whether resources changed.
    #[error("slot {seq} has the serial {found} where {due} is due: its writer and this reader add it up differently")]
    Serial {
        /// The slot.
        seq: u64,
        /// The serial due.
        due: u64,
        /// The slot's.
        found: u64,
    },
    /// A run opened the environment in another world, account or region.
    #[error(
        "slot {seq} opens {what} {found}, but the ids recorded so far belong to {what} {expected}: use another environment or the right credentials"
    )]
    Elsewhere {
        /// The slot.
        seq: u64,
        /// Which of the three.
        what: &'static str,
        /// As recorded.
        expected: String,
        /// As opened.
        found: String,
    },
    /// A record speaks of an intent that is not open.
    #[error("slot {seq} tells what became of the intent {intent}, which is not open")]
    NotOpen {
        /// The slot.
        seq: u64,
        /// The intent.
        intent: IntentId,
    },
    /// One intent has two results.
    #[error("slot {seq} gives the intent {intent} a second result, {second}: it had made {first}")]
    SecondResult {
        /// The slot.
        seq: u64,
        /// The intent.
        intent: IntentId,
        /// What it made.
        first: PhysicalId,
        /// What it is now said to have made.
        second: PhysicalId,
    },
    /// A record does not fit what is recorded.
    #[error("slot {seq}: {why}")]
    Misfit {
        /// The slot.
        seq: u64,
        /// What does not fit.
        why: String,
    },
}

impl State {
    /// Takes the next slot in; `bytes` are those it was read from or written as. On an error the state is as before.
    ///
    /// # Errors
    /// When the slot does not continue this state.
    pub fn take(&mut self, slot: &Slot, bytes: &[u8]) -> Result<(), FoldError> {
        self.continued_by(slot)?;
        let draft = Draft::new(self, slot.at).with(&slot.records)?;
        let due = self.serial.saturating_add(u64::from(draft.changes()));
        if slot.serial != due {
            return Err(FoldError::Serial { seq: slot.seq, due, found: slot.serial });
        }
        let edits = draft.into_edits();
        edits.apply(self);
        (self.seq, self.generation, self.serial, self.head) = (slot.seq, slot.generation, slot.serial, Digest::of(bytes));
        self.at = Some(slot.at);
        Ok(())
    }

    /// Whether these records, as the next slot, would change the resources, the backups or the outputs.
    ///
    /// # Errors
    /// When a record does not fit this state: the slot would be refused by every reader and must not be written.
    pub fn changes(&self, records: &[Record]) -> Result<bool, FoldError> {
        // The time stands in the open intents only, and these do not count as resources.
        Ok(Draft::new(self, jiff::Timestamp::UNIX_EPOCH).with(records)?.changes())
    }

    /// The serial that the next slot carries if it has these records.
    ///
    /// # Errors
    /// When a record does not fit this state: the slot would be refused by every reader and must not be written.
    pub fn next_serial(&self, records: &[Record]) -> Result<u64, FoldError> {
        Ok(self.serial.saturating_add(u64::from(self.changes(records)?)))
    }

    /// Whether the slot's place in the chain is the next one.
    fn continued_by(&self, slot: &Slot) -> Result<(), FoldError> {
        let seq = slot.seq;
        if slot.lineage != self.lineage {
            return Err(FoldError::Lineage { seq, expected: self.lineage.clone(), found: slot.lineage.clone() });
        }
        if seq.checked_sub(1) != Some(self.seq) {
            return Err(FoldError::Gap { due: self.seq.saturating_add(1), found: seq });
        }
        if slot.prev != self.head {
            return Err(FoldError::Chain { seq, expected: self.head.clone(), found: slot.prev.clone() });
        }
        let opens = slot.records.iter().filter(|r| matches!(r, Record::Open { .. })).count();
        if opens > 1 {
            return Err(FoldError::Misfit { seq, why: "the environment is opened twice in one slot".into() });
        }
        let due = self.generation.saturating_add(u64::from(opens == 1));
        if slot.generation != due {
            return Err(FoldError::Generation { seq, due, found: slot.generation });
        }
        Ok(())
    }
}
