//! What stands where: the VPC, its zones, the subnets of each side, and what stands in them.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::Address;

use super::Diagram;

/// One zone: its subnets, those with a way in from the internet apart.
#[derive(Debug, Default)]
pub(super) struct Zone<'a> {
    pub public: Vec<&'a Address>,
    pub private: Vec<&'a Address>,
}

/// What stands where.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    diagram: &'a Diagram,
    pub vpc: Option<&'a Address>,
    pub zones: BTreeMap<&'a str, Zone<'a>>,
    /// What is drawn at a place of its own, and so is not listed beside the picture.
    pub placed: BTreeSet<&'a Address>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(diagram: &'a Diagram) -> Self {
        let mut scene = Self { diagram, vpc: None, zones: BTreeMap::new(), placed: BTreeSet::new() };
        // Of several VPCs the one with the most subnets; the others are listed.
        let subnets = |vpc: &Address| diagram.kind("subnet").filter(|(a, _)| diagram.towards(a, "vpc").any(|to| to == vpc)).count();
        scene.vpc = diagram.kind("vpc").map(|(address, _)| address).max_by_key(|vpc| (subnets(vpc), std::cmp::Reverse(*vpc)));
        let Some(vpc) = scene.vpc else { return scene };
        scene.placed.insert(vpc);
        for (address, node) in diagram.kind("subnet").filter(|(a, _)| diagram.towards(a, "vpc").any(|to| to == vpc)) {
            let public = scene.way_out(address, "internet-gateway").is_some();
            let zone = scene.zones.entry(node.text("zone").unwrap_or("some zone")).or_default();
            if public {
                zone.public.push(address)
            } else {
                zone.private.push(address)
            }
            scene.placed.insert(address);
        }
        scene
    }

    /// The gateway of this kind that the subnet's route table sends its traffic to.
    pub(super) fn way_out(&self, subnet: &Address, gateway: &'a str) -> Option<&'a Address> {
        let associations = self.diagram.kind("route-table-association");
        let table = associations
            .filter(|(a, _)| self.diagram.towards(a, "subnet").any(|to| to == subnet))
            .find_map(|(a, _)| self.diagram.towards(a, "route-table").next())?;
        let mut routes = self.diagram.kind("route").filter(|(a, _)| self.diagram.towards(a, "route-table").any(|to| to == table));
        routes.find_map(|(a, _)| self.diagram.towards(a, gateway).next())
    }

    /// What of this kind stands in the subnet.
    pub(super) fn standing(&self, subnet: &Address, kind: &'a str) -> Option<&'a Address> {
        self.diagram.kind(kind).map(|(address, _)| address).find(|address| self.diagram.towards(address, "subnet").any(|to| to == subnet))
    }

    /// Marks as drawn.
    pub(super) fn place(&mut self, address: &'a Address) {
        self.placed.insert(address);
    }
}
