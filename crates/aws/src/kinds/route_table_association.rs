//! The driver of `route-table-association`. What AWS calls an association changes with its table, so its id is the
//! subnet's. It is seen in the table.

use aws_sdk_ec2::types::RouteTableAssociation as Answered;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{RouteTableAssociation, RouteTableAssociationOutputs, RouteTableAssociationSpec};
use bbws_model::{CloudError, Id, Locate, Observed, Phase, Ready};

use super::ec2::told;
use super::route_table::{DESCRIBE, Raw, owner_in};
use super::route53::not_yet;
use crate::scan::{ById, all_failed, lineage};
use crate::{Aws, Told};

impl Driver<RouteTableAssociation> for Aws {
    async fn observe(&self, at: &[Locate<RouteTableAssociation>], reading: &Reading) -> Vec<Sight<RouteTableAssociation>> {
        let tables = match self.tables_of_subnets(at, reading).await {
            Ok(tables) => tables,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let Some((table, association)) = followed(&tables, subnet(place)) else { return Ok(None) };
                observed(place, table, association).map(Some)
            })
            .collect()
    }

    async fn create(&self, want: &RouteTableAssociationSpec<Ready>, _: &Attempt) -> Result<Created, CloudError> {
        let associate = self.write.ec2.associate_route_table().route_table_id(want.table.as_str()).subnet_id(want.subnet.as_str());
        associate.send().await.told("ec2:AssociateRouteTable").map_err(not_yet)?;
        Ok(Created { id: want.subnet.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<RouteTableAssociation>,
        want: &RouteTableAssociationSpec<Ready>,
        _: &Attempt,
    ) -> Result<Progress, CloudError> {
        if seen.spec.table == want.table {
            return Ok(Progress::Nothing);
        }
        // The subnet changes over at once, without following the main table in between.
        let replace = self.write.ec2.replace_route_table_association().association_id(&seen.outputs.association);
        replace.route_table_id(want.table.as_str()).send().await.told("ec2:ReplaceRouteTableAssociation").map_err(not_yet)?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<RouteTableAssociation>, _: &Attempt) -> Result<Progress, CloudError> {
        if seen.phase == Phase::Leaving {
            return Ok(Progress::Nothing);
        }
        let disassociate = self.write.ec2.disassociate_route_table().association_id(&seen.outputs.association);
        disassociate.send().await.told("ec2:DisassociateRouteTable")?;
        Ok(Progress::Sent)
    }
}

fn subnet(place: &Locate<RouteTableAssociation>) -> &str {
    place.id.as_ref().map_or(place.spec.subnet.as_str(), |id| id.as_str())
}

/// The table that a subnet follows by its own association; the VPC's main table does not count.
fn followed<'a>(tables: &'a ById<Raw>, subnet: &str) -> Option<(&'a Raw, &'a Answered)> {
    let stands = |association: &&Answered| {
        association.subnet_id() == Some(subnet) && association.main() != Some(true) && state(association) != "disassociated"
    };
    tables.values().find_map(|table| Some((table, table.associations().iter().find(stands)?)))
}

/// Where AWS tells no state, it is associated.
fn state(association: &Answered) -> &str {
    association.association_state().and_then(|state| state.state()).map_or("associated", |state| state.as_str())
}

fn observed(
    place: &Locate<RouteTableAssociation>,
    table: &Raw,
    association: &Answered,
) -> Result<Observed<RouteTableAssociation>, CloudError> {
    let id = told(DESCRIBE, "RouteTableId", table.route_table_id())?;
    let name = told(DESCRIBE, "RouteTableAssociationId", association.route_table_association_id())?;
    let spec = RouteTableAssociationSpec { subnet: Id::new(subnet(place)), table: Id::new(id) };
    let why = association.association_state().and_then(|state| state.status_message()).unwrap_or("without a reason");
    Ok(Observed {
        id: subnet(place).into(),
        outputs: RouteTableAssociationOutputs { association: name.to_owned() },
        phase: match state(association) {
            "associated" => Phase::Ready,
            "disassociating" => Phase::Leaving,
            "failed" => Phase::Failed(format!("AWS could not associate the table: {why}")),
            _ => Phase::Pending("AWS associates the table".into()),
        },
        owner: owner_in(table, place, spec == place.spec),
        spec,
    })
}

impl Aws {
    /// Our tables, and those of others that the subnets follow.
    async fn tables_of_subnets(&self, at: &[Locate<RouteTableAssociation>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let all = self.route_tables(lineage(at), reading).await?;
        let mut missing: Vec<&str> = at.iter().map(subnet).filter(|subnet| followed(&all, subnet).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        self.with_route_tables(all, "association.subnet-id", &missing, reading).await
    }
}
