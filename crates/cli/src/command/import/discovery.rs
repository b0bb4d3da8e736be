//! Which of the objects that are there the file's resources are: what bears our mark, what hangs on the VPC, and, of what was not
//! found under its name, what refers to it or where it stands. A kind that cannot be listed stops none of the others.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Candidate, Sighted, candidates, census, sight_again};
use bbws_model::{Address, PhysicalId, State, pointers};
use bbws_operate::import::{Discovered, Ground, LISTED, LISTED_BY_PLACE, Misnamed, Unlisted, discover, elsewhere};

use super::Asked;
use crate::cloud::Link;
use crate::session::Session;
use crate::{Exit, Failure};

/// What is listed, by kind.
type Listed = BTreeMap<&'static str, Vec<Candidate>>;

/// All that the file declares and that is not managed, each with its id where its mark tells that, or what it hangs on does.
pub(super) async fn discovered<L: Link>(session: &Session<L>, state: &State, vpc: Option<&str>) -> Result<(Asked, Listed), Failure> {
    let (ours, mut unlisted) = marks(session, state).await?;
    let mut listed = Listed::new();
    list(session, &BTreeSet::from(LISTED), &mut listed, &mut unlisted).await;
    if let (Some(given), Some(one)) = (vpc, unlisted.iter().find(|one| one.kind == "vpc" && !listed.contains_key("vpc"))) {
        return Err(Failure::cloud(format!("{given} cannot be looked at"), &one.error));
    }
    let place = format!("account {}, {}", session.offline.environment.account, session.offline.environment.region);
    let mut found = discover((&session.desired, state), &ours, &listed, vpc).map_err(|misnamed| {
        let exit = if matches!(misnamed, Misnamed::Marked(..)) { Exit::Refused } else { Exit::Error };
        Failure::new(exit, misnamed.to_string()).because(format!("looked for in {place}; nothing was changed"))
    })?;
    found.unlisted = unlisted;
    found.doubt();
    let mut later = found.waiting(&session.desired, &ours);
    let waiting = later.clone();
    later.extend(found.unclear.iter().map(|one| one.address.clone()));
    let open = session
        .desired
        .resources
        .iter()
        .filter(|(address, wanted)| !wanted.existing && !state.entries.contains_key(*address) && !later.contains(*address));
    let id = |address: &Address| ours.get(address).or_else(|| found.proposals.get(address).map(|proposal| &proposal.id)).cloned();
    let ids = open.map(|(address, _)| (address.clone(), id(address))).collect();
    Ok((Asked { ids, told: vec![], discovered: Some(found), waiting }, listed))
}

/// The objects that bear our mark, by their addresses, and the kinds of which nobody knows.
async fn marks<L: Link>(session: &Session<L>, state: &State) -> Result<(BTreeMap<Address, PhysicalId>, Vec<Unlisted>), Failure> {
    let (mut ours, mut unlisted, mut answered) = (BTreeMap::new(), vec![], false);
    for (kind, found) in census(&session.link.drivers()).await {
        match found {
            Ok(all) => {
                answered = true;
                let of_ours = all.into_iter().filter(|one| one.owner.lineage == state.lineage && one.owner.address.kind() == kind);
                ours.extend(of_ours.map(|one| (one.owner.address, one.id)));
            }
            Err(error) => unlisted.push(Unlisted { kind: kind.to_owned(), error }),
        }
    }
    // Whoever can list nothing at all has another trouble than a permission.
    match unlisted.first().filter(|_| !answered) {
        Some(one) => Err(Failure::cloud(format!("the marked objects of the kind `{}` cannot be listed", one.kind), &one.error)),
        None => Ok((ours, unlisted)),
    }
}

/// Lists what there is of these kinds.
async fn list<L: Link>(session: &Session<L>, kinds: &BTreeSet<&str>, listed: &mut Listed, unlisted: &mut Vec<Unlisted>) {
    for (kind, found) in candidates(&session.link.drivers(), &session.desired, kinds).await {
        match found {
            Ok(all) => drop(listed.insert(kind, all)),
            Err(error) if unlisted.iter().any(|one| one.kind == kind && one.error.operation == error.operation) => {}
            Err(error) => unlisted.push(Unlisted { kind: kind.to_owned(), error }),
        }
    }
}

/// Looks for what was not found under its name: what is found of it shows what further ones are.
pub(super) async fn under_other_names<L: Link>(
    session: &Session<L>,
    mut sighted: Sighted,
    (asked, mut listed): (&mut Asked, Listed),
) -> Sighted {
    let Some(found) = asked.discovered.as_mut() else { return sighted };
    let environment = &session.offline.environment;
    let (drivers, kinds) = (session.link.drivers(), &session.offline.kinds);
    let mut tried: BTreeSet<Address> = BTreeSet::new();
    loop {
        let missing: BTreeSet<Address> = sighted.missing.difference(&tried).cloned().collect();
        if missing.is_empty() {
            return sighted;
        }
        let of: BTreeSet<&str> = missing.iter().map(Address::kind).collect();
        let more = LISTED_BY_PLACE.into_iter().filter(|kind| of.contains(kind) && !listed.contains_key(kind) && !found.may_hide(kind));
        list(session, &more.collect(), &mut listed, &mut found.unlisted).await;
        let ground = Ground {
            kinds,
            account: environment.account.as_str(),
            region: &environment.region,
            desired: &session.desired,
            state: &sighted.state,
        };
        let chosen = elsewhere(&ground, &missing, &listed);
        tried.extend(chosen.proposals.keys().chain(chosen.unclear.iter().map(|one| &one.address)).cloned());
        let ends = chosen.proposals.is_empty();
        let id = |address: &Address| chosen.proposals.get(address).map(|one| one.id.clone());
        // What was not looked at because of what it refers to is looked at again with it.
        let stands_on = |address: &Address| {
            let refers = session.desired.resources.get(address).map(|wanted| pointers(&wanted.spec)).unwrap_or_default();
            refers.iter().any(|pointer| missing.contains(&pointer.to))
        };
        let blocked = sighted.findings.iter().filter_map(|finding| finding.address.as_ref()).filter(|address| stands_on(address));
        let again: BTreeMap<_, _> = sighted.missing.iter().chain(blocked).map(|address| (address.clone(), id(address))).collect();
        undecided(&mut sighted, &chosen);
        found.and(chosen);
        if ends {
            return sighted;
        }
        sighted = sight_again(&drivers, kinds, &session.desired, sighted, &again).await;
    }
}

/// What could be several objects is not missing.
fn undecided(sighted: &mut Sighted, chosen: &Discovered) {
    for one in &chosen.unclear {
        sighted.missing.remove(&one.address);
    }
}
