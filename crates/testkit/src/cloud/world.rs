//! What is there, what reads show of it, and what is under way.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bbws_engine::Attempt;
use bbws_model::{Class, CloudError, IntentId, Locate, Ownership, PhysicalId, Ready};

use super::fault::{Fault, SIGNATURE, Sky};
use crate::{Sort, Toy, ToySpec};

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
    /// When it was made: the next one of its name was made later.
    pub(super) made_at: Duration,
    pub(super) ready_at: Duration,
    /// When it will be gone, once it is on its way out.
    pub gone_at: Option<Duration>,
}

impl Object {
    /// Whether it is on its way out.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.gone_at.is_some()
    }

    /// The request that made it, where it bears a mark.
    fn maker(&self) -> Option<&IntentId> {
        self.owner.as_ref().map(|owner| &owner.intent)
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

/// One mutating call that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it does.
    pub verb: Verb,
    /// On whose behalf.
    pub attempt: Attempt,
    /// The object, where it is known.
    pub id: Option<PhysicalId>,
    /// What is to be made.
    pub want: Option<ToySpec<Ready>>,
    /// The process that sent it.
    pub sender: usize,
    /// When it was signed.
    pub signed: Duration,
    /// When it left.
    pub sent: Duration,
}

/// What a mutating call is answered: the id of what it made, or nothing.
pub(super) type Answer = Result<Option<PhysicalId>, CloudError>;

/// What a mutating call does when it arrives; it may arrive twice.
pub(super) type Effect = Arc<dyn Fn(&mut World, Duration) -> Answer + Send + Sync>;

/// A call on its way.
#[derive(Clone)]
pub(super) struct Flight {
    sender: usize,
    signed: Duration,
    /// Whose work had its object's id last when it left.
    about: Option<IntentId>,
    effect: Effect,
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("sender", &self.sender).field("signed", &self.signed).finish_non_exhaustive()
    }
}

/// What becomes of a mutating call.
#[derive(Debug, Clone, Copy)]
pub enum Happened<'a> {
    /// It leaves.
    Sent(&'a Call),
    /// Its sender has read the answer, whatever it is: nothing more comes of it.
    Answered(&'a Call),
    /// A delete meets an object that was not there yet when it was signed, and is not the work of the request that made the one
    /// which was: the next one of the name that it gives.
    Astray(&'a Call),
}

/// Somebody who sees what becomes of every mutating call.
#[derive(Clone)]
pub(super) struct Watcher(pub(super) Arc<dyn Fn(Happened<'_>) + Send + Sync>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// What reads show of one object, and from when on.
type Shown = VecDeque<(Duration, Option<Object>)>;

/// What a token made, when, and from what.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: PhysicalId,
    pub(super) at: Duration,
    pub(super) from: ToySpec<Ready>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) objects: BTreeMap<PhysicalId, Object>,
    shown: BTreeMap<PhysicalId, Shown>,
    /// Every object there ever was, as it was made.
    pub(super) ever: BTreeMap<PhysicalId, Object>,
    pub(super) tokens: BTreeMap<String, Known>,
    flights: BTreeMap<(Duration, usize), Flight>,
    answers: BTreeMap<usize, Answer>,
    /// Calls that arrive a second time: nobody waits for these answers.
    echoes: BTreeMap<(Duration, usize), Flight>,
    pub(super) calls: Vec<Call>,
    pub(super) observes: usize,
    pub(super) faults: BTreeMap<usize, Fault>,
    pub(super) ids: usize,
    pub(super) sky: Sky,
    pub(super) watcher: Option<Watcher>,
}

impl World {
    /// Lets everything happen that is due by now, in its order.
    pub(super) fn advance(&mut self, now: Duration) {
        loop {
            let lands = self.flights.first_key_value().map(|(key, _)| *key).filter(|(at, _)| *at <= now);
            let echoes = self.echoes.first_key_value().map(|(key, _)| *key).filter(|(at, _)| *at <= now);
            if let Some(key) = echoes.filter(|echo| lands.is_none_or(|call| echo.0 < call.0)) {
                self.echo(key);
                continue;
            }
            let goes = self.objects.iter().filter_map(|(id, object)| Some((object.gone_at?, id))).min().filter(|(at, _)| *at <= now);
            match (lands, goes) {
                (Some(key), None) => self.land(key),
                (Some(key), Some((at, _))) if key.0 < at => self.land(key),
                (_, Some((at, id))) => {
                    let id = id.clone();
                    self.objects.remove(&id);
                    self.show(&id, at);
                }
                (None, None) => break,
            }
        }
        for shown in self.shown.values_mut() {
            while shown.get(1).is_some_and(|(from, _)| *from <= now) {
                shown.pop_front();
            }
        }
        self.shown.retain(|_, shown| shown.len() > 1 || shown.front().is_some_and(|(_, object)| object.is_some()));
    }

    /// A call arrives.
    fn land(&mut self, key: (Duration, usize)) {
        let Some(flight) = self.flights.remove(&key) else { return };
        let (at, number) = key;
        let answer = if at.saturating_sub(flight.signed) > SIGNATURE {
            Err(CloudError::own("toy", Class::Credentials, "the signature has expired"))
        } else {
            self.astray(&flight, number);
            (flight.effect)(self, at)
        };
        self.answers.insert(number, answer);
    }

    /// A call arrives again.
    fn echo(&mut self, key: (Duration, usize)) {
        let Some(flight) = self.echoes.remove(&key) else { return };
        if key.0.saturating_sub(flight.signed) <= SIGNATURE {
            self.astray(&flight, key.1);
            drop((flight.effect)(self, key.0));
        }
    }

    /// Tells of a delete that removes what it is not about.
    fn astray(&self, flight: &Flight, number: usize) {
        let Some(call) = self.calls.get(number).filter(|call| call.verb == Verb::Delete) else { return };
        let met = call.id.as_ref().and_then(|id| self.objects.get(id)).filter(|object| !object.is_leaving());
        let same = |object: &Object| object.maker().is_some() && object.maker() == flight.about.as_ref();
        if met.is_some_and(|object| object.made_at > flight.signed && !same(object)) {
            self.watched(Happened::Astray(call));
        }
    }

    fn watched(&self, happened: Happened<'_>) {
        if let Some(Watcher(watch)) = &self.watcher {
            watch(happened);
        }
    }

    /// Takes a call to be sent, and answers its number and what happens to it.
    pub(super) fn send(&mut self, call: Call, effect: Effect) -> (usize, Option<Fault>) {
        let number = self.calls.len();
        let fault = self.faults.remove(&number).or_else(|| self.sky.fate());
        let (sender, signed, sent) = (call.sender, call.signed, call.sent);
        let about = call.id.as_ref().and_then(|id| self.ever.get(id)?.maker()).cloned();
        let flight = Flight { sender, signed, about, effect };
        self.watched(Happened::Sent(&call));
        self.calls.push(call);
        let late = match fault {
            Some(Fault::Refused(_) | Fault::RequestLost | Fault::HangsBefore) => return (number, fault),
            Some(Fault::Late(late)) => late,
            Some(Fault::Twice(again)) => {
                self.echoes.insert((sent + again, number), flight.clone());
                Duration::ZERO
            }
            Some(Fault::AnswerLost | Fault::HangsAfter) | None => Duration::ZERO,
        };
        self.flights.insert((sent + late, number), flight);
        self.advance(sent);
        (number, fault)
    }

    /// The sender of a call has read the answer to it.
    pub(super) fn answered(&self, number: usize) {
        if let Some(call) = self.calls.get(number) {
            self.watched(Happened::Answered(call));
        }
    }

    /// The answer to a call, once it has arrived, for its sender to read.
    pub(super) fn read(&mut self, number: usize) -> Option<Answer> {
        self.answers.remove(&number).inspect(|_| self.answered(number))
    }

    /// A process is dead, and its machine lives: its bytes arrive soon or never.
    pub(super) fn died(&mut self, dead: usize, now: Duration, longest: Duration) {
        let flying: Vec<_> = self.flights.iter().filter(|(_, flight)| flight.sender == dead).map(|(key, _)| *key).collect();
        for key in flying {
            let Some(flight) = self.flights.remove(&key) else { continue };
            let at = key.0.min(now + self.sky.flush(longest));
            self.flights.insert((at, key.1), flight);
        }
    }

    /// Whether nothing is under way any more.
    pub(super) fn is_still(&self) -> bool {
        self.flights.is_empty() && self.echoes.is_empty() && self.shown.values().all(|shown| shown.len() == 1)
    }

    /// Reads will show, after a while, what has become of an object.
    pub(super) fn show(&mut self, id: &PhysicalId, now: Duration) {
        let object = self.objects.get(id).cloned();
        let (lag, bare) = (self.sky.lag(), self.sky.bare());
        let shown = self.shown.entry(id.clone()).or_default();
        let is_new = shown.is_empty();
        if is_new {
            shown.push_back((Duration::ZERO, None));
        }
        let at = shown.back().map_or(now, |(last, _)| *last).max(now + lag);
        match (object, bare) {
            (Some(object), Some(bare)) if is_new => {
                shown.push_back((at, Some(Object { owner: None, ..object.clone() })));
                shown.push_back((at + bare, Some(object)));
            }
            (object, _) => shown.push_back((at, object)),
        }
        while shown.get(1).is_some_and(|(from, _)| *from <= now) {
            shown.pop_front();
        }
    }

    /// Reads show at once what is there.
    pub(super) fn show_all(&mut self) {
        self.shown =
            self.objects.iter().map(|(id, object)| (id.clone(), VecDeque::from([(Duration::ZERO, Some(object.clone()))]))).collect();
    }

    /// What reads show.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&PhysicalId, &Object)> {
        self.shown.iter().filter_map(|(id, shown)| Some((id, shown.front()?.1.as_ref()?)))
    }

    /// Whether reads show an object.
    pub(super) fn shows(&self, id: &str) -> bool {
        self.visible().any(|(shown, _)| shown.as_str() == id)
    }

    /// Whether something else stands on this object.
    pub(super) fn holder(&self, id: &PhysicalId) -> Option<&PhysicalId> {
        self.objects.iter().find(|(_, other)| other.spec.needs.iter().any(|need| stands_on(need) == id.as_str())).map(|(holder, _)| holder)
    }

    pub(super) fn find<S: Sort>(&self, place: &Locate<Toy<S>>) -> Option<(PhysicalId, Object)> {
        let mine = |object: &Object| {
            object.owner.as_ref().is_some_and(|owner| {
                owner.lineage == place.lineage
                    && owner.address == place.address
                    && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
            })
        };
        let sort = |object: &Object| object.kind == S::NAME;
        let mut all = self.visible();
        let found = match &place.id {
            Some(id) => all.find(|(shown, _)| *shown == id),
            None if S::NAMED => all.find(|(_, o)| sort(o) && o.spec.name == place.spec.name && o.gone_at.is_none()),
            None => all.find(|(_, o)| sort(o) && mine(o) && o.gone_at.is_none()),
        };
        found.map(|(id, object)| (id.clone(), object.clone()))
    }
}

/// The object behind an id or an endpoint.
pub(super) fn stands_on(need: &str) -> &str {
    need.trim_end_matches(".example")
}
