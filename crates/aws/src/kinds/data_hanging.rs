//! What others have hung on file systems and databases: access points, mount targets, replicas. The schemas in a database are
//! known to MySQL alone.

use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::{DbInstance, FileSystem};
use bbws_model::{CloudError, Observed};

use super::efs::from_efs_tags;
use crate::{Aws, Told};

impl Carrier<FileSystem> for Aws {
    async fn hung_on(&self, seen: &Observed<FileSystem>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let id = seen.id.as_str();
        let points = reading.once(format!("elasticfilesystem:DescribeAccessPoints {id}"), self.access_points(id));
        let (points, targets) = tokio::try_join!(points, self.mount_targets(id, reading))?;
        // A mount target of ours is known by its id.
        let target =
            |id: &str, subnet: &str| Hanging { what: "mount target", id: id.into(), name: format!("in {subnet}"), owner: None, adds: None };
        let targets = targets.iter().map(|raw| target(raw.mount_target_id(), raw.subnet_id()));
        Ok(points.iter().cloned().chain(targets).collect())
    }
}

impl Carrier<DbInstance> for Aws {
    async fn hung_on(&self, seen: &Observed<DbInstance>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let all = self.db_instances(reading).await?;
        let replicas = all.get(seen.id.as_str()).map(|raw| raw.read_replica_db_instance_identifiers()).unwrap_or_default();
        Ok(replicas
            .iter()
            .map(|id| Hanging { what: "read replica", id: id.as_str().into(), name: String::new(), owner: None, adds: None })
            .collect())
    }
}

impl Aws {
    async fn access_points(&self, file_system: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.efs.describe_access_points().file_system_id(file_system).into_paginator().page_size(100).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let points = page.told("elasticfilesystem:DescribeAccessPoints")?.access_points.unwrap_or_default();
            all.extend(points.into_iter().filter_map(|raw| {
                let owner = from_efs_tags(raw.tags()).1;
                Some(Hanging {
                    what: "access point",
                    id: raw.access_point_id?.into(),
                    name: raw.name.unwrap_or_default(),
                    owner,
                    adds: None,
                })
            }));
        }
        Ok((all, calls))
    }
}
