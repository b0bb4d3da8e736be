//! EFS access points, as tenants make them: bbws only sees them.

use std::collections::BTreeMap;

use aws_sdk_efs::operation::describe_access_points::{DescribeAccessPointsInput, DescribeAccessPointsOutput};
use aws_sdk_efs::types::{AccessPointDescription, LifeCycleState, Tag};
use serde::{Deserialize, Serialize};

use super::file_system::{self, bad};
use super::tenant::{Tenant, hex};
use crate::cloud::At;
use crate::fate::Answer;
use crate::handlers::Handlers;
use crate::paging::page;

/// One access point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) file_system: String,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe)
}

impl Tenant<'_> {
    /// Makes an access point for a tenant on a file system.
    pub fn access_point(&mut self, file_system: &str, of: &str) {
        let mut tags = Self::tags(of);
        tags.insert("Name".into(), of.into());
        let id = format!("fsap-0{}", hex(&format!("{file_system} {of}")));
        self.here.access_points.insert(id, Row { file_system: file_system.to_owned(), tags });
    }
}

fn describe(at: &mut At<'_>, input: &DescribeAccessPointsInput) -> Answer<DescribeAccessPointsOutput> {
    if input.file_system_id().is_some() {
        file_system::the(at, input.file_system_id())?;
    }
    let size = usize::try_from(input.max_results().unwrap_or(100)).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| bad("MaxResults must be at least 1"))?;
    let mut found = vec![];
    for (id, row) in &at.here().access_points {
        let fits =
            input.file_system_id().is_none_or(|asked| asked == row.file_system) && input.access_point_id().is_none_or(|asked| asked == id);
        if fits {
            let tags = row.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>()?;
            let point = AccessPointDescription::builder().access_point_id(id).file_system_id(&row.file_system);
            let point = point.set_name(row.tags.get("Name").cloned()).set_tags(Some(tags)).life_cycle_state(LifeCycleState::Available);
            found.push(point.build());
        }
    }
    let (points, next) = page(found, Some(size), input.next_token())?;
    Ok(DescribeAccessPointsOutput::builder().set_access_points(Some(points)).set_next_token(next).build())
}
