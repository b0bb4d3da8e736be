//! A cloud of toys that outlives the engine: objects, the calls made, and faults at chosen calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Attempt, Carrier, Census, Created, Driver, Hanging, Marked, Progress, Reading, Sight};
use bbws_model::{Class, CloudError, Id, Kind, Locate, Observed, Ownership, Phase, PhysicalId, Ready, Recovery, Tags};

use crate::{Sort, Toy, ToyOutputs, ToySpec};

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its kind.
    pub kind: &'static str,
    /// What it is.
    pub spec: ToySpec<Ready>,
    /// Whose it is.
    pub owner: Option<Ownership>,
    /// The token it was made with.
    pub token: String,
    ready_at: Duration,
    /// When it will be gone, once it is on its way out.
    pub gone_at: Option<Duration>,
}

impl Object {
    /// Whether it is on its way out.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.gone_at.is_some()
    }
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Makes an object.
    Create,
    /// Changes one.
    Update,
    /// Removes one.
    Delete,
}

/// One mutating call that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it does.
    pub verb: Verb,
    /// On whose behalf.
    pub attempt: Attempt,
    /// The object, where it is known.
    pub id: Option<PhysicalId>,
}

/// What happens to a mutating call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, without effect.
    Refused(Class),
    /// Its answer is lost after it took effect.
    AnswerLost,
    /// It is lost on the way, and so is the refusal.
    RequestLost,
    /// It never comes back, without effect: the engine is to be dropped.
    HangsBefore,
    /// It never comes back, after it took effect.
    HangsAfter,
}

#[derive(Debug, Default)]
struct World {
    objects: BTreeMap<PhysicalId, Object>,
    calls: Vec<Call>,
    observes: usize,
    faults: BTreeMap<usize, Fault>,
    ids: usize,
}

/// The cloud; clones share it.
#[derive(Debug, Clone)]
pub struct FakeCloud {
    world: Arc<Mutex<World>>,
    began: tokio::time::Instant,
    takes: Duration,
}

impl FakeCloud {
    /// An empty cloud in which everything takes so long to become ready, and to go.
    #[must_use]
    pub fn new(takes: Duration) -> Self {
        Self { world: Arc::default(), began: tokio::time::Instant::now(), takes }
    }

    fn world<T>(&self, look: impl FnOnce(&mut World, Duration) -> T) -> T {
        let now = self.began.elapsed();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.objects.retain(|_, object| object.gone_at.is_none_or(|at| now < at));
        look(&mut world, now)
    }

    /// Everything that exists.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<PhysicalId, Object> {
        self.world(|world, _| world.objects.clone())
    }

    /// Changes the objects behind the engine's back.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<PhysicalId, Object>)) {
        self.world(|world, _| change(&mut world.objects));
    }

    /// Every mutating call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world(|world, _| world.calls.clone())
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

    /// No call meets a fault from now on.
    pub fn calm(&self) {
        self.world(|world, _| world.faults.clear());
    }

    /// Takes a mutating call in: notes it, and answers its fault.
    fn arrives(&self, verb: Verb, attempt: &Attempt, id: Option<&PhysicalId>) -> Option<Fault> {
        self.world(|world, _| {
            let number = world.calls.len();
            world.calls.push(Call { verb, attempt: attempt.clone(), id: id.cloned() });
            world.faults.remove(&number)
        })
    }

    /// Runs a mutating call with its fault.
    async fn call<T>(
        &self,
        verb: Verb,
        attempt: &Attempt,
        id: Option<&PhysicalId>,
        effect: impl FnOnce(&mut World, Duration) -> Result<T, CloudError> + Send,
    ) -> Result<T, CloudError> {
        let operation = format!("toy:{verb:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let lost = || Err(CloudError::own(&operation, Class::Ambiguous, "the connection was closed"));
        let fault = self.arrives(verb, attempt, id);
        match fault {
            Some(Fault::Refused(class)) => return Err(CloudError::own(&operation, class, "refused by plan")),
            Some(Fault::RequestLost) => return lost(),
            Some(Fault::HangsBefore) => return std::future::pending().await,
            Some(Fault::AnswerLost | Fault::HangsAfter) | None => {}
        }
        let answer = self.world(effect);
        tokio::time::sleep(Duration::from_millis(50)).await;
        match fault {
            Some(Fault::AnswerLost) => lost(),
            Some(Fault::HangsAfter) => std::future::pending().await,
            _ => answer,
        }
    }
}

/// The object behind an id or an endpoint.
fn stands_on(need: &str) -> &str {
    need.trim_end_matches(".example")
}

impl World {
    /// Whether something else stands on this object.
    fn holder(&self, id: &PhysicalId) -> Option<&PhysicalId> {
        self.objects.iter().find(|(_, other)| other.spec.needs.iter().any(|need| stands_on(need) == id.as_str())).map(|(holder, _)| holder)
    }

    fn find<S: Sort>(&self, place: &Locate<Toy<S>>) -> Option<(PhysicalId, Object)> {
        let mine = |object: &Object| {
            object.owner.as_ref().is_some_and(|owner| {
                owner.lineage == place.lineage
                    && owner.address == place.address
                    && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
            })
        };
        let sort = |object: &Object| object.kind == S::NAME;
        let found = match &place.id {
            Some(id) => self.objects.get_key_value(id),
            None if S::NAMED => self.objects.iter().find(|(_, o)| sort(o) && o.spec.name == place.spec.name && o.gone_at.is_none()),
            None => self.objects.iter().find(|(_, o)| sort(o) && mine(o) && o.gone_at.is_none()),
        };
        found.map(|(id, object)| (id.clone(), object.clone()))
    }
}

impl<S: Sort> Driver<Toy<S>> for FakeCloud {
    async fn observe(&self, at: &[Locate<Toy<S>>], _: &Reading) -> Vec<Sight<Toy<S>>> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.world(|world, now| {
            world.observes += 1;
            let seen = |(id, object): (PhysicalId, Object)| {
                let phase = match object.gone_at {
                    Some(_) => Phase::Leaving,
                    None if now < object.ready_at => Phase::Pending("the toy is made".into()),
                    None => Phase::Ready,
                };
                let endpoint = (phase == Phase::Ready).then(|| format!("{id}.example"));
                let outputs = ToyOutputs { id: Id::new(id.as_str()), endpoint };
                Observed { id, spec: object.spec, outputs, phase, owner: object.owner }
            };
            at.iter().map(|place| Ok(world.find::<S>(place).map(seen))).collect()
        })
    }

    async fn create(&self, want: &ToySpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let takes = self.takes;
        self.call(Verb::Create, attempt, None, |world, now| {
            let existing: BTreeSet<&str> = world.objects.keys().map(PhysicalId::as_str).collect();
            if let Some(missing) =
                want.needs.iter().find(|need| need.starts_with(|c: char| c.is_ascii_digit()) && !existing.contains(stands_on(need)))
            {
                return Err(CloudError::own("toy:Create", Class::Invalid, format!("{missing} does not exist")));
            }
            let same = world.objects.iter().find(|(_, o)| {
                o.kind == S::NAME
                    && match Toy::<S>::FACTS.recovery {
                        Recovery::Token => o.token == attempt.token,
                        Recovery::NaturalKey | Recovery::Idempotent => o.spec.name == want.name,
                        Recovery::TagOnly => false,
                    }
            });
            match (same, Toy::<S>::FACTS.recovery) {
                (Some((id, _)), Recovery::Token | Recovery::Idempotent) => return Ok(Created { id: id.clone() }),
                (Some((id, _)), Recovery::NaturalKey) => {
                    return Err(CloudError::own("toy:Create", Class::Exists, format!("{id} has that name")));
                }
                _ => {}
            }
            world.ids += 1;
            let id = PhysicalId::from(format!("{}-{}", world.ids, S::NAME).as_str());
            // Bare, but tagged: the rest comes by updates.
            let spec = ToySpec { colour: String::new(), tags: Tags::default(), ..want.clone() };
            let (owner, token) = (Some(attempt.owner.clone()), attempt.token.clone());
            world.objects.insert(id.clone(), Object { kind: S::NAME, spec, owner, token, ready_at: now + takes, gone_at: None });
            Ok(Created { id })
        })
        .await
    }

    async fn update(&self, seen: &Observed<Toy<S>>, want: &ToySpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        if seen.spec == *want && seen.owner.as_ref().is_some_and(|owner| owner.address == attempt.owner.address) {
            return Ok(Progress::Nothing);
        }
        self.call(Verb::Update, attempt, Some(&seen.id), |world, _| {
            let Some(object) = world.objects.get_mut(&seen.id) else {
                return Err(CloudError::own("toy:Update", Class::Absent, "it is not there"));
            };
            // One field a call.
            if object.spec.colour != want.colour {
                object.spec.colour.clone_from(&want.colour);
            } else if object.spec.needs != want.needs {
                object.spec.needs.clone_from(&want.needs);
            } else {
                object.spec.tags = want.tags.clone();
                object.owner = Some(Ownership {
                    intent: object.owner.as_ref().map_or(attempt.owner.intent.clone(), |o| o.intent.clone()),
                    ..attempt.owner.clone()
                });
            }
            Ok(Progress::Sent)
        })
        .await
    }

    async fn delete(&self, seen: &Observed<Toy<S>>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let takes = self.takes;
        self.call(Verb::Delete, attempt, Some(&seen.id), |world, now| {
            if let Some(holder) = world.holder(&seen.id) {
                return Err(CloudError::own("toy:Delete", Class::Dependency, format!("{holder} stands on it")));
            }
            match world.objects.get_mut(&seen.id) {
                Some(object) if object.gone_at.is_none() => object.gone_at = Some(now + takes),
                Some(_) => {}
                None => return Err(CloudError::own("toy:Delete", Class::Absent, "it is not there")),
            }
            Ok(Progress::Sent)
        })
        .await
    }
}

impl<S: Sort> Carrier<Toy<S>> for FakeCloud {
    async fn hung_on(&self, seen: &Observed<Toy<S>>, _: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let hanging = |(id, object): (&PhysicalId, &Object)| {
            let on_it = object.spec.needs.iter().any(|need| stands_on(need) == seen.id.as_str());
            on_it.then(|| Hanging { what: object.kind, id: id.clone(), name: object.spec.name.clone(), owner: object.owner.clone() })
        };
        Ok(self.world(|world, _| world.objects.iter().filter_map(hanging).collect()))
    }
}

impl<S: Sort> Census<Toy<S>> for FakeCloud {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let all = self.objects();
        let here = all.iter().filter(|(_, object)| object.kind == S::NAME && !object.is_leaving());
        let marked = here.filter_map(|(id, object)| {
            let (id, owner, tags) = (id.clone(), object.owner.clone()?, object.spec.tags.clone());
            Some(Marked { id, owner, tags })
        });
        Ok(marked.collect())
    }
}
