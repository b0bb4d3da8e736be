//! Careful edits of what is recorded: another address for a resource, or none any more. The objects stay as they are.

use std::collections::BTreeSet;

use bbws_model::{Address, Desired, Finding, Kinds, PhysicalId, Severity, State};

/// So many resources are named in one line.
const NAMED: usize = 8;

/// A resource that gets another address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Its address so far.
    pub from: Address,
    /// Its address from then on.
    pub to: Address,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Whose references follow.
    pub holders: Vec<Address>,
    /// Whether the file still declares the old address: then a plan makes another object for it.
    pub old_declared: bool,
    /// Whether the file declares the new address: if not, a plan removes the object.
    pub new_declared: bool,
}

/// A resource that is to be managed no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Its address.
    pub address: Address,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Whether the file declares it: then the next plan takes it back.
    pub declared: bool,
}

/// Why an address is not one that is recorded.
fn unrecorded(state: &State, address: &Address) -> Finding {
    let same: Vec<String> = state.entries.keys().filter(|known| known.kind() == address.kind()).map(ToString::to_string).collect();
    let advice =
        if same.is_empty() { "`bbws state list ENV` lists all there is".into() } else { format!("recorded are {}", same.join(", ")) };
    Finding::new(Severity::Error, format!("nothing is recorded as {address}")).advise(advice)
}

/// Who refers to a resource, by the state.
fn holders(state: &State, address: &Address) -> Vec<Address> {
    let refers = |list: &[Address]| list.contains(address);
    let held = state.entries.iter().filter(|(_, e)| refers(&e.dependencies) || e.deposed.iter().any(|old| refers(&old.dependencies)));
    held.map(|(holder, _)| holder.clone()).collect()
}

/// All that refers to a resource, or to what refers to it, but for those that are forgotten anyway.
fn above(state: &State, address: &Address, forgotten: &BTreeSet<Address>) -> BTreeSet<Address> {
    let (mut all, mut open) = (BTreeSet::new(), vec![address.clone()]);
    while let Some(next) = open.pop() {
        let new: Vec<Address> =
            holders(state, &next).into_iter().filter(|holder| !forgotten.contains(holder) && !all.contains(holder)).collect();
        all.extend(new.iter().cloned());
        open.extend(new);
    }
    all
}

/// What is still on its way at an address, if anything is.
fn on_its_way(state: &State, address: &Address) -> Option<Finding> {
    let open = state.open.values().find(|open| open.intent.address == *address)?;
    let finding = Finding::new(Severity::Error, "it is not known yet what became of a request of an interrupted run").at(address);
    Some(finding.seen(format!("intent {}", open.intent.id)).advise("settle it first: bbws apply"))
}

/// Looks whether a resource can get another address.
///
/// # Errors
/// When it cannot: nothing is recorded there, the kinds differ, or the new address is taken.
pub fn moving(state: &State, kinds: &Kinds, desired: &Desired, from: &Address, to: &Address) -> Result<Move, Vec<Finding>> {
    let error = |what: String| Finding::new(Severity::Error, what);
    let Some(entry) = state.entries.get(from) else { return Err(vec![unrecorded(state, from)]) };
    let mut wrong = vec![];
    if from.kind() != to.kind() {
        let advice = format!("an address keeps its kind: {}.{}", from.kind(), to.name());
        wrong.push(error(format!("{from} cannot become {to}: that is another kind")).advise(advice));
    } else if kinds.get(to.kind()).is_none() {
        wrong.push(error(format!("there is no kind `{}`", to.kind())));
    } else if from == to {
        wrong.push(error(format!("{from} is called so already")));
    } else if let Some(taken) = state.entries.get(to) {
        let advice = format!("move or forget that first: bbws state rm ENV {to} --reason …");
        wrong.push(error(format!("{to} is recorded already, as {}", taken.id)).advise(advice));
    }
    wrong.extend([from, to].into_iter().filter_map(|address| on_its_way(state, address)));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let declares = |address: &Address| desired.resources.contains_key(address);
    Ok(Move {
        from: from.clone(),
        to: to.clone(),
        id: entry.id.clone(),
        holders: holders(state, from),
        old_declared: declares(from),
        new_declared: declares(to),
    })
}

/// Looks whether resources can be forgotten.
///
/// # Errors
/// For each that cannot: nothing is recorded there, others that stay refer to it, or a former object of it has still to go.
pub fn forgetting(state: &State, desired: &Desired, addresses: &BTreeSet<Address>) -> Result<Vec<Forgotten>, Vec<Finding>> {
    let (mut found, mut wrong) = (vec![], vec![]);
    for address in addresses {
        let Some(entry) = state.entries.get(address) else {
            wrong.push(unrecorded(state, address));
            continue;
        };
        let error = |what: String| Finding::new(Severity::Error, what).at(address);
        wrong.extend(on_its_way(state, address));
        if let Some(old) = entry.deposed.first() {
            wrong.push(error(format!("{}, which it replaced, has still to go", old.id)).advise("let a run remove that first: bbws apply"));
        }
        let left: Vec<String> =
            holders(state, address).iter().filter(|holder| !addresses.contains(*holder)).map(ToString::to_string).collect();
        if !left.is_empty() {
            let more = left.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let some: Vec<&str> = left.iter().take(NAMED).map(String::as_str).collect();
            let finding = error("others that stay refer to it".into()).seen(format!("{}{more}", some.join(", ")));
            let with = above(state, address, addresses);
            let all: Vec<String> = with.iter().map(ToString::to_string).collect();
            wrong.push(finding.advise(match all.len() {
                0..=NAMED => format!("forget them with it: add {}", all.join(" ")),
                many => {
                    format!("{many} resources would have to be forgotten with it, one for the sake of the other: is this the one you mean?")
                }
            }));
        }
        let declared = desired.resources.contains_key(address);
        found.push(Forgotten { address: address.clone(), id: entry.id.clone(), declared });
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use bbws_model::{Entry, Wanted};
    use bbws_testkit::sample;
    use serde_json::json;

    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn entry(id: &str, on: &[&str]) -> Entry {
        Entry { dependencies: on.iter().map(|text| address(text)).collect(), ..sample::entry(id, json!({})) }
    }

    fn state() -> State {
        let mut state = State::empty("L");
        for (at, id, on) in [("vpc.main", "vpc-1", vec![]), ("subnet.a", "subnet-1", vec!["vpc.main"]), ("subnet.b", "subnet-2", vec![])] {
            state.entries.insert(address(at), entry(id, &on));
        }
        state
    }

    fn declared(text: &str) -> Desired {
        Desired { resources: [(address(text), Wanted::new(json!({})))].into(), ..Desired::default() }
    }

    fn told(wrong: Vec<Finding>) -> String {
        wrong.iter().map(|finding| format!("{} | {} | {}", finding.summary, finding.evidence, finding.advice)).collect()
    }

    #[test]
    fn a_resource_moves_to_a_free_address_of_its_kind_and_says_who_follows() {
        let (state, kinds) = (state(), bbws_kinds::all());
        let moved = moving(&state, &kinds, &declared("vpc.other"), &address("vpc.main"), &address("vpc.other")).unwrap();
        assert_eq!((moved.id, moved.holders), ("vpc-1".into(), vec![address("subnet.a")]));
        assert_eq!((moved.old_declared, moved.new_declared), (false, true));
        for (from, to, why) in [
            ("vpc.gone", "vpc.x", "nothing is recorded as vpc.gone |  | recorded are vpc.main"),
            ("vpc.main", "subnet.x", "another kind"),
            ("subnet.a", "subnet.b", "recorded already, as subnet-2"),
            ("subnet.a", "subnet.a", "called so already"),
        ] {
            let wrong = moving(&state, &kinds, &Desired::default(), &address(from), &address(to)).unwrap_err();
            assert!(told(wrong.clone()).contains(why), "{from} {to}: {}", told(wrong));
        }
    }

    #[test]
    fn what_others_refer_to_is_forgotten_with_them_only() {
        let state = state();
        let of = |list: &[&str]| forgetting(&state, &declared("subnet.a"), &list.iter().map(|text| address(text)).collect());
        let wrong = told(of(&["vpc.main"]).unwrap_err());
        assert!(wrong.contains("add subnet.a"), "{wrong}");
        let all = of(&["vpc.main", "subnet.a"]).unwrap();
        assert_eq!(all.iter().map(|one| one.declared).collect::<Vec<_>>(), [true, false], "in order, each with what the file says");
        let mut waits = state.clone();
        let old = bbws_model::Deposed { id: "vpc-0".into(), spec: json!({}), dependencies: vec![], intent: None };
        waits.entries.get_mut(&address("subnet.b")).unwrap().deposed.push(old);
        let wrong = forgetting(&waits, &Desired::default(), &[address("subnet.b")].into()).unwrap_err();
        assert!(told(wrong).contains("vpc-0, which it replaced"));
    }
}
