//! What others have written into route tables. Routes that a gateway propagates, of gateway endpoints and of FSx, and the local one
//! are AWS's.

use aws_sdk_ec2::types::{Route, RouteOrigin};
use bbws_engine::{Addition, Carrier, Hanging, Reading};
use bbws_kinds::RouteTable;
use bbws_model::{Cidr, CloudError, Observed};

use super::route_table::{FSX, Raw};
use crate::Aws;
use crate::scan::ById;

impl Carrier<RouteTable> for Aws {
    async fn hung_on(&self, seen: &Observed<RouteTable>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let id = seen.id.as_str();
        let all = match &seen.owner {
            Some(owner) => self.route_tables(&owner.lineage, reading).await?,
            None => ById::new(),
        };
        let missing: &[&str] = if all.contains_key(id) { &[] } else { &[id] };
        let all = self.with_route_tables(all, "route-table-id", missing, reading).await?;
        let Some(table) = all.get(id) else { return Ok(vec![]) };
        Ok(table.routes().iter().filter_map(|route| written(table, id, route, &self.region)).collect())
    }
}

/// A route that somebody wrote, ours included: that is known by its id.
fn written(table: &Raw, id: &str, route: &Route, region: &str) -> Option<Hanging> {
    if route.origin().is_some_and(|origin| *origin != RouteOrigin::CreateRoute) || route.gateway_id() == Some("local") {
        return None;
    }
    let of_endpoint = route.destination_prefix_list_id().is_some() && route.gateway_id().is_some_and(|to| to.starts_with("vpce-"));
    let of_fsx = route.network_interface_id().is_some() && table.tags().iter().any(|tag| tag.key() == Some(FSX));
    if of_endpoint || of_fsx {
        return None;
    }
    let (flag, destination) = match (route.destination_cidr_block(), route.destination_ipv6_cidr_block()) {
        (Some(network), _) => ("cidr-block", network),
        (None, Some(network)) => ("ipv6-cidr-block", network),
        (None, None) => ("prefix-list-id", route.destination_prefix_list_id()?),
    };
    let known = destination.parse::<Cidr>().map_or_else(|_| destination.to_owned(), |network| network.to_string());
    let everything = ["0.0.0.0/0", "::/0"].contains(&destination);
    let danger = if everything { "all that has no other way goes there" } else { "" };
    let undo = format!("aws ec2 delete-route --route-table-id {id} --destination-{flag} {destination} --region {region}");
    Some(Hanging {
        what: "route",
        id: format!("{id}_{known}").into(),
        name: format!("{destination} to {}", target(route)),
        owner: None,
        adds: Some(Addition { danger, undo }),
    })
}

fn target(route: &Route) -> &str {
    let all = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.network_interface_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.egress_only_internet_gateway_id(),
        route.instance_id(),
        route.carrier_gateway_id(),
        route.local_gateway_id(),
        route.core_network_arn(),
    ];
    all.into_iter().flatten().next().unwrap_or("something that AWS does not name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::Tag;

    #[test]
    fn only_what_somebody_wrote_is_told_with_where_it_leads() {
        let route = || Route::builder().origin(RouteOrigin::CreateRoute);
        let of = |table: &Raw, route: &Route| written(table, "rtb-1", route, "af-south-1");
        let plain = Raw::builder().build();
        let hand = of(&plain, &route().destination_cidr_block("192.168.9.0/24").gateway_id("igw-1").build()).unwrap();
        assert_eq!((hand.id.as_str(), hand.name.as_str()), ("rtb-1_192.168.9.0/24", "192.168.9.0/24 to igw-1"));
        let adds = hand.adds.unwrap();
        assert_eq!(adds.danger, "");
        assert_eq!(adds.undo, "aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 192.168.9.0/24 --region af-south-1");
        let wide = of(&plain, &route().destination_ipv6_cidr_block("::/0").egress_only_internet_gateway_id("eigw-1").build()).unwrap();
        assert!(!wide.adds.as_ref().unwrap().danger.is_empty() && wide.adds.unwrap().undo.contains("--destination-ipv6-cidr-block ::/0"));
        let peered = of(&plain, &route().destination_prefix_list_id("pl-1").vpc_peering_connection_id("pcx-1").build()).unwrap();
        assert_eq!((peered.id.as_str(), peered.name.as_str()), ("rtb-1_pl-1", "pl-1 to pcx-1"));

        let to = |id: &str| Route::builder().destination_cidr_block("10.0.0.0/16").gateway_id(id);
        assert_eq!(of(&plain, &to("local").build()), None);
        assert_eq!(of(&plain, &to("vgw-1").origin(RouteOrigin::EnableVgwRoutePropagation).build()), None);
        assert_eq!(of(&plain, &route().destination_prefix_list_id("pl-1").gateway_id("vpce-1").build()), None, "of a gateway endpoint");
        let interface = route().destination_cidr_block("10.9.0.1/32").network_interface_id("eni-1").build();
        assert!(of(&plain, &interface).is_some());
        let of_fsx = Raw::builder().tags(Tag::builder().key(FSX).value("ManagedByAmazonFSx").build()).build();
        assert_eq!(of(&of_fsx, &interface), None);
    }
}
