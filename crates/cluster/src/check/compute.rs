//! Sizes of tasks, and how long logs are kept.

use bbws_kinds::RETENTION_DAYS;

use super::{Fault, Judge};
use crate::{Environment, RuleId};

/// CPU units, then the smallest and largest memory in MiB and the step between, as Fargate has them.
const SIZES: &[(u32, u32, u32, u32)] = &[
    (256, 512, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    let ecs = &env.ecs;
    match SIZES.iter().find(|(cpu, ..)| *cpu == ecs.task_cpu) {
        None => {
            let known: Vec<String> = SIZES.iter().map(|(cpu, ..)| cpu.to_string()).collect();
            judge.raise(Fault::new(
                RuleId::TaskSize,
                "ecs.task_cpu",
                format!("Fargate has no task with {} CPU units", ecs.task_cpu),
                format!("write one of {}", known.join(", ")),
            ));
        }
        Some((cpu, least, most, step)) => {
            let fits = (*least..=*most).contains(&ecs.task_memory) && (ecs.task_memory.is_multiple_of(*step) || ecs.task_memory == *least);
            if !fits {
                let allowed = if *cpu == 256 { "512, 1024 or 2048".to_owned() } else { format!("{least} to {most} in steps of {step}") };
                judge.raise(
                    Fault::new(
                        RuleId::TaskSize,
                        "ecs.task_memory",
                        format!("Fargate has no task with {cpu} CPU units and {} MiB", ecs.task_memory),
                        format!("with {cpu} CPU units it has {allowed} MiB"),
                    )
                    .beside("ecs.task_cpu", "the CPU units"),
                );
            }
        }
    }
    let mut seen = vec![];
    for (at, provider) in ecs.capacity_providers.iter().enumerate() {
        if seen.contains(provider) {
            judge.raise(Fault::new(
                RuleId::CapacityProviders,
                format!("ecs.capacity_providers[{at}]"),
                "this capacity provider is named twice",
                "keep one of the two",
            ));
        }
        seen.push(*provider);
    }
    if seen.is_empty() {
        judge.raise(Fault::new(
            RuleId::CapacityProviders,
            "ecs.capacity_providers",
            "without a capacity provider no task runs",
            "write `[\"FARGATE\"]`, with `\"FARGATE_SPOT\"` beside it if you like",
        ));
    }
    let (_, tag) = ecs.db_init_image.rsplit_once('/').unwrap_or(("", &ecs.db_init_image));
    if !tag.contains([':', '@']) || tag.ends_with(":latest") || ecs.db_init_image.contains(char::is_whitespace) {
        judge.raise(Fault::new(
            RuleId::DbInitImage,
            "ecs.db_init_image",
            format!("`{}` does not say which version: it may be another one tomorrow", ecs.db_init_image),
            "write the version, as in `mysql:8.0`",
        ));
    }
    for (at, name) in ecs.secrets.iter().enumerate() {
        let stem = name.strip_suffix('*').unwrap_or(name);
        if stem.is_empty() || !stem.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c)) {
            judge.raise(Fault::new(
                RuleId::TaskSecrets,
                format!("ecs.secrets[{at}]"),
                format!("`{name}` is no secret's name, nor the beginning of some"),
                "write a name, or its beginning with one `*` at the end: `wp-dev-tenant-*`",
            ));
        }
    }
    let days = env.logs.retention_days;
    if !RETENTION_DAYS.contains(&days) {
        let near = RETENTION_DAYS.iter().find(|known| **known > days).or(RETENTION_DAYS.last()).copied().unwrap_or_default();
        let known = RETENTION_DAYS.map(|known| known.to_string()).join(", ");
        judge.raise(Fault::new(
            RuleId::Retention,
            "logs.retention_days",
            format!("CloudWatch does not know a retention of {days} days"),
            format!("{near} is the next it knows; all are {known}"),
        ));
    }
}
