//! Which of the objects that are there the file's resources are, where no mark and no name of theirs tells: the VPC by its CIDR
//! and its Name, and the rest by what it hangs on. Where two could be meant nothing is proposed, and what bears a mark never is.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Candidate, recorded};
use bbws_kinds::DomainName;
use bbws_model::{Address, Desired, Ownership, PhysicalId, State, pointers, resolve};
use serde_json::Value;

use super::map::Certainty;
use super::unlisted::Unlisted;

/// An object that is proposed for a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// How certain it is.
    pub certainty: Certainty,
    /// By what it was found, to stand after "found".
    pub why: String,
}

/// A resource for which several objects could be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// Which.
    pub address: Address,
    /// Why none is proposed.
    pub why: String,
    /// Those that could be meant, each with what is known of it.
    pub candidates: Vec<(PhysicalId, String)>,
}

/// An object that would fit, and is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// What it would fit.
    pub address: Address,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its mark.
    pub owner: Ownership,
}

/// The kinds whose objects have no key of their own, and are listed.
pub const LISTED: [&str; 11] = [
    "certificate",
    "distribution",
    "elastic-ip",
    "file-system",
    "health-check",
    "load-balancer",
    "nat-gateway",
    "route-table",
    "subnet",
    "task-definition",
    "vpc",
];

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovered {
    /// One object a resource.
    pub proposals: BTreeMap<Address, Proposal>,
    /// Where several could be meant.
    pub unclear: Vec<Unclear>,
    /// What would fit, and bears a mark.
    pub owned: Vec<Owned>,
    /// What could not be listed.
    pub unlisted: Vec<Unlisted>,
    /// What was not found, and may be there all the same: it could not be listed, or refers to such.
    pub in_doubt: BTreeSet<Address>,
}

impl Discovered {
    /// The resources that refer to one for which several objects could be meant, or are found by what refers to it: what they are
    /// shows once that is known. `ours` are those that our mark tells.
    #[must_use]
    pub fn waiting(&self, desired: &Desired, ours: &BTreeMap<Address, PhysicalId>) -> BTreeSet<Address> {
        let undecided: BTreeSet<&Address> = self.unclear.iter().map(|one| &one.address).collect();
        let mut behind = undecided.clone();
        let on = |address: &Address| -> BTreeSet<Address> {
            pointers(&desired.resources[address].spec).into_iter().map(|pointer| pointer.to).collect()
        };
        loop {
            let found = |address: &Address| self.proposals.contains_key(address) || ours.contains_key(address);
            let by_what_hangs = |address: &Address| {
                address.kind() == "elastic-ip" && !found(address) && behind.iter().any(|other| on(other).contains(address))
            };
            let waits = |address: &&Address| {
                !behind.contains(*address) && (on(address).iter().any(|other| behind.contains(other)) || by_what_hangs(address))
            };
            let more: Vec<&Address> = desired.resources.keys().filter(waits).collect();
            if more.is_empty() {
                return behind.difference(&undecided).map(|address| (*address).clone()).collect();
            }
            behind.extend(more);
        }
    }
}

/// Why a VPC that was named is not taken as the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misnamed {
    /// It is not there.
    #[error("there is no VPC {0} here")]
    Absent(String),
    /// It bears a mark.
    #[error("{0} bears bbws's mark of {1} of the state {2}")]
    Marked(String, Address, String),
    /// There is nothing that it could be.
    #[error("the file declares no VPC that is not managed already")]
    Unneeded,
}

/// Chooses among what is listed, by kind. `ours` are those that our mark tells, and `vpc` the one that somebody has named.
///
/// # Errors
/// When that VPC cannot be taken.
pub fn discover(
    (desired, state): (&Desired, &State),
    ours: &BTreeMap<Address, PhysicalId>,
    listed: &BTreeMap<&str, Vec<Candidate>>,
    vpc: Option<&str>,
) -> Result<Discovered, Misnamed> {
    let managed = state.entries.values().map(|entry| entry.id.clone());
    let mut search = Search {
        desired,
        state,
        listed,
        ids: ours.clone(),
        taken: managed.chain(ours.values().cloned()).collect(),
        further: BTreeMap::new(),
        out: Discovered::default(),
    };
    search.vpcs(vpc)?;
    search.subnets();
    search.nat_gateways();
    search.elastic_ips();
    search.route_tables();
    search.file_systems();
    search.load_balancers();
    search.certificates();
    search.distributions();
    search.health_checks();
    search.task_definitions();
    Ok(search.out)
}

struct Search<'a> {
    desired: &'a Desired,
    state: &'a State,
    listed: &'a BTreeMap<&'a str, Vec<Candidate>>,
    /// The ids of what is known by now and not managed.
    ids: BTreeMap<Address, PhysicalId>,
    taken: BTreeSet<PhysicalId>,
    /// Further outputs that are known.
    further: BTreeMap<(Address, String), Value>,
    out: Discovered,
}

impl<'a> Search<'a> {
    fn addresses(&self, kind: &'a str) -> impl Iterator<Item = &'a Address> + use<'a> {
        self.desired.resources.keys().filter(move |address| address.kind() == kind)
    }

    /// The resources of a kind to which nothing belongs yet.
    fn open(&self, kind: &'a str) -> Vec<&'a Address> {
        let known = |address: &&&Address| !self.ids.contains_key(**address) && !self.state.entries.contains_key(**address);
        let existing = |address: &&&Address| !self.desired.resources[**address].existing;
        let all: Vec<&Address> = self.addresses(kind).collect();
        all.iter().filter(known).filter(existing).copied().collect()
    }

    fn spec(&self, address: &Address) -> Value {
        resolve(&self.desired.resources[address].spec, &|pointer| {
            let id = || self.ids.get(&pointer.to).filter(|_| pointer.output == "id").map(|id| id.as_str().into());
            let further = || self.further.get(&(pointer.to.clone(), pointer.output.clone())).cloned();
            recorded(self.state, pointer).or_else(id).or_else(further)
        })
    }

    fn text(&self, address: &Address, field: &str) -> Option<String> {
        self.spec(address).get(field)?.as_str().map(str::to_owned)
    }

    fn named(&self, address: &Address) -> Option<String> {
        self.spec(address).get("tags")?.get("Name")?.as_str().map(str::to_owned)
    }

    /// The id of a resource, managed or found.
    fn id(&self, address: &Address) -> Option<&PhysicalId> {
        self.state.entries.get(address).map(|entry| &entry.id).or_else(|| self.ids.get(address))
    }

    /// The values of `field` in all resources of a kind whose `of` refers to this one: the subnets of a table's associations.
    fn hanging(&self, kind: &'a str, of: &str, address: &Address, field: &str) -> BTreeSet<String> {
        let refers = |other: &&Address| {
            let spec = &self.desired.resources[*other].spec;
            spec.get(of).is_some_and(|to| pointers(to).iter().any(|pointer| pointer.to == *address))
        };
        self.addresses(kind).filter(refers).filter_map(|other| self.text(other, field)).collect()
    }

    /// Those that fit and are nobody's; of the others it is noted whose they are.
    fn fitting(&mut self, address: &Address, fits: impl Fn(&Candidate) -> bool) -> Vec<&'a Candidate> {
        let all = self.listed.get(address.kind()).map(Vec::as_slice).unwrap_or_default();
        let free: Vec<&Candidate> = all.iter().filter(|one| !self.taken.contains(&one.id) && fits(one)).collect();
        let (owned, nobodys): (Vec<&Candidate>, Vec<&Candidate>) = free.into_iter().partition(|one| one.owner.is_some());
        for one in owned {
            let owner = one.owner.clone().filter(|_| !self.out.owned.iter().any(|other| other.id == one.id));
            self.out.owned.extend(owner.map(|owner| Owned { address: address.clone(), id: one.id.clone(), owner }));
        }
        nobodys
    }

    fn propose(&mut self, address: &Address, one: &Candidate, certainty: Certainty, why: String) {
        self.ids.insert(address.clone(), one.id.clone());
        self.taken.insert(one.id.clone());
        self.out.proposals.insert(address.clone(), Proposal { id: one.id.clone(), certainty, why });
    }

    /// Proposes the only one that fits or, of several, the only one that has the Name which the file gives.
    fn settle(&mut self, address: &Address, fitting: &[&Candidate], certainty: Certainty, by: &str) {
        let name = self.named(address);
        let of_name: Vec<&&Candidate> = fitting.iter().filter(|one| name.is_some() && one.name == name).collect();
        match (fitting, of_name.as_slice()) {
            ([], _) => {}
            ([one], _) => self.propose(address, one, certainty, by.to_owned()),
            (_, [one]) => self.propose(address, one, certainty, format!("{by}, and by its Name")),
            _ => self.unclear(address, format!("each of them was found {by}"), fitting),
        }
    }

    fn unclear(&mut self, address: &Address, why: String, fitting: &[&Candidate]) {
        let candidates = fitting.iter().map(|one| (one.id.clone(), about(one))).collect();
        self.out.unclear.push(Unclear { address: address.clone(), why, candidates });
    }

    fn vpcs(&mut self, given: Option<&str>) -> Result<(), Misnamed> {
        if let Some(given) = given {
            let cidr = |address: &Address| self.text(address, "cidr");
            let there = self.listed.get("vpc").into_iter().flatten().find(|one| one.id.as_str() == given);
            let one = there.ok_or_else(|| Misnamed::Absent(given.to_owned()))?;
            if let Some(owner) = &one.owner {
                return Err(Misnamed::Marked(given.to_owned(), owner.address.clone(), owner.lineage.clone()));
            }
            let open = self.open("vpc");
            let like = open.iter().find(|address| cidr(address).is_some_and(|cidr| one.is("cidr", &cidr)));
            let address = *like.or(open.first()).filter(|_| !self.taken.contains(&one.id)).ok_or(Misnamed::Unneeded)?;
            self.propose(address, one, Certainty::Certain, "by --vpc".to_owned());
        }
        for address in self.open("vpc") {
            let Some(cidr) = self.text(address, "cidr") else { continue };
            let name = self.named(address);
            let fitting = self.fitting(address, |one| one.is("cidr", &cidr));
            let of_name: Vec<&&Candidate> = fitting.iter().filter(|one| name.is_some() && one.name == name).collect();
            match (fitting.as_slice(), of_name.as_slice()) {
                (_, [one]) => self.propose(address, one, Certainty::Certain, format!("by its CIDR {cidr} and its Name")),
                ([one], _) => {
                    let has = one.name.as_deref().map_or("it has no Name".to_owned(), |has| format!("its Name is {has}"));
                    self.propose(address, one, Certainty::Likely, format!("as the only VPC with the CIDR {cidr}; {has}"));
                }
                ([], _) => {
                    let fitting = self.fitting(address, |one| name.is_some() && one.name == name);
                    self.settle(address, &fitting, Certainty::Unsure, "by its Name; its CIDR is another");
                }
                _ => self.unclear(
                    address,
                    format!("each of them has the CIDR {cidr}; say which with --vpc ID, and what stands in it is found too"),
                    &fitting,
                ),
            }
        }
        Ok(())
    }

    /// Only what others are found by: a subnet's own driver finds it by the same two.
    fn subnets(&mut self) {
        for address in self.open("subnet") {
            let (Some(vpc), Some(cidr)) = (self.text(address, "vpc"), self.text(address, "cidr")) else { continue };
            let found = self.listed.get("subnet").into_iter().flatten().find(|one| one.is("vpc", &vpc) && one.is("cidr", &cidr));
            self.ids.extend(found.map(|one| (address.clone(), one.id.clone())));
        }
    }

    fn nat_gateways(&mut self) {
        for address in self.open("nat-gateway") {
            let Some(subnet) = self.text(address, "subnet") else { continue };
            let elastic_ip = self.text(address, "elastic_ip");
            let fits = |one: &Candidate| one.is("subnet", &subnet) && elastic_ip.as_ref().is_none_or(|ip| one.is("elastic_ip", ip));
            let fitting = self.fitting(address, fits);
            self.settle(address, &fitting, Certainty::Certain, &format!("by its place in {subnet}"));
        }
    }

    fn elastic_ips(&mut self) {
        for address in self.open("elastic-ip") {
            let gateways: Vec<&Address> = self.addresses("nat-gateway").collect();
            let uses = |gateway: &&&Address| {
                let to = self.desired.resources[**gateway].spec.get("elastic_ip").map(pointers).unwrap_or_default();
                to.iter().any(|pointer| pointer.to == *address)
            };
            let known: BTreeSet<&PhysicalId> = gateways.iter().filter(uses).filter_map(|gateway| self.id(gateway)).collect();
            let gateways = self.listed.get("nat-gateway").into_iter().flatten().filter(|one| known.contains(&one.id));
            let by: Vec<(String, String)> =
                gateways.flat_map(|one| one.all("elastic_ip").map(|ip| (ip.to_owned(), one.id.to_string()))).collect();
            let used = self.fitting(address, |one| by.iter().any(|(ip, _)| one.id.as_str() == ip));
            if let ([_], [(_, gateway), ..]) = (used.as_slice(), by.as_slice()) {
                self.settle(address, &used, Certainty::Certain, &format!("by {gateway}, which uses it"));
                continue;
            }
            let name = self.named(address);
            let fits = |one: &Candidate| name.is_some() && one.name == name && one.all("association").next().is_none();
            let spare = self.fitting(address, fits);
            self.settle(address, &spare, Certainty::Likely, "by its Name; nothing uses it");
        }
    }

    fn route_tables(&mut self) {
        for address in self.open("route-table") {
            let Some(vpc) = self.text(address, "vpc") else { continue };
            let subnets = self.hanging("route-table-association", "table", address, "subnet");
            let leads = |one: &Candidate, subnet: &String| one.is("vpc", &vpc) && one.is("subnet", subnet);
            let fitting = self.fitting(address, |one| subnets.iter().any(|subnet| leads(one, subnet)));
            if let [one] = fitting.as_slice() {
                let other = one.all("subnet").any(|subnet| !subnets.contains(subnet));
                let every = subnets.iter().all(|subnet| one.is("subnet", subnet));
                let list = Vec::from_iter(subnets).join(", ");
                match (every, other) {
                    (true, false) => self.propose(address, one, Certainty::Certain, format!("as the table of {list}")),
                    (true, true) => {
                        self.propose(address, one, Certainty::Likely, format!("as the table of {list}; it has further subnets"))
                    }
                    (false, _) => self.propose(address, one, Certainty::Likely, format!("as the table of some of {list}")),
                }
                continue;
            }
            self.settle(address, &fitting, Certainty::Likely, "by subnets that the file gives it");
            if fitting.is_empty() {
                let name = self.named(address);
                let own = self.fitting(address, |one| one.is("vpc", &vpc) && name.is_some() && one.name == name);
                self.settle(address, &own, Certainty::Likely, "by its VPC and its Name; no subnet of the file uses it");
                let main = if own.is_empty() { self.fitting(address, |one| one.is("vpc", &vpc) && one.is("main", "true")) } else { vec![] };
                if !main.is_empty() && !subnets.is_empty() {
                    let why = "its subnets have no table of their own and use the VPC's main table, which goes only with the VPC";
                    self.unclear(address, why.to_owned(), &main);
                }
            }
        }
    }

    fn file_systems(&mut self) {
        for address in self.open("file-system") {
            let subnets = self.hanging("mount-target", "file_system", address, "subnet");
            let fitting = self.fitting(address, |one| subnets.iter().any(|subnet| one.is("subnet", subnet)));
            let every = |one: &&Candidate| subnets.iter().all(|subnet| one.is("subnet", subnet));
            let certainty = if fitting.iter().all(every) { Certainty::Certain } else { Certainty::Likely };
            let list = Vec::from_iter(subnets.iter().map(String::as_str)).join(", ");
            self.settle(address, &fitting, certainty, &format!("by its mount targets in {list}"));
            if fitting.is_empty() {
                let name = self.named(address);
                let own = self.fitting(address, |one| name.is_some() && one.name == name);
                let by = if subnets.is_empty() { "by its Name" } else { "by its Name; it has no mount target in the file's subnets" };
                self.settle(address, &own, Certainty::Likely, by);
            }
        }
    }

    /// Only the names that others point to: a load balancer's own driver finds it by its name.
    fn load_balancers(&mut self) {
        let all: Vec<&Address> = self.addresses("load-balancer").collect();
        for address in all {
            let (name, id) = (self.text(address, "name"), self.id(address).cloned());
            let is = |one: &&Candidate| id.as_ref() == Some(&one.id) || name.as_ref().is_some_and(|name| one.is("name", name));
            let found = self.listed.get("load-balancer").into_iter().flatten().find(is);
            let dns_name = found.and_then(|one| one.all("dns_name").next());
            self.further.extend(dns_name.map(|name| ((address.clone(), "dns_name".to_owned()), name.into())));
        }
    }

    fn certificates(&mut self) {
        for address in self.open("certificate") {
            let (Some(name), Some(region)) = (self.text(address, "domain"), self.text(address, "region")) else { continue };
            let names = texts(self.spec(address).get("alternative_names")).chain([name.clone()]).collect::<BTreeSet<String>>();
            let fitting = self.fitting(address, |one| one.is("domain", &name) && one.is("region", &region));
            let same = |one: &&&Candidate| one.all("name").chain([name.as_str()]).map(str::to_owned).collect::<BTreeSet<_>>() == names;
            let alike: Vec<&Candidate> = fitting.iter().filter(same).copied().collect();
            let issued: Vec<&Candidate> = alike.iter().filter(|one| one.is("status", "ISSUED")).copied().collect();
            let by = format!("by its domain {name} in {region}");
            match (alike.as_slice(), issued.as_slice()) {
                ([_], _) => self.settle(address, &alike, Certainty::Certain, &by),
                (_, [_]) => self.settle(address, &issued, Certainty::Likely, &format!("{by}, and as the only one that is issued")),
                ([], _) => self.settle(address, &fitting, Certainty::Likely, &format!("{by}; its other names differ")),
                _ => self.settle(address, &alike, Certainty::Likely, &by),
            }
        }
    }

    fn distributions(&mut self) {
        for address in self.open("distribution") {
            let spec = self.spec(address);
            let aliases: BTreeSet<String> = texts(spec.get("aliases")).collect();
            let fitting = self.fitting(address, |one| one.all("alias").any(|alias| aliases.contains(alias)));
            let every = fitting.iter().all(|one| one.all("alias").map(str::to_owned).collect::<BTreeSet<_>>() == aliases);
            let certainty = if every { Certainty::Certain } else { Certainty::Likely };
            self.settle(address, &fitting, certainty, "by its aliases");
            if fitting.is_empty() {
                let origins = spec.get("origins").and_then(Value::as_object).into_iter().flatten();
                let origins = origins.filter_map(|(_, origin)| Some(DomainName::new(origin.get("domain")?.as_str()?).as_str().to_owned()));
                let origins: BTreeSet<String> = origins.collect();
                let own = self.fitting(address, |one| one.all("origin").any(|origin| origins.contains(origin)));
                let bare = aliases.is_empty() && own.iter().all(|one| one.all("alias").next().is_none());
                let certainty = if bare { Certainty::Certain } else { Certainty::Likely };
                let list = Vec::from_iter(origins).join(", ");
                self.settle(address, &own, certainty, &format!("by its origin {list}"));
            }
        }
    }

    fn health_checks(&mut self) {
        for address in self.open("health-check") {
            let (Some(name), path) = (self.text(address, "domain"), self.text(address, "path")) else { continue };
            let name = DomainName::new(&name).as_str().to_owned();
            let fits = |one: &Candidate| one.is("domain", &name) && path.as_ref().is_none_or(|path| one.is("path", path));
            let fitting = self.fitting(address, fits);
            self.settle(address, &fitting, Certainty::Certain, &format!("by what it asks, {name}"));
        }
    }

    fn task_definitions(&mut self) {
        for address in self.open("task-definition") {
            let Some(family) = self.text(address, "family") else { continue };
            let fitting = self.fitting(address, |one| one.is("family", &family));
            self.settle(address, &fitting, Certainty::Certain, &format!("as the newest revision of {family}"));
        }
    }
}

fn texts(of: Option<&Value>) -> impl Iterator<Item = String> {
    of.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(|name| DomainName::new(name).as_str().to_owned())
}

/// What is known of an object, for people to choose by.
pub(super) fn about(one: &Candidate) -> String {
    let name = one.name.iter().map(|name| format!("Name {name}"));
    let facts = one.facts.iter().map(|(fact, value)| format!("{fact} {value}"));
    name.chain(facts).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
