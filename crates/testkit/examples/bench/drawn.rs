//! A cloud for the real kinds in which everything takes a drawn time: the one its kind expects, times a factor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_engine::{AnyDriver, Attempt, Boxed, Created, Drivers, Place, Progress, Reading};
use bbws_model::{AnyKind, Class, CloudError, Kinds, Known, OutputFact, Phase, PhysicalId, Seen};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

/// How long a call takes to arrive, and so long again its answer.
const WAY: Duration = Duration::from_millis(50);

/// Draws the factor of the next object.
pub(crate) type Draw = Box<dyn FnMut() -> f64 + Send>;

struct Object {
    seen: Seen,
    later: Value,
    ready_at: Instant,
}

/// The objects, and how long each address's object takes.
pub(crate) struct Cloud {
    objects: Mutex<BTreeMap<PhysicalId, Object>>,
    pub(crate) took: Mutex<BTreeMap<String, (Duration, Duration)>>,
    draw: Mutex<Draw>,
}

/// The driver of one kind, over documents.
struct Drawn {
    kind: &'static str,
    prefix: &'static str,
    outputs: &'static [OutputFact],
    create: Duration,
    cloud: Arc<Cloud>,
}

impl Cloud {
    pub(crate) fn new(draw: Draw) -> Arc<Self> {
        Arc::new(Self { objects: Mutex::default(), took: Mutex::default(), draw: Mutex::new(draw) })
    }

    pub(crate) fn drivers(self: &Arc<Self>, kinds: &Kinds) -> Drivers {
        let driver = |kind: &dyn AnyKind| Drawn {
            kind: kind.name(),
            prefix: kind.facts().id_prefix,
            outputs: kind.outputs(),
            create: kind.facts().durations.create,
            cloud: self.clone(),
        };
        kinds.iter().fold(Drivers::new(), |drivers, kind| drivers.with_any(Box::new(driver(kind))))
    }
}

/// What an output says: a text that any kind takes for one of that name.
fn output(fact: &OutputFact, id: &str) -> Value {
    match fact.name {
        "name_servers" => json!(["ns-1.awsdns-01.org", "ns-2.awsdns-02.org", "ns-3.awsdns-03.org", "ns-4.awsdns-04.org"]),
        "port" => json!(3306),
        "domain_name" | "dns_name" | "address" | "validation_name" | "validation_value" => json!(format!("{id}.example.com")),
        _ => json!(id),
    }
}

impl Drawn {
    fn make(&self, want: &Value, attempt: &Attempt, takes: Duration) -> PhysicalId {
        let mut objects = self.cloud.objects.lock().unwrap();
        let name = format!("{}{:08}", self.prefix, objects.len());
        let id = PhysicalId::from(name.as_str());
        let outputs = |known: &dyn Fn(&OutputFact) -> bool| {
            let named = self.outputs.iter().filter(|fact| known(fact)).map(|fact| (fact.name.to_owned(), output(fact, &name)));
            Value::Object(named.collect::<Map<_, _>>())
        };
        let seen = Seen {
            id: id.clone(),
            spec: want.clone(),
            outputs: outputs(&|fact| fact.known == Known::Created),
            phase: Phase::Pending("it is made".into()),
            owner: Some(attempt.owner.clone()),
        };
        let object = Object { later: outputs(&|_| true), seen, ready_at: Instant::now() + takes };
        objects.insert(id.clone(), object);
        let answered = WAY * 2;
        let took = (answered, answered.max(WAY + takes));
        self.cloud.took.lock().unwrap().insert(attempt.owner.address.to_string(), took);
        id
    }
}

impl AnyDriver for Drawn {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn observe<'a>(&'a self, at: &'a [Place], _: &'a Reading) -> Boxed<'a, Vec<Result<Option<Seen>, CloudError>>> {
        Box::pin(async move {
            sleep(WAY * 2).await;
            let objects = self.cloud.objects.lock().unwrap();
            let sight = |place: &Place| {
                let object = objects.get(place.id.as_ref()?)?;
                let mut seen = object.seen.clone();
                if Instant::now() >= object.ready_at {
                    (seen.phase, seen.outputs) = (Phase::Ready, object.later.clone());
                }
                Some(seen)
            };
            at.iter().map(|place| Ok(sight(place))).collect()
        })
    }

    fn create<'a>(&'a self, want: &'a Value, attempt: &'a Attempt) -> Boxed<'a, Result<Created, CloudError>> {
        Box::pin(async move {
            sleep(WAY).await;
            let takes = self.create.mul_f64((self.cloud.draw.lock().unwrap())());
            let id = self.make(want, attempt, takes);
            sleep(WAY).await;
            Ok(Created { id })
        })
    }

    fn update<'a>(&'a self, _: &'a Seen, _: &'a Value, _: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async { Err(CloudError::own(self.kind, Class::Invalid, "everything is made whole here: nothing is to be updated")) })
    }

    fn delete<'a>(&'a self, _: &'a Seen, _: &'a Attempt) -> Boxed<'a, Result<Progress, CloudError>> {
        Box::pin(async { Err(CloudError::own(self.kind, Class::Invalid, "nothing is deleted here")) })
    }
}
