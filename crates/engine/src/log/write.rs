//! Writing: one slot at a time; what is queued meanwhile goes into the next.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_model::wire::{log, state as wire};
use bbws_model::{Account, Digest, FoldError, Mode, Owner, Record, RunId, Slot, State, World};
use tokio::sync::oneshot;

use super::derived::{derive, derive_state};
use super::lease::{HEARTBEAT, Lease, Unleased};
use super::spool::Spool;
use super::{Held, LogError, read};
use crate::lock::locked;
use crate::{Clock, Ids, PutOutcome, Store, StoreError};

/// A checkpoint is written when so many slots have come since the last.
const CHECKPOINT_EVERY: u64 = 256;
/// How many checkpoints are kept.
const CHECKPOINTS_KEPT: usize = 3;
/// How often it is tried to come before a run that may be taken from, and that writes all the time.
const TRIES: u32 = 100;
/// How long a slot is tried while the store fails.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How a run takes an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Who.
    pub owner: Owner,
    /// Where the ids belong.
    pub world: World,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: String,
    /// What the run is for.
    pub mode: Mode,
    /// The digest of the plan it executes.
    pub plan: Option<Digest>,
    /// What allows it, where that needs saying: it stands in the same slot, so that no run is begun without it.
    pub grounds: Vec<Record>,
}

impl Opening {
    /// What stands in the run's first slot.
    pub(super) fn records(self) -> Vec<Record> {
        let Self { owner, world, account, region, mode, plan, grounds } = self;
        std::iter::once(Record::Open { owner, world, account, region, mode, plan }).chain(grounds).collect()
    }
}

/// The log of an environment that this run holds.
pub struct Log {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    run: RunId,
    lease: Lease,
    /// When it was taken, by this run's clock.
    opened: Duration,
    state: Mutex<State>,
    queue: Mutex<Vec<Pending>>,
    /// Held while a slot is written. What it holds outlives a writer that is dropped in the middle.
    writing: tokio::sync::Mutex<Option<InFlight>>,
    /// Where results are put down while the store is out of reach.
    spool: Option<Spool>,
    /// The slot of the newest checkpoint, as far as this run knows.
    checkpoint: AtomicU64,
    /// Why `outputs.json` and `state.json` could not be written.
    unpublished: Mutex<Option<LogError>>,
}

/// Records that wait for the next slot.
struct Pending {
    records: Vec<Record>,
    told: oneshot::Sender<Result<(), LogError>>,
}

/// A slot of which it is not known yet whether it is written.
struct InFlight {
    slot: Slot,
    bytes: Vec<u8>,
    /// When it was first sent: before the first attempt, and the same for every further one.
    first_sent: Duration,
    told: Vec<oneshot::Sender<Result<(), LogError>>>,
}

impl Log {
    /// Takes the environment. Where another run holds it, `may_take` decides: that its process is known to be gone, or that
    /// the log has stood still for long enough ([`super::stands_still`]). Taking it fences the other, whatever it does.
    ///
    /// # Errors
    /// When another run holds it, when the state belongs to another world, account or region, when the log is damaged,
    /// or when the store fails.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        opening: Opening,
        may_take: &(dyn Fn(&Held) -> bool + Sync),
    ) -> Result<Self, LogError> {
        let run = opening.owner.run.clone();
        let records = opening.records();
        let mut tries = 1;
        loop {
            match Self::claim(store.clone(), clock.clone(), ids.clone(), (run.clone(), records.clone()), may_take).await {
                // It has written since it was looked at, and may be taken all the same.
                Err(LogError::Held(held)) if tries < TRIES && may_take(&held) => tries += 1,
                opened => return opened,
            }
        }
    }

    /// The same, once.
    async fn claim(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        (run, records): (RunId, Vec<Record>),
        may_take: &(dyn Fn(&Held) -> bool + Sync),
    ) -> Result<Self, LogError> {
        let state = match read(store.as_ref()).await? {
            Some(state) => state,
            None => State::empty(ids.next()),
        };
        if let Some(held) = Held::of(&state).filter(|held| !may_take(held)) {
            return Err(LogError::Held(Box::new(held)));
        }
        let lease = Lease::new(clock.clone());
        let checkpoint = newest(&store.list_after(wire::CHECKPOINTS, "").await?).into();
        let (state, queue, writing) = (Mutex::new(state), Mutex::default(), tokio::sync::Mutex::default());
        let (opened, spool, unpublished) = (Duration::ZERO, None, Mutex::default());
        let mut log = Self { store, clock, ids, run, lease, opened, state, queue, writing, spool, checkpoint, unpublished };
        match log.append(records).await {
            Err(LogError::Fenced { seq }) => {
                // Somebody was faster.
                let held = read(log.store.as_ref()).await?.as_ref().and_then(Held::of);
                Err(held.map_or(LogError::Fenced { seq }, |held| LogError::Held(Box::new(held))))
            }
            Err(error) => Err(error),
            Ok(()) => {
                log.opened = log.clock.elapsed();
                Ok(log)
            }
        }
    }

    /// With a place on this machine for what became of requests while the store is out of reach.
    #[must_use]
    pub fn spooling(mut self, shelf: Arc<dyn Store>) -> Self {
        self.spool = Some(Spool::new(shelf));
        self
    }

    /// How many requests there are whose end this machine has in its spool and the log does not; and why more of them are not
    /// even there.
    #[must_use]
    pub fn spooled(&self) -> (usize, Option<StoreError>) {
        self.spool.as_ref().map(Spool::held).unwrap_or_default()
    }

    /// What is in the store at a key.
    pub(super) async fn stored(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(key).await
    }

    /// The time of day, as slots bear it.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// When the environment was taken, by this run's clock: from then on nobody else can write to the log.
    #[must_use]
    pub fn opened(&self) -> Duration {
        self.opened
    }

    /// Looks at what the log adds up to so far.
    pub fn state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&locked(&self.state))
    }

    /// The run that holds the environment.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Whether this run may still send: to be asked by what guards the requests.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// Keeps the environment: writes a heartbeat whenever nothing else was written for a while. To run beside everything that is
    /// done under the log; it ends only when the environment is lost.
    pub async fn keep(&self) -> LogError {
        loop {
            match self.lease.age() {
                Some(age) if age < HEARTBEAT => self.clock.sleep(HEARTBEAT.saturating_sub(age)).await,
                Some(_) | None => {
                    if let Err(error) = self.append(vec![Record::Heartbeat]).await {
                        return error;
                    }
                }
            }
        }
    }

    /// Writes records, all in one slot, and answers when they are durable: at once where there are none. Whoever asks meanwhile
    /// shares the next slot.
    ///
    /// Dropping the answer does not take the records back.
    ///
    /// # Errors
    /// When this run no longer holds the environment, when the store fails, or when the records do not fit the state:
    /// then none of them is written.
    pub async fn append(&self, records: Vec<Record>) -> Result<(), LogError> {
        if records.is_empty() {
            return Ok(());
        }
        let (told, mut answer) = oneshot::channel();
        let troubled = self.spool.as_ref().filter(|spool| spool.is_in_trouble()).map(|_| records.clone());
        locked(&self.queue).push(Pending { records, told });
        if let Some(records) = troubled {
            self.put_down(&records).await;
        }
        let mut writing = self.writing.lock().await;
        if let Ok(done) = answer.try_recv() {
            return done;
        }
        self.finish(&mut writing).await;
        *writing = self.next_slot();
        self.finish(&mut writing).await;
        // The slot just finished held these records, or they were refused while it was put together.
        answer.try_recv().unwrap_or(Err(LogError::Fenced { seq: self.state(|s| s.seq) + 1 }))
    }

    /// Puts all queued records that fit into a slot; the others are refused.
    fn next_slot(&self) -> Option<InFlight> {
        let queued = std::mem::take(&mut *locked(&self.queue));
        let (mut records, mut told) = (vec![], vec![]);
        let state = locked(&self.state);
        let mut serial = state.serial;
        for pending in queued {
            let with: Vec<Record> = records.iter().chain(&pending.records).cloned().collect();
            match state.next_serial(&with) {
                Ok(next) => {
                    (records, serial) = (with, next);
                    told.push(pending.told);
                }
                // Nobody may be left to hear it.
                Err(misfit) => drop(pending.told.send(Err(misfit.into()))),
            }
        }
        if records.is_empty() {
            return None;
        }
        let opens = records.iter().any(|record| matches!(record, Record::Open { .. }));
        let slot = Slot {
            lineage: state.lineage.clone(),
            seq: state.seq + 1,
            generation: state.generation + u64::from(opens),
            serial,
            prev: state.head.clone(),
            put_id: self.ids.next(),
            run: self.run.clone(),
            at: self.clock.now(),
            records,
        };
        match log::write(&slot) {
            Ok(bytes) => Some(InFlight { slot, bytes, first_sent: self.clock.elapsed(), told }),
            Err(error) => {
                let error = LogError::wire(&log::key(slot.seq), &error);
                told.into_iter().for_each(|told| drop(told.send(Err(error.clone()))));
                None
            }
        }
    }

    /// Sees the slot in flight through, and tells all who wait for it.
    async fn finish(&self, writing: &mut Option<InFlight>) {
        let Some(flight) = writing.as_ref() else { return };
        let done = self.put(&flight.slot, &flight.bytes).await;
        if done.is_err() {
            self.spill(&flight.slot).await;
        }
        let Some(flight) = writing.take() else { return };
        let done = done.and_then(|()| {
            let mut state = locked(&self.state);
            state.take(&flight.slot, &flight.bytes).map_err(|e: FoldError| LogError::Misfit(e))
        });
        let closes = flight.slot.records.iter().any(|record| matches!(record, Record::Close { .. }));
        match &done {
            Ok(()) if !closes => self.lease.renew(flight.first_sent),
            Ok(()) | Err(_) => self.lease.end(),
        }
        flight.told.into_iter().for_each(|told| drop(told.send(done.clone())));
        // Last: a writer that is dropped here has told everybody.
        if let Some(spool) = self.spool.as_ref().filter(|spool| done.is_ok() && spool.is_used()) {
            spool.over(&self.state(State::clone)).await;
        }
        if done.is_ok() {
            self.checkpoint().await;
        }
    }

    /// The store does not take a slot: what it and those who wait say of requests is put down on this machine.
    async fn spill(&self, slot: &Slot) {
        let Some(spool) = &self.spool else { return };
        spool.fails();
        let queued: Vec<Record> = locked(&self.queue).iter().flat_map(|pending| pending.records.iter().cloned()).collect();
        self.put_down(&[slot.records.as_slice(), &queued].concat()).await;
    }

    async fn put_down(&self, records: &[Record]) {
        if let Some(spool) = &self.spool {
            spool.keep((&self.state(State::clone), &self.run, self.clock.now()), records).await;
        }
    }

    /// Creates the slot, unless somebody else's stands there. While the outcome is unknown the same bytes are tried again:
    /// our own, found there, count as written.
    async fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<(), LogError> {
        let key = log::key(slot.seq);
        let began = self.clock.elapsed();
        let mut wait = Duration::from_millis(100);
        loop {
            let cause = match self.store.create(&key, bytes).await {
                Ok(PutOutcome::Created) => return Ok(()),
                Ok(PutOutcome::Exists) => match self.store.get(&key).await {
                    Ok(Some(there)) if is_ours(&there, slot) => return Ok(()),
                    Ok(Some(_)) => return Err(LogError::Fenced { seq: slot.seq }),
                    Ok(None) => StoreError::Unknown { key: key.clone(), cause: "it exists, but cannot be read".into() },
                    Err(error) => error,
                },
                Err(error @ StoreError::Unknown { .. }) => error,
                Err(error @ StoreError::Failed { .. }) => return Err(error.into()),
            };
            self.spill(slot).await;
            if self.clock.elapsed().saturating_sub(began) > PATIENCE {
                return Err(cause.into());
            }
            self.clock.sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
    }

    /// Writes what is derived from the log, `outputs.json` and `state.json`, and gives the environment back. In this order: what
    /// comes late after the end could come over what a later run has published.
    ///
    /// # Errors
    /// When CLOSE cannot be written. That nothing could be derived is told by [`Self::unpublished`]: the log has everything.
    pub async fn close(&self, outcome: &str) -> Result<(), LogError> {
        if self.lease.holds() == Err(Unleased::Lapsed) {
            // Whoever has taken it over meanwhile has published since.
            self.append(vec![Record::Heartbeat]).await?;
        }
        if self.lease.holds().is_ok() {
            let state = self.state(State::clone);
            *locked(&self.unpublished) = derive(self.store.as_ref(), self.clock.as_ref(), &state).await.err();
        }
        self.append(vec![Record::Close { outcome: outcome.to_owned() }]).await?;
        // That nobody holds it any more: for people only, and that the last slot is missing would show by it.
        drop(derive_state(self.store.as_ref(), &self.state(State::clone)).await);
        Ok(())
    }

    /// Why what is derived from the log could not be written when it was closed. The next apply writes it.
    #[must_use]
    pub fn unpublished(&self) -> Option<LogError> {
        locked(&self.unpublished).clone()
    }

    /// Writes a checkpoint, and `state.json`, where the last one is far behind, and removes the oldest: how much a reader has to
    /// read is bounded, however the run ends. Only what is acknowledged is in it. Best effort: the log has everything.
    async fn checkpoint(&self) {
        let seq = self.state(|state| state.seq);
        if seq < self.checkpoint.load(Ordering::Relaxed) + CHECKPOINT_EVERY {
            return;
        }
        // Whatever comes of it: a store that fails is not asked at every slot.
        self.checkpoint.store(seq, Ordering::Relaxed);
        drop(self.write_checkpoint(&self.state(State::clone)).await);
    }

    async fn write_checkpoint(&self, state: &State) -> Result<(), LogError> {
        let bytes = derive_state(self.store.as_ref(), state).await?;
        self.store.create(&wire::checkpoint_key(state.seq), &bytes).await?;
        let keys = self.store.list_after(wire::CHECKPOINTS, "").await?;
        for old in &keys[..keys.len().saturating_sub(CHECKPOINTS_KEPT)] {
            self.store.delete(old).await?;
        }
        Ok(())
    }
}

/// The slot of the newest of these checkpoints.
fn newest(keys: &[String]) -> u64 {
    keys.last().and_then(|key| wire::checkpoint_of(key)).unwrap_or(0)
}

fn is_ours(there: &[u8], slot: &Slot) -> bool {
    log::read(there).is_ok_and(|found| found.put_id == slot.put_id)
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("run", &self.run).finish_non_exhaustive()
    }
}
