//! Which questions are worth asking: by what a plan makes and changes, or by what a file declares and nobody has made yet.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Action, Address, Desired, Kinds, Plan, State, pointers};
use jiff::Timestamp;
use serde_json::Value;

use super::{Counted, Question};
use crate::iam::{Ground, Probe, Purpose, SERVICE_ROLES, policies, probes};

/// Something that is made, or changed.
struct Change<'a> {
    address: &'a Address,
    want: &'a Value,
    have: Option<&'a Value>,
}

/// What a plan makes it worth to ask.
#[must_use]
pub fn questions(plan: &Plan, desired: &Desired, kinds: &Kinds, ground: &Ground, now: Timestamp) -> Vec<Question> {
    let changes = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Create { want, .. } => Some(Change { address: &step.address, want, have: None }),
        Action::Update { want, have, .. } => Some(Change { address: &step.address, want, have: Some(have) }),
        _ => None,
    });
    let changes: Vec<Change<'_>> = changes.collect();
    all(&changes, desired, kinds, ground, (now, needed_actions(plan, kinds)))
}

/// What is worth asking before there is a plan: of all that is declared and not recorded.
#[must_use]
pub fn expected(desired: &Desired, state: Option<&State>, kinds: &Kinds, ground: &Ground, now: Timestamp) -> Vec<Question> {
    let open = desired
        .resources
        .iter()
        .filter(|(address, wanted)| !wanted.existing && state.is_none_or(|state| !state.entries.contains_key(*address)));
    let changes: Vec<Change<'_>> = open.map(|(address, wanted)| Change { address, want: &wanted.spec, have: None }).collect();
    let rights = changes.iter().filter_map(|one| kinds.get(one.address.kind())).map(|kind| kind.permissions());
    let needed = rights.flat_map(|rights| [rights.create, rights.update].concat()).collect();
    all(&changes, desired, kinds, ground, (now, needed))
}

fn all(
    changes: &[Change<'_>],
    desired: &Desired,
    kinds: &Kinds,
    ground: &Ground,
    (now, needed): (Timestamp, BTreeSet<&'static str>),
) -> Vec<Question> {
    let mut asked = vec![];
    let made: Vec<&Change<'_>> = changes.iter().filter(|change| change.have.is_none()).collect();
    if made.iter().any(|one| one.address.kind() == "vpc") {
        asked.push(Question::Region { region: ground.region.clone() });
    }
    asked.extend(zones(&made));
    asked.extend(quotas(&made, desired));
    for change in changes.iter().filter(|change| change.address.kind() == "db-instance") {
        asked.extend(database(change, desired, now));
    }
    for bucket in made.iter().filter(|one| one.address.kind() == "bucket").filter_map(|one| one.want["name"].as_str()) {
        let resource = format!("arn:{}:s3:::{bucket}", ground.partition());
        let probe = Probe { actions: vec!["s3:ListBucket".to_owned()], resource, context: BTreeMap::new() };
        asked.push(Question::Name { bucket: bucket.to_owned(), probe });
    }
    let mut all_probes = if needed.is_empty() { vec![] } else { probes(&policies(ground, kinds, Purpose::Apply), &needed) };
    for (kind, service, role) in SERVICE_ROLES {
        if made.iter().any(|one| one.address.kind() == kind) {
            asked.push(Question::ServiceRole { service, role, probe: service_role(ground, service, role) });
        }
    }
    // Whether a service's own role may be made is asked where it lacks.
    for probe in &mut all_probes {
        probe.actions.retain(|action| action != "iam:CreateServiceLinkedRole");
    }
    all_probes.retain(|probe| !probe.actions.is_empty());
    if !all_probes.is_empty() {
        asked.push(Question::Allowed { probes: all_probes });
    }
    asked
}

fn service_role(ground: &Ground, service: &str, role: &str) -> Probe {
    let resource = ground.arn("iam", None, &format!("role/aws-service-role/{service}/{role}"));
    let context = BTreeMap::from([("iam:AWSServiceName".to_owned(), vec![service.to_owned()])]);
    Probe { actions: vec!["iam:CreateServiceLinkedRole".to_owned()], resource, context }
}

fn zones(made: &[&Change<'_>]) -> Option<Question> {
    let subnets = made.iter().filter(|one| one.address.kind() == "subnet");
    let needed: BTreeSet<String> = subnets.filter_map(|one| one.want["zone"].as_str()).map(str::to_owned).collect();
    (!needed.is_empty()).then_some(Question::Zones { needed })
}

/// What counts towards a quota, of what is made.
fn quotas(made: &[&Change<'_>], desired: &Desired) -> Vec<Question> {
    let mut more: BTreeMap<Counted, BTreeMap<String, usize>> = BTreeMap::new();
    let mut add = |of: Counted, place: String, many: usize| *more.entry(of).or_default().entry(place).or_default() += many;
    for one in made {
        let kind = one.address.kind();
        let list = |field: &str| one.want[field].as_array().map_or(0, Vec::len);
        match kind {
            "nat-gateway" => add(Counted::NatGateways, zone_of(one.want, desired).unwrap_or_default(), 1),
            // Each rule of a group counts, whether it is new or not.
            "security-group-rule" => {}
            _ => {
                if let Some(of) = Counted::ALL.into_iter().find(|of| of.kind() == kind) {
                    add(of, String::new(), 1);
                }
            }
        }
        let interfaces = match kind {
            "nat-gateway" | "mount-target" => 1,
            "db-instance" => 1 + usize::from(one.want["multi_az"] == true),
            "load-balancer" | "vpc-endpoint" => list("subnets"),
            _ => 0,
        };
        if interfaces > 0 {
            add(Counted::Interfaces, String::new(), interfaces);
        }
        let groups = list("security_groups");
        if groups > Counted::GroupsOfInterface.floor() {
            add(Counted::GroupsOfInterface, one.address.to_string(), groups);
        }
    }
    for (place, rules) in rules(made, desired) {
        if rules > Counted::GroupRules.floor() {
            add(Counted::GroupRules, place, rules);
        }
    }
    more.into_iter().map(|(of, more)| Question::Quota { of, more }).collect()
}

/// The rules of each group and direction that gets another one.
fn rules(made: &[&Change<'_>], desired: &Desired) -> BTreeMap<String, usize> {
    let place = |spec: &Value| {
        let group = pointers(&spec["group"]).into_iter().next()?.to;
        Some(format!("{group}, {}", spec["direction"].as_str()?))
    };
    let of = |address: &Address| address.kind() == "security-group-rule";
    let grows: BTreeSet<String> = made.iter().filter(|one| of(one.address)).filter_map(|one| place(one.want)).collect();
    let mut many: BTreeMap<String, usize> = BTreeMap::new();
    for (_, wanted) in desired.resources.iter().filter(|(address, _)| of(address)) {
        if let Some(place) = place(&wanted.spec).filter(|place| grows.contains(place)) {
            *many.entry(place).or_default() += 1;
        }
    }
    many
}

fn zone_of(spec: &Value, desired: &Desired) -> Option<String> {
    let to = pointers(&spec["subnet"]).into_iter().next()?.to;
    Some(desired.resources.get(&to)?.spec["zone"].as_str()?.to_owned())
}

/// Whether a database can be had as it is wanted, where its class or version is new.
fn database(change: &Change<'_>, desired: &Desired, now: Timestamp) -> Vec<Question> {
    let want = change.want;
    let same = |field: &str| change.have.is_some_and(|have| have[field] == want[field]);
    if same("class") && same("engine_version") {
        return vec![];
    }
    let text = |field: &str| want[field].as_str().unwrap_or_default().to_owned();
    let group = pointers(&want["subnet_group"]).into_iter().next().and_then(|to| desired.resources.get(&to.to));
    let subnets = group.map(|group| pointers(&group.spec["subnets"])).unwrap_or_default();
    let zones = subnets.iter().filter_map(|to| desired.resources.get(&to.to)?.spec["zone"].as_str().map(str::to_owned)).collect();
    let (class, version, multi_az) = (text("class"), text("engine_version"), want["multi_az"] == true);
    vec![Question::Offered { class, version: version.clone(), zones, multi_az }, Question::Support { version, now }]
}

/// The actions that a plan's steps need. To make something is to bring it to its form, too.
fn needed_actions(plan: &Plan, kinds: &Kinds) -> BTreeSet<&'static str> {
    let mut needed = BTreeSet::new();
    for step in &plan.steps {
        let of = |kind: &str| kinds.get(kind).map(|kind| kind.permissions());
        let Some(rights) = of(step.address.kind()) else { continue };
        match &step.action {
            Action::Create { .. } => needed.extend([rights.create, rights.update].concat()),
            Action::Update { .. } | Action::Adopt { .. } => needed.extend(rights.update),
            Action::Delete { .. } => needed.extend(rights.delete),
            Action::Backup { kind, .. } => needed.extend(of(kind).map(|copy| copy.create).unwrap_or_default()),
            Action::Forget { .. } | Action::Rename { .. } => {}
        }
    }
    needed
}
