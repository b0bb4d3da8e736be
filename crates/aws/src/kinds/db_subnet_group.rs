//! The driver of `db-subnet-group`. One list serves all; RDS cannot look for tags, and tells them one group at a time.

use std::sync::Arc;

use aws_sdk_rds::types::DbSubnetGroup as Raw;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{DbSubnetGroup, DbSubnetGroupOutputs, DbSubnetGroupSpec};
use bbws_model::{Arn, CloudError, Id, Locate, Name, Observed, Phase, Ready};
use futures::future::join_all;

use super::ec2::told;
use super::rds::{PAGE, as_rds_tags};
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

const LIST: &str = "rds:DescribeDBSubnetGroups";

impl Driver<DbSubnetGroup> for Aws {
    async fn observe(&self, at: &[Locate<DbSubnetGroup>], reading: &Reading) -> Vec<Sight<DbSubnetGroup>> {
        let all = match self.db_subnet_groups(reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        let find = |place: &Locate<DbSubnetGroup>| all.get(place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str()));
        join_all(at.iter().map(|place| async {
            match find(place) {
                Some(raw) => self.whole_db_subnet_group(raw, reading).await.map(Some),
                None => Ok(None),
            }
        }))
        .await
    }

    async fn create(&self, want: &DbSubnetGroupSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let create = self.write.rds.create_db_subnet_group().db_subnet_group_name(&want.name);
        let create = create.db_subnet_group_description(&want.description).set_subnet_ids(Some(subnets(want)));
        let create = create.set_tags(Some(as_rds_tags(attempt.tagged(&want.tags))));
        create.send().await.told("rds:CreateDBSubnetGroup")?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<DbSubnetGroup>,
        want: &DbSubnetGroupSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let have = &seen.spec;
        if (&have.description, &have.subnets) != (&want.description, &want.subnets) {
            let modify = self.write.rds.modify_db_subnet_group().db_subnet_group_name(seen.id.as_str());
            let modify = modify.db_subnet_group_description(&want.description).set_subnet_ids(Some(subnets(want)));
            modify.send().await.told("rds:ModifyDBSubnetGroup")?;
            return Ok(Progress::Sent);
        }
        self.retag_rds(seen.outputs.arn.as_str(), (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<DbSubnetGroup>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.rds.delete_db_subnet_group().db_subnet_group_name(seen.id.as_str());
        delete.send().await.told("rds:DeleteDBSubnetGroup")?;
        Ok(Progress::Sent)
    }
}

fn subnets(spec: &DbSubnetGroupSpec<Ready>) -> Vec<String> {
    spec.subnets.iter().map(ToString::to_string).collect()
}

impl Aws {
    pub(super) async fn db_subnet_groups(&self, reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (ById::new(), 0);
            let mut pages = self.read.rds.describe_db_subnet_groups().into_paginator().page_size(PAGE).send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let groups = page.told(LIST)?.db_subnet_groups.unwrap_or_default();
                all.extend(groups.into_iter().filter_map(|raw| Some((raw.db_subnet_group_name.clone()?, raw))));
            }
            Ok((all, calls))
        };
        reading.once(LIST.to_owned(), ask()).await
    }

    async fn whole_db_subnet_group(&self, raw: &Raw, reading: &Reading) -> Result<Observed<DbSubnetGroup>, CloudError> {
        let name = told(LIST, "DBSubnetGroupName", raw.db_subnet_group_name())?;
        let arn = told(LIST, "DBSubnetGroupArn", raw.db_subnet_group_arn())?;
        let marks = self.rds_tags(arn, reading).await?;
        let (tags, owner) = marks.as_ref().clone();
        Ok(Observed {
            id: name.into(),
            spec: DbSubnetGroupSpec {
                name: name.to_owned(),
                description: raw.db_subnet_group_description().unwrap_or_default().to_owned(),
                vpc: raw.vpc_id().map(Id::new),
                subnets: raw.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()).map(Id::new).collect(),
                tags,
            },
            outputs: DbSubnetGroupOutputs { name: Name::new(name), arn: Arn::new(arn) },
            phase: match raw.subnet_group_status() {
                Some("Complete") | None => Phase::Ready,
                Some(status) => Phase::Pending(format!("RDS says `{status}`")),
            },
            owner,
        })
    }
}
