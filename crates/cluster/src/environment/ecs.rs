//! The ECS cluster.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Ports, Tier};
use crate::decode::{Choice, Table};

/// Where Fargate tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum CapacityProvider {
    /// At the full price, for as long as wanted.
    #[serde(rename = "FARGATE")]
    Fargate,
    /// Cheaper; AWS may stop a task with two minutes' notice.
    #[serde(rename = "FARGATE_SPOT")]
    FargateSpot,
}

impl Choice for CapacityProvider {
    const ALL: &'static [Self] = &[Self::Fargate, Self::FargateSpot];
}

/// The ECS cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ecs {
    /// Whether Container Insights measures every task (at a price).
    pub container_insights: bool,
    /// Where tasks may run.
    pub capacity_providers: Vec<CapacityProvider>,
    /// The size of a task in CPU units: 1024 are one vCPU. By tier 256, 512 or 1024.
    pub task_cpu: u32,
    /// The size of a task in MiB of memory. By tier 512, 1024 or 2048.
    pub task_memory: u32,
    /// The port on which tasks are called by the load balancer, or a range: 80 or "8000-8080".
    pub port: Ports,
    /// Names of further secrets that tasks may be given, beside the database's; `*` at the end for all that begin so.
    pub secrets: Vec<String>,
    /// The image of the task that prepares the database.
    pub db_init_image: String,
}

impl Ecs {
    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        Self {
            container_insights: t.get("container_insights").or(true),
            capacity_providers: t.list("capacity_providers").or(vec![CapacityProvider::Fargate, CapacityProvider::FargateSpot]),
            task_cpu: t.get("task_cpu").or(tier.pick(256, 512, 1024)),
            task_memory: t.get("task_memory").or(tier.pick(512, 1024, 2048)),
            port: t.get("port").or(Ports { from: 80, to: 80 }),
            secrets: t.list("secrets").or(vec![]),
            db_init_image: t.get("db_init_image").or("mysql:8.0".to_owned()),
        }
    }
}
