//! The ARNs of what an environment's file and state name.

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::{DbInstance, GLOBAL, TaskDefinition, partition};
use bbws_model::{Account, Address, Kind, Kinds, NameRule, Pointer, pointers};
use serde_json::Value;

/// Where the state is kept, if in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePlace {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The key that the state is encrypted with, where it is one of the account's own.
    pub key: Option<String>,
    /// The environments whose published outputs are read.
    pub others: BTreeSet<String>,
}

/// What a policy is made for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// The environment's name.
    pub environment: String,
    /// Its account.
    pub account: Account,
    /// Its region.
    pub region: String,
    /// What stands in the ownership tag of all that is ours; unknown until the first apply.
    pub lineage: Option<String>,
    /// Where the state is kept.
    pub state: Option<StatePlace>,
    /// The key that signs approvals.
    pub approval_key: Option<String>,
    /// The log group that a run's events are written to.
    pub audit_group: Option<String>,
    /// Whether approvals are demanded, and only the bucket's policy keeps others from writing them.
    pub fenced: bool,
    /// What is declared, and what is recorded: several specs of one address where they differ.
    pub resources: Vec<Resource>,
}

/// One resource, declared or recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its address.
    pub address: Address,
    /// Its spec.
    pub spec: Value,
    /// What AWS calls it, where it is recorded.
    pub id: Option<String>,
}

/// The services that have a role of their own in an account, by the kind whose first creation makes it.
pub(crate) const SERVICE_ROLES: [(&str, &str, &str); 4] = [
    ("db-instance", "rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ("ecs-cluster", "ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("file-system", "elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem"),
    ("load-balancer", "elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
];

impl Ground {
    /// `aws`, or the name of a partition of its own.
    pub(crate) fn partition(&self) -> &'static str {
        partition(&self.region)
    }

    /// An ARN in a region of this account; none for services without regions.
    pub(crate) fn arn(&self, service: &str, region: Option<&str>, what: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{what}", self.partition(), region.unwrap_or_default(), self.account)
    }

    /// The kinds that are declared or recorded.
    pub(super) fn kinds(&self) -> BTreeSet<&str> {
        self.resources.iter().map(|resource| resource.address.kind()).collect()
    }

    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.address.kind() == kind)
    }

    fn region_of<'a>(&'a self, resource: &'a Resource) -> &'a str {
        if resource.address.kind().starts_with("log-delivery") {
            return GLOBAL;
        }
        resource.spec["region"].as_str().unwrap_or(&self.region)
    }

    /// The regions that anything stands in.
    pub(super) fn regions(&self) -> BTreeSet<&str> {
        let edge = self.of("distribution").next().map(|_| GLOBAL);
        self.resources.iter().map(|one| self.region_of(one)).chain(edge).chain([self.region.as_str()]).collect()
    }

    /// What a type such as `ec2:vpc/*` stands for: an ARN in each region, or one where the service has none.
    pub(super) fn all(&self, pattern: &str) -> BTreeSet<String> {
        let (service, what) = pattern.split_once(':').unwrap_or((pattern, "*"));
        match service {
            // AWS's own lists belong to no account.
            "ec2" if what.starts_with("prefix-list") => [format!("arn:{}:ec2:{}:aws:{what}", self.partition(), self.region)].into(),
            "cloudfront" | "iam" => [self.arn(service, None, what)].into(),
            "s3" => [format!("arn:{}:s3:::{what}", self.partition())].into(),
            "route53" => [format!("arn:{}:route53:::{what}", self.partition())].into(),
            // What stands at the edge is a certificate or an alarm; the rest has one region.
            "acm" | "cloudwatch" => self.regions().into_iter().map(|region| self.arn(service, Some(region), what)).collect(),
            _ => [self.arn(service, Some(&self.region), what)].into(),
        }
    }

    /// The ARNs of all resources of a kind, under the names that they have and may get.
    pub(super) fn named(&self, kinds: &Kinds, kind: &str) -> BTreeSet<String> {
        let (kind, objects) = kind.strip_prefix("objects of ").map_or((kind, false), |kind| (kind, true));
        let rule = kinds.get(kind).and_then(|kind| kind.facts().name);
        let mut arns: BTreeSet<String> = self.of(kind).flat_map(|one| self.arns(one, rule)).collect();
        match kind {
            // A listener has the name of its load balancer.
            "listener" => arns.extend(self.named(kinds, "load-balancer").iter().map(|arn| arn.replace(":loadbalancer/", ":listener/"))),
            "log-delivery" if self.of(kind).next().is_some() => drop(arns.insert(self.arn("logs", Some(GLOBAL), "delivery:*"))),
            "hosted-zone" | "health-check" => arns.extend(self.by_id(kind)),
            "secret" => arns.extend(self.lent_secrets()),
            "db-snapshot" => arns.extend(self.of(DbInstance::NAME).flat_map(|one| self.copies(one))),
            _ => {}
        }
        if objects { arns.into_iter().map(|bucket| bucket + "/*").collect() } else { arns }
    }

    /// The ARNs of all there may be of the sort of a kind that is declared or recorded, whatever it is called.
    pub(super) fn of_any_name(&self, kinds: &Kinds, kind: &str) -> BTreeSet<String> {
        self.named(kinds, kind).iter().map(|arn| any_name(arn)).collect()
    }

    fn arns(&self, one: &Resource, rule: Option<NameRule>) -> Vec<String> {
        let Some(name) = one.spec[if one.address.kind() == TaskDefinition::NAME { "family" } else { "name" }].as_str() else {
            return vec![];
        };
        let mut names = vec![name.to_owned()];
        if let Some(rule) = rule {
            // A replacement takes the next free name: `alb-2`.
            let kept: String = name.chars().take(rule.max.saturating_sub(2)).collect();
            names.push(format!("{kept}-?"));
        }
        let region = Some(self.region_of(one));
        let arn = |name: String| -> Vec<String> {
            let one_arn = |service, what: String| vec![self.arn(service, region, &what)];
            match one.address.kind() {
                "bucket" => vec![format!("arn:{}:s3:::{name}", self.partition())],
                "role" => vec![self.arn("iam", None, &format!("role/{name}"))],
                "cdn-function" => vec![self.arn("cloudfront", None, &format!("function/{name}"))],
                "dashboard" => vec![self.arn("cloudwatch", None, &format!("dashboard/{name}"))],
                "metric-alarm" => one_arn("cloudwatch", format!("alarm:{name}")),
                "topic" => one_arn("sns", name),
                "ecs-cluster" => one_arn("ecs", format!("cluster/{name}")),
                "task-definition" => one_arn("ecs", format!("task-definition/{name}:*")),
                "load-balancer" => one_arn("elasticloadbalancing", format!("loadbalancer/app/{name}/*")),
                "db-instance" => one_arn("rds", format!("db:{name}")),
                "db-subnet-group" => one_arn("rds", format!("subgrp:{name}")),
                "db-parameter-group" => one_arn("rds", format!("pg:{name}")),
                "db-snapshot" => one_arn("rds", format!("snapshot:{name}")),
                // AWS puts six characters of its own behind the name.
                "secret" => one_arn("secretsmanager", format!("secret:{name}-??????")),
                // Some calls name the group itself, some all of its streams.
                "log-group" => ["", ":*"].map(|end| self.arn("logs", region, &format!("log-group:{name}{end}"))).to_vec(),
                "log-delivery-source" => one_arn("logs", format!("delivery-source:{name}")),
                "log-delivery-destination" => one_arn("logs", format!("delivery-destination:{name}")),
                _ => vec![],
            }
        };
        names.into_iter().flat_map(arn).collect()
    }

    /// What AWS names by an id: the ids once all are known, else all there are.
    fn by_id(&self, kind: &str) -> BTreeSet<String> {
        let sort = if kind == "hosted-zone" { "hostedzone" } else { "healthcheck" };
        let arn = |id: &str| format!("arn:{}:route53:::{sort}/{id}", self.partition());
        let mut ids: BTreeMap<&Address, BTreeSet<&str>> = BTreeMap::new();
        for one in self.of(kind) {
            let known = ids.entry(&one.address).or_default();
            known.extend(one.id.as_deref().or_else(|| one.spec["zone_id"].as_str()));
        }
        if ids.values().any(BTreeSet::is_empty) {
            return [arn("*")].into();
        }
        ids.into_values().flatten().map(arn).collect()
    }

    /// The copies that bbws takes of a database, and the one that deleting it leaves.
    fn copies(&self, database: &Resource) -> Vec<String> {
        let name = database.spec["name"].as_str().unwrap_or_default();
        vec![self.arn("rds", Some(&self.region), &format!("snapshot:{name}-*"))]
    }

    /// Secrets that others keep: of an origin's header, or of a database's password.
    fn lent_secrets(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for one in self.of("distribution") {
            let origins = one.spec["origins"].as_object().into_iter().flat_map(|all| all.values());
            let headers = origins.flat_map(|origin| origin["headers"].as_object().into_iter().flat_map(|all| all.values()));
            named.extend(headers.filter_map(|header| header["secret"].as_str()));
        }
        named.extend(self.of(DbInstance::NAME).filter_map(|one| one.spec["password"]["secret"].as_str()));
        let arn = |name: &str| match name.starts_with("arn:") {
            true => name.to_owned(),
            false => self.arn("secretsmanager", Some(&self.region), &format!("secret:{name}-??????")),
        };
        named.into_iter().map(arn).collect()
    }

    /// What a field refers to: a role by its ARN, whether it is written out or referred to.
    fn role_behind(&self, field: &Value) -> Option<String> {
        if let Some(arn) = field.as_str() {
            return Some(arn.to_owned());
        }
        let Pointer { to, .. } = pointers(field).into_iter().next()?;
        let role = self.resources.iter().find(|one| one.address == to)?;
        Some(self.arn("iam", None, &format!("role/{}", role.spec["name"].as_str()?)))
    }

    /// The roles that are handed over, by the service that gets them.
    pub(super) fn passed(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut passed: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        let fields: [(&str, &str, &[&str]); 2] = [
            ("flow-log", "vpc-flow-logs.amazonaws.com", &["role"]),
            ("task-definition", "ecs-tasks.amazonaws.com", &["execution_role", "task_role"]),
        ];
        for (kind, service, names) in fields {
            for one in self.of(kind) {
                let roles = names.iter().filter_map(|field| self.role_behind(&one.spec[*field]));
                passed.entry(service).or_default().extend(roles);
            }
        }
        passed
    }

    /// The managed policies that are attached to roles.
    pub(super) fn attached(&self) -> BTreeSet<String> {
        self.of("role-policy-attachment").filter_map(|one| one.spec["policy"].as_str().map(str::to_owned)).collect()
    }

    /// The services that make a role of their own for what is declared.
    pub(super) fn service_roles(&self) -> BTreeSet<&'static str> {
        let service = |kind: &str| match kind {
            "ecs-cluster" => Some("ecs.amazonaws.com"),
            "load-balancer" => Some("elasticloadbalancing.amazonaws.com"),
            "db-instance" | "db-subnet-group" | "db-parameter-group" => Some("rds.amazonaws.com"),
            "file-system" => Some("elasticfilesystem.amazonaws.com"),
            _ => None,
        };
        self.kinds().into_iter().filter_map(service).collect()
    }

    /// The names that records may stand under: the zones', and all below them.
    pub(super) fn record_names(&self) -> BTreeSet<String> {
        let zone = |one: &Resource| one.spec["name"].as_str().map(str::to_lowercase);
        self.of("hosted-zone").filter_map(zone).flat_map(|name| [format!("*.{name}"), name]).collect()
    }

    /// The VPCs, by their ARNs; none until they are all recorded.
    pub(super) fn vpcs(&self) -> BTreeSet<String> {
        let mut ids: BTreeMap<&Address, Option<&str>> = BTreeMap::new();
        for one in self.of("vpc") {
            let known = ids.entry(&one.address).or_default();
            *known = known.or(one.id.as_deref());
        }
        if ids.values().any(Option::is_none) {
            return BTreeSet::new();
        }
        ids.into_values().flatten().map(|id| self.arn("ec2", Some(&self.region), &format!("vpc/{id}"))).collect()
    }

    /// The keys of the account's own that resources are encrypted with.
    pub(super) fn resource_keys(&self) -> BTreeSet<String> {
        let fields = self.resources.iter().filter_map(|one| one.spec.get("kms_key")?.as_str());
        fields.filter(|key| key.starts_with("arn:") && key.contains(":key/")).map(str::to_owned).collect()
    }
}

/// An ARN with any name in the place of its own: `arn:aws:rds:…:db:wp` is `arn:aws:rds:…:db:*`.
fn any_name(arn: &str) -> String {
    let start = arn.match_indices(':').nth(4).map_or(arn.len(), |(at, _)| at + 1);
    let (place, what) = arn.split_at(start);
    let sort = ["loadbalancer/app/", "listener/app/"].into_iter().find(|sort| what.starts_with(sort));
    let sort = sort.unwrap_or_else(|| what.find(['/', ':']).map_or("", |at| &what[..=at]));
    // Buckets have no sort before their names, and their objects one behind.
    let sort = if arn.contains(":s3:::") { "" } else { sort };
    format!("{place}{sort}*")
}
