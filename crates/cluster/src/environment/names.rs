//! What things are called in AWS.

use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::Table;

/// What things are called in AWS. Each begins with the prefix unless it is given here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Names {
    /// What every name begins with; `{project}-{environment}` if left out.
    pub prefix: String,
    /// The ECS cluster; `{prefix}-cluster` if left out.
    pub cluster: String,
    /// The load balancer, up to 32 characters; `{prefix}-alb` if left out.
    pub alb: String,
    /// The database, up to 63 characters; `{prefix}-mysql` if left out.
    pub database: String,
    /// The file system; `{prefix}-efs` if left out.
    pub file_system: String,
    /// The secret with the database's master credentials; `{prefix}-rds-master-credentials` if left out.
    pub secret: String,
    /// The role that starts tasks (pulls, logs, reads secrets); `{prefix}-ecs-execution` if left out.
    pub execution_role: String,
    /// The role of the tasks themselves; `{prefix}-ecs-task` if left out.
    pub task_role: String,
    /// The log group of the containers; `/ecs/{environment}` if left out.
    pub log_group: String,
}

impl Names {
    /// The name of a thing that the file cannot name: `{prefix}-{what}`.
    #[must_use]
    pub fn of(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    pub(super) fn read(t: &Table<'_, '_>, prefix: &str, environment: &str) -> Self {
        let prefix = t.get("prefix").or(prefix.to_owned());
        let name = |key, what| t.get(key).or(format!("{prefix}-{what}"));
        Self {
            cluster: name("cluster", "cluster"),
            alb: name("alb", "alb"),
            database: name("database", "mysql"),
            file_system: name("file_system", "efs"),
            secret: name("secret", "rds-master-credentials"),
            execution_role: name("execution_role", "ecs-execution"),
            task_role: name("task_role", "ecs-task"),
            log_group: t.get("log_group").or(format!("/ecs/{environment}")),
            prefix,
        }
    }
}
