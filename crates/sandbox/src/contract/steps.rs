//! The smaller steps of the bench: a create without what follows, a look-up without an id, a repeat, a refusal.

use std::collections::BTreeMap;

use bbws_engine::{Attempt, Place, Reading};
use bbws_model::{Address, CloudError, IntentId, Phase, PhysicalId, Seen};
use serde_json::{Value, json};

use super::{Bench, LINEAGE, to};

impl Bench {
    /// The same cloud with the credentials of another account.
    pub(super) fn of_account(&self, account: &str) -> Self {
        Self { intents: 1000, ..Self::on(self.sandbox.with_account(account)) }
    }

    /// What is found without an id: by natural key, mark or intent.
    pub(super) async fn find(&mut self, address: &str, spec: &Value, intent: Option<IntentId>) -> Result<Option<Seen>, CloudError> {
        let address: Address = address.parse().unwrap();
        let spec = self.kinds.get(address.kind()).unwrap().normal(spec).unwrap();
        loop {
            let from = self.aws.calls().count();
            let place = Place { address: address.clone(), id: None, spec: spec.clone(), lineage: LINEAGE.into(), intent: intent.clone() };
            self.denying(true);
            let mut sights = self.driver(&address).observe(&[place], &Reading::new()).await;
            self.denying(false);
            self.note_calls("observe", from);
            let sight = sights.remove(0);
            if !self.was_denied(sight.as_ref().err()) {
                return sight;
            }
        }
    }

    /// What is found at many places of one kind with one look.
    pub(super) async fn find_all(&mut self, places: &[(String, Value)]) -> Vec<Result<Option<Seen>, CloudError>> {
        let place = |(address, spec): &(String, Value)| {
            let address: Address = address.parse().unwrap();
            let spec = self.kinds.get(address.kind()).unwrap().normal(spec).unwrap();
            Place { address, id: None, spec, lineage: LINEAGE.into(), intent: None }
        };
        let places: Vec<Place> = places.iter().map(place).collect();
        self.driver(&places[0].address).observe(&places, &Reading::new()).await
    }

    /// Sends the create call and no more. [`Bench::keep`] sees what became of it.
    pub(super) async fn only_create(&mut self, address: &str, want: Value) -> (Attempt, PhysicalId) {
        let at: Address = address.parse().unwrap();
        let attempt = self.attempt(&at);
        let id = self.again(address, want.clone(), &attempt).await.unwrap();
        let want = self.resolved(&self.kinds.get(at.kind()).unwrap().normal(&want).unwrap());
        let seen =
            Seen { id: id.clone(), spec: want.clone(), outputs: json!({}), phase: Phase::Pending("not looked at".into()), owner: None };
        self.made.insert(at, (seen, want));
        (attempt, id)
    }

    /// Sends the create call of an attempt, or repeats it.
    pub(super) async fn again(&mut self, address: &str, want: Value, attempt: &Attempt) -> Result<PhysicalId, CloudError> {
        let address: Address = address.parse().unwrap();
        let want = self.resolved(&self.kinds.get(address.kind()).unwrap().normal(&want).unwrap());
        loop {
            let from = self.aws.calls().count();
            self.denying(true);
            let created = self.driver(&address).create(&want, attempt).await;
            self.denying(false);
            self.note_calls("create", from);
            if !self.was_denied(created.as_ref().err()) {
                return created.map(|created| created.id);
            }
        }
    }

    /// Tries one create, and answers how it was refused.
    pub(super) async fn refused_create(&mut self, address: &str, want: Value) -> CloudError {
        let attempt = self.attempt(&address.parse().unwrap());
        self.again(address, want, &attempt).await.unwrap_err()
    }

    /// Tries the next change towards a wish, and answers how it was refused.
    pub(super) async fn refused_update(&mut self, address: &str, seen: &Seen, want: Value) -> CloudError {
        let at: Address = address.parse().unwrap();
        let want = self.resolved(&self.kinds.get(at.kind()).unwrap().normal(&want).unwrap());
        let attempt = self.attempt(&at);
        self.driver(&at).update(seen, &want, &attempt).await.unwrap_err()
    }

    /// Tries to delete what was found, and answers how it was refused.
    pub(super) async fn refused_delete_of(&mut self, address: &str, seen: &Seen) -> CloudError {
        let address: Address = address.parse().unwrap();
        let attempt = self.attempt(&address);
        self.driver(&address).delete(seen, &attempt).await.unwrap_err()
    }

    /// What hangs on something made, as people are told before it is deleted: what it is, and its name or id.
    pub(super) async fn hanging(&mut self, address: &str) -> Vec<(&'static str, String)> {
        let at: Address = address.parse().unwrap();
        let seen = self.observe(address).await.unwrap();
        let from = self.aws.calls().count();
        let found = loop {
            self.denying(true);
            let found = self.drivers.carrier(at.kind()).unwrap().hung_on(&seen, &Reading::new()).await;
            self.denying(false);
            if !self.was_denied(found.as_ref().err()) {
                break found.unwrap();
            }
        };
        self.note_calls("delete", from);
        let name = |id: &PhysicalId, name: String| if name.is_empty() { id.to_string() } else { name };
        found.into_iter().map(|hanging| (hanging.what, name(&hanging.id, hanging.name))).collect()
    }

    /// Tries to bring what was found nearer to a wish, and answers how that was refused.
    pub(super) async fn refused_update_of(&mut self, address: &str, seen: &Seen, want: &Value) -> CloudError {
        let address: Address = address.parse().unwrap();
        let want = self.resolved(&self.kinds.get(address.kind()).unwrap().normal(want).unwrap());
        let attempt = self.attempt(&address);
        self.driver(&address).update(seen, &want, &attempt).await.unwrap_err()
    }

    /// What is seen of something made under another id.
    pub(super) async fn look_at(&mut self, address: &str, id: &str) -> Result<Option<Seen>, CloudError> {
        let address: Address = address.parse().unwrap();
        let spec = self.made[&address].1.clone();
        self.look(&address, Some(id.into()), &spec).await
    }

    /// The calls that one look at several things makes, all of them in one round.
    pub(super) async fn calls_of_a_look(&self, addresses: &[&str]) -> Vec<String> {
        let (from, reading) = (self.aws.calls().count(), Reading::new());
        for address in addresses {
            let address: Address = address.parse().unwrap();
            let (seen, spec) = &self.made[&address];
            let place = self.place(&address, Some(seen.id.clone()), spec);
            let sights = self.driver(&address).observe(&[place], &reading).await;
            assert!(matches!(sights.as_slice(), [Ok(Some(_))]), "{sights:?}");
        }
        let calls: Vec<String> = self.aws.calls().all()[from..].iter().map(|call| call.operation.clone()).collect();
        assert_eq!(reading.calls(), calls.len(), "the calls made are the calls counted");
        calls
    }

    /// A VPC with an internet gateway and one subnet.
    pub(super) async fn make_public_subnet(&mut self) {
        self.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
        self.make("internet-gateway.main", json!({"vpc": to("vpc.main", "id")})).await;
        self.make("subnet.a", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    }

    /// Looks at something made, ready or not, and takes its outputs over for whoever refers to them.
    pub(super) async fn keep(&mut self, address: &str) -> Seen {
        let seen = self.observe(address).await.expect("it is there");
        if let Some((kept, _)) = self.made.get_mut(&address.parse::<Address>().unwrap()) {
            *kept = seen.clone();
        }
        seen
    }

    /// Sends one delete call and no more.
    pub(super) async fn delete_once(&mut self, address: &str) {
        let seen = self.observe(address).await.expect("it is there");
        let address: Address = address.parse().unwrap();
        let attempt = self.attempt(&address);
        self.driver(&address).delete(&seen, &attempt).await.unwrap();
    }

    /// Looks at several things in one round, a kind at a time, and answers the calls that it took.
    pub(super) async fn look_together(&mut self, addresses: &[&str]) -> Vec<String> {
        let from = self.aws.calls().count();
        let reading = Reading::new();
        let mut of_kind: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for address in addresses {
            let address: Address = address.parse().unwrap();
            let (seen, spec) = self.made[&address].clone();
            of_kind.entry(address.kind().to_owned()).or_default().push(self.place(&address, Some(seen.id), &spec));
        }
        for (kind, places) in of_kind {
            for sight in self.drivers.get(&kind).unwrap().observe(&places, &reading).await {
                assert!(sight.unwrap().is_some(), "{kind}");
            }
        }
        let calls: Vec<String> = self.aws.calls().all()[from..].iter().map(|call| call.operation.clone()).collect();
        assert_eq!(calls.len(), reading.calls(), "each call counts in the round's sum");
        calls
    }
}
