//! What stands beside ours: things that others have hung on it, things that bear our mark and are in no record, and things of
//! whatever sort that bear our tags and were not made by bbws. What others have put into ours is more than beside it: it is drift.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Addition, Hanging, Marked, Tagged};
use bbws_model::{Address, CloudError, Kinds, Op, PhysicalId, State};

/// One thing that the state does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// What it is, in AWS's words or as a kind.
    pub what: String,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// What people know it by; empty where the id says it.
    pub name: String,
    /// What it hangs on; none where it was found by its mark.
    pub on: Option<Address>,
    /// The address that its mark names, where it bears one.
    pub marked: Option<Address>,
    /// How it changes what ours is, where it does.
    pub adds: Option<Addition>,
}

/// The kinds into which somebody may put something that counts as declared by nobody.
const ADDED_TO: [&str; 3] = ["role", "route-table", "security-group"];

/// All of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strangers {
    /// What others have put into ours: grants, routes and rules that the file does not have. It is drift.
    pub added: Vec<Stranger>,
    /// Those of ours into which something may have been put, and which could not be looked at.
    pub hidden: BTreeSet<Address>,
    /// Things of others on ours: in a living cluster those of tenants are normal.
    pub foreign: Vec<Stranger>,
    /// What bears the mark of this state, and is not in it.
    pub orphans: Vec<Stranger>,
    /// What bears our tags, and no mark of bbws. Whoever made it is free to; it is left alone.
    pub tagged: Vec<Stranger>,
    /// What could not be listed, and why.
    pub unlisted: Vec<(String, CloudError)>,
}

/// What was found beside ours.
#[derive(Debug, Default)]
pub struct Beside {
    /// What hangs on each of ours.
    pub hanging: Vec<(Address, Result<Vec<Hanging>, CloudError>)>,
    /// What bears a mark, by kind.
    pub marked: Vec<(&'static str, Result<Vec<Marked>, CloudError>)>,
    /// What bears our tags, by region.
    pub tagged: Vec<(String, Result<Vec<Tagged>, CloudError>)>,
}

/// Sorts what was found beside ours.
#[must_use]
pub fn strangers(kinds: &Kinds, state: &State, beside: Beside) -> Strangers {
    let Beside { hanging, marked, tagged } = beside;
    let ours: BTreeSet<&PhysicalId> = state.ids().collect();
    let mut all = Strangers::default();
    let underway = underway(state);
    let (mut foreign, mut orphans): (BTreeMap<PhysicalId, Stranger>, BTreeMap<PhysicalId, Stranger>) = Default::default();
    let mut added: BTreeMap<PhysicalId, Stranger> = BTreeMap::new();
    for (kind, found) in marked {
        match found {
            Err(error) => all.unlisted.push((kind.to_owned(), error)),
            Ok(found) => {
                for one in found.into_iter().filter(|one| one.owner.lineage == state.lineage && !ours.contains(&one.id)) {
                    let marked = Some(one.owner.address);
                    let stranger =
                        Stranger { what: kind.to_owned(), id: one.id.clone(), name: String::new(), on: None, marked, adds: None };
                    orphans.insert(one.id, stranger);
                }
            }
        }
    }
    for (on, found) in hanging {
        match found {
            Err(error) => {
                if ADDED_TO.contains(&on.kind()) {
                    all.hidden.insert(on.clone());
                }
                all.unlisted.push((format!("what hangs on {on}"), error));
            }
            Ok(found) => {
                // What existed before bbws is as its owner has it.
                let taken = state.entries.get(&on).is_some_and(|entry| entry.existing);
                for one in found.into_iter().filter(|one| !ours.contains(&one.id) && !underway.contains(one.id.as_str())) {
                    let marked = one.owner.as_ref().filter(|owner| owner.lineage == state.lineage).map(|owner| owner.address.clone());
                    let adds = one.adds.filter(|_| !taken);
                    let to = match (&marked, &adds) {
                        (Some(_), _) => &mut orphans,
                        (None, Some(_)) => &mut added,
                        (None, None) => &mut foreign,
                    };
                    to.entry(one.id.clone()).or_insert_with(|| Stranger {
                        what: one.what.to_owned(),
                        id: one.id,
                        name: one.name,
                        on: Some(on.clone()),
                        marked,
                        adds,
                    });
                }
            }
        }
    }
    let sorted = |all: BTreeMap<PhysicalId, Stranger>| {
        let mut list: Vec<Stranger> = all.into_values().collect();
        list.sort_by(|a, b| (&a.what, &a.name, &a.id).cmp(&(&b.what, &b.name, &b.id)));
        list
    };
    // A rule in one group of ours that names another is told once.
    foreign.retain(|id, _| !added.contains_key(id));
    (all.added, all.foreign, all.orphans) = (sorted(added), sorted(foreign), sorted(orphans));
    let mut others = BTreeMap::new();
    for (region, found) in tagged {
        match found {
            Err(error) => all.unlisted.push((format!("what bears our tags in {region}"), error)),
            // What bears a mark is another environment's, or was listed by its kind, which asks the thing itself.
            Ok(found) => {
                let unmarked = found.into_iter().filter(|one| one.owner.is_none() && !is_ours(kinds, state, &one.arn));
                for one in unmarked.filter(|one| !all.foreign.iter().any(|known| names(&one.arn, known.id.as_str()))) {
                    let stranger = Stranger {
                        what: sort(&one.arn),
                        name: one.tags.get("Name").unwrap_or_default().to_owned(),
                        id: one.arn.as_str().into(),
                        on: None,
                        marked: None,
                        adds: None,
                    };
                    others.insert(stranger.id.clone(), stranger);
                }
            }
        }
    }
    all.tagged = sorted(others);
    all
}

/// The ids of what an interrupted run may have put into ours: such things bear no mark, and the next run settles them.
fn underway(state: &State) -> BTreeSet<String> {
    let open = state.open.values().chain(state.abandoned.values()).map(|open| &open.intent);
    let made = open.filter_map(|intent| {
        let Op::Create { spec } = &intent.op else { return None };
        let (on, of, between) = match intent.kind.as_str() {
            "role-policy" => ("role", "name", '/'),
            "role-policy-attachment" => ("role", "policy", '/'),
            "route" => ("table", "destination", '_'),
            _ => return None,
        };
        Some(format!("{}{between}{}", spec.get(on)?.as_str()?, spec.get(of)?.as_str()?))
    });
    made.collect()
}

/// The service of an ARN, and what it calls the thing.
fn parts(arn: &str) -> (&str, &str) {
    let mut parts = arn.splitn(6, ':').skip(2);
    (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default())
}

/// Whether an ARN names the thing of this id.
fn names(arn: &str, id: &str) -> bool {
    let before = parts(arn).1.strip_suffix(id);
    arn == id || (!id.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with(['/', ':'])))
}

/// Whether an ARN names something that is recorded: what has lost its mark is told of as drift.
fn is_ours(kinds: &Kinds, state: &State, arn: &str) -> bool {
    let of_service = |kind: &str| kinds.get(kind).is_some_and(|kind| kind.facts().service == parts(arn).0);
    let of_entry = state.entries.iter().filter(|(address, _)| of_service(address.kind())).any(|(_, entry)| {
        let told = entry.outputs.get("arn").and_then(serde_json::Value::as_str);
        told == Some(arn) || names(arn, entry.id.as_str()) || entry.deposed.iter().any(|old| names(arn, old.id.as_str()))
    });
    of_entry || state.backups.iter().any(|copy| names(arn, copy.id.as_str()))
}

/// What sort of thing an ARN names: `dynamodb table`.
fn sort(arn: &str) -> String {
    match parts(arn) {
        ("s3", _) => "s3 bucket".to_owned(),
        ("sns", _) => "sns topic".to_owned(),
        ("sqs", _) => "sqs queue".to_owned(),
        (service, rest) => match rest.split_once(['/', ':']) {
            Some((sort, _)) if !sort.is_empty() => format!("{service} {sort}"),
            _ => format!("{service} thing"),
        },
    }
}
