//! What bears a mark among databases, file systems, secrets and buckets.

use aws_sdk_s3::types::Bucket as RawBucket;
use aws_sdk_secretsmanager::types::SecretListEntry;
use bbws_engine::{Census, Marked, Reading, read_tags};
use bbws_kinds::{Bucket, DbInstance, DbParameterGroup, DbSnapshot, DbSubnetGroup, FileSystem, Secret};
use bbws_model::CloudError;

use super::super::efs::from_efs_tags;
use super::super::rds::{PAGE, from_rds_tags};
use super::super::{s3, secret};
use super::{bears, each, is_leaving, picked};
use crate::{Aws, Told};

impl Census<DbInstance> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_rds::types::DbInstance| raw.db_instance_status().is_some_and(is_leaving);
        Ok(picked(self.db_instances(reading).await?.as_ref(), |raw| from_rds_tags(raw.tag_list()), leaves))
    }
}

impl Census<DbSubnetGroup> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut marked = vec![];
        for (name, raw) in self.db_subnet_groups(reading).await?.iter() {
            if let Some(arn) = raw.db_subnet_group_arn() {
                marked.extend(bears(name, self.rds_tags(arn, reading).await?.as_ref().clone()));
            }
        }
        Ok(marked)
    }
}

impl Census<DbParameterGroup> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut marked = vec![];
        for (name, raw) in self.db_parameter_groups(reading).await?.iter() {
            if let Some(arn) = raw.db_parameter_group_arn() {
                marked.extend(bears(name, self.rds_tags(arn, reading).await?.as_ref().clone()));
            }
        }
        Ok(marked)
    }
}

impl Census<FileSystem> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_efs::types::FileSystemDescription| is_leaving(raw.life_cycle_state().as_str());
        Ok(picked(self.file_systems(reading).await?.as_ref(), |raw| from_efs_tags(raw.tags()), leaves))
    }
}

/// The copies that steps took, too: they bear the mark of the database.
impl Census<DbSnapshot> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut marked = vec![];
        let mut pages = self.read.rds.describe_db_snapshots().snapshot_type("manual").into_paginator().page_size(PAGE).send();
        while let Some(page) = pages.next().await {
            let snapshots = page.told("rds:DescribeDBSnapshots")?.db_snapshots.unwrap_or_default();
            let here = snapshots.iter().filter(|raw| !raw.status().is_some_and(is_leaving));
            marked.extend(here.filter_map(|raw| bears(raw.db_snapshot_identifier()?, from_rds_tags(raw.tag_list()))));
        }
        Ok(marked)
    }
}

impl Census<Secret> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let all = self.secrets().await?;
        Ok(all.iter().filter_map(|raw| bears(raw.arn()?, secret::marks(raw.tags()))).collect())
    }
}

impl Aws {
    /// All secrets, with their tags. One in its recovery window is as good as gone: AWS leaves it out.
    pub(in super::super) async fn secrets(&self) -> Result<Vec<SecretListEntry>, CloudError> {
        let mut all = vec![];
        let mut pages = self.read.secrets.list_secrets().into_paginator().send();
        while let Some(page) = pages.next().await {
            all.extend(page.told("secretsmanager:ListSecrets")?.secret_list.unwrap_or_default());
        }
        Ok(all)
    }

    /// The names of the buckets of the region.
    pub(in super::super) async fn buckets(&self) -> Result<Vec<String>, CloudError> {
        let mut all: Vec<RawBucket> = vec![];
        // A bucket's tags are told in its own region alone.
        let mut pages = self.read.s3.list_buckets().bucket_region(self.region_of(None)).into_paginator().page_size(1000).send();
        while let Some(page) = pages.next().await {
            all.extend(page.told("s3:ListBuckets")?.buckets.unwrap_or_default());
        }
        Ok(all.into_iter().filter_map(|raw| raw.name).collect())
    }
}

impl Census<Bucket> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        each(self.buckets().await?, |name| async move {
            let tags = s3::tags(&self.read.s3, &name).await?;
            Ok(bears(&name, read_tags(tags)))
        })
        .await
    }
}
