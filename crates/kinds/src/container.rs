//! The parts of a task definition: containers and the volumes they mount.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Name, SpecProblem, Stage, Written};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LogGroup;
use crate::task_definition::is_blank;

/// One container of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Container<S: Stage> {
    /// The image, best with its digest.
    pub image: S::Text,
    /// Whether the task ends when this container does.
    #[serde(default = "yes")]
    pub essential: bool,
    /// Its part of the task's CPU units; 0: what the others leave.
    #[serde(default)]
    pub cpu: u32,
    /// How much memory ends it, in MiB. None: the task's.
    #[serde(default)]
    pub memory: Option<u32>,
    /// How much memory is kept for it, in MiB.
    #[serde(default)]
    pub memory_reservation: Option<u32>,
    /// What is run in place of the image's entry point.
    #[serde(default)]
    pub entry_point: Vec<String>,
    /// What the entry point is given.
    #[serde(default)]
    pub command: Vec<String>,
    /// The user inside, `uid:gid`. None: the image's.
    #[serde(default)]
    pub user: Option<String>,
    /// Whether its own files cannot be written. ECS Exec needs them writable.
    #[serde(default = "yes")]
    pub read_only_root: bool,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, S::Text>,
    /// Environment variables that ECS fills in, by the ARN of what holds each: a secret's, with `:key::` for one key of
    /// its JSON. Never the value itself.
    #[serde(default)]
    pub secrets: BTreeMap<String, S::Text>,
    /// The ports it listens on.
    #[serde(default)]
    pub ports: BTreeSet<Port>,
    /// The volumes it mounts.
    #[serde(default)]
    pub mounts: BTreeSet<Mount>,
    /// Where its output goes. None: nowhere.
    #[serde(default)]
    pub log: Option<Log<S>>,
}

/// A port that a container listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The number, in the container as outside: the task has an address of its own.
    pub port: u16,
    /// `tcp` or `udp`.
    #[serde(default = "tcp")]
    pub protocol: Transport,
}

/// What carries a port's traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The volume's name among the task's volumes.
    pub volume: String,
    /// Where it stands in the container.
    pub path: String,
    /// Whether it cannot be written there.
    #[serde(default)]
    pub read_only: bool,
}

/// Where a container's output goes in CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Log<S: Stage> {
    /// The log group. ECS does not make it.
    pub group: S::Ref<Name<LogGroup>>,
    /// The first part of the stream's name: `PREFIX/CONTAINER/TASK`.
    pub stream_prefix: String,
    /// Whether the container goes on, and lines are lost, when logs cannot be written fast enough.
    #[serde(default)]
    pub non_blocking: bool,
}

/// An EFS file system that containers may mount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Volume<S: Stage> {
    /// The file system.
    pub file_system: S::Text,
    /// The directory in it that counts as its root.
    #[serde(default = "root")]
    pub root: String,
    /// The id of the access point to go through: `fsap-…`.
    #[serde(default)]
    pub access_point: Option<S::Text>,
    /// Whether traffic to it is encrypted.
    #[serde(default = "yes")]
    pub transit_encryption: bool,
    /// Whether the task role counts when the file system decides about access.
    #[serde(default)]
    pub iam: bool,
}

fn yes() -> bool {
    true
}

fn tcp() -> Transport {
    Transport::Tcp
}

fn root() -> String {
    "/".into()
}

impl Container<Written> {
    /// What is wrong with it in a task of this size with these volumes.
    pub(crate) fn problems(&self, name: &str, cpu: u32, memory: u32, has_volume: impl Fn(&str) -> bool) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(&format!("containers.{name}{field}"), message));
        if name.is_empty() || name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            wrong("", format!("`{name}` is no container's name: 1 to 255 of a-z A-Z 0-9 _ -"));
        }
        if is_blank(&self.image) {
            wrong(".image", "name an image".into());
        }
        if self.cpu > cpu {
            wrong(".cpu", format!("{} CPU units are more than the task's {cpu}", self.cpu));
        }
        if let Some(own) = self.memory.filter(|own| *own > memory || *own < 6) {
            wrong(".memory", format!("{own} MiB do not fit: 6 at least, and at most the task's {memory}"));
        }
        let most = self.memory.unwrap_or(memory);
        if let Some(kept) = self.memory_reservation.filter(|kept| *kept > most || *kept < 6) {
            wrong(".memory_reservation", format!("{kept} MiB do not fit: 6 at least, and at most {most}"));
        }
        for key in self.secrets.keys().filter(|key| self.environment.contains_key(*key)) {
            wrong(".secrets", format!("`{key}` stands in `environment` too: take one of them out"));
        }
        for key in self.secrets.iter().filter(|(_, from)| from.known().is_some_and(|from| !from.starts_with("arn:"))).map(|(key, _)| key) {
            wrong(".secrets", format!("`{key}` is not an ARN: name the secret that holds the value, never the value"));
        }
        if self.ports.iter().any(|port| port.port == 0) {
            wrong(".ports", "a port is between 1 and 65535".into());
        }
        for mount in self.mounts.iter().filter(|mount| !has_volume(&mount.volume)) {
            wrong(".mounts", format!("there is no volume `{}`: declare it under `volumes`", mount.volume));
        }
        problems
    }
}

impl Volume<Written> {
    /// What is wrong with it.
    pub(crate) fn problems(&self, name: &str) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: &str| problems.push(SpecProblem::new(&format!("volumes.{name}.{field}"), message));
        if self.access_point.is_some() && self.root != "/" {
            wrong("root", "an access point has a root directory of its own: leave this one out");
        }
        if (self.access_point.is_some() || self.iam) && !self.transit_encryption {
            wrong("transit_encryption", "access points and IAM need encrypted traffic");
        }
        problems
    }
}
