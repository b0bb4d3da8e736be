//! `task-definition`: what a Fargate task is made of. AWS never changes one: each change is a new revision.

use std::collections::BTreeMap;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Text, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::container::{Container, Volume};
use crate::{Role, pace};

/// One revision of a family of task definitions.
pub enum TaskDefinition {}

/// The processor a task runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Intel and AMD, 64 bits.
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    Arm64,
}

/// What may be declared of a task definition. It runs on Fargate, in the task's own network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct TaskDefinitionSpec<S: Stage> {
    /// The family, up to 255 of `a-zA-Z0-9_-`; its revisions are numbered.
    pub family: String,
    /// CPU units: 1024 are one virtual CPU.
    pub cpu: u32,
    /// Memory in MiB; only some amounts go with each `cpu`.
    pub memory: u32,
    /// The processor: `x86_64` or `arm64`.
    #[serde(default = "x86")]
    pub architecture: Architecture,
    /// Room for the task's own files, in GiB: 20 to 200.
    #[serde(default = "twenty")]
    pub storage_gib: u32,
    /// The role with which ECS pulls images, reads secrets and writes logs.
    #[serde(default)]
    pub execution_role: Option<S::Ref<Arn<Role>>>,
    /// The role that the containers have.
    #[serde(default)]
    pub task_role: Option<S::Ref<Arn<Role>>>,
    /// The containers, by name.
    pub containers: BTreeMap<String, Container<S>>,
    /// The file systems that containers may mount, by name.
    #[serde(default)]
    pub volumes: BTreeMap<String, Volume<S>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a task definition offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinitionOutputs {
    /// Its ARN, which ends with the revision.
    pub arn: Arn<TaskDefinition>,
    /// Its family.
    pub family: String,
    /// Its number in the family. Numbers never come again.
    pub revision: u32,
}

fn x86() -> Architecture {
    Architecture::X86
}

fn twenty() -> u32 {
    20
}

/// The amounts of memory that Fargate has for each CPU size: from, to, in steps of, in MiB.
const SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// Says why Fargate has no task of this size; none if it has.
#[must_use]
pub fn fargate_size_problem(cpu: u32, memory: u32) -> Option<(&'static str, String)> {
    let Some((_, least, most, step)) = SIZES.into_iter().find(|size| size.0 == cpu) else {
        let sizes = SIZES.map(|size| size.0.to_string()).join(", ");
        return Some(("cpu", format!("Fargate has no tasks of {cpu} CPU units: it has {sizes}")));
    };
    // 256 CPU units go with 512, 1024 and 2048 MiB, not with 1536.
    let fits = (least..=most).contains(&memory) && (memory - least).is_multiple_of(step) && (cpu, memory) != (256, 1536);
    let choice = if cpu == 256 { "512, 1024 or 2048".to_owned() } else { format!("{least} to {most} in steps of {step}") };
    (!fits).then(|| ("memory", format!("Fargate has no tasks of {cpu} CPU units with {memory} MiB: {choice} MiB go with them")))
}

impl Kind for TaskDefinition {
    const NAME: &'static str = "task-definition";
    const FACTS: Facts = Facts {
        service: "ecs",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["role", "secret", "file-system", "log-group"],
        recovery: Recovery::TagOnly,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::ECS_TASK_DEFINITIONS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"],
        create: &["ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"],
        update: &["ecs:TagResource", "ecs:UntagResource"],
        delete: &["ecs:DeregisterTaskDefinition"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("family"), OutputFact::created("revision")];
    type Spec<S: Stage> = TaskDefinitionSpec<S>;
    type Outputs = TaskDefinitionOutputs;

    fn check(want: &TaskDefinitionSpec<Written>) -> Vec<SpecProblem> {
        let TaskDefinitionSpec {
            family,
            cpu,
            memory,
            architecture: _,
            storage_gib,
            execution_role,
            task_role: _,
            containers,
            volumes,
            tags: _,
        } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if family.is_empty() || family.len() > 255 || !family.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            wrong("family", format!("`{family}` is no family's name: 1 to 255 of a-z A-Z 0-9 _ -"));
        }
        if let Some((field, message)) = fargate_size_problem(*cpu, *memory) {
            wrong(field, message);
        }
        if !(20..=200).contains(storage_gib) {
            wrong("storage_gib", format!("Fargate gives 20 to 200 GiB, not {storage_gib}"));
        }
        if !containers.values().any(|container| container.essential) {
            wrong("containers", "one container at least is essential: the task ends when it does".into());
        }
        let needs_role = containers.values().any(|c| c.log.is_some() || !c.secrets.is_empty());
        if needs_role && execution_role.is_none() {
            wrong("execution_role", "ECS needs a role to write the logs and read the secrets of a container: name one".into());
        }
        let sum = |part: fn(&Container<Written>) -> u32| containers.values().map(|container| u64::from(part(container))).sum::<u64>();
        let (all_cpu, all_memory) = (sum(|c| c.cpu), sum(|c| c.memory_reservation.or(c.memory).unwrap_or(0)));
        let alone = containers.len() == 1;
        if !alone && all_cpu > u64::from(*cpu) {
            wrong("containers", format!("together they want {all_cpu} CPU units: the task has {cpu}"));
        }
        if !alone && all_memory > u64::from(*memory) {
            wrong("containers", format!("together they want {all_memory} MiB: the task has {memory}"));
        }
        for (name, container) in containers {
            problems.extend(container.problems(name, *cpu, *memory, |volume| volumes.contains_key(volume)));
        }
        for (name, volume) in volumes {
            problems.extend(volume.problems(name));
        }
        problems
    }

    fn diff(have: &TaskDefinitionSpec<Written>, want: &TaskDefinitionSpec<Written>) -> Diff {
        let TaskDefinitionSpec { family, cpu, memory, architecture, storage_gib, execution_role, task_role, containers, volumes, tags } =
            want;
        Diff::new()
            .replace("family", &have.family, family)
            .replace("cpu", &have.cpu, cpu)
            .replace("memory", &have.memory, memory)
            .replace("architecture", &have.architecture, architecture)
            .replace("storage_gib", &have.storage_gib, storage_gib)
            .replace("execution_role", &have.execution_role, execution_role)
            .replace("task_role", &have.task_role, task_role)
            .replace("containers", &have.containers, containers)
            .replace("volumes", &have.volumes, volumes)
            .update("tags", &have.tags, tags)
    }

    fn replacement(_: &TaskDefinitionSpec<Written>, _: &TaskDefinitionSpec<Written>) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(_: &TaskDefinitionSpec<Written>) -> Meters {
        Meters::free()
    }

    /// ECS answers about one task definition a call.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().each("ecs:DescribeTaskDefinition", of.iter().map(|it| it.id.as_str()))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

/// Whether a text is empty as far as it is known.
pub(crate) fn is_blank(text: &Text) -> bool {
    text.known().is_some_and(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> TaskDefinitionSpec<Written> {
        let mut whole = json!({
            "family": "dev-db-init", "cpu": 256, "memory": 512,
            "execution_role": {"$ref": "role.execution", "output": "arn"},
            "containers": {"db-init": {
                "image": "mysql:8.0",
                "command": ["mysql", "--version"],
                "environment": {"HOST": {"$ref": "db-instance.main", "output": "address"}},
                "secrets": {"PASSWORD": {"$text": [{"$ref": "secret.master", "output": "arn"}, ":password::"]}},
                "log": {"group": {"$ref": "log-group.ecs", "output": "name"}, "stream_prefix": "db-init"},
                "mounts": [{"volume": "content", "path": "/content"}],
            }},
            "volumes": {"content": {"file_system": "fs-1"}},
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"family": "other"}), Verb::Replace),
            (json!({"cpu": 512}), Verb::Replace),
            (json!({"memory": 1024}), Verb::Replace),
            (json!({"architecture": "arm64"}), Verb::Replace),
            (json!({"storage_gib": 30}), Verb::Replace),
            (json!({"execution_role": "arn:aws:iam::1:role/r"}), Verb::Replace),
            (json!({"task_role": "arn:aws:iam::1:role/r"}), Verb::Replace),
            (json!({"containers": {"a": {"image": "mysql:8.4"}}}), Verb::Replace),
            (json!({"volumes": {}}), Verb::Replace),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = TaskDefinition::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn fargate_has_these_sizes_and_no_others() {
        let fits = |cpu, memory| fargate_size_problem(cpu, memory).is_none();
        for (cpu, memory) in [(256, 512), (256, 2048), (512, 3072), (1024, 2048), (4096, 30_720), (8192, 20_480), (16_384, 122_880)] {
            assert!(fits(cpu, memory), "{cpu}/{memory}");
        }
        for (cpu, memory) in [(256, 1536), (256, 4096), (512, 512), (1024, 2049), (8192, 17_408), (300, 512)] {
            assert!(!fits(cpu, memory), "{cpu}/{memory}");
        }
        assert_eq!(
            fargate_size_problem(512, 512).unwrap().1,
            "Fargate has no tasks of 512 CPU units with 512 MiB: 1024 to 4096 in steps of 1024 MiB go with them"
        );
    }

    #[test]
    fn what_ecs_would_refuse_is_told() {
        let fields = |edit| TaskDefinition::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        let container = |edit: Value| {
            let mut whole = json!({"image": "nginx"});
            whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
            json!({"containers": {"web": whole}})
        };
        assert_eq!(fields(json!({"family": "a b"})), ["family"]);
        assert_eq!(fields(json!({"memory": 513})), ["memory"]);
        assert_eq!(fields(json!({"storage_gib": 5})), ["storage_gib"]);
        assert_eq!(fields(json!({"execution_role": null})), ["execution_role"]);
        assert_eq!(fields(json!({"containers": {}})), ["containers"]);
        assert_eq!(fields(json!({"volumes": {}})), ["containers.db-init.mounts"]);
        assert_eq!(fields(container(json!({"essential": false}))), ["containers"]);
        assert_eq!(fields(container(json!({"image": ""}))), ["containers.web.image"]);
        assert_eq!(fields(container(json!({"cpu": 512}))), ["containers.web.cpu"]);
        assert_eq!(fields(container(json!({"memory": 1024}))), ["containers.web.memory"]);
        let two = |edit: Value| {
            let mut whole = json!({"image": "nginx"});
            whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
            json!({"containers": {"web": whole, "log": whole}})
        };
        assert_eq!(fields(two(json!({"cpu": 200}))), ["containers"]);
        assert_eq!(fields(two(json!({"memory": 300}))), ["containers"]);
        assert!(fields(two(json!({"memory": 300, "memory_reservation": 200}))).is_empty(), "what is kept for them counts");
        assert_eq!(fields(container(json!({"memory": 256, "memory_reservation": 512}))), ["containers.web.memory_reservation"]);
        assert_eq!(
            fields(container(json!({"environment": {"A": "1"}, "secrets": {"A": "arn:aws:secretsmanager:x"}}))),
            ["containers.web.secrets"]
        );
        assert_eq!(fields(container(json!({"secrets": {"A": "hunter2"}}))), ["containers.web.secrets"]);
        assert_eq!(fields(container(json!({"ports": [{"port": 0}]}))), ["containers.web.ports"]);
        assert_eq!(
            fields(json!({"volumes": {"content": {"file_system": "fs-1", "access_point": "fsap-1", "root": "/x"}}})),
            ["volumes.content.root"]
        );
        assert_eq!(
            fields(json!({"volumes": {"content": {"file_system": "fs-1", "iam": true, "transit_encryption": false}}})),
            ["volumes.content.transit_encryption"]
        );
        assert!(fields(json!({})).is_empty());
    }
}
