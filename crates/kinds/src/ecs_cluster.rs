//! `ecs-cluster`: an ECS cluster on Fargate.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, RiskKind, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LogGroup, pace};

/// An ECS cluster. It runs on Fargate; services and tasks in it are others'.
pub enum EcsCluster {}

/// What CloudWatch hears of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContainerInsights {
    /// Nothing beyond ECS's own metrics.
    Disabled,
    /// Metrics of tasks and services.
    Enabled,
    /// Metrics of each container too; costs more.
    Enhanced,
}

/// Where the sessions of ECS Exec are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExecLogging {
    /// To the log group of the task itself.
    Task,
    /// Nowhere.
    None,
    /// To the log group that `exec_log_group` names.
    Group,
}

/// How much of the tasks a capacity provider gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityShare {
    /// How many tasks run on it before any other gets one. At most one provider has a base.
    #[serde(default)]
    pub base: u32,
    /// Its part of the tasks beyond all bases, beside the others' weights.
    #[serde(default)]
    pub weight: u32,
}

/// What may be declared of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct EcsClusterSpec<S: Stage> {
    /// Its name, up to 255 of `a-zA-Z0-9_-`.
    pub name: String,
    /// What CloudWatch hears of it: `disabled`, `enabled` or `enhanced`.
    #[serde(default = "insights")]
    pub container_insights: ContainerInsights,
    /// What its tasks may run on: `FARGATE`, `FARGATE_SPOT`.
    #[serde(default = "fargate")]
    pub capacity_providers: BTreeSet<String>,
    /// What tasks run on that do not say so themselves, by provider.
    #[serde(default = "all_on_fargate")]
    pub default_strategy: BTreeMap<String, CapacityShare>,
    /// Where the sessions of ECS Exec are logged: `task`, `none` or `group`.
    #[serde(default = "task")]
    pub exec_logging: ExecLogging,
    /// The log group for `exec_logging = "group"`.
    #[serde(default)]
    pub exec_log_group: Option<S::Ref<Name<LogGroup>>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a cluster offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcsClusterOutputs {
    /// Its ARN.
    pub arn: Arn<EcsCluster>,
    /// Its name.
    pub name: Name<EcsCluster>,
}

fn insights() -> ContainerInsights {
    ContainerInsights::Enabled
}

fn fargate() -> BTreeSet<String> {
    PROVIDERS.map(str::to_owned).into()
}

fn all_on_fargate() -> BTreeMap<String, CapacityShare> {
    BTreeMap::from([("FARGATE".to_owned(), CapacityShare { base: 0, weight: 1 })])
}

fn task() -> ExecLogging {
    ExecLogging::Task
}

/// The capacity providers that every account has.
const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

impl Kind for EcsCluster {
    const NAME: &'static str = "ecs-cluster";
    const FACTS: Facts = Facts {
        service: "ecs",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: true,
        name: Some(NameRule { field: "name", max: 255 }),
        soft_on: &["bucket", "log-group"],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(8, 8, 8, 20),
        pace: pace::ECS_CLUSTERS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ecs:DescribeClusters"],
        create: &["ecs:CreateCluster", "ecs:TagResource", "iam:CreateServiceLinkedRole"],
        update: &[
            "ecs:UpdateClusterSettings",
            "ecs:UpdateCluster",
            "ecs:PutClusterCapacityProviders",
            "ecs:TagResource",
            "ecs:UntagResource",
        ],
        // Nothing is deleted before what tenants run in it was looked for.
        delete: &["ecs:DeleteCluster", "ecs:ListServices", "ecs:ListTasks", "ecs:DescribeTasks"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = EcsClusterSpec<S>;
    type Outputs = EcsClusterOutputs;

    fn check(want: &EcsClusterSpec<Written>) -> Vec<SpecProblem> {
        let EcsClusterSpec { name, container_insights: _, capacity_providers, default_strategy, exec_logging, exec_log_group, tags: _ } =
            want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if name.is_empty() || name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            wrong("name", format!("`{name}` is no cluster's name: 1 to 255 of a-z A-Z 0-9 _ -"));
        }
        for provider in capacity_providers.iter().filter(|p| !PROVIDERS.contains(&p.as_str())) {
            wrong("capacity_providers", format!("`{provider}` is no capacity provider of Fargate: FARGATE and FARGATE_SPOT are"));
        }
        for provider in default_strategy.keys().filter(|p| !capacity_providers.contains(*p)) {
            wrong("default_strategy", format!("`{provider}` is not among `capacity_providers`: add it there or take it out here"));
        }
        if default_strategy.values().filter(|share| share.base > 0).count() > 1 {
            wrong("default_strategy", "at most one provider has a `base`".into());
        }
        if !default_strategy.is_empty() && default_strategy.values().all(|share| share.weight == 0) {
            wrong("default_strategy", "one provider at least needs a `weight` above 0, or no task starts".into());
        }
        if default_strategy.values().any(|share| share.base > 100_000 || share.weight > 1000) {
            wrong("default_strategy", "`base` is at most 100000 and `weight` at most 1000".into());
        }
        match (exec_logging, exec_log_group) {
            (ExecLogging::Group, None) => wrong("exec_log_group", "`exec_logging = \"group\"` needs the name of a log group".into()),
            (ExecLogging::Task | ExecLogging::None, Some(_)) => {
                wrong("exec_log_group", "it counts with `exec_logging = \"group\"` only: say so, or take it out".into());
            }
            (ExecLogging::Group, Some(_)) | (ExecLogging::Task | ExecLogging::None, None) => {}
        }
        problems
    }

    fn diff(have: &EcsClusterSpec<Written>, want: &EcsClusterSpec<Written>) -> Diff {
        let EcsClusterSpec { name, container_insights, capacity_providers, default_strategy, exec_logging, exec_log_group, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::Downtime, "services and tasks do not move to the new cluster by themselves")
            .update("container_insights", &have.container_insights, container_insights)
            .update("capacity_providers", &have.capacity_providers, capacity_providers)
            .update("default_strategy", &have.default_strategy, default_strategy)
            .update("exec_logging", &have.exec_logging, exec_logging)
            .risks(RiskKind::Security, "it changes where sessions inside containers are logged")
            .update("exec_log_group", &have.exec_log_group, exec_log_group)
            .update("tags", &have.tags, tags)
    }

    /// To create a cluster under a name that lives is to be handed the living one.
    fn replacement(have: &EcsClusterSpec<Written>, want: &EcsClusterSpec<Written>) -> Replacement {
        if have.name == want.name { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &EcsClusterSpec<Written>) -> Meters {
        match want.container_insights {
            ContainerInsights::Disabled => Meters::free(),
            ContainerInsights::Enabled => Meters::usage_only("ecs.container-insights"),
            ContainerInsights::Enhanced => Meters::usage_only("ecs.container-insights.enhanced"),
        }
    }

    /// The description has the tags.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().batched("ecs:DescribeClusters", 100, of.iter().map(|it| it.id.as_str()))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> EcsClusterSpec<Written> {
        let mut whole = json!({"name": "dev-cluster"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"container_insights": "enhanced"}), Verb::Update),
            (json!({"capacity_providers": ["FARGATE"]}), Verb::Update),
            (json!({"default_strategy": {}}), Verb::Update),
            (json!({"exec_logging": "none"}), Verb::Update),
            (json!({"exec_log_group": "/ecs/exec"}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = EcsCluster::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn providers_in_another_order_are_the_same() {
        let same = spec(json!({"capacity_providers": ["FARGATE_SPOT", "FARGATE"]}));
        assert!(EcsCluster::diff(&spec(json!({})), &same).is_empty());
    }

    #[test]
    fn what_ecs_would_refuse_is_told() {
        let fields = |edit| EcsCluster::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "a b"})), ["name"]);
        assert_eq!(fields(json!({"capacity_providers": ["FARGATE", "EC2"]})), ["capacity_providers"]);
        assert_eq!(fields(json!({"capacity_providers": ["FARGATE_SPOT"]})), ["default_strategy"]);
        let both = json!({"FARGATE": {"base": 1, "weight": 1}, "FARGATE_SPOT": {"base": 1}});
        assert_eq!(fields(json!({"default_strategy": both})), ["default_strategy"]);
        assert_eq!(fields(json!({"default_strategy": {"FARGATE": {"base": 1}}})), ["default_strategy"]);
        assert_eq!(fields(json!({"exec_logging": "group"})), ["exec_log_group"]);
        assert_eq!(fields(json!({"exec_log_group": "/g"})), ["exec_log_group"]);
        assert!(fields(json!({})).is_empty());
    }
}
