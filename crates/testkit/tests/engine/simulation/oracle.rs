//! Somebody who sees every slot become durable and every mutating call leave, and judges each at once.
//!
//! Checked here: I1, I4 to I10, I11, I14 to I17, I24, and of I3 that a delete removes what it is about. What can only be seen at
//! rest is in `judge`.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{LEASE, log};
use bbws_model::{Address, FoldError, Intent, IntentId, Op, PhysicalId, Plan, Record, ResultOutcome, RunId, Slot, State, wire};
use bbws_testkit::{Call, FakeCloud, Happened, MemoryStore, SIGNATURE, Verb};

use super::process::{Hosts, Process};
use super::witness::Lease;

/// How far the clocks of those who write and of whoever collects may be off each other.
const SKEW: Duration = Duration::from_secs(4 * 24 * 3600);

/// An invariant of the protocol that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which.
    pub(crate) invariant: &'static str,
    /// How.
    pub(crate) told: String,
}

/// What `?` carries where an invariant is checked.
pub(crate) type Judged = Result<(), Violation>;

/// Says that an invariant does not hold, unless it does.
pub(crate) fn holds(invariant: &'static str, it_does: bool, told: impl FnOnce() -> String) -> Judged {
    if it_does { Ok(()) } else { Err(Violation { invariant, told: told() }) }
}

/// An intent in the log.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) intent: Intent,
    pub(crate) at: Duration,
    /// That it had no effect is recorded.
    pub(crate) abandoned: bool,
    /// When its end was recorded.
    ended: Option<Duration>,
}

/// Since when each process holds the environment.
type Leases = Arc<Mutex<BTreeMap<usize, Lease>>>;

#[derive(Default)]
struct Book {
    fold: Option<State>,
    slots: Vec<Slot>,
    bodies: BTreeMap<String, Vec<u8>>,
    written_at: BTreeMap<String, Duration>,
    checkpoints: BTreeSet<u64>,
    intents: BTreeMap<IntentId, Written>,
    made: BTreeMap<IntentId, PhysicalId>,
    imported: Vec<(Address, PhysicalId)>,
    holder: Option<RunId>,
    began: Option<tokio::time::Instant>,
    leases: Leases,
    hosts: Hosts,
    /// By whom each intent's request was signed, and when, but for those whose answer was read.
    signed: BTreeMap<IntentId, Vec<(usize, Duration)>>,
    plans: BTreeMap<RunId, BTreeSet<Address>>,
    violation: Option<Violation>,
    trace: DefaultHasher,
    /// Tells what happens, for people.
    aloud: bool,
}

impl Book {
    #[expect(clippy::print_stdout, reason = "a seed that fails is told to whoever runs it alone")]
    fn tell(&self, now: Duration, what: impl FnOnce() -> String) {
        if self.aloud {
            println!("{:>9.3} {}", now.as_secs_f64(), what());
        }
    }
}

/// The book that the oracle keeps; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Oracle(Arc<Mutex<Book>>);

impl Oracle {
    /// Watches this store and this cloud from now on.
    pub(crate) fn over(store: &MemoryStore, cloud: &FakeCloud) -> Self {
        let oracle = Self::default();
        oracle.book(|book| book.began = Some(cloud.began()));
        let (book, clock) = (oracle.clone(), cloud.began());
        store.watch(move |key, bytes| {
            let now = clock.elapsed();
            book.judged(|book| book.written(key, bytes, now));
        });
        let book = oracle.clone();
        cloud.watch(move |happened| {
            book.judged(|book| match happened {
                Happened::Sent(call) => book.sent(call),
                Happened::Answered(call) => {
                    book.answered(call);
                    Ok(())
                }
                Happened::Astray(call) => holds("I3", false, || format!("it removes the next of its name: {call:?}")),
            });
        });
        oracle
    }

    fn book<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn judged(&self, judge: impl FnOnce(&mut Book) -> Judged) {
        self.book(|book| {
            if let Err(violation) = judge(book) {
                book.violation.get_or_insert(violation);
            }
        });
    }

    /// Keeps that an invariant does not hold; the first counts.
    pub(crate) fn note(&self, violation: Violation) {
        self.judged(|_| Err(violation));
    }

    /// Knows since when each process holds the environment, and whose process is gone.
    pub(crate) fn knows(&self, leases: Leases, hosts: Hosts) {
        self.book(|book| (book.leases, book.hosts) = (leases, hosts));
    }

    /// What was found so far.
    pub(crate) fn verdict(&self) -> Judged {
        self.book(|book| book.violation.clone().map_or(Ok(()), Err))
    }

    /// A run may do only what is in its plan.
    pub(crate) fn approved(&self, run: &RunId, plan: &Plan) {
        let addresses = plan.steps.iter().map(|step| step.address.clone()).collect();
        self.book(|book| book.plans.insert(run.clone(), addresses));
    }

    /// Adds something that happened to the trace.
    pub(crate) fn trace(&self, now: Duration, happened: &impl std::fmt::Debug) {
        self.book(|book| {
            let happened = format!("{happened:?}");
            (now, &happened).hash(&mut book.trace);
            book.tell(now, || happened);
        });
    }

    /// Tells from now on what happens.
    pub(crate) fn aloud(&self) {
        self.book(|book| book.aloud = true);
    }

    /// The hash of all that happened.
    pub(crate) fn hash(&self) -> u64 {
        self.book(|book| book.trace.finish())
    }

    /// The run that holds the environment.
    pub(crate) fn holder(&self) -> Option<RunId> {
        self.book(|book| book.holder.clone())
    }

    /// The intents in the log.
    pub(crate) fn intents(&self) -> BTreeMap<IntentId, Written> {
        self.book(|book| book.intents.clone())
    }

    /// What the intents have made, as recorded.
    pub(crate) fn made(&self) -> BTreeMap<IntentId, PhysicalId> {
        self.book(|book| book.made.clone())
    }

    /// What was taken over, as recorded.
    pub(crate) fn imported(&self) -> Vec<(Address, PhysicalId)> {
        self.book(|book| book.imported.clone())
    }

    /// The state that all durable slots add up to.
    pub(crate) fn fold(&self) -> Option<State> {
        self.book(|book| book.fold.clone())
    }
}

impl Book {
    /// Something has become durable.
    fn written(&mut self, key: &str, bytes: Option<&[u8]>, now: Duration) -> Judged {
        tells_no_secret(key, bytes)?;
        if !key.starts_with(wire::log::PREFIX) {
            return self.derived(key, bytes);
        }
        if bytes.is_none() {
            return self.collected(key, now);
        }
        let before = self.bodies.get(key);
        holds("I5", before.is_none(), || format!("{key} was written twice or removed"))?;
        let Some(bytes) = bytes else { return Ok(()) };
        self.bodies.insert(key.to_owned(), bytes.to_vec());
        self.written_at.insert(key.to_owned(), now);
        bytes.hash(&mut self.trace);
        let slot = wire::log::read(bytes).map_err(|e| Violation { invariant: "I5", told: e.to_string() })?;
        self.tell(now, || format!("slot {} of {}: {:?}", slot.seq, slot.run, slot.records));
        let fold = self.fold.get_or_insert_with(|| State::empty(slot.lineage.clone()));
        fold.take(&slot, bytes).map_err(|error| Violation { invariant: broken(&error), told: error.to_string() })?;
        for record in &slot.records {
            self.record(&slot, record, now)?;
        }
        self.slots.push(slot);
        Ok(())
    }

    /// A slot was removed: it must be older than a month, and a checkpoint beyond it must hold what it said.
    fn collected(&self, key: &str, now: Duration) -> Judged {
        let seq = wire::log::seq_of(key).unwrap_or(u64::MAX);
        let age = self.written_at.get(key).map(|at| now.saturating_sub(*at)).unwrap_or_default();
        holds("I24", age + SKEW >= log::KEPT_FOR, || format!("{key} was removed when it was {age:?} old"))?;
        let newest = self.checkpoints.last().copied().unwrap_or(0);
        holds("I24", seq < newest, || format!("{key} was removed, and the newest checkpoint is of slot {newest}"))
    }

    /// Something derived from the log was written: it is the log up to some slot.
    fn derived(&mut self, key: &str, bytes: Option<&[u8]>) -> Judged {
        if let Some(seq) = wire::state::checkpoint_of(key) {
            match bytes {
                Some(_) => drop(self.checkpoints.insert(seq)),
                None => drop(self.checkpoints.remove(&seq)),
            }
        }
        let is_state = key == wire::state::KEY || key.starts_with(wire::state::CHECKPOINTS);
        let (true, Some(bytes), Some(fold)) = (is_state, bytes, &self.fold) else { return Ok(()) };
        let state = wire::state::read(bytes).map_err(|e| Violation { invariant: "I10", told: e.to_string() })?;
        holds("I10", state.seq <= fold.seq, || format!("{key} holds slot {}, the log ends at {}", state.seq, fold.seq))?;
        holds("I10", state.seq != fold.seq || state == *fold, || format!("{key} is not what the log adds up to"))
    }

    fn record(&mut self, slot: &Slot, record: &Record, now: Duration) -> Judged {
        let opens = matches!(record, Record::Open { .. });
        let holds_it = opens || self.holder.as_ref() == Some(&slot.run);
        holds("I7", holds_it, || format!("slot {} is by {}, the environment is held by {:?}", slot.seq, slot.run, self.holder))?;
        match record {
            Record::Open { .. } => self.holder = Some(slot.run.clone()),
            Record::Close { .. } => self.holder = None,
            Record::Intent(intent) => {
                let planned = self.plans.get(&slot.run).is_some_and(|plan| plan.contains(&intent.address));
                holds("I14", planned, || format!("{} is not in the plan of {}", intent.address, slot.run))?;
                let written = Written { intent: intent.clone(), at: now, abandoned: false, ended: None };
                self.intents.insert(intent.id.clone(), written);
            }
            Record::Result { intent, outcome, .. } => {
                if let Some(written) = self.intents.get_mut(intent) {
                    written.ended = Some(now);
                }
                if let ResultOutcome::Done { id: Some(id) } | ResultOutcome::Settled { id: Some(id) } = outcome {
                    let first = self.made.insert(intent.clone(), id.clone());
                    holds("I4", first.as_ref().is_none_or(|first| first == id), || format!("{intent} has made {first:?} and {id}"))?;
                }
            }
            Record::Import { address, id, existing: false, .. } => self.imported.push((address.clone(), id.clone())),
            Record::Abandon { intent, evidence } => {
                let mut sent = self.signed.get(intent).filter(|_| evidence.starts_with("looked for")).into_iter().flatten();
                let may_come = sent.find(|(by, at)| !self.hosts.is_gone(&Process::run_id(*by)) && now < *at + SIGNATURE);
                holds("I17", may_come.is_none(), || format!("{intent} was given up at {now:?}, and may still arrive: {may_come:?}"))?;
                if let Some(written) = self.intents.get_mut(intent) {
                    (written.abandoned, written.ended) = (true, Some(now));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Its sender knows that nothing more comes of a call.
    fn answered(&mut self, call: &Call) {
        if let Some(signed) = self.signed.get_mut(&call.attempt.owner.intent) {
            signed.retain(|one| *one != (call.sender, call.signed));
        }
    }

    /// A mutating call leaves.
    fn sent(&mut self, call: &Call) -> Judged {
        let told = format!("{call:?}");
        told.hash(&mut self.trace);
        self.tell(call.sent, || told);
        let id = &call.attempt.owner.intent;
        self.signed.entry(id.clone()).or_default().push((call.sender, call.signed));
        let written = self.intents.get(id);
        holds("I1", written.is_some_and(|w| w.at <= call.signed), || format!("signed before its intent was durable: {call:?}"))?;
        let Some(written) = written else { return Ok(()) };
        let intent = &written.intent;
        let (verb, at, spec) = match &intent.op {
            Op::Create { spec } => (Verb::Create, None, Some(spec)),
            Op::Update { id, .. } => (Verb::Update, Some(id), None),
            Op::Delete { id } => (Verb::Delete, Some(id), None),
        };
        let same = (verb, &intent.address, &intent.token, at)
            == (call.verb, &call.attempt.owner.address, &call.attempt.token, call.id.as_ref())
            && spec == call.want.as_ref().map(|want| serde_json::to_value(want).unwrap_or_default()).as_ref();
        holds("I1", same, || format!("{call:?} is not what {intent:?} says"))?;
        let base = self.leases.lock().unwrap_or_else(PoisonError::into_inner).get(&call.sender).and_then(Lease::base);
        let leased = base.zip(self.began).is_some_and(|(base, began)| began + call.signed <= base + LEASE);
        holds("I8", leased, || format!("signed without the lease, which counts from {base:?}: {call:?}"))?;
        holds("I17", written.ended.is_none_or(|ended| call.signed <= ended), || format!("signed after its end was recorded: {call:?}"))
    }
}

/// I16: what is stored, or kept on a machine, holds no secret, however it is written.
pub(super) fn tells_no_secret(key: &str, bytes: Option<&[u8]>) -> Judged {
    let text = String::from_utf8_lossy(bytes.unwrap_or_default());
    let told = FORMS.iter().flatten().find(|form| text.contains(**form));
    holds("I16", told.is_none(), || format!("{key} holds a secret as {told:?}"))
}

/// The secret that the cloud's errors quote, and that the net knows.
pub(super) const CANARY: &str = "canary/7K\"q+9";
/// One that nobody has told the net of.
pub(super) const FORGOTTEN: &str = "canary/3F\"w+1";
/// Both as they are, as JSON and a URL write them, and in base64.
const FORMS: [[&str; 4]; 2] = [
    [CANARY, "canary/7K\\\"q+9", "canary%2F7K%22q%2B9", "Y2FuYXJ5LzdLInErOQ=="],
    [FORGOTTEN, "canary/3F\\\"w+1", "canary%2F3F%22w%2B1", "Y2FuYXJ5LzNGIncrMQ=="],
];

/// Which invariant a slot breaks that does not continue the log.
fn broken(error: &FoldError) -> &'static str {
    match error {
        FoldError::Gap { .. } | FoldError::Chain { .. } | FoldError::Lineage { .. } => "I5",
        FoldError::Generation { .. } => "I6",
        FoldError::Serial { .. } => "I9",
        FoldError::Elsewhere { .. } => "I15",
        FoldError::SecondResult { .. } => "I4",
        FoldError::NotOpen { .. } | FoldError::Misfit { .. } => "I11",
    }
}
