//! The driver of `route-table`, and the one read of tables that routes and associations are seen in too.

use aws_sdk_ec2::types::{Filter, ResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{RouteTable, RouteTableOutputs, RouteTableSpec};
use bbws_model::{CloudError, Id, Kind, Locate, Observed, Ownership, Phase, Ready};

use super::ec2::{bears, filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, kept, lineage, unseen};
use crate::{Aws, Told};

pub(crate) type Raw = aws_sdk_ec2::types::RouteTable;

/// The call that all three kinds are read with.
pub(crate) const DESCRIBE: &str = "ec2:DescribeRouteTables";

/// The tag that FSx puts on the tables it writes routes into. It is AWS's, though its key does not say so.
pub(super) const FSX: &str = "AmazonFSx";

impl Driver<RouteTable> for Aws {
    async fn observe(&self, at: &[Locate<RouteTable>], reading: &Reading) -> Vec<Sight<RouteTable>> {
        let all = match self.route_tables_at(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let raw = match &place.id {
                    Some(id) => all.get(id.as_str()),
                    None => all.values().find(|raw| bears(raw.tags(), place)),
                };
                raw.map(observed).transpose()
            })
            .collect()
    }

    async fn create(&self, want: &RouteTableSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateRouteTable";
        let tags = specification(ResourceType::RouteTable, &want.tags, attempt);
        let create = self.write.ec2.create_route_table().vpc_id(want.vpc.as_str()).client_token(&attempt.token).tag_specifications(tags);
        let answer = create.send().await.told(OPERATION).map_err(not_yet)?;
        let id = told(OPERATION, "RouteTableId", answer.route_table.and_then(|table| table.route_table_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<RouteTable>, want: &RouteTableSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.retag(seen.id.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<RouteTable>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ec2.delete_route_table().route_table_id(seen.id.as_str()).send().await.told("ec2:DeleteRouteTable")?;
        Ok(Progress::Sent)
    }
}

fn observed(raw: &Raw) -> Result<Observed<RouteTable>, CloudError> {
    let id = told(DESCRIBE, "RouteTableId", raw.route_table_id())?;
    let vpc = told(DESCRIBE, "VpcId", raw.vpc_id())?;
    let (mut tags, owner) = from_tags(raw.tags());
    tags.0.remove(FSX);
    Ok(Observed {
        id: id.into(),
        spec: RouteTableSpec { vpc: Id::new(vpc), tags },
        outputs: RouteTableOutputs { id: Id::new(id) },
        // A table that is listed can be used.
        phase: Phase::Ready,
        owner,
    })
}

/// Whose a thing in a table is. It can bear no mark: what is in our state is ours, and what is found without an id is
/// ours if it stands in a table of ours and says what is wanted. All else is the table's owner's, or nobody's.
pub(crate) fn owner_in<K: Kind>(table: &Raw, place: &Locate<K>, as_wanted: bool) -> Option<Ownership> {
    let owner = from_tags(table.tags()).1;
    let in_ours = owner.as_ref().is_some_and(|owner| owner.lineage == place.lineage);
    if place.id.is_some() || (as_wanted && in_ours) {
        return Some(kept(place));
    }
    owner.filter(|_| !in_ours)
}

impl Aws {
    async fn route_tables_at(&self, at: &[Locate<RouteTable>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let all = self.route_tables(lineage(at), reading).await?;
        let missing = unseen(at, &all);
        self.with_route_tables(all, "route-table-id", &missing, reading).await
    }

    /// All tables of ours, with all that stands in them: one read serves three kinds.
    pub(crate) async fn route_tables(&self, lineage: &str, reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let scan = self.describe_route_tables(of_lineage(lineage));
        Ok(reading.once(format!("{DESCRIBE} lineage={lineage}"), scan).await?.as_ref().clone())
    }

    /// The same and, by a filter, those that are not marked as ours.
    pub(crate) async fn with_route_tables(
        &self,
        mut all: ById<Raw>,
        by: &str,
        values: &[&str],
        reading: &Reading,
    ) -> Result<ById<Raw>, CloudError> {
        for values in values.chunks(FILTER_VALUES) {
            let more = self.describe_route_tables(filter(by, values.to_vec()));
            all.extend(reading.once(format!("{DESCRIBE} {by}={}", values.join(",")), more).await?.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_route_tables(&self, by: impl Into<Option<Filter>> + Send) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        // No other read of EC2 has pages as small as these.
        let mut pages =
            self.read.ec2.describe_route_tables().set_filters(by.into().map(|by| vec![by])).into_paginator().page_size(100).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let tables = page.told(DESCRIBE)?.route_tables.unwrap_or_default();
            all.extend(tables.into_iter().filter_map(|table| Some((table.route_table_id.clone()?, table))));
        }
        Ok((all, calls))
    }
}
