//! The driver of `db-snapshot`.

use aws_sdk_rds::types::DbSnapshot as Raw;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{DbSnapshot, DbSnapshotOutputs, DbSnapshotSpec};
use bbws_model::{Arn, CloudError, Locate, Name, Observed, Phase, Ready};

use super::ec2::told;
use super::rds::{PAGE, as_rds_tags, from_rds_tags, rds_filter};
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

const LIST: &str = "rds:DescribeDBSnapshots";
/// So many names go into one filter.
const NAMES: usize = 50;

impl Driver<DbSnapshot> for Aws {
    async fn observe(&self, at: &[Locate<DbSnapshot>], reading: &Reading) -> Vec<Sight<DbSnapshot>> {
        let name = |place: &Locate<DbSnapshot>| place.id.as_ref().map_or(place.spec.name.clone(), ToString::to_string);
        let mut names: Vec<String> = at.iter().map(name).collect();
        names.sort_unstable();
        names.dedup();
        let mut all = ById::new();
        for names in names.chunks(NAMES) {
            match reading.once(format!("{LIST} {}", names.join(",")), self.db_snapshots(names)).await {
                Ok(found) => all.extend(found.as_ref().clone()),
                Err(error) => return all_failed(at, &error),
            }
        }
        at.iter().map(|place| all.get(&name(place)).map(observed).transpose()).collect()
    }

    async fn create(&self, want: &DbSnapshotSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let create = self.write.rds.create_db_snapshot().db_snapshot_identifier(&want.name);
        let create = create.db_instance_identifier(want.instance.as_str()).set_tags(Some(as_rds_tags(attempt.tagged(&want.tags))));
        create.send().await.told("rds:CreateDBSnapshot")?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<DbSnapshot>, want: &DbSnapshotSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.retag_rds(seen.outputs.arn.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<DbSnapshot>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.rds.delete_db_snapshot().db_snapshot_identifier(seen.id.as_str());
        delete.send().await.told("rds:DeleteDBSnapshot")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    /// Snapshots that somebody took, of these names. What RDS takes by itself is none of ours.
    async fn db_snapshots(&self, names: &[String]) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let list = self.read.rds.describe_db_snapshots().snapshot_type("manual").filters(rds_filter("db-snapshot-id", names.to_vec()));
        let mut pages = list.into_paginator().page_size(PAGE).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let snapshots = page.told(LIST)?.db_snapshots.unwrap_or_default();
            all.extend(snapshots.into_iter().filter_map(|raw| Some((raw.db_snapshot_identifier.clone()?, raw))));
        }
        Ok((all, calls))
    }
}

fn observed(raw: &Raw) -> Result<Observed<DbSnapshot>, CloudError> {
    let name = told(LIST, "DBSnapshotIdentifier", raw.db_snapshot_identifier())?;
    let instance = told(LIST, "DBInstanceIdentifier", raw.db_instance_identifier())?;
    let status = raw.status().unwrap_or_default();
    let (tags, owner) = from_rds_tags(raw.tag_list());
    Ok(Observed {
        id: name.into(),
        spec: DbSnapshotSpec { name: name.to_owned(), instance: Name::new(instance), tags },
        outputs: DbSnapshotOutputs {
            name: Name::new(name),
            arn: Arn::new(told(LIST, "DBSnapshotArn", raw.db_snapshot_arn())?),
            engine_version: raw.engine_version().unwrap_or_default().to_owned(),
            storage_gib: raw.allocated_storage().and_then(|gib| u32::try_from(gib).ok()).unwrap_or_default(),
            encrypted: raw.encrypted().unwrap_or(false),
        },
        phase: match status {
            "available" => Phase::Ready,
            "deleting" => Phase::Leaving,
            "failed" => Phase::Failed("RDS could not copy what the database holds".into()),
            _ => Phase::Pending(format!("RDS says `{status}`, {} % done", raw.percent_progress().unwrap_or_default())),
        },
        owner,
    })
}
