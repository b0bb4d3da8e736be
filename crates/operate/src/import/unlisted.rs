//! What could not be listed, and what that leaves in doubt: what nobody has seen must not pass for absent.

use std::collections::BTreeSet;

use bbws_model::{Address, CloudError, Desired, pointers};
use serde_json::Value;

use super::discover::Discovered;
use super::map::Certainty;

/// What could not be listed: it is not known whether more of the kind is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The kind.
    pub kind: String,
    /// Why.
    pub error: CloudError,
}

impl Discovered {
    /// Whether objects of this kind may be there that nobody could list.
    #[must_use]
    pub fn may_hide(&self, kind: &str) -> bool {
        self.unlisted.iter().any(|one| one.kind == kind)
    }

    /// Where a kind could not be listed whole, none of it is more than likely: there may be another that fits better.
    pub fn doubt(&mut self) {
        let Self { proposals, unlisted, .. } = self;
        for (address, proposal) in proposals {
            if proposal.certainty == Certainty::Certain && unlisted.iter().any(|one| one.kind == address.kind()) {
                proposal.certainty = Certainty::Likely;
                proposal.why.push_str(", of those that could be listed");
            }
        }
    }

    /// Finds out what may be there all the same, of what was not found.
    pub fn doubt_missing(&mut self, desired: &Desired, found: &BTreeSet<&Address>) {
        let open = || desired.resources.iter().filter(|(address, _)| !found.contains(*address));
        let mut doubt: BTreeSet<Address> = open().map(|(address, _)| address).filter(|one| self.may_hide(one.kind())).cloned().collect();
        loop {
            let refers = |spec: &Value| pointers(spec).iter().any(|pointer| doubt.contains(&pointer.to));
            let more = open().filter(|(address, wanted)| !doubt.contains(*address) && refers(&wanted.spec));
            let more: Vec<Address> = more.map(|(address, _)| address.clone()).collect();
            if more.is_empty() {
                self.in_doubt = doubt;
                return;
            }
            doubt.extend(more);
        }
    }

    /// Takes in what was found out later.
    pub fn and(&mut self, later: Self) {
        let Self { proposals, unclear, owned, unlisted, in_doubt } = later;
        self.in_doubt.extend(in_doubt);
        self.proposals.extend(proposals);
        self.unclear.extend(unclear);
        self.owned.extend(owned);
        self.unlisted.extend(unlisted);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bbws_model::{Class, PhysicalId, Wanted};
    use serde_json::json;

    use super::super::discover::Proposal;
    use super::*;

    #[test]
    fn what_refers_to_what_nobody_could_list_is_in_doubt_and_nothing_of_it_is_certain() {
        let at = |text: &str| text.parse::<Address>().unwrap();
        let to = |address: &str| json!({ "$ref": address, "output": "arn" });
        let all = [
            ("certificate.a", json!({})),
            ("certificate.b", json!({})),
            ("dns-record.a", json!({"certificate": to("certificate.a")})),
            ("dns-record.b", json!({"certificate": to("certificate.b")})),
            ("listener.a", json!({"after": [to("dns-record.a")]})),
            ("vpc.main", json!({})),
        ];
        let resources = all.into_iter().map(|(address, spec)| (at(address), Wanted::new(spec))).collect();
        let desired = Desired { resources, ..Desired::default() };
        let proposal = || Proposal { id: PhysicalId::from("x"), certainty: Certainty::Certain, why: "by its domain".into() };
        let error = CloudError::own("acm:ListCertificates", Class::Throttled, "Rate exceeded");
        let mut found = Discovered {
            proposals: BTreeMap::from([(at("certificate.b"), proposal()), (at("vpc.main"), proposal())]),
            unlisted: vec![Unlisted { kind: "certificate".into(), error }],
            ..Discovered::default()
        };
        found.doubt();
        let certain = |address: &str| found.proposals[&at(address)].certainty == Certainty::Certain;
        assert_eq!((certain("vpc.main"), certain("certificate.b")), (true, false));
        let (seen, mut found) = ([at("certificate.b"), at("dns-record.b")], found.clone());
        found.doubt_missing(&desired, &seen.iter().collect());
        assert_eq!(found.in_doubt, ["certificate.a", "dns-record.a", "listener.a"].map(at).into());
    }
}
