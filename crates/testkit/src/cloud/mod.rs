//! A cloud of toys that outlives the engine: objects, the calls made, and what goes wrong with them.

mod driver;
mod fault;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::Attempt;
use bbws_model::{Class, CloudError, PhysicalId, Ready};

use crate::{ToySpec, Trouble};
use fault::Sky;
use world::{Answer, Effect, Watcher, World};

pub use fault::{Fault, SIGNATURE, Weather};
pub use world::{Call, Happened, Object, Verb};

/// How long one half of a call takes, there or back.
const HALF: Duration = Duration::from_millis(50);
/// How long it takes from a signature to the first byte.
const SIGNING: Duration = Duration::from_millis(1);
/// For how long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The cloud, as one process sees it; clones share it.
#[derive(Debug, Clone)]
pub struct FakeCloud {
    world: Arc<Mutex<World>>,
    began: tokio::time::Instant,
    takes: Duration,
    sender: usize,
    gate: Option<Gate>,
    /// What its errors quote, as AWS quotes a request that it does not like.
    quotes: Option<&'static str>,
}

/// When a gate is asked whether a mutating call may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before there are credentials to sign it with.
    BeforeSigning,
    /// Right before its first byte leaves.
    AfterSigning,
}

#[derive(Clone)]
struct Gate(Arc<dyn Fn(Moment) -> Result<(), CloudError> + Send + Sync>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl FakeCloud {
    /// An empty cloud in which everything takes so long to become ready, and to go.
    #[must_use]
    pub fn new(takes: Duration) -> Self {
        Self { world: Arc::default(), began: tokio::time::Instant::now(), takes, sender: 0, gate: None, quotes: None }
    }

    /// The same cloud, as another process sees it.
    #[must_use]
    pub fn seen_by(&self, sender: usize) -> Self {
        Self { sender, ..self.clone() }
    }

    /// The same, where mutating calls leave only as this gate lets them.
    #[must_use]
    pub fn gated(self, gate: impl Fn(Moment) -> Result<(), CloudError> + Send + Sync + 'static) -> Self {
        Self { gate: Some(Gate(Arc::new(gate))), ..self }
    }

    /// The same, whose errors quote this.
    #[must_use]
    pub fn quoting(self, what: &'static str) -> Self {
        Self { quotes: Some(what), ..self }
    }

    fn ask(&self, moment: Moment) -> Result<(), CloudError> {
        self.gate.as_ref().map_or(Ok(()), |Gate(may)| may(moment))
    }

    fn world<T>(&self, look: impl FnOnce(&mut World, Duration) -> T) -> T {
        let now = self.now();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(now);
        look(&mut world, now)
    }

    /// When the cloud began.
    #[must_use]
    pub fn began(&self) -> tokio::time::Instant {
        self.began
    }

    /// The time since the cloud began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Everything that exists.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<PhysicalId, Object> {
        self.world(|world, _| world.objects.clone())
    }

    /// Everything that ever existed, as it was made.
    #[must_use]
    pub fn ever(&self) -> BTreeMap<PhysicalId, Object> {
        self.world(|world, _| world.ever.clone())
    }

    /// Changes the objects behind the engine's back; everybody sees it at once.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<PhysicalId, Object>)) {
        self.world(|world, _| {
            change(&mut world.objects);
            world.show_all();
        });
    }

    /// Every mutating call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world(|world, _| world.calls.clone())
    }

    /// How many mutating calls there were so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.world(|world, _| world.calls.len())
    }

    /// How many batches of places were looked at so far.
    #[must_use]
    pub fn observes(&self) -> usize {
        self.world(|world, _| world.observes)
    }

    /// The mutating call of this number, counted from 0, meets this fault.
    pub fn fault(&self, call: usize, fault: Fault) {
        self.world(|world, _| world.faults.insert(call, fault));
    }

    /// What goes wrong from now on, by the dice of this seed.
    pub fn weather(&self, seed: u64, weather: Weather, trouble: Trouble) {
        self.world(|world, _| world.sky = Sky::new(seed, weather, trouble));
    }

    /// No call meets a fault from now on. What is under way stays so.
    pub fn calm(&self) {
        self.world(|world, _| {
            world.faults.clear();
            world.sky = Sky::default();
        });
    }

    /// Whether nothing is under way any more, and reads show all that is there.
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.world(|world, _| world.is_still())
    }

    /// A process is dead, and its machine lives: its connections are closed, so what is under way arrives within this time.
    pub fn died(&self, sender: usize, longest: Duration) {
        self.world(|world, now| world.died(sender, now, longest));
    }

    /// Somebody sees what becomes of every mutating call; it must not ask the cloud.
    pub fn watch(&self, watcher: impl Fn(Happened<'_>) + Send + Sync + 'static) {
        self.world(|world, _| world.watcher = Some(Watcher(Arc::new(watcher))));
    }

    /// Signs a mutating call, sends it, and waits for its answer.
    async fn call(&self, verb: Verb, attempt: &Attempt, id: Option<&PhysicalId>, want: Option<&ToySpec<Ready>>, effect: Effect) -> Answer {
        let operation = format!("toy:{verb:?}");
        self.ask(Moment::BeforeSigning)?;
        tokio::time::sleep(HALF).await;
        let signed = self.now();
        // A process may stand still between its signature, the gate and the first byte.
        tokio::time::sleep(SIGNING).await;
        self.ask(Moment::AfterSigning)?;
        tokio::time::sleep(SIGNING).await;
        let (number, fault) = self.world(|world, sent| {
            let (id, want) = (id.cloned(), want.cloned());
            world.send(Call { verb, attempt: attempt.clone(), id, want, sender: self.sender, signed, sent }, effect)
        });
        let quoted = |why: &str| self.quotes.map_or_else(|| why.to_owned(), |what| format!("{why}; the request says {what}"));
        let lost = |why: &str| Err(CloudError::own(&operation, Class::Ambiguous, quoted(why)));
        match fault {
            Some(Fault::Refused(class)) => {
                self.world(|world, _| world.answered(number));
                return Err(CloudError::own(&operation, class, quoted("refused by plan")));
            }
            Some(Fault::RequestLost) => return lost("the connection was closed"),
            Some(Fault::HangsBefore | Fault::HangsAfter) => return std::future::pending().await,
            Some(Fault::Late(late)) => tokio::time::sleep(late.min(TIMEOUT)).await,
            Some(Fault::AnswerLost | Fault::Twice(_)) | None => {}
        }
        tokio::time::sleep(HALF).await;
        if fault == Some(Fault::AnswerLost) {
            return lost("the connection was closed");
        }
        match self.world(|world, _| world.read(number)) {
            Some(Err(error)) => Err(CloudError { operation, ..error }),
            Some(Ok(made)) => Ok(made),
            None => lost("no answer within 30 s"),
        }
    }
}
