//! One environment, its cloud and its store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_engine::planner::Sources;
use bbws_engine::{
    Ask, Control, Credentials, Drivers, Log, LogError, Opening, Report, Reporter, Run, apply, log, look_back, plan, refresh,
};
use bbws_model::{Account, Desired, Finding, Kinds, Mode, Plan, RunId, Scope, Stamped, State, Wanted, World};
use bbws_testkit::{FakeCloud, JumpClock, Lasting, MemoryStore, SeededIds, Tape, drivers, kinds, sample};
use serde_json::{Value, json};
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) cloud: FakeCloud,
    pub(crate) store: MemoryStore,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) drivers: Arc<Drivers>,
    pub(crate) clock: Arc<JumpClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) tape: Tape,
    /// The runs of which everybody here knows that their process is gone.
    pub(crate) gone: Arc<Mutex<BTreeSet<RunId>>>,
}

/// Wanted resources, each with its spec.
pub(crate) fn wanted(resources: &[(&str, Value)]) -> Desired {
    let resources = resources.iter().map(|(address, spec)| {
        let kinds = kinds();
        let address: bbws_model::Address = address.parse().unwrap();
        let spec = kinds.get(address.kind()).unwrap().normal(spec).unwrap();
        (address, Wanted::new(spec))
    });
    Desired { resources: resources.collect(), ..Desired::default() }
}

/// A reference to an output.
pub(crate) fn to(address: &str, output: &str) -> Value {
    json!({"$ref": address, "output": output})
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::in_which_all_takes(Duration::from_secs(20))
    }

    /// A bench in whose cloud everything takes so long to become ready, and to go.
    pub(crate) fn in_which_all_takes(takes: Duration) -> Self {
        let cloud = FakeCloud::new(takes);
        let drivers = Arc::new(drivers(&cloud));
        Self {
            cloud,
            store: MemoryStore::default(),
            kinds: Arc::new(kinds()),
            drivers,
            clock: Arc::new(JumpClock::new()),
            ids: Arc::new(SeededIds::default()),
            tape: Tape::default(),
            gone: Arc::default(),
        }
    }

    pub(crate) fn account() -> Account {
        "536580886816".parse().unwrap()
    }

    pub(crate) fn opening(run: &str) -> Opening {
        let owner = sample::owner(run);
        Opening {
            owner,
            world: World::Sandbox,
            account: Self::account(),
            region: "af-south-1".into(),
            mode: Mode::Apply,
            plan: None,
            grounds: vec![],
        }
    }

    /// Takes the environment, from a dead owner too.
    pub(crate) async fn open(&self) -> Result<Log, LogError> {
        let run = format!("run{}", bbws_engine::Ids::next(self.ids.as_ref()));
        Log::open(Arc::new(self.store.clone()), self.clock.clone(), self.ids.clone(), Self::opening(&run), &|_| true).await
    }

    pub(crate) async fn state(&self) -> State {
        log::read(&self.store).await.unwrap().unwrap_or_else(|| State::empty("none"))
    }

    pub(crate) async fn plan_of(&self, state: &State, desired: &Desired, mode: Mode) -> Result<Plan, Vec<Finding>> {
        let picture = refresh(&self.drivers, &self.kinds, desired, state).await;
        let ask = Ask {
            environment: "dev".into(),
            mode,
            scope: Scope::default(),
            account: Self::account(),
            region: "af-south-1".into(),
            world: World::Sandbox,
            engine: "0".into(),
        };
        plan(Sources { kinds: &self.kinds, desired, state, picture: &picture }, &ask)
    }

    pub(crate) async fn plan(&self, desired: &Desired) -> Result<Plan, Vec<Finding>> {
        self.plan_of(&self.state().await, desired, Mode::Apply).await
    }

    /// Plans and applies as a command does: looks back first, closes at the end.
    pub(crate) async fn apply(&self, desired: &Desired, mode: Mode) -> Report {
        let (_keep, control) = watch::channel(Control::Go);
        self.apply_with(desired, mode, control).await
    }

    pub(crate) async fn apply_with(&self, desired: &Desired, mode: Mode, control: watch::Receiver<Control>) -> Report {
        self.apply_signed(desired, mode, control, &Lasting).await
    }

    pub(crate) async fn apply_signed(
        &self,
        desired: &Desired,
        mode: Mode,
        control: watch::Receiver<Control>,
        credentials: &dyn Credentials,
    ) -> Report {
        let log = self.open().await.unwrap();
        self.apply_held(&log, desired, mode, control, credentials).await
    }

    /// The same, by a run that holds the environment already.
    pub(crate) async fn apply_held(
        &self,
        log: &Log,
        desired: &Desired,
        mode: Mode,
        control: watch::Receiver<Control>,
        credentials: &dyn Credentials,
    ) -> Report {
        let report = self.apply_signed_until_over(log, desired, mode, control, credentials).await;
        log.close("over").await.unwrap();
        report
    }

    /// The same, by a run that may have lost the environment when it is over.
    pub(crate) async fn apply_until_over(&self, log: &Log, desired: &Desired, control: watch::Receiver<Control>) -> Report {
        self.apply_signed_until_over(log, desired, Mode::Apply, control, &Lasting).await
    }

    async fn apply_signed_until_over(
        &self,
        log: &Log,
        desired: &Desired,
        mode: Mode,
        control: watch::Receiver<Control>,
        credentials: &dyn Credentials,
    ) -> Report {
        look_back(log, &self.drivers, &self.kinds).await.unwrap();
        let state = log.state(State::clone);
        let plan = self.plan_of(&state, desired, mode).await.unwrap_or_else(|wrong| panic!("{wrong:#?}\n{:#?}", state.entries));
        let mut tape = self.tape.clone();
        let reporter = Reporter::new(&mut tape, self.clock.as_ref());
        let run = Run {
            plan: &plan,
            log,
            drivers: &self.drivers,
            kinds: &self.kinds,
            clock: self.clock.as_ref(),
            ids: self.ids.as_ref(),
            gone: &|owner| self.gone.lock().unwrap().contains(&owner.run),
            credentials,
            control,
            reporter,
        };
        apply(run).await
    }

    pub(crate) fn told(&self) -> Vec<Stamped> {
        self.tape.all()
    }
}
