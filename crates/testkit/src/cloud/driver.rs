//! The toys' driver: how AWS takes and shows them.

use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{Attempt, Carrier, Census, Created, Driver, Hanging, Marked, Progress, Reading, Sight};
use bbws_model::{Class, CloudError, Id, Kind, Locate, Observed, Ownership, Phase, PhysicalId, Ready, Recovery, Tags};

use super::world::{Answer, Known, World, stands_on};
use super::{FakeCloud, Object, Verb};
use crate::{Sort, Toy, ToyOutputs, ToySpec};

impl World {
    /// A create arrives.
    fn create<S: Sort>(&mut self, want: &ToySpec<Ready>, owner: Ownership, token: String, takes: Duration, now: Duration) -> Answer {
        let refused = |class, told: String| Err(CloudError::own("toy:Create", class, told));
        let is_id = |need: &str| need.starts_with(|c: char| c.is_ascii_digit()) || self.ever.contains_key(&PhysicalId::from(need));
        for need in want.needs.iter().map(|need| stands_on(need)).filter(|need| is_id(need)) {
            if !self.objects.contains_key(&PhysicalId::from(need)) {
                return refused(Class::Invalid, format!("{need} does not exist"));
            }
            if !self.shows(need) {
                return refused(Class::NotVisibleYet, format!("{need} is not seen yet"));
            }
        }
        let recovery = Toy::<S>::FACTS.recovery;
        match recovery {
            Recovery::Token => {
                let known = self.tokens.get(&token).filter(|known| now.saturating_sub(known.at) < self.sky.weather.token_life);
                if let Some(known) = known {
                    let same = known.from == *want;
                    return if same { Ok(Some(known.id.clone())) } else { refused(Class::Exists, "the token made something else".into()) };
                }
            }
            Recovery::NaturalKey | Recovery::Idempotent => {
                let same = self.objects.iter().find(|(_, o)| o.kind == S::NAME && o.spec.name == want.name);
                if let Some((id, _)) = same {
                    let idempotent = recovery == Recovery::Idempotent;
                    return if idempotent { Ok(Some(id.clone())) } else { refused(Class::Exists, format!("{id} has that name")) };
                }
            }
            Recovery::TagOnly => {}
        }
        self.ids += 1;
        let number = format!("{}-{}", self.ids, S::NAME);
        let id = PhysicalId::from(if S::IS_ITS_NAME { want.name.as_str() } else { &number });
        let ready_at = now + self.sky.takes(takes);
        // Bare, but tagged: the rest comes by updates.
        let spec = ToySpec { colour: String::new(), tags: Tags::default(), ..want.clone() };
        let object = Object { kind: S::NAME, spec, owner: Some(owner), token: token.clone(), made_at: now, ready_at, gone_at: None };
        self.ever.insert(id.clone(), object.clone());
        self.objects.insert(id.clone(), object);
        self.tokens.insert(token, Known { id: id.clone(), at: now, from: want.clone() });
        self.show(&id, now);
        Ok(Some(id))
    }

    /// An update arrives: of one field, as its sender saw fit.
    fn update(&mut self, id: &PhysicalId, field: Field, want: &ToySpec<Ready>, owner: Ownership, now: Duration) -> Answer {
        let Some(object) = self.objects.get_mut(id) else {
            return Err(CloudError::own("toy:Update", Class::Absent, "it is not there"));
        };
        match field {
            Field::Colour => object.spec.colour.clone_from(&want.colour),
            Field::Needs => object.spec.needs.clone_from(&want.needs),
            Field::Tags => {
                object.spec.tags = want.tags.clone();
                let intent = object.owner.as_ref().map_or(owner.intent.clone(), |o| o.intent.clone());
                object.owner = Some(Ownership { intent, ..owner });
            }
        }
        self.show(id, now);
        Ok(None)
    }

    /// A delete arrives.
    fn delete(&mut self, id: &PhysicalId, takes: Duration, now: Duration) -> Answer {
        if let Some(holder) = self.holder(id) {
            return Err(CloudError::own("toy:Delete", Class::Dependency, format!("{holder} stands on it")));
        }
        let gone_at = now + self.sky.takes(takes);
        match self.objects.get_mut(id) {
            Some(object) if object.gone_at.is_none() => object.gone_at = Some(gone_at),
            Some(_) => return Ok(None),
            None => return Err(CloudError::own("toy:Delete", Class::Absent, "it is not there")),
        }
        self.show(id, now);
        Ok(None)
    }
}

/// What one update call changes.
#[derive(Debug, Clone, Copy)]
enum Field {
    Colour,
    Needs,
    Tags,
}

impl<S: Sort> Driver<Toy<S>> for FakeCloud {
    async fn observe(&self, at: &[Locate<Toy<S>>], _: &Reading) -> Vec<Sight<Toy<S>>> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.world(|world, now| {
            world.observes += 1;
            if world.sky.read_fails() {
                return at.iter().map(|_| Err(CloudError::own("toy:Describe", Class::Transient, "the connection was closed"))).collect();
            }
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
        let (takes, spec, owner, token) = (self.takes, want.clone(), attempt.owner.clone(), attempt.token.clone());
        let effect = Arc::new(move |world: &mut World, now| world.create::<S>(&spec, owner.clone(), token.clone(), takes, now));
        let made = self.call(Verb::Create, attempt, None, Some(want), effect).await?;
        made.map(|id| Created { id }).ok_or_else(|| CloudError::own("toy:Create", Class::Ambiguous, "the answer has no id"))
    }

    async fn update(&self, seen: &Observed<Toy<S>>, want: &ToySpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let ours = |owner: &Ownership| owner.address == attempt.owner.address && owner.lineage == attempt.owner.lineage;
        if seen.spec == *want && seen.owner.as_ref().is_some_and(ours) {
            return Ok(Progress::Nothing);
        }
        let field = match (seen.spec.colour == want.colour, seen.spec.needs == want.needs) {
            (false, _) => Field::Colour,
            (true, false) => Field::Needs,
            (true, true) => Field::Tags,
        };
        let (id, spec, owner) = (seen.id.clone(), want.clone(), attempt.owner.clone());
        let effect = Arc::new(move |world: &mut World, now| world.update(&id, field, &spec, owner.clone(), now));
        self.call(Verb::Update, attempt, Some(&seen.id), None, effect).await.map(|_| Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Toy<S>>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (id, takes) = (seen.id.clone(), self.takes);
        let effect = Arc::new(move |world: &mut World, now| world.delete(&id, takes, now));
        self.call(Verb::Delete, attempt, Some(&seen.id), None, effect).await.map(|_| Progress::Sent)
    }
}

impl<S: Sort> Carrier<Toy<S>> for FakeCloud {
    async fn hung_on(&self, seen: &Observed<Toy<S>>, _: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let hanging = |(id, object): (&PhysicalId, &Object)| {
            let on_it = object.spec.needs.iter().any(|need| stands_on(need) == seen.id.as_str());
            on_it.then(|| Hanging {
                what: object.kind,
                id: id.clone(),
                name: object.spec.name.clone(),
                owner: object.owner.clone(),
                adds: None,
            })
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
