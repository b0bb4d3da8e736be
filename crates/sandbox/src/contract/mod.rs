//! The contract of a kind, run through the real SDK on the sandbox: create, observe, update each field, see drift,
//! delete; and the permissions declared are the calls made.

mod bucket;
mod cdn_function;
mod certificate;
mod dashboard;
mod data;
mod db_instance;
mod db_parameter_group;
mod db_snapshot;
mod db_subnet_group;
mod distribution;
mod dns;
mod dns_record;
mod ecs_cluster;
mod elastic_ip;
mod file_system;
mod flow_log;
mod health_check;
mod hosted_zone;
mod internet_gateway;
mod listener;
mod load_balancer;
mod log_delivery;
mod log_delivery_destination;
mod log_delivery_source;
mod log_group;
mod metric_alarm;
mod mount_target;
mod nat_gateway;
mod role;
mod role_policy;
mod role_policy_attachment;
mod route;
mod route_table;
mod route_table_association;
mod secret;
mod secret_value;
mod security_group;
mod security_group_rule;
mod steps;
mod subnet;
mod task_definition;
mod topic;
mod vpc;
mod vpc_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bbws_aws::{Aws, drivers, iam_action};
use bbws_engine::{AnyDriver, Attempt, Drivers, Place, Progress, Reading};
use bbws_model::{Address, Class, CloudError, IntentId, Kinds, Ownership, Phase, PhysicalId, Seen, pointers, resolve};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::cloud::{Cloud, Region};
use crate::connection::Sandbox;

/// The account of all contract tests.
pub(super) const ACCOUNT: &str = "536580886816";
/// The region of all contract tests.
pub(super) const REGION: &str = "af-south-1";
const LINEAGE: &str = "01LINEAGE";

/// What a look may ask once more than the formula says, because no spec tells: the second page of AWS's policies, whose a
/// rule is that lets everything out, and what a parameter is that counts as RDS's own.
const ONE_MORE: &[&str] = &[
    "cloudfront:ListCachePolicies",
    "cloudfront:ListOriginRequestPolicies",
    "cloudfront:ListResponseHeadersPolicies",
    "ec2:DescribeSecurityGroupRules",
    "rds:DescribeDBParameters",
];

/// Actions without which all is done, at most with more calls: nobody needs to be told of a denial.
const DISPENSABLE: &[&str] = &["tag:GetResources"];

/// Actions that AWS asks for beside a call of some objects of a kind, and not of others.
const SOMETIMES: &[&str] = &["route53:AssociateVPCWithHostedZone"];

/// A sandbox with one small engine: it sends one request at a time and observes after each, as the real one does.
pub(super) struct Bench {
    pub(super) sandbox: Sandbox,
    pub(super) aws: Aws,
    drivers: Drivers,
    kinds: Kinds,
    made: BTreeMap<Address, (Seen, Value)>,
    intents: usize,
    /// The calls made for each verb.
    calls: BTreeMap<&'static str, BTreeSet<String>>,
    /// The actions that were denied once, and that an error has named.
    told: BTreeSet<String>,
    /// Those that were denied once, and that nobody was told of.
    swallowed: BTreeSet<String>,
}

impl Bench {
    /// Each action is denied the first time that it is needed: the error must name exactly it, and whoever goes on once it is
    /// allowed must end well.
    pub(super) fn new() -> Self {
        let bench = Self::trusted();
        bench.sandbox.sim().deny_each_once();
        bench
    }

    /// One whose callers are allowed everything, for tests that count calls.
    pub(super) fn trusted() -> Self {
        Self::on(Sandbox::in_memory(ACCOUNT))
    }

    fn on(sandbox: Sandbox) -> Self {
        let aws = Aws::new(Arc::new(sandbox.clone()), REGION);
        aws.gate().open();
        let drivers = drivers(&aws);
        Self {
            sandbox,
            aws,
            drivers,
            kinds: bbws_kinds::all(),
            made: BTreeMap::new(),
            intents: 0,
            calls: BTreeMap::new(),
            told: BTreeSet::new(),
            swallowed: BTreeSet::new(),
        }
    }

    fn driver(&self, address: &Address) -> &dyn AnyDriver {
        self.drivers.get(address.kind()).unwrap()
    }

    fn attempt(&mut self, address: &Address) -> Attempt {
        self.intents += 1;
        let intent = IntentId(format!("01INTENT{:018}", self.intents));
        Attempt { owner: Ownership { lineage: LINEAGE.into(), address: address.clone(), intent }, token: format!("{:032x}", self.intents) }
    }

    fn denying(&self, now: bool) {
        self.sandbox.sim().denying(now);
    }

    /// Whether an action was denied on the way: then it must have failed as exactly that, and is tried again.
    fn was_denied(&mut self, error: Option<&CloudError>) -> bool {
        let Some(action) = self.sandbox.sim().take_denied() else { return false };
        let Some(error) = error else {
            self.swallowed.insert(action);
            return true;
        };
        assert_eq!(error.class, Class::Denied, "{action} was denied, and this was told: {error:?}");
        // AWS's own words, or those of a driver that knows more: they may belong to somebody else.
        let named = error.message.split("not authorized to perform: ").nth(1).or_else(|| error.message.split("allow ").nth(1));
        let named = named.and_then(|rest| rest.split_whitespace().next());
        assert!(named.is_some_and(|named| named.eq_ignore_ascii_case(&action)), "{action} was denied, and this was told: {error:?}");
        self.told.insert(action);
        true
    }

    fn note_calls(&mut self, verb: &'static str, from: usize) {
        let made: Vec<String> = self.aws.calls().all()[from..].iter().map(|call| iam_action(&call.operation).to_owned()).collect();
        self.calls.entry(verb).or_default().extend(made);
    }

    /// The spec with every reference to something made replaced by its output.
    pub(super) fn resolved(&self, want: &Value) -> Value {
        let known =
            |p: &bbws_model::Pointer| self.made.get(&p.to).map(|(seen, _)| seen.outputs[&p.output].clone()).filter(|v| !v.is_null());
        let ready = resolve(want, &known);
        assert!(pointers(&ready).is_empty(), "unresolved references in {ready}");
        ready
    }

    fn place(&self, address: &Address, id: Option<PhysicalId>, spec: &Value) -> Place {
        Place { address: address.clone(), id, spec: spec.clone(), lineage: LINEAGE.into(), intent: None }
    }

    async fn look(&mut self, address: &Address, id: Option<PhysicalId>, spec: &Value) -> Result<Option<Seen>, CloudError> {
        loop {
            let from = self.aws.calls().count();
            let place = self.place(address, id.clone(), spec);
            self.denying(true);
            let mut sights = self.driver(address).observe(&[place], &Reading::new()).await;
            self.denying(false);
            self.note_calls("observe", from);
            assert_eq!(sights.len(), 1, "one answer per place");
            let sight = sights.remove(0);
            if !self.was_denied(sight.as_ref().err()) {
                return sight;
            }
        }
    }

    /// What is there now.
    pub(super) async fn observe(&mut self, address: &str) -> Option<Seen> {
        let address: Address = address.parse().unwrap();
        let (seen, spec) = self.made[&address].clone();
        self.look(&address, Some(seen.id), &spec).await.unwrap()
    }

    /// Makes a resource and brings it to its wanted form.
    pub(super) async fn make(&mut self, address: &str, want: Value) -> Seen {
        let address: Address = address.parse().unwrap();
        let kind = self.kinds.get(address.kind()).unwrap_or_else(|| panic!("no kind {}", address.kind()));
        let problems = kind.check(&want);
        assert!(problems.is_empty(), "{address}: {problems:?}");
        let want = self.resolved(&kind.normal(&want).unwrap());
        let attempt = self.attempt(&address);
        let from = self.aws.calls().count();
        let created = self.retried(&address, |driver, want, attempt| Box::pin(driver.create(want, attempt)), &want, &attempt).await;
        self.note_calls("create", from);
        self.settle(&address, created.id, want).await
    }

    async fn retried<T>(
        &mut self,
        address: &Address,
        call: impl for<'a> Fn(&'a dyn AnyDriver, &'a Value, &'a Attempt) -> bbws_engine::Boxed<'a, Result<T, CloudError>>,
        want: &Value,
        attempt: &Attempt,
    ) -> T {
        for _ in 0..100 {
            self.denying(true);
            let answer = call(self.driver(address), want, attempt).await;
            self.denying(false);
            if self.was_denied(answer.as_ref().err()) {
                continue;
            }
            match answer {
                Ok(done) => return done,
                Err(e) if matches!(e.class, Class::NotVisibleYet | Class::Conflict | Class::Dependency | Class::Throttled) => {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
                Err(e) => panic!("{address}: {e}"),
            }
        }
        panic!("{address}: still refused after 100 tries")
    }

    /// Changes a resource that was made.
    pub(super) async fn change(&mut self, address: &str, want: Value) -> Seen {
        let address: Address = address.parse().unwrap();
        let want = self.resolved(&self.kinds.get(address.kind()).unwrap().normal(&want).unwrap());
        let id = self.made[&address].0.id.clone();
        self.settle(&address, id, want).await
    }

    /// Updates until nothing differs and the object is ready and ours.
    async fn settle(&mut self, address: &Address, id: PhysicalId, want: Value) -> Seen {
        let mut last = None;
        for _ in 0..600 {
            let seen = self.look(address, Some(id.clone()), &want).await.unwrap();
            let Some(seen) = seen else {
                tokio::time::sleep(Duration::from_secs(2)).await;
                continue;
            };
            if let Phase::Failed(why) = &seen.phase {
                panic!("{address} failed: {why}");
            }
            let kind = self.kinds.get(address.kind()).unwrap();
            let diff = kind.diff(&seen.spec, &want).unwrap();
            assert!(!diff.replaces() && !diff.forbids(), "{address} would be replaced: {:?}", diff.changes());
            let ours = seen.owner.as_ref().is_some_and(|o| o.lineage == LINEAGE && o.address == *address);
            if diff.is_empty() && ours && seen.phase == Phase::Ready {
                for output in kind.outputs() {
                    assert!(!seen.outputs[output.name].is_null(), "{address}: the output {} is not known though it is ready", output.name);
                }
                self.made.insert(address.clone(), (seen.clone(), want));
                self.assert_reads(address).await;
                return seen;
            }
            last = Some(format!("{:?}, {:?}, owner {:?}", seen.phase, diff.changes(), seen.owner));
            if !diff.is_empty() || !ours {
                let attempt = self.attempt(address);
                let from = self.aws.calls().count();
                self.denying(true);
                let progress = self.driver(address).update(&seen, &want, &attempt).await;
                self.denying(false);
                let sent = self.aws.calls().all()[from..].iter().filter(|call| !bbws_aws::is_read(&call.operation)).count();
                assert!(sent <= 1, "{address}: {sent} mutating requests in one update");
                self.note_calls("update", from);
                if self.was_denied(progress.as_ref().err()) {
                    continue;
                }
                match progress {
                    Ok(Progress::Sent | Progress::Part) => {
                        assert_eq!(sent, 1, "{address}: `Sent` without a request");
                        continue;
                    }
                    Ok(Progress::Nothing) => {}
                    Err(e) if matches!(e.class, Class::NotVisibleYet | Class::Conflict | Class::Dependency | Class::Throttled) => {}
                    Err(e) => panic!("{address}: {e}"),
                }
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        panic!("{address} did not settle: {last:?}")
    }

    /// A look at what is as wanted makes exactly the calls of its read formula.
    async fn assert_reads(&mut self, address: &Address) {
        let (seen, want) = self.made[address].clone();
        let from = loop {
            let (from, denied) = (self.aws.calls().count(), self.told.len() + self.swallowed.len());
            self.look(address, Some(seen.id.clone()), &want).await.unwrap();
            if self.told.len() + self.swallowed.len() == denied {
                break from;
            }
        };
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        for call in &self.aws.calls().all()[from..] {
            *made.entry(call.operation.clone()).or_default() += 1;
        }
        let formula = self.kinds.get(address.kind()).unwrap().reads(&[(&seen.id, &want)]).unwrap();
        let mut formula: BTreeMap<String, usize> = formula.by_api().into_iter().map(|(api, calls)| (api.to_owned(), calls)).collect();
        for api in ONE_MORE {
            let calls = formula.get(*api).copied().unwrap_or_default();
            if made.get(*api) == Some(&(calls + 1)) {
                formula.insert((*api).to_owned(), calls + 1);
            }
        }
        assert_eq!(made, formula, "{address}: the calls made, and those of its read formula");
    }

    /// Deletes a resource, and waits until it is gone.
    pub(super) async fn remove(&mut self, address: &str) {
        let address: Address = address.parse().unwrap();
        let (seen, spec) = self.made[&address].clone();
        for _ in 0..600 {
            let Some(now) = self.look(&address, Some(seen.id.clone()), &spec).await.unwrap() else {
                self.made.remove(&address);
                return;
            };
            if now.phase != Phase::Leaving {
                let attempt = self.attempt(&address);
                let from = self.aws.calls().count();
                self.denying(true);
                let progress = self.driver(&address).delete(&now, &attempt).await;
                self.denying(false);
                self.note_calls("delete", from);
                if self.was_denied(progress.as_ref().err()) {
                    continue;
                }
                match progress {
                    Ok(Progress::Sent | Progress::Part) => continue,
                    Ok(Progress::Nothing) => {}
                    Err(e) if e.class == Class::Absent => {}
                    Err(e) if matches!(e.class, Class::Dependency | Class::Conflict | Class::Throttled) => {}
                    Err(e) => panic!("{address}: {e}"),
                }
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        panic!("{address} is still there")
    }

    /// Tries one delete, and answers how it was refused.
    pub(super) async fn refused_delete(&mut self, address: &str) -> CloudError {
        let at: Address = address.parse().unwrap();
        let seen = self.observe(address).await.unwrap();
        let attempt = self.attempt(&at);
        self.driver(&at).delete(&seen, &attempt).await.unwrap_err()
    }

    /// Changes the cloud behind bbws's back.
    pub(super) fn tamper(&self, change: impl FnOnce(&mut Region)) {
        self.tamper_in(REGION, change);
    }

    /// The same in another region; global services stand in us-east-1.
    pub(super) fn tamper_in(&self, region: &str, change: impl FnOnce(&mut Region)) {
        self.sandbox
            .sim()
            .tamper(|cloud: &mut Cloud| change(cloud.accounts.get_mut(ACCOUNT).unwrap().regions.entry(region.into()).or_default()));
    }

    /// What differs between what is there and what was wanted last: the names of the fields.
    pub(super) async fn drift(&mut self, address: &str) -> Vec<String> {
        let seen = self.observe(address).await.expect("it is there");
        let at: Address = address.parse().unwrap();
        let diff = self.kinds.get(at.kind()).unwrap().diff(&seen.spec, &self.made[&at].1).unwrap();
        diff.changes().iter().map(|change| change.field.clone()).collect()
    }

    /// Mends drift: the same as changing it to what was wanted last.
    pub(super) async fn mend(&mut self, address: &str) {
        let want = self.made[&address.parse::<Address>().unwrap()].1.clone();
        self.change(address, want).await;
        assert_eq!(self.drift(address).await, Vec::<String>::new());
    }

    /// The permissions declared are the calls made since the bench was set up for `kind`. `beside` are declared actions
    /// that AWS checks beside the call itself, such as `iam:PassRole` and tagging on create.
    pub(super) fn assert_permissions(&self, kind: &str, beside: &[&str]) {
        let declared = self.kinds.get(kind).unwrap().permissions();
        let observing = declared.observe;
        let verbs = [("observe", declared.observe), ("create", declared.create), ("update", declared.update), ("delete", declared.delete)];
        for (verb, declared) in verbs {
            let declared: BTreeSet<String> = declared.iter().map(|a| (*a).to_owned()).collect();
            let made = self.calls.get(verb).cloned().unwrap_or_default();
            // Whoever may change a thing may look at it.
            let undeclared: Vec<_> = made.difference(&declared).filter(|a| !observing.contains(&a.as_str())).collect();
            assert!(undeclared.is_empty(), "{kind} {verb}: called but not declared: {undeclared:?}");
            let idle: Vec<_> = declared.difference(&made).filter(|a| !beside.contains(&a.as_str())).collect();
            assert!(idle.is_empty(), "{kind} {verb}: declared but never called in the contract: {idle:?}");
        }
        if !matches!(*self.sandbox.sim().authority(), Authority::EachOnce { .. }) {
            return;
        }
        // What AWS asks for beside a call is asked for here too; what only other tests call cannot have been denied.
        let declared: BTreeSet<&str> = verbs.iter().flat_map(|(_, actions)| *actions).copied().collect();
        let elsewhere = |action: &&str| beside.contains(action) && (bbws_aws::is_read(action) || SOMETIMES.contains(action));
        let untold: Vec<_> = declared.into_iter().filter(|action| !self.told.contains(*action) && !elsewhere(action)).collect();
        let untold: Vec<_> = untold.into_iter().filter(|action| !self.swallowed.contains(*action)).collect();
        assert!(untold.is_empty(), "{kind}: declared, and nothing fails without it: {untold:?}");
        let unsaid: Vec<_> = self.swallowed.iter().filter(|action| !DISPENSABLE.contains(&action.as_str())).collect();
        assert!(unsaid.is_empty(), "{kind}: denied, and nobody was told: {unsaid:?}");
    }

    /// Forgets the calls made so far: what was needed to set the stage is not the kind's own.
    pub(super) fn forget_calls(&mut self) {
        self.calls.clear();
    }
}

/// A written spec with some fields replaced.
pub(super) fn edited(spec: &Value, edit: Value) -> Value {
    let mut spec = spec.clone();
    let Value::Object(edit) = edit else { panic!("an edit is an object") };
    spec.as_object_mut().unwrap().extend(edit);
    spec
}

/// A reference, as specs have it.
pub(super) fn to(address: &str, output: &str) -> Value {
    json!({"$ref": address, "output": output})
}

/// A file of `contract/` that is not in the list above, or a kind without a contract, fails here.
#[test]
fn every_kind_has_a_contract() {
    let list = include_str!("mod.rs");
    for kind in bbws_kinds::all().iter() {
        let module = format!("mod {};", kind.name().replace('-', "_"));
        assert!(list.contains(&module), "the kind {} has no contract test", kind.name());
    }
}

/// What others hang on an object is looked for before it is deleted: a kind whose facts say that it carries others and of which
/// nobody knows how to list them could never be deleted. Into roles and tables others may put something that goes with them.
#[test]
fn every_kind_that_carries_others_has_a_carrier() {
    let bench = Bench::new();
    let carries: BTreeSet<&str> = bbws_kinds::all().iter().filter(|kind| kind.facts().carries).map(|kind| kind.name()).collect();
    let more: Vec<&str> = bench.drivers.carriers().filter(|kind| !carries.contains(kind)).collect();
    assert_eq!(more, ["role", "route-table"]);
    assert_eq!(bench.drivers.carriers().count(), carries.len() + more.len());
}
