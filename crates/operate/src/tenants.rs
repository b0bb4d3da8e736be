//! What becomes of what others have hung on ours when that is removed.

use std::collections::BTreeMap;

use bbws_engine::{Hanging, Obstacle};
use bbws_model::{Address, Finding, PhysicalId, Severity};

/// What AWS removes together with what it hangs on. It holds up nothing; all else does, until whoever made it has removed it.
const GO_TOO: [&str; 5] = ["access point", "certificate of a listener", "listener", "listener rule", "security group rule"];

/// What others have in a cluster that is to be removed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tenants {
    /// What stands there, each once, with what it hangs on.
    things: BTreeMap<PhysicalId, (Hanging, Vec<Address>)>,
}

impl Tenants {
    /// Tells what others have hung there from what else stands in the way.
    #[must_use]
    pub fn among(obstacles: Vec<Obstacle>) -> (Self, Vec<Finding>) {
        let (mut tenants, mut rest) = (Self::default(), vec![]);
        for Obstacle { finding, theirs } in obstacles {
            for one in &theirs {
                let (_, on) = tenants.things.entry(one.id.clone()).or_insert_with(|| (one.clone(), vec![]));
                on.extend(finding.address.clone());
            }
            if theirs.is_empty() {
                rest.push(finding);
            }
        }
        (tenants, rest)
    }

    /// How many things.
    #[must_use]
    pub fn number(&self) -> usize {
        self.things.len()
    }

    /// What is told of them before anything is removed.
    #[must_use]
    pub fn warnings(&self) -> Vec<Finding> {
        let (go, hold): (Vec<_>, Vec<_>) = self.things.values().partition(|(one, _)| GO_TOO.contains(&one.what));
        let told = |some: Vec<&(Hanging, Vec<Address>)>, summary: &str, advice: &str| {
            let named: Vec<String> = some
                .iter()
                .map(|(one, on)| format!("{one} on {}", on.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")))
                .collect();
            (!named.is_empty()).then(|| Finding::new(Severity::Warning, summary).seen(named.join(", ")).advise(advice))
        };
        let gone = told(
            go,
            "AWS removes these together with what they hang on, and they are not bbws's",
            "whoever made them has to know; what tenants keep in the file system is lost with it",
        );
        let held = told(
            hold,
            "these are not bbws's, it never removes them, and AWS keeps what they use until they are gone",
            "have whoever made them remove them; what they hold is tried, told and left, all else is removed, and the same command goes on from there",
        );
        gone.into_iter().chain(held).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_counts_once_and_what_goes_is_told_from_what_holds() {
        let thing = |what: &'static str, id: &str| Hanging { what, id: id.into(), name: "banana".into(), owner: None, adds: None };
        let on = |address: &str, theirs: Vec<Hanging>| Obstacle {
            finding: Finding::new(Severity::Error, "hung").at(&address.parse().unwrap()),
            theirs,
        };
        let group = thing("target group", "tg-1");
        let (tenants, rest) = Tenants::among(vec![
            on("load-balancer.main", vec![group.clone(), thing("listener rule", "r-1")]),
            on("vpc.main", vec![group]),
            on("subnet.a", vec![]),
        ]);
        assert_eq!((tenants.number(), rest.len()), (2, 1));
        let [gone, held] = tenants.warnings().try_into().unwrap();
        assert_eq!(gone.evidence, "listener rule banana (r-1) on load-balancer.main");
        assert_eq!(held.evidence, "target group banana (tg-1) on load-balancer.main and vpc.main");
        assert_eq!(Tenants::default().warnings(), []);
    }
}
