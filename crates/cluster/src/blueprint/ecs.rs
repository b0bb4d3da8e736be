//! The ECS cluster, its roles and logs, and the task that speaks SQL.

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::{
    Architecture, CapacityShare, Container, ContainerInsights, EcsCluster, EcsClusterSpec, ExecLogging, FileSystem, Log, LogGroup,
    LogGroupSpec, Role, RolePolicy, RolePolicySpec, RoleSpec, Secret, TaskDefinition, TaskDefinitionSpec,
};
use bbws_model::{PolicyDocument, Text};
use serde_json::{Value, json};

use super::parts::{Parts, text_and, to, trust, value, value_and};
use crate::{CapacityProvider, Environment};

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    parts.add::<LogGroup>(
        "ecs",
        &LogGroupSpec {
            name: env.names.log_group.clone(),
            retention_days: Some(env.logs.retention_days),
            tags: parts.tags(&env.names.log_group),
        },
    );
    cluster(parts);
    roles(parts);
    db_init(parts);
}

fn cluster(parts: &mut Parts<'_>) {
    let ecs = &parts.env.ecs;
    // What does not say where it runs runs where AWS does not stop it: on FARGATE, unless there is only FARGATE_SPOT.
    let usual = ecs.capacity_providers.iter().min();
    parts.add::<EcsCluster>(
        "main",
        &EcsClusterSpec {
            name: parts.env.names.cluster.clone(),
            container_insights: if ecs.container_insights { ContainerInsights::Enabled } else { ContainerInsights::Disabled },
            capacity_providers: ecs.capacity_providers.iter().map(provider).collect(),
            default_strategy: usual.map(|usual| (provider(usual), CapacityShare { base: 0, weight: 1 })).into_iter().collect(),
            exec_logging: ExecLogging::Task,
            exec_log_group: None,
            tags: parts.tags(&parts.env.names.cluster),
        },
    );
}

fn provider(provider: &CapacityProvider) -> String {
    crate::decode::name_of(provider)
}

fn roles(parts: &mut Parts<'_>) {
    let env = parts.env;
    let source = parts.arn("ecs", "*");
    let table = [
        ("ecs-execution", &env.names.execution_role, "starts tasks: pulls images, writes logs, reads secrets", starts_tasks(parts)),
        ("ecs-task", &env.names.task_role, "is the tasks' own: mounts the file system, opens ECS Exec sessions", tasks_own(parts)),
    ];
    for (name, role, what, document) in table {
        parts.add::<Role>(
            name,
            &RoleSpec {
                name: role.clone(),
                trust: trust("ecs-tasks.amazonaws.com", &env.account.to_string(), &source),
                path: "/".to_owned(),
                description: format!("{}: {what}", env.names.prefix),
                max_session_seconds: 3600,
                permissions_boundary: None,
                tags: parts.tags(role),
            },
        );
        parts.add::<RolePolicy>(name, &RolePolicySpec { role: to(name), name: name.to_owned(), document });
    }
}

fn allow(sid: &str, actions: &[&str], resources: Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn policy(statements: Vec<Value>) -> PolicyDocument {
    PolicyDocument::new(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// The containers' log group, and those below it that tenants have.
fn log_groups(env: &Environment, parts: &Parts<'_>) -> Value {
    json!([value_and::<LogGroup>("ecs", "arn", ":*"), parts.arn("logs", &format!("log-group:{}/*:*", env.names.log_group))])
}

/// What it takes to start a task. Who may pull from a repository, the repository says too.
fn starts_tasks(parts: &Parts<'_>) -> PolicyDocument {
    let env = parts.env;
    let secrets: Vec<Value> = std::iter::once(value::<Secret>("rds", "arn"))
        .chain(env.ecs.secrets.iter().map(|name| {
            // An ARN ends with six letters of chance behind the name.
            let end = if name.ends_with('*') { "" } else { "-??????" };
            json!(parts.arn("secretsmanager", &format!("secret:{name}{end}")))
        }))
        .collect();
    let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    policy(vec![
        // It has no resource to name.
        allow("Registry", &["ecr:GetAuthorizationToken"], json!("*")),
        allow("Pull", &pull, json!(format!("arn:{}:ecr:*:*:repository/*", parts.partition()))),
        allow("Logs", &["logs:CreateLogStream", "logs:PutLogEvents"], log_groups(env, parts)),
        allow("Secrets", &["secretsmanager:GetSecretValue"], json!(secrets)),
    ])
}

fn tasks_own(parts: &Parts<'_>) -> PolicyDocument {
    let env = parts.env;
    let mount = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
    let mut files = allow("Files", &mount, value::<FileSystem>("main", "arn"));
    files["Condition"] = json!({ "Bool": { "elasticfilesystem:AccessedViaMountTarget": "true" } });
    let exec = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ];
    policy(vec![
        files,
        // The channels of ECS Exec and the list of log groups have no resource to name.
        allow("Exec", &exec, json!("*")),
        allow("FindLogs", &["logs:DescribeLogGroups"], json!("*")),
        allow("ExecLogs", &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], log_groups(env, parts)),
    ])
}

/// What the SQL task runs. `SQL` comes with the task; without it the task only shows that it gets through.
const SPEAK_SQL: &str =
    "exec mysql --host=\"$DB_HOST\" --port=\"$DB_PORT\" --user=\"$DB_USER\" --ssl-mode=REQUIRED --batch --execute=\"${SQL:-SELECT 1}\"";

/// The task that prepares databases and speaks SQL. ECS hands it the master credentials as it starts; they are in no
/// definition, and the password is on no command line.
fn db_init(parts: &mut Parts<'_>) {
    let env = parts.env;
    let secrets: BTreeMap<String, Text> = [("DB_HOST", "host"), ("DB_PORT", "port"), ("DB_USER", "username"), ("MYSQL_PWD", "password")]
        .into_iter()
        .map(|(variable, field)| (variable.to_owned(), text_and::<Secret>("rds", "arn", &format!(":{field}::"))))
        .collect();
    let container = Container {
        image: Text::from(env.ecs.db_init_image.as_str()),
        essential: true,
        cpu: 0,
        memory: None,
        memory_reservation: None,
        entry_point: vec!["sh".to_owned(), "-c".to_owned()],
        command: vec![SPEAK_SQL.to_owned()],
        // Nobody's: a client needs no rights in its container.
        user: Some("65534:65534".to_owned()),
        read_only_root: true,
        environment: BTreeMap::new(),
        secrets,
        ports: BTreeSet::new(),
        mounts: BTreeSet::new(),
        log: Some(Log { group: to("ecs"), stream_prefix: "db-init".to_owned(), non_blocking: false }),
    };
    let family = env.names.of("db-init");
    parts.add::<TaskDefinition>(
        "db-init",
        &TaskDefinitionSpec {
            tags: parts.tags(&family),
            family,
            cpu: env.ecs.task_cpu,
            memory: env.ecs.task_memory,
            architecture: Architecture::X86,
            storage_gib: 20,
            execution_role: Some(to("ecs-execution")),
            task_role: Some(to("ecs-task")),
            containers: BTreeMap::from([("mysql".to_owned(), container)]),
            volumes: BTreeMap::new(),
        },
    );
}
