//! What is declared and was not found under the name that the file gives may be there under another. What refers to it shows
//! which it is; else the VPC it stands in, its Name, or what it watches. None of it is more than likely.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Candidate, recorded};
use bbws_model::{Address, Desired, Kinds, PhysicalId, Pointer, State, pointers, resolve};
use serde_json::Value;

use super::discover::{Discovered, Owned, Proposal, Unclear, about};
use super::form::{fits, form};
use super::map::Certainty;

/// The kinds that are listed where one of them was not found under its name.
pub const LISTED_BY_PLACE: [&str; 8] =
    ["bucket", "db-instance", "db-subnet-group", "ecs-cluster", "load-balancer", "metric-alarm", "secret", "security-group"];

/// The kinds of which a VPC has seldom more than one: the only one that is there is likely the one that is meant.
const ONE_IN_A_VPC: [&str; 3] = ["db-instance", "db-subnet-group", "load-balancer"];

/// What is known by its name alone, and why nothing else shows it: under another name it is taken by its id, or not at all.
#[must_use]
pub fn only_by_name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "dashboard" => "nothing refers to a dashboard, and it bears no tags",
        "db-snapshot" => "nothing refers to a snapshot",
        "dns-record" | "hosted-zone" => "its name is what it is: under another it is another",
        "role-policy" => "a role tells its policies by their names alone",
        "task-definition" => "families have no list that tells what they are for",
        _ => return None,
    })
}

/// Where it is looked.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// All kinds.
    pub kinds: &'a Kinds,
    /// The account.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
    /// What the file declares.
    pub desired: &'a Desired,
    /// What is managed or was found, each as it is.
    pub state: &'a State,
}

/// Chooses for each of those that were not found.
#[must_use]
pub fn elsewhere(ground: &Ground<'_>, missing: &BTreeSet<Address>, listed: &BTreeMap<&str, Vec<Candidate>>) -> Discovered {
    let mut search = Search { ground, missing, listed, out: Discovered::default() };
    search.by_what_refers();
    for address in missing {
        if !search.out.proposals.contains_key(address) && !search.out.unclear.iter().any(|one| one.address == *address) {
            search.by_place(address);
        }
    }
    search.out
}

struct Search<'a> {
    ground: &'a Ground<'a>,
    missing: &'a BTreeSet<Address>,
    listed: &'a BTreeMap<&'a str, Vec<Candidate>>,
    out: Discovered,
}

impl<'a> Search<'a> {
    fn spec(&self, address: &Address) -> Value {
        let Some(wanted) = self.ground.desired.resources.get(address) else { return Value::Null };
        resolve(&wanted.spec, &|pointer| recorded(self.ground.state, pointer))
    }

    fn candidates(&self, kind: &str) -> &'a [Candidate] {
        self.listed.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether an object is some resource's already.
    fn is_taken(&self, kind: &str, id: &PhysicalId) -> bool {
        let mut managed = self.ground.state.entries.iter();
        managed.any(|(address, entry)| address.kind() == kind && entry.id == *id)
            || self.out.proposals.iter().any(|(address, proposal)| address.kind() == kind && proposal.id == *id)
    }

    /// What stands in the place of a reference, in something that was found.
    fn by_what_refers(&mut self) {
        let mut told: BTreeMap<&Address, BTreeMap<PhysicalId, Vec<String>>> = BTreeMap::new();
        for (by, entry) in &self.ground.state.entries {
            let Some(wanted) = self.ground.desired.resources.get(by) else { continue };
            let mut stands = vec![];
            self.compare((&wanted.spec, &entry.spec), "", &mut stands);
            for (pointer, value, field) in stands {
                let Some(address) = self.missing.get(&pointer.to) else { continue };
                if let Some(id) = self.id_of(address, &pointer.output, &value).filter(|id| !self.is_taken(address.kind(), id)) {
                    told.entry(address).or_default().entry(id).or_default().push(format!("`{field}` of {by}"));
                }
            }
        }
        for (address, ids) in told {
            let of = |places: &[String]| {
                let more = if places.len() > 1 { format!(" and {} more", places.len() - 1) } else { String::new() };
                format!("by {}{more}, which names it", places[0])
            };
            match Vec::from_iter(&ids).as_slice() {
                [(id, places)] => self.propose(address, id, of(places)),
                several => {
                    let candidates = several.iter().map(|(id, places)| ((*id).clone(), of(places))).collect();
                    let why = "what refers to it names several".to_owned();
                    self.out.unclear.push(Unclear { address: address.clone(), why, candidates });
                }
            }
        }
    }

    /// The references of a declared spec to what was not found, each with what stands there in fact.
    fn compare(&self, (want, have): (&Value, &Value), path: &str, out: &mut Vec<(Pointer, String, String)>) {
        match (want, have) {
            (Value::Object(map), Value::String(text)) if map.contains_key("$ref") => {
                let open = pointers(want).into_iter().find(|pointer| self.missing.contains(&pointer.to));
                out.extend(open.map(|pointer| (pointer, text.clone(), path.to_owned())));
            }
            (Value::Object(want), Value::Object(have)) => {
                for (key, want) in want {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.compare((want, have.get(key).unwrap_or(&Value::Null)), &path, out);
                }
            }
            // Of a set only the one that nothing else accounts for can be told.
            (Value::Array(want), Value::Array(have)) => {
                let known = |item: &Value| resolve(item, &|pointer| recorded(self.ground.state, pointer));
                let (whole, open): (Vec<Value>, Vec<Value>) = want.iter().map(known).partition(|item| pointers(item).is_empty());
                let rest: Vec<&Value> = have.iter().filter(|item| !whole.contains(item)).collect();
                if let ([want], [have]) = (open.as_slice(), rest.as_slice()) {
                    self.compare((want, have), path, out);
                }
            }
            _ => {}
        }
    }

    /// The id of what shows this output: the same, a part of it, or that of the only one that is listed with it.
    fn id_of(&self, address: &Address, output: &str, value: &str) -> Option<PhysicalId> {
        let kind = address.kind();
        let same = |one: &&Candidate| one.all(output_fact(output)).any(|fact| fact.eq_ignore_ascii_case(value));
        if let Some(one) = self.candidates(kind).iter().find(same) {
            return Some(one.id.clone());
        }
        if !["arn", "id", "name"].contains(&output) {
            return None;
        }
        let by_arn = form(kind).is_some_and(|(_, example)| example.starts_with("arn:"));
        let id = if by_arn || !value.starts_with("arn:") { value } else { name_in(kind, value)? };
        let spec = self.spec(address);
        let region = spec.get("region").and_then(Value::as_str).unwrap_or(self.ground.region);
        fits(self.ground.kinds, kind, id, self.ground.account, region).ok().map(|()| id.into())
    }

    /// By the VPC, the Name, or what is watched.
    fn by_place(&mut self, address: &Address) {
        let (kind, spec) = (address.kind(), self.spec(address));
        let free: Vec<&Candidate> = self.candidates(kind).iter().filter(|one| !self.is_taken(kind, &one.id)).collect();
        let vpcs = self.vpcs();
        let here = |one: &&&Candidate| one.all("vpc").next().is_none_or(|vpc| vpcs.contains(vpc));
        if kind == "metric-alarm" {
            let watching: Vec<&Candidate> = free.iter().filter(|one| watches(one, &spec, self.ground.region)).copied().collect();
            return self.settle(address, &watching, "by what it watches");
        }
        let name = spec.get("tags").and_then(|tags| tags.get("Name")).and_then(Value::as_str);
        let called: Vec<&Candidate> =
            free.iter().filter(here).filter(|one| name.is_some() && one.name.as_deref() == name).copied().collect();
        if !called.is_empty() {
            return self.settle(address, &called, "by its Name");
        }
        let wanted = self.ground.desired.resources.keys().filter(|other| other.kind() == kind).count();
        if wanted > 1 || !ONE_IN_A_VPC.contains(&kind) {
            return;
        }
        let like = |one: &&&Candidate| match kind {
            "load-balancer" => one.is("type", "application"),
            "db-instance" => one.is("engine", "mysql"),
            _ => true,
        };
        let stands = |one: &&&Candidate| one.all("vpc").any(|vpc| vpcs.contains(vpc));
        let only: Vec<&Candidate> = free.iter().filter(stands).filter(like).copied().collect();
        self.settle(address, &only, "as the only one of its kind in the VPC");
    }

    /// The VPCs of the file, as far as they are known.
    fn vpcs(&self) -> BTreeSet<&'a str> {
        let state: &'a State = self.ground.state;
        let of_file = |address: &&Address| address.kind() == "vpc" && self.ground.desired.resources.contains_key(*address);
        state.entries.iter().filter(|(address, _)| of_file(address)).map(|(_, entry)| entry.id.as_str()).collect()
    }

    /// Proposes the only one that is nobody's.
    fn settle(&mut self, address: &Address, fitting: &[&Candidate], by: &str) {
        let (owned, free): (Vec<&Candidate>, Vec<&Candidate>) = fitting.iter().partition(|one| one.owner.is_some());
        for one in owned {
            let owner = one.owner.clone();
            self.out.owned.extend(owner.map(|owner| Owned { address: address.clone(), id: one.id.clone(), owner }));
        }
        match free.as_slice() {
            [] => {}
            [one] => self.propose(address, &one.id, by.to_owned()),
            several => {
                let candidates = several.iter().map(|one| (one.id.clone(), about(one))).collect();
                self.out.unclear.push(Unclear { address: address.clone(), why: format!("each of them was found {by}"), candidates });
            }
        }
    }

    fn propose(&mut self, address: &Address, id: &PhysicalId, why: String) {
        let why = format!("under another name, {why}");
        self.out.proposals.insert(address.clone(), Proposal { id: id.clone(), certainty: Certainty::Likely, why });
    }
}

/// What a listing calls an output.
fn output_fact(output: &str) -> &'static str {
    match output {
        "name" => "name",
        "dns_name" => "dns_name",
        _ => "",
    }
}

/// The name in an ARN, of what is known by its name.
fn name_in<'a>(kind: &str, arn: &'a str) -> Option<&'a str> {
    let what = arn.splitn(6, ':').nth(5)?.trim_end_matches(":*");
    match kind {
        // A bucket's ARN is its name alone; a role's may hold a path.
        "bucket" => Some(what),
        "role" => what.rsplit('/').next(),
        _ => what.split_once([':', '/']).map(|(_, name)| name),
    }
}

/// Whether an alarm watches just what is declared: the metric, of the same things, in the same way.
fn watches(one: &Candidate, spec: &Value, region: &str) -> bool {
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("metric").is_empty() {
        return false;
    }
    let of = spec.get("dimensions").and_then(Value::as_object);
    let wanted: Option<BTreeSet<String>> =
        of.into_iter().flatten().map(|(name, value)| value.as_str().map(|value| format!("{name}={value}"))).collect();
    let region = spec.get("region").and_then(Value::as_str).unwrap_or(region);
    wanted.is_some_and(|wanted| wanted == one.all("dimension").map(str::to_owned).collect())
        && ["namespace", "metric", "comparison"].iter().all(|field| one.is(field, text(field)))
        && one.is("region", region)
}

#[cfg(test)]
mod tests;
