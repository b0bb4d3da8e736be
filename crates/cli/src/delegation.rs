//! Whether the DNS leads to the cluster's zone: asked before a certificate waits for it, and before a zone goes.

use std::collections::BTreeSet;

use bbws_cluster::Environment;
use bbws_engine::Picture;
use bbws_model::{Action, Address, Desired, Finding, Plan, Severity};
use bbws_render::ErrorId;
use serde_json::Value;

use crate::cloud::{Link, Referral};
use crate::{Exit, Failure};

const CERTIFICATE: &str = "certificate";
const ZONE: &str = "hosted-zone";

/// Asks the DNS where a plan depends on it, and answers what is to be told beside the plan.
///
/// # Errors
/// When a certificate would wait in vain, or a zone would go to which others are still led.
pub(crate) async fn check<L: Link>(
    link: &L,
    environment: &Environment,
    desired: &Desired,
    plan: &Plan,
    picture: &Picture,
) -> Result<Vec<Finding>, Failure> {
    let mut told = vec![];
    let waits = environment.dns.delegated && plan.steps.iter().any(|step| step.address.kind() == CERTIFICATE && step.wants().is_some());
    if waits {
        let name = environment.dns.zone.name.as_str();
        let zone = desired.resources.iter().find(|(address, wanted)| address.kind() == ZONE && wanted.spec["name"] == *name);
        let zone = zone.map(|(address, _)| address.clone());
        let own = zone.as_ref().and_then(|address| servers(picture, address));
        told.extend(waiting(environment, zone, own.as_ref(), &link.referral(name).await)?);
    }
    for step in &plan.steps {
        let Action::Delete { have, deposed: false, .. } = &step.action else { continue };
        let (true, Some(name)) = (step.address.kind() == ZONE, have["name"].as_str()) else { continue };
        let own = servers(picture, &step.address).unwrap_or_default();
        if let Referral::To(found) = link.referral(name).await
            && found.intersection(&own).next().is_some()
        {
            let finding = Finding::new(Severity::Error, format!("the zone above still refers to {name}")).at(&step.address);
            let finding = finding.seen(format!("it names {}", list(&found)));
            let advice = "take the delegation out of the environment that holds the zone above, and apply that first";
            let what = format!("the plan for {} would leave a delegation that leads nowhere", environment.name);
            return Err(Failure::new(Exit::Refused, what)
                .of(ErrorId::Delegation)
                .because("whoever gets one of those name servers could answer for the name")
                .with(vec![finding.advise(advice)]));
        }
    }
    Ok(told)
}

/// What is to be said before a certificate is asked for.
fn waiting(
    environment: &Environment,
    zone: Option<Address>,
    own: Option<&BTreeSet<String>>,
    referral: &Referral,
) -> Result<Option<Finding>, Failure> {
    let name = &environment.dns.zone.name;
    let at = |finding: Finding| if let Some(address) = &zone { finding.at(address) } else { finding };
    let found = match referral {
        Referral::Unasked => return Ok(None),
        Referral::Unknown(why) => {
            let finding = Finding::new(Severity::Warning, format!("the DNS could not be asked where {name} is")).seen(why.clone());
            return Ok(Some(at(finding.advise("the certificate is issued only once the zone above refers to this one"))));
        }
        Referral::To(found) => found,
    };
    if own.is_some_and(|own| own == found) {
        return Ok(None);
    }
    let seen = match (found.is_empty(), own) {
        (true, _) => format!("no zone refers to {name}"),
        (false, None) => format!("it refers to {}; a zone that is made now gets others", list(found)),
        (false, Some(own)) => format!("it refers to {}, and the zone is on {}", list(found), list(own)),
    };
    let summary = format!("the DNS does not lead to the zone {name}");
    if environment.dns.zone.existing.is_there() {
        let finding = Finding::new(Severity::Warning, summary).seen(seen);
        return Ok(Some(at(finding.advise("give the registrar the zone's own name servers, or the certificate will not be issued"))));
    }
    let finding = at(Finding::new(Severity::Error, summary).seen(seen)).advise(
        "set `dns.delegated = false` and apply; give the zone above the name servers that are printed; then set `dns.delegated = true` \
         and apply again",
    );
    let failure = Failure::new(Exit::Refused, format!("the certificate of {} would wait in vain", environment.name));
    Err(failure
        .of(ErrorId::Delegation)
        .because("AWS issues it only once its validation record is found; nothing was changed")
        .with(vec![finding]))
}

/// The name servers that a zone is on, where it is there.
fn servers(picture: &Picture, address: &Address) -> Option<BTreeSet<String>> {
    let found = picture.recorded.get(address).or_else(|| picture.unrecorded.get(address))?.as_ref().ok()?.as_ref()?;
    let names = found.outputs.get("name_servers")?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(plain).collect())
}

/// A name as it is compared: names of the DNS know no case, and may end with a dot.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
