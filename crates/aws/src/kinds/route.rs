//! The driver of `route`. A route has no id: we call it `rtb-…_DESTINATION`. It is seen in its table.

use aws_sdk_ec2::types::{Route as Answered, RouteOrigin};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Route, RouteOutputs, RouteSpec};
use bbws_model::{Cidr, Class, CloudError, Id, Locate, Observed, Phase, Ready};

use super::route_table::{DESCRIBE, Raw, owner_in};
use super::route53::not_yet;
use crate::scan::{ById, all_failed, lineage};
use crate::{Aws, Told};

/// What names a route: its table and its destination.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    table: String,
    destination: Cidr,
}

impl Key {
    fn of(spec: &RouteSpec<Ready>) -> Self {
        Self { table: spec.table.as_str().to_owned(), destination: spec.destination }
    }

    fn at(place: &Locate<Route>) -> Result<Self, CloudError> {
        let Some(id) = &place.id else { return Ok(Self::of(&place.spec)) };
        let parts = id.as_str().split_once('_');
        let key = parts.and_then(|(table, destination)| Some(Self { table: table.to_owned(), destination: destination.parse().ok()? }));
        let told = || CloudError::own(DESCRIBE, Class::Invalid, format!("`{id}` is no id of a route: it is written `TABLE_DESTINATION`"));
        key.ok_or_else(told)
    }

    fn to_id(&self) -> String {
        format!("{}_{}", self.table, self.destination)
    }

    /// Whether a route is the one of this destination that somebody wrote. The `local` route and those that a virtual
    /// private gateway propagates stand in the table by themselves; a written one comes before them.
    fn is_of(&self, route: &Answered) -> bool {
        let written = match route.origin() {
            Some(origin) => *origin == RouteOrigin::CreateRoute,
            None => route.gateway_id() != Some("local"),
        };
        written && route.destination_cidr_block().and_then(|text| text.parse().ok()) == Some(self.destination)
    }
}

impl Driver<Route> for Aws {
    async fn observe(&self, at: &[Locate<Route>], reading: &Reading) -> Vec<Sight<Route>> {
        let keys: Vec<Result<Key, CloudError>> = at.iter().map(Key::at).collect();
        let tables = match self.tables_of_routes(&keys, lineage(at), reading).await {
            Ok(tables) => tables,
            Err(error) => return all_failed(at, &error),
        };
        at.iter().zip(keys).map(|(place, key)| Ok(observed(place, &key?, &tables))).collect()
    }

    async fn create(&self, want: &RouteSpec<Ready>, _: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateRoute";
        let (internet, nat) = target(OPERATION, want)?;
        let key = Key::of(want);
        let create = self.write.ec2.create_route().route_table_id(&key.table).destination_cidr_block(key.destination.to_string());
        create.set_gateway_id(internet).set_nat_gateway_id(nat).send().await.told(OPERATION).map_err(unspread)?;
        Ok(Created { id: key.to_id().into() })
    }

    async fn update(&self, seen: &Observed<Route>, want: &RouteSpec<Ready>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "ec2:ReplaceRoute";
        let have = &seen.spec;
        if (&have.internet_gateway, &have.nat_gateway) == (&want.internet_gateway, &want.nat_gateway) {
            return Ok(Progress::Nothing);
        }
        let (internet, nat) = target(OPERATION, want)?;
        let key = Key::of(want);
        // In place, without a moment in which there is no route.
        let replace = self.write.ec2.replace_route().route_table_id(&key.table).destination_cidr_block(key.destination.to_string());
        replace.set_gateway_id(internet).set_nat_gateway_id(nat).send().await.told(OPERATION).map_err(unspread)?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Route>, _: &Attempt) -> Result<Progress, CloudError> {
        let Key { table, destination } = Key::of(&seen.spec);
        let delete = self.write.ec2.delete_route().route_table_id(table).destination_cidr_block(destination.to_string());
        delete.send().await.told("ec2:DeleteRoute")?;
        Ok(Progress::Sent)
    }
}

/// The one target: an internet gateway or a NAT gateway.
fn target(operation: &str, want: &RouteSpec<Ready>) -> Result<(Option<String>, Option<String>), CloudError> {
    let (internet, nat) = (want.internet_gateway.as_ref().map(ToString::to_string), want.nat_gateway.as_ref().map(ToString::to_string));
    if internet.is_some() == nat.is_some() {
        return Err(CloudError::own(operation, Class::Invalid, "a route leads to either an internet gateway or a NAT gateway"));
    }
    Ok((internet, nat))
}

/// Table and gateway may be new, and not known everywhere: AWS then says that they do not exist, that the gateway is of
/// another network, or nothing more than that a parameter is wrong.
fn unspread(error: CloudError) -> CloudError {
    let unspread = error.code == "InvalidParameterException"
        || (error.code == "InvalidParameterValue" && error.message.contains("belong to different networks"));
    if unspread { CloudError { class: Class::NotVisibleYet, ..error } } else { not_yet(error) }
}

fn observed(place: &Locate<Route>, key: &Key, tables: &ById<Raw>) -> Option<Observed<Route>> {
    let table = tables.get(&key.table)?;
    let route = table.routes().iter().find(|route| key.is_of(route))?;
    // Other targets (endpoints, interfaces, peerings, transit gateways) are shown as neither.
    let internet_gateway = route.gateway_id().filter(|id| id.starts_with("igw-")).map(Id::new);
    let nat_gateway = route.nat_gateway_id().map(Id::new);
    let as_wanted = (&internet_gateway, &nat_gateway) == (&place.spec.internet_gateway, &place.spec.nat_gateway);
    Some(Observed {
        id: key.to_id().into(),
        spec: RouteSpec { table: Id::new(&key.table), destination: key.destination, internet_gateway, nat_gateway },
        outputs: RouteOutputs { state: route.state().map_or("active", |state| state.as_str()).to_owned() },
        // A black hole is as ready as it will be: what it leads to has to be mended.
        phase: Phase::Ready,
        owner: owner_in(table, place, as_wanted),
    })
}

impl Aws {
    async fn tables_of_routes(&self, keys: &[Result<Key, CloudError>], lineage: &str, reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let all = self.route_tables(lineage, reading).await?;
        let mut missing: Vec<&str> = keys.iter().flatten().map(|key| key.table.as_str()).filter(|id| !all.contains_key(*id)).collect();
        missing.sort_unstable();
        missing.dedup();
        self.with_route_tables(all, "route-table-id", &missing, reading).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key { table: "rtb-1".into(), destination: "10.9.0.0/16".parse().unwrap() }
    }

    #[test]
    fn an_id_tells_table_and_destination() {
        assert_eq!(key().to_id(), "rtb-1_10.9.0.0/16");
        let spec = RouteSpec { table: Id::new("rtb-2"), destination: key().destination, internet_gateway: None, nat_gateway: None };
        let place = |id: Option<&str>| Locate::<Route> {
            address: "route.a".parse().unwrap(),
            id: id.map(Into::into),
            spec: spec.clone(),
            lineage: "l".into(),
            intent: None,
        };
        assert_eq!(Key::at(&place(Some("rtb-1_10.9.0.0/16"))).unwrap(), key());
        assert_eq!(Key::at(&place(None)).unwrap().table, "rtb-2");
        assert!(["rtb-1", "rtb-1_pl-1"].iter().all(|id| Key::at(&place(Some(id))).is_err()));
    }

    #[test]
    fn only_what_somebody_wrote_is_a_route_of_ours() {
        let route = || Answered::builder().destination_cidr_block("10.9.0.0/16");
        assert!(key().is_of(&route().origin(RouteOrigin::CreateRoute).build()));
        assert!(key().is_of(&route().gateway_id("igw-1").build()));
        assert!(!key().is_of(&route().gateway_id("local").build()));
        assert!(!key().is_of(&route().origin(RouteOrigin::CreateRouteTable).build()));
        assert!(!key().is_of(&route().origin(RouteOrigin::EnableVgwRoutePropagation).build()));
        assert!(!key().is_of(&Answered::builder().destination_prefix_list_id("pl-1").origin(RouteOrigin::CreateRoute).build()));
    }
}
