//! The requests of which a step does not know what became: those that earlier runs left open at its address, and its own of
//! which the answer was lost. It finds out before it sends anything that they could spoil.

use std::time::Duration;

use bbws_model::{Action, Class, Intent, IntentId, Op, OpenIntent, Phase, PhysicalId, Record, Recovery, ResultOutcome};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use super::StepFailure;
use super::flight::left_open;
use super::send::{Due, Sent};
use super::settle::{LOOK, abandoned, place, seen_of, settled, trace};
use super::work::Task;
use crate::lock::locked;

/// How often a create that can do no harm is sent again.
const REPEATS: u32 = 5;

/// What became of a create.
pub(super) enum Fate {
    /// It made this, and that is recorded.
    Made(PhysicalId),
    /// It can no longer arrive, and that is recorded.
    Lost,
}

impl Task<'_, '_> {
    /// Settles what earlier runs left open at this step's address, where it could spoil what the step does. What asks for the same
    /// as the step itself is settled by it.
    pub(super) async fn settle_earlier(&mut self) -> Result<(), StepFailure> {
        // The two steps of a replacement have one address: the second finds everything settled, or waits for the step that sends one
        // of the requests again, which knows more of it than anybody else.
        let turn = self.wait_for_turn().await?;
        for open in left_open(self.work.log, Some(&self.step.address)) {
            self.settle_one(&open).await?;
        }
        self.turn = Some(turn).filter(|_| self.attempts.may_arrive());
        Ok(())
    }

    async fn wait_for_turn(&mut self) -> Result<OwnedMutexGuard<()>, StepFailure> {
        let turns = locked(&self.work.settling).entry(self.step.address.clone()).or_default().clone();
        if let Ok(turn) = turns.clone().try_lock_owned() {
            return Ok(turn);
        }
        self.say(unanswered());
        self.aside(turns.lock_owned()).await
    }

    async fn settle_one(&mut self, open: &OpenIntent) -> Result<(), StepFailure> {
        let intent = &open.intent;
        if let Op::Create { spec } = &intent.op {
            let repeats = matches!(self.step.action, Action::Create { .. }) && intent.kind == self.step.address.kind();
            let fate = self.fate(intent, spec, repeats).await?;
            if let (Fate::Made(id), true) = (fate, intent.kind == self.step.address.kind()) {
                locked(&self.work.made).insert(self.step.address.clone(), id);
            }
            return Ok(());
        }
        if self.asks_for_the_same(&intent.op)? {
            self.attempts.goes_on(intent.id.clone());
            return Ok(());
        }
        loop {
            let state = self.work.log.state(Clone::clone);
            let seen = seen_of(&state, self.work.drivers, self.work.kinds, std::slice::from_ref(open));
            if let Some(record) = self.in_cloud(seen).await?.into_values().next() {
                return self.record(record).await;
            }
            let drained = self.work.drained(&intent.id);
            if self.over(drained) {
                return self.record(abandoned(&intent.id)).await;
            }
            self.wait_for_drain(drained).await?;
        }
    }

    /// Waits until no delete that earlier runs sent more than once, of an object of this kind, can arrive any more: what is to be
    /// made may be called as that was, whatever the address.
    pub(super) async fn outwait_deletes(&mut self, kind: &str) -> Result<(), StepFailure> {
        let is = |open: &OpenIntent| open.repeated && open.intent.kind == kind && matches!(open.intent.op, Op::Delete { .. });
        loop {
            let drained =
                left_open(self.work.log, None).iter().filter(|open| is(open)).map(|open| self.work.drained(&open.intent.id)).max();
            let Some(drained) = drained.filter(|drained| !self.over(*drained)) else { return Ok(()) };
            self.wait_for_drain(drained).await?;
        }
    }

    /// Whether an open request asks for what this step is about to ask for: then it cannot spoil it, and ends with it.
    fn asks_for_the_same(&self, op: &Op) -> Result<bool, StepFailure> {
        Ok(match (op, &self.step.action) {
            (Op::Update { id, spec }, Action::Update { id: mine, want, .. }) if id == mine => self.work.resolved(want)? == *spec,
            (Op::Delete { id }, Action::Delete { id: mine, .. }) => id == mine,
            _ => false,
        })
    }

    /// Finds out what became of a create, by the recovery class of its kind: looks for its mark; sends it again, as it was recorded,
    /// where that can make no second object and `repeats` allows it; else waits until it can no longer arrive.
    pub(super) async fn fate(&mut self, intent: &Intent, spec: &Value, repeats: bool) -> Result<Fate, StepFailure> {
        let recovery = self.work.kind(&intent.kind)?.facts().recovery;
        let mut left = match recovery {
            Recovery::Idempotent | Recovery::NaturalKey | Recovery::Token if repeats => REPEATS,
            _ => 0,
        };
        loop {
            let place = self.work.log.state(|state| place(state, intent)).unwrap_or_else(|| self.place(None, spec));
            let looked = self.work.clock.elapsed();
            let seen = self.look(&intent.kind, &place).await?;
            if let Some(record) = self.work.log.state(|state| trace(state, self.work.kinds, intent, seen.as_ref())) {
                self.attempts.is_settled(&intent.id);
                let made = match &record {
                    Record::Result { outcome: ResultOutcome::Settled { id }, .. } => id.clone(),
                    _ => None,
                };
                self.record(record).await?;
                return Ok(made.map_or(Fate::Lost, Fate::Made));
            }
            if self.over(self.work.drained(&intent.id)) {
                self.attempts.is_settled(&intent.id);
                self.record(abandoned(&intent.id)).await?;
                return Ok(Fate::Lost);
            }
            if left > 0 {
                left -= 1;
                if let Some(id) = self.again(intent, spec, looked).await? {
                    return Ok(Fate::Made(id));
                }
            }
            self.wait_for_drain(self.work.drained(&intent.id)).await?;
        }
    }

    /// Sends a create again under its own intent, with its own token: what it made the first time is what it makes. When it was last
    /// looked for is `looked`. Answers what it made, or had made the first time, and that is recorded; none where its answer was lost
    /// as well, or it was refused.
    async fn again(&mut self, intent: &Intent, spec: &Value, looked: Duration) -> Result<Option<PhysicalId>, StepFailure> {
        self.tell_repeat(&intent.id).await?;
        self.attempts.repeat(intent.clone(), looked);
        let Intent { kind, op, replaces, renamed, .. } = intent.clone();
        let due = Due { kind, op, replaces, renamed, before: vec![] };
        match self.send(due, async |driver, attempt| driver.create(spec, attempt).await).await {
            Ok(Sent::Answered(id, made)) => {
                self.refuse_made_by_others(&intent.kind, spec, &made.id, &id).await?;
                self.attempts.is_settled(&intent.id);
                self.done(id, Some(made.id.clone())).await?;
                Ok(Some(made.id))
            }
            Ok(Sent::Ambiguous(..) | Sent::Again) => Ok(None),
            // The name is there: ours, as the next look shows, or somebody else's.
            Err(StepFailure::Cloud(error)) if error.class == Class::Exists => {
                self.attempts.drop_repeat();
                let found = self.there_already(&intent.kind, spec).await?;
                let Some(seen) = found else { return Ok(None) };
                self.attempts.is_settled(&intent.id);
                self.record(settled(intent, Some(seen.id.clone()))).await?;
                Ok(Some(seen.id))
            }
            // It is not taken as it was recorded: what it refers to may be gone by now. The first one may still arrive.
            Err(StepFailure::Cloud(error)) if matches!(error.class, Class::Invalid | Class::Absent | Class::Dependency) => {
                self.attempts.drop_repeat();
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Records that a request is sent more than once. Each run that sends it says so: what is known of one process tells nothing of
    /// another.
    pub(super) async fn tell_repeat(&mut self, intent: &IntentId) -> Result<(), StepFailure> {
        let own = self.work.log.run();
        let is_told = |open: &OpenIntent| open.repeated && open.writer.as_ref().is_none_or(|writer| writer.run == *own);
        if self.work.log.state(|state| state.open.get(intent).is_some_and(is_told)) {
            return Ok(());
        }
        self.record(Record::Repeat { intent: intent.clone() }).await
    }

    pub(super) fn over(&self, drained: Duration) -> bool {
        self.work.clock.elapsed() >= drained
    }

    /// Waits until it is looked again.
    pub(super) async fn wait_for_drain(&mut self, drained: Duration) -> Result<(), StepFailure> {
        self.say(unanswered());
        let left = drained.saturating_sub(self.work.clock.elapsed());
        self.aside(self.work.clock.sleep(LOOK.min(left.max(Duration::from_millis(100))))).await
    }
}

/// What is waited for where it is not known what became of a request.
fn unanswered() -> Phase {
    Phase::Pending("it shows what became of a request without an answer".into())
}
