//! The fold: how slots add up to a state. Any process that folds the same slots gets the same state.

use serde_json::Value;

use crate::{Backup, Deposed, Digest, Entry, Op, OpenIntent, Record, ResultOutcome, Slot, State};

/// Why a slot does not continue a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A slot is missing or out of place.
    #[error("slot {found} follows slot {after}: one between them is missing or out of place")]
    Gap {
        /// The slot folded last.
        after: u64,
        /// The slot met.
        found: u64,
    },
    /// The chain of digests is broken.
    #[error("slot {seq} follows another slot than the one before it: its `prev` is {found}, the slot before has {expected}")]
    Chain {
        /// The slot.
        seq: u64,
        /// The digest of the slot before.
        expected: Digest,
        /// The digest it names.
        found: Digest,
    },
    /// It belongs to another state.
    #[error("slot {seq} belongs to the state {found}, not to {expected}")]
    Lineage {
        /// The slot.
        seq: u64,
        /// The state's lineage.
        expected: String,
        /// The slot's.
        found: String,
    },
    /// A generation went back, or grew without an OPEN.
    #[error("slot {seq} has generation {found}, {expected} is due")]
    Generation {
        /// The slot.
        seq: u64,
        /// The generation due.
        expected: u64,
        /// The slot's.
        found: u64,
    },
    /// The serial does not tell whether resources changed.
    #[error("slot {seq} has serial {found}, {expected} is due")]
    Serial {
        /// The slot.
        seq: u64,
        /// The serial due.
        expected: u64,
        /// The slot's.
        found: u64,
    },
    /// A record speaks of something the state does not hold.
    #[error("slot {seq}: {what}")]
    Record {
        /// The slot.
        seq: u64,
        /// What does not fit.
        what: String,
    },
}

impl State {
    /// Takes the next slot in; `bytes` are those it was read from or written as. On an error the state is as before.
    ///
    /// # Errors
    /// When the slot does not continue this state.
    pub fn take(&mut self, slot: &Slot, bytes: &[u8]) -> Result<(), FoldError> {
        let seq = slot.seq;
        if seq != self.seq + 1 {
            return Err(FoldError::Gap { after: self.seq, found: seq });
        }
        if slot.prev != self.head {
            return Err(FoldError::Chain { seq, expected: self.head.clone(), found: slot.prev.clone() });
        }
        if slot.lineage != self.lineage {
            return Err(FoldError::Lineage { seq, expected: self.lineage.clone(), found: slot.lineage.clone() });
        }
        let opens = slot.records.iter().any(|record| matches!(record, Record::Open { .. }));
        let due = self.generation + u64::from(opens);
        if slot.generation != due {
            return Err(FoldError::Generation { seq, expected: due, found: slot.generation });
        }
        let mut next = self.clone();
        for record in &slot.records {
            next.record(slot, record)?;
        }
        let serial = self.serial + u64::from(next.resources() != self.resources());
        if slot.serial != serial {
            return Err(FoldError::Serial { seq, expected: serial, found: slot.serial });
        }
        (next.seq, next.generation, next.serial, next.head) = (seq, slot.generation, serial, Digest::of(bytes));
        *self = next;
        Ok(())
    }

    /// The serial that a slot with these records must carry.
    ///
    /// # Errors
    /// When a record does not fit this state.
    pub fn serial_after(&self, slot: &Slot) -> Result<u64, FoldError> {
        let mut next = self.clone();
        for record in &slot.records {
            next.record(slot, record)?;
        }
        Ok(self.serial + u64::from(next.resources() != self.resources()))
    }

    /// The part of which the serial tells whether it changed.
    fn resources(&self) -> (&std::collections::BTreeMap<crate::Address, Entry>, &[Backup], &std::collections::BTreeMap<String, Value>) {
        (&self.entries, &self.backups, &self.outputs)
    }

    fn record(&mut self, slot: &Slot, record: &Record) -> Result<(), FoldError> {
        let misfit = |what: String| Err(FoldError::Record { seq: slot.seq, what });
        match record {
            Record::Open { owner, world, account, region, mode: _, plan: _ } => {
                if self.world.as_ref().is_some_and(|w| w != world)
                    || self.account.as_ref().is_some_and(|a| a != account)
                    || self.region.as_ref().is_some_and(|r| r != region)
                {
                    return misfit(format!("this state is not of {world}, account {account}, region {region}"));
                }
                (self.world, self.account, self.region) = (Some(world.clone()), Some(account.clone()), Some(region.clone()));
                self.holder = Some(owner.clone());
            }
            Record::Close { outcome: _ } => self.holder = None,
            Record::Heartbeat | Record::Ambiguous { .. } | Record::Checkpoint { .. } => {}
            Record::Intent(intent) => {
                let open = OpenIntent { intent: intent.clone(), seq: slot.seq, at: slot.at };
                if self.open.insert(intent.id.clone(), open).is_some() {
                    return misfit(format!("the intent {} is recorded twice", intent.id));
                }
            }
            Record::Result { intent, outcome, request_id: _ } => {
                let Some(open) = self.open.remove(intent) else { return misfit(format!("a result of {intent}, which is not open")) };
                if let ResultOutcome::Done { id } | ResultOutcome::Settled { id } = outcome {
                    return self.done(slot, &open, id.clone());
                }
            }
            Record::Abandon { intent, evidence: _ } => {
                if self.open.remove(intent).is_none() {
                    return misfit(format!("{intent} is given up, but is not open"));
                }
            }
            Record::Reached { address, id, spec, outputs, dependencies, renamed } => {
                let Some(entry) = self.entries.get_mut(address).filter(|e| e.id == *id) else {
                    return misfit(format!("{address} reached its form as {id}, which is not recorded"));
                };
                (entry.spec, entry.outputs, entry.dependencies) = (spec.clone(), outputs.clone(), dependencies.clone());
                (entry.renamed, entry.reached) = (renamed.clone(), true);
            }
            Record::Gone { address, id } => return self.gone(slot, address, id),
            Record::Import { address, id, spec, outputs, dependencies, existing } => {
                if self.entries.contains_key(address) {
                    return misfit(format!("{address} is imported, but is recorded already"));
                }
                let entry = Entry {
                    id: id.clone(),
                    spec: spec.clone(),
                    outputs: outputs.clone(),
                    dependencies: dependencies.clone(),
                    reached: true,
                    intent: None,
                    existing: *existing,
                    renamed: None,
                    deposed: vec![],
                };
                self.entries.insert(address.clone(), entry);
            }
            Record::Forget { address, reason: _ } => {
                if self.entries.remove(address).is_none() {
                    return misfit(format!("{address} is forgotten, but is not recorded"));
                }
            }
            Record::Rename { from, to } => {
                if self.entries.contains_key(to) {
                    return misfit(format!("{from} cannot become {to}: that is recorded already"));
                }
                let Some(entry) = self.entries.remove(from) else {
                    return misfit(format!("{from} has another address, but is not recorded"));
                };
                self.entries.insert(to.clone(), entry);
            }
            Record::Backup { address, id } => self.backups.push(Backup { address: address.clone(), id: id.clone() }),
            Record::Outputs(outputs) => self.outputs.clone_from(outputs),
        }
        Ok(())
    }

    /// A request had its effect. Only a create changes what is recorded; an update is followed by `Reached`, a delete by
    /// `Gone`, a copy of data by `Backup`.
    fn done(&mut self, slot: &Slot, open: &OpenIntent, id: Option<crate::PhysicalId>) -> Result<(), FoldError> {
        let intent = &open.intent;
        let Op::Create { spec } = &intent.op else { return Ok(()) };
        if intent.kind != intent.address.kind() {
            return Ok(());
        }
        let Some(id) = id else {
            return Err(FoldError::Record { seq: slot.seq, what: format!("{} was made, but without an id", intent.address) });
        };
        let old = self.entries.remove(&intent.address);
        let mut deposed = old.as_ref().map(|e| e.deposed.clone()).unwrap_or_default();
        if let Some(old) = old.filter(|_| intent.replaces) {
            deposed.push(Deposed { id: old.id, spec: old.spec, dependencies: old.dependencies, intent: old.intent });
        }
        let entry = Entry {
            id,
            spec: spec.clone(),
            outputs: Value::Null,
            dependencies: intent.dependencies.clone(),
            reached: false,
            intent: Some(intent.id.clone()),
            existing: false,
            renamed: None,
            deposed,
        };
        self.entries.insert(intent.address.clone(), entry);
        Ok(())
    }

    /// An object is gone. If it was the current one and former ones remain, the newest of these is the current one.
    fn gone(&mut self, slot: &Slot, address: &crate::Address, id: &crate::PhysicalId) -> Result<(), FoldError> {
        let missing = || FoldError::Record { seq: slot.seq, what: format!("{address} is gone as {id}, which is not recorded") };
        let entry = self.entries.get_mut(address).ok_or_else(missing)?;
        if let Some(place) = entry.deposed.iter().position(|old| old.id == *id) {
            entry.deposed.remove(place);
            return Ok(());
        }
        if entry.id != *id {
            return Err(missing());
        }
        match entry.deposed.pop() {
            Some(old) => {
                (entry.id, entry.spec, entry.dependencies, entry.intent) = (old.id, old.spec, old.dependencies, old.intent);
                (entry.outputs, entry.reached, entry.renamed) = (Value::Null, false, None);
            }
            None => drop(self.entries.remove(address)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Intent, IntentId, Mode, Owner, PhysicalId, RunId, World};
    use serde_json::json;

    fn address() -> Address {
        "vpc.main".parse().unwrap()
    }

    fn intent(id: &str, op: Op, replaces: bool) -> Record {
        let (address, kind, id) = (address(), "vpc".into(), IntentId(id.into()));
        Record::Intent(Intent { id, address, kind, op, token: String::new(), dependencies: vec![], replaces })
    }

    fn create(id: &str, replaces: bool) -> Record {
        intent(id, Op::Create { spec: json!({"cidr": "10.0.0.0/16"}) }, replaces)
    }

    fn result(of: &str, id: &str) -> Record {
        Record::Result { intent: IntentId(of.into()), outcome: ResultOutcome::Done { id: Some(id.into()) }, request_id: None }
    }

    fn open(world: World) -> Record {
        let (run, user, host) = (RunId("R".into()), "u".into(), "h".into());
        let owner = Owner {
            run,
            user,
            host,
            boot_id: String::new(),
            pid_namespace: String::new(),
            pid: 1,
            pid_start: 1,
            command: String::new(),
            version: String::new(),
        };
        let account = "536580886816".parse().unwrap();
        Record::Open { owner, world, account, region: "af-south-1".into(), mode: Mode::Apply, plan: None }
    }

    /// The slot that continues `state` with these records, its serial as due.
    fn slot(state: &State, records: Vec<Record>) -> Slot {
        let opens = records.iter().any(|r| matches!(r, Record::Open { .. }));
        let mut slot = Slot {
            lineage: state.lineage.clone(),
            seq: state.seq + 1,
            generation: state.generation + u64::from(opens),
            serial: state.serial,
            prev: state.head.clone(),
            put_id: "P".into(),
            run: RunId("R".into()),
            at: jiff::Timestamp::UNIX_EPOCH,
            records,
        };
        slot.serial = state.serial_after(&slot).unwrap_or(slot.serial);
        slot
    }

    fn take(state: &mut State, records: Vec<Record>) -> Result<(), FoldError> {
        let slot = slot(state, records);
        state.take(&slot, slot.seq.to_string().as_bytes())
    }

    #[test]
    fn a_create_is_recorded_with_its_result_and_reaches_its_form() {
        let mut state = State::empty("L");
        take(&mut state, vec![open(World::Sandbox)]).unwrap();
        take(&mut state, vec![create("I1", false)]).unwrap();
        assert_eq!((state.open.len(), state.entries.len(), state.serial), (1, 0, 0));
        take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
        assert_eq!((state.open.len(), state.entries[&address()].reached, state.serial), (0, false, 1));
        let (spec, outputs) = (json!({"cidr": "10.0.0.0/16"}), json!({"id": "vpc-1"}));
        let reached = Record::Reached { address: address(), id: "vpc-1".into(), spec, outputs, dependencies: vec![], renamed: None };
        take(&mut state, vec![reached]).unwrap();
        assert!(state.entries[&address()].reached);
        take(&mut state, vec![Record::Close { outcome: "done".into() }]).unwrap();
        assert_eq!((state.holder.clone(), state.serial, state.seq), (None, 2, 5));
    }

    #[test]
    fn a_replacement_keeps_the_old_object_until_it_is_gone() {
        let mut state = State::empty("L");
        take(&mut state, vec![create("I1", false)]).unwrap();
        take(&mut state, vec![result("I1", "vpc-1"), create("I2", true)]).unwrap();
        take(&mut state, vec![result("I2", "vpc-2")]).unwrap();
        let ids =
            |s: &State| (s.entries[&address()].id.clone(), s.entries[&address()].deposed.iter().map(|d| d.id.clone()).collect::<Vec<_>>());
        assert_eq!(ids(&state), ("vpc-2".into(), vec![PhysicalId::from("vpc-1")]));
        let mut other = state.clone();
        take(&mut state, vec![Record::Gone { address: address(), id: "vpc-1".into() }]).unwrap();
        assert_eq!(ids(&state), ("vpc-2".into(), vec![]));
        take(&mut other, vec![Record::Gone { address: address(), id: "vpc-2".into() }]).unwrap();
        assert_eq!(ids(&other), ("vpc-1".into(), vec![]), "the former object is still recorded");
    }

    #[test]
    fn a_result_counts_once_and_only_for_an_open_intent() {
        let mut state = State::empty("L");
        take(&mut state, vec![create("I1", false)]).unwrap();
        take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
        let before = state.clone();
        assert!(take(&mut state, vec![result("I1", "vpc-2")]).unwrap_err().to_string().contains("not open"));
        assert_eq!(state, before, "a refused slot leaves the state as it was");
    }

    #[test]
    fn a_refused_or_abandoned_intent_leaves_no_trace() {
        let mut state = State::empty("L");
        let refused = Record::Result {
            intent: IntentId("I1".into()),
            outcome: ResultOutcome::Refused { code: "VpcLimitExceeded".into() },
            request_id: None,
        };
        take(&mut state, vec![create("I1", false), refused]).unwrap();
        take(&mut state, vec![create("I2", false), Record::Abandon { intent: IntentId("I2".into()), evidence: "looked".into() }]).unwrap();
        assert_eq!((state.open.len(), state.entries.len(), state.serial), (0, 0, 0));
    }

    #[test]
    fn what_does_not_continue_the_state_is_refused_with_its_cause() {
        let mut state = State::empty("L");
        take(&mut state, vec![open(World::Sandbox)]).unwrap();
        let refused = |edit: &dyn Fn(&mut Slot)| {
            let mut slot = slot(&state, vec![Record::Heartbeat]);
            edit(&mut slot);
            state.clone().take(&slot, b"x").unwrap_err()
        };
        assert!(matches!(refused(&|s| s.seq = 9), FoldError::Gap { after: 1, found: 9 }));
        assert!(matches!(refused(&|s| s.prev = Digest::of(b"other")), FoldError::Chain { seq: 2, .. }));
        assert!(matches!(refused(&|s| s.lineage = "M".into()), FoldError::Lineage { seq: 2, .. }));
        assert!(matches!(refused(&|s| s.generation = 0), FoldError::Generation { seq: 2, expected: 1, found: 0 }));
        assert!(matches!(refused(&|s| s.serial = 7), FoldError::Serial { seq: 2, expected: 0, found: 7 }));
        let mut other = state.clone();
        assert!(
            take(&mut other, vec![open(World::Aws)]).unwrap_err().to_string().contains("not of aws"),
            "a state of one world is refused in another"
        );
    }
}
