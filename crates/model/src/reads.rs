//! Which calls one look at objects takes: the read formula of a kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Kind, PhysicalId, Ready};

/// An object as the state knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<K: Kind> {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// The spec it was last seen with.
    pub spec: K::Spec<Ready>,
}

/// The calls that one look takes, each named by its API and by what it asks about. What two kinds ask alike is asked once,
/// so that the formulas of all kinds add up.
///
/// A list counts as one page. Where an account holds more than a page of what is listed, or an object was lost or lost
/// its tags, a look takes more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads(BTreeSet<(&'static str, String)>);

impl Reads {
    /// Nothing is read.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One call of this API serves all objects.
    #[must_use]
    pub fn shared(mut self, api: &'static str) -> Self {
        self.0.insert((api, String::new()));
        self
    }

    /// This API has to be asked about each of these things by itself.
    #[must_use]
    pub fn each(mut self, api: &'static str, about: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.extend(about.into_iter().map(|thing| (api, thing.into())));
        self
    }

    /// This API answers about so many things in one call.
    #[must_use]
    pub fn batched(mut self, api: &'static str, per_call: usize, about: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let things: Vec<String> = about.into_iter().map(Into::into).collect::<BTreeSet<_>>().into_iter().collect();
        self.0.extend(things.chunks(per_call.max(1)).map(|batch| (api, batch.join(" "))));
        self
    }

    /// All of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// How many calls there are of each API.
    #[must_use]
    pub fn by_api(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (api, _) in &self.0 {
            *counts.entry(*api).or_default() += 1;
        }
        counts
    }

    /// How many calls there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_kinds_ask_alike_counts_once() {
        let vpc = Reads::none().shared("ec2:DescribeVpcs").each("ec2:DescribeSecurityGroups", ["vpc-1"]);
        let groups = Reads::none().each("ec2:DescribeSecurityGroups", ["vpc-1", "vpc-2", "vpc-1"]);
        let all = vpc.and(groups);
        assert_eq!(all.by_api(), BTreeMap::from([("ec2:DescribeSecurityGroups", 2), ("ec2:DescribeVpcs", 1)]));
        assert_eq!((all.total(), Reads::none().total()), (3, 0));
    }

    #[test]
    fn a_batch_is_one_call_in_whatever_order() {
        let batched = |names: &[&str]| Reads::none().batched("logs:DescribeLogGroups", 2, names.iter().copied());
        assert_eq!(batched(&["c", "a", "b", "a"]).total(), 2);
        assert_eq!(batched(&["b", "a"]), batched(&["a", "b"]));
        assert_eq!(batched(&[]).total(), 0);
    }
}
