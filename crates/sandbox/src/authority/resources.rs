//! What AWS judges a call on: the ARNs of what it names, with their tags where AWS looks at those.

use std::collections::{BTreeMap, BTreeSet};

use super::said::Said;
use crate::cloud::{At, GLOBAL, Region};

/// One thing that a call is judged on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Judged {
    /// Its ARN, or `*` where AWS knows none.
    pub(crate) arn: String,
    /// Its tags, as far as AWS judges by them.
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether the call makes it: the tags of the request count for it.
    pub(crate) made: bool,
}

impl Judged {
    /// Something by its name: its tags do not matter.
    pub(crate) fn named(arn: String) -> Self {
        Self { arn, tags: BTreeMap::new(), made: false }
    }

    /// No resource at all.
    pub(crate) fn anything() -> Self {
        Self::named("*".to_owned())
    }

    fn made(arn: String) -> Self {
        Self { made: true, ..Self::named(arn) }
    }

    /// What tags given with a create are judged on: where the create itself has no resource, what it makes.
    pub(crate) fn as_tagged(&self, at: &At<'_>, service: &str, name: &str, said: &Said) -> Self {
        let arn = match (service, name) {
            ("acm", _) => at.arn("acm", "certificate/new"),
            ("elasticfilesystem", _) => at.arn("elasticfilesystem", "file-system/fs-new"),
            ("cloudfront", "CreateDistribution") => format!("arn:aws:cloudfront::{}:distribution/NEW", at.account),
            ("cloudfront", _) => format!("arn:aws:cloudfront::{}:function/{}", at.account, said.get("name").unwrap_or_default()),
            (_, "CreateListener") => self.arn.replace(":loadbalancer/", ":listener/") + "/new",
            _ => self.arn.clone(),
        };
        Self { arn, ..self.clone() }
    }
}

/// The types of EC2's objects, by the beginnings of their ids.
const EC2: [(&str, &str); 12] = [
    ("vpc-", "vpc"),
    ("vpce-", "vpc-endpoint"),
    ("subnet-", "subnet"),
    ("igw-", "internet-gateway"),
    ("eipalloc-", "elastic-ip"),
    ("nat-", "natgateway"),
    ("rtb-", "route-table"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("fl-", "vpc-flow-log"),
    ("eni-", "network-interface"),
    ("pl-", "prefix-list"),
];

/// What each of EC2's creates makes.
const MAKES: [(&str, &str); 11] = [
    ("AllocateAddress", "elastic-ip"),
    ("AuthorizeSecurityGroupEgress", "security-group-rule"),
    ("AuthorizeSecurityGroupIngress", "security-group-rule"),
    ("CreateFlowLogs", "vpc-flow-log"),
    ("CreateInternetGateway", "internet-gateway"),
    ("CreateNatGateway", "natgateway"),
    ("CreateRouteTable", "route-table"),
    ("CreateSecurityGroup", "security-group"),
    ("CreateSubnet", "subnet"),
    ("CreateVpc", "vpc"),
    ("CreateVpcEndpoint", "vpc-endpoint"),
];

/// What a call is judged on.
pub(crate) fn judged(at: &At<'_>, service: &str, name: &str, said: &Said) -> Vec<Judged> {
    let found: BTreeSet<Judged> = match service {
        "ec2" => ec2(at, name, said),
        "rds" => rds(at, name, said),
        "iam" if name == "SimulatePrincipalPolicy" => {
            said.get("policy_source_arn").map(|arn| Judged::named(arn.to_owned())).into_iter().collect()
        }
        "iam" => said
            .get("role_name")
            .map(|role| made_if(name == "CreateRole", format!("arn:aws:iam::{}:role/{role}", at.account)))
            .into_iter()
            .collect(),
        "s3" => s3(name, said),
        "elasticloadbalancing" => elb(at, name, said),
        "elasticfilesystem" => efs(at, name, said),
        "ecs" => ecs(at, name, said),
        "logs" => logs(at, name, said),
        "cloudwatch" => cloudwatch(at, name, said),
        "cloudfront" => cloudfront(at, name, said),
        "route53" => route53(said),
        "secretsmanager" => secrets(at, name, said),
        "sns" => sns(at, name, said),
        "kms" => {
            let arn = |key: &str| if key.starts_with("arn:") { key.to_owned() } else { at.arn("kms", &format!("key/{key}")) };
            said.get("key_id").map(|key| Judged::named(arn(key))).into_iter().collect()
        }
        "acm" => said
            .get("certificate_arn")
            .map(|arn| marked(at, arn))
            .or_else(|| (name == "RequestCertificate").then(|| Judged::made("*".to_owned())))
            .into_iter()
            .collect(),
        _ => BTreeSet::new(),
    };
    if found.is_empty() { vec![Judged::anything()] } else { found.into_iter().collect() }
}

fn made_if(made: bool, arn: String) -> Judged {
    Judged { made, ..Judged::named(arn) }
}

/// The region called, if anything stands there.
fn here<'a>(at: &'a At<'_>) -> Option<&'a Region> {
    at.cloud.accounts.get(at.account)?.regions.get(at.region)
}

fn ec2(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    if name == "DescribeVpcAttribute" {
        return said.get("vpc_id").map(|id| Judged::named(at.arn("ec2", &format!("vpc/{id}")))).into_iter().collect();
    }
    if name.starts_with("Describe") {
        return BTreeSet::new();
    }
    let makes = MAKES.iter().find(|(of, _)| *of == name).map(|(_, what)| Judged::made(at.arn("ec2", &format!("{what}/*"))));
    let mut ids: BTreeSet<String> = said.texts().map(str::to_owned).collect();
    // An association is judged on its table.
    let tables = here(at).into_iter().flat_map(|here| &here.route_tables);
    let of_association = tables.filter(|(_, row)| row.associations.keys().any(|id| ids.contains(id)));
    let of_association: Vec<String> = of_association.map(|(table, _)| table.clone()).collect();
    ids.extend(of_association);
    // The rules of a group are its own matter, and so are the ways that a route leads.
    let only: Option<&[&str]> = match name {
        "RevokeSecurityGroupEgress" | "RevokeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" | "AuthorizeSecurityGroupIngress" => {
            Some(&["sg-"])
        }
        "CreateRoute" | "ReplaceRoute" | "DeleteRoute" => Some(&["rtb-"]),
        _ => None,
    };
    let existing = ids.iter().filter_map(|id| {
        let (start, what) =
            EC2.iter().find(|(start, _)| id.starts_with(start) && id[start.len()..].chars().all(|c| c.is_ascii_hexdigit()))?;
        if only.is_some_and(|only| !only.contains(start)) {
            return None;
        }
        if *what == "prefix-list" {
            return Some(Judged::named(format!("arn:aws:ec2:{}:aws:prefix-list/{id}", at.region)));
        }
        Some(Judged { arn: at.arn("ec2", &format!("{what}/{id}")), tags: tags_of(at, id), made: false })
    });
    existing.chain(makes).collect()
}

/// The VPC that a security group is in.
pub(crate) fn vpc_of_group(at: &At<'_>, said: &Said) -> Option<String> {
    let vpc = &here(at)?.security_groups.get(said.get("group_id")?)?.vpc;
    Some(at.arn("ec2", &format!("vpc/{vpc}")))
}

/// Something by its ARN, with its tags.
pub(crate) fn marked(at: &At<'_>, arn: &str) -> Judged {
    Judged { arn: arn.to_owned(), tags: tags_of(at, arn), made: false }
}

fn tags_of(at: &At<'_>, id: &str) -> BTreeMap<String, String> {
    let account = at.cloud.accounts.get(at.account);
    let mut regions =
        account.into_iter().flat_map(|account| [at.region, GLOBAL].into_iter().filter_map(|region| account.regions.get(region)));
    let tags = regions.find_map(|here| {
        let group_rule = || here.security_groups.values().find_map(|group| group.rules.get(id)).map(|rule| &rule.tags);
        let by_arn = || here.distributions.values().find(|row| row.arn == id).map(|row| &row.tags);
        let network = here.vpcs.get(id).map(|row| &row.tags);
        network
            .or_else(|| here.subnets.get(id).map(|row| &row.tags))
            .or_else(|| here.internet_gateways.get(id).map(|row| &row.tags))
            .or_else(|| here.elastic_ips.get(id).map(|row| &row.tags))
            .or_else(|| here.nat_gateways.get(id).map(|row| &row.tags))
            .or_else(|| here.route_tables.get(id).map(|row| &row.tags))
            .or_else(|| here.security_groups.get(id).map(|row| &row.tags))
            .or_else(|| here.vpc_endpoints.get(id).map(|row| &row.tags))
            .or_else(|| here.flow_logs.get(id).map(|row| &row.tags))
            .or_else(|| here.network_interfaces.get(id).map(|row| &row.tags))
            .or_else(|| here.file_systems.get(id).map(|row| &row.tags))
            .or_else(|| here.certificates.get(id).map(|row| &row.tags))
            .or_else(|| here.distributions.get(id).map(|row| &row.tags))
            .or_else(group_rule)
            .or_else(by_arn)
    });
    tags.cloned().unwrap_or_default()
}

fn rds(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let fields = [
        ("db_instance_identifier", "db"),
        ("db_subnet_group_name", "subgrp"),
        ("db_parameter_group_name", "pg"),
        ("db_snapshot_identifier", "snapshot"),
    ];
    let mut found: BTreeSet<Judged> = said.get("resource_name").map(|arn| Judged::named(arn.to_owned())).into_iter().collect();
    for (field, what) in fields {
        let makes = [
            ("CreateDBInstance", "db"),
            ("CreateDBSubnetGroup", "subgrp"),
            ("CreateDBParameterGroup", "pg"),
            ("CreateDBSnapshot", "snapshot"),
        ]
        .contains(&(name, what));
        found.extend(said.all(field).map(|id| made_if(makes, at.arn("rds", &format!("{what}:{id}")))));
    }
    if name == "CreateDBInstance" {
        found.insert(Judged::named(at.arn("rds", "og:default:mysql")));
    }
    let whole = match name {
        "DescribeDBInstances" => "db:*",
        "DescribeDBSubnetGroups" => "subgrp:*",
        "DescribeDBParameterGroups" => "pg:*",
        "DescribeDBSnapshots" => "snapshot:*",
        _ => "",
    };
    if found.is_empty() && !whole.is_empty() {
        found.insert(Judged::named(at.arn("rds", whole)));
    }
    found
}

fn s3(name: &str, said: &Said) -> BTreeSet<Judged> {
    let Some(bucket) = said.get("bucket") else { return BTreeSet::new() };
    let bucket = format!("arn:aws:s3:::{bucket}");
    let of_objects = name.contains("Object") && !name.starts_with("List");
    if !of_objects {
        return [made_if(name == "CreateBucket", bucket)].into();
    }
    said.all("key").map(|key| Judged::named(format!("{bucket}/{key}"))).collect()
}

fn elb(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    if name.starts_with("Describe") {
        return BTreeSet::new();
    }
    match name {
        "CreateLoadBalancer" => said
            .get("name")
            .map(|name| Judged::made(at.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/new"))))
            .into_iter()
            .collect(),
        "CreateListener" => said.get("load_balancer_arn").map(|arn| Judged::made(arn.to_owned())).into_iter().collect(),
        _ => ["load_balancer_arn", "listener_arn", "resource_arns"]
            .iter()
            .flat_map(|field| said.all(field))
            .map(|arn| Judged::named(arn.to_owned()))
            .collect(),
    }
}

fn efs(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let of_target = |id: &str| here(at).and_then(|here| here.mount_targets.get(id)).map(|row| row.file_system.clone());
    let ids = ["file_system_id", "resource_id"].iter().filter_map(|field| said.get(field)).map(str::to_owned);
    let ids = ids.chain(said.get("mount_target_id").and_then(of_target));
    let found: BTreeSet<Judged> = ids
        .map(|id| Judged { arn: at.arn("elasticfilesystem", &format!("file-system/{id}")), tags: tags_of(at, &id), made: false })
        .collect();
    match name {
        _ if !found.is_empty() => found,
        "CreateFileSystem" => [Judged::made("*".to_owned())].into(),
        _ => [Judged::named(at.arn("elasticfilesystem", "file-system/*"))].into(),
    }
}

fn ecs(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let arn = |kind: &str, name: &str| if name.starts_with("arn:") { name.to_owned() } else { at.arn("ecs", &format!("{kind}/{name}")) };
    match name {
        "ListServices"
        | "ListTasks"
        | "DescribeTasks"
        | "DescribeTaskDefinition"
        | "ListTaskDefinitions"
        | "DeregisterTaskDefinition"
        | "ListClusters" => BTreeSet::new(),
        "RegisterTaskDefinition" => {
            said.get("family").map(|family| Judged::made(arn("task-definition", &format!("{family}:1")))).into_iter().collect()
        }
        "CreateCluster" => said.get("cluster_name").map(|name| Judged::made(arn("cluster", name))).into_iter().collect(),
        _ => ["cluster", "clusters", "resource_arn"]
            .iter()
            .flat_map(|field| said.all(field))
            .map(|name| Judged::named(arn("cluster", name)))
            .collect(),
    }
}

fn logs(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let of = |what: &str, name: &str| at.arn("logs", &format!("{what}:{name}"));
    let one = |field: &str, what: &str| said.get(field).map(|name| of(what, name));
    let arn = match name {
        "DescribeLogGroups" | "DescribeDeliveries" => None,
        "CreateLogGroup" => return one("log_group_name", "log-group").map(Judged::made).into_iter().collect(),
        "DeleteLogGroup" | "PutRetentionPolicy" | "DeleteRetentionPolicy" => one("log_group_name", "log-group"),
        // What is in a stream, and the stream itself, is judged on the stream.
        "CreateLogStream" | "PutLogEvents" => {
            let stream = said.get("log_stream_name").unwrap_or_default();
            one("log_group_name", "log-group").map(|group| format!("{group}:log-stream:{stream}"))
        }
        "PutDeliverySource" => return one("name", "delivery-source").map(Judged::made).into_iter().collect(),
        "PutDeliveryDestination" => return one("name", "delivery-destination").map(Judged::made).into_iter().collect(),
        "GetDeliverySource" | "DeleteDeliverySource" => one("name", "delivery-source"),
        "GetDeliveryDestination" | "DeleteDeliveryDestination" => one("name", "delivery-destination"),
        "CreateDelivery" => {
            let source = one("delivery_source_name", "delivery-source").map(Judged::named);
            let destination = said.get("delivery_destination_arn").map(|arn| Judged::named(arn.to_owned()));
            return source.into_iter().chain(destination).chain([Judged::made(of("delivery", "new"))]).collect();
        }
        "GetDelivery" | "DeleteDelivery" | "UpdateDeliveryConfiguration" => one("id", "delivery"),
        _ => said.get("resource_arn").map(str::to_owned),
    };
    arn.map(Judged::named).into_iter().collect()
}

fn cloudwatch(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let dashboard = |name: &str| format!("arn:aws:cloudwatch::{}:dashboard/{name}", at.account);
    let alarm = |name: &str| at.arn("cloudwatch", &format!("alarm:{name}"));
    match name {
        "DescribeAlarms" => [Judged::named(alarm("*"))].into(),
        "PutMetricAlarm" => said.get("alarm_name").map(|name| Judged::made(alarm(name))).into_iter().collect(),
        "PutDashboard" => said.get("dashboard_name").map(|name| Judged::made(dashboard(name))).into_iter().collect(),
        "DeleteAlarms" => said.all("alarm_names").map(|name| Judged::named(alarm(name))).collect(),
        "GetDashboard" | "DeleteDashboards" => ["dashboard_name", "dashboard_names"]
            .iter()
            .flat_map(|field| said.all(field))
            .map(|name| Judged::named(dashboard(name)))
            .collect(),
        _ => said.get("resource_arn").map(|arn| Judged::named(arn.to_owned())).into_iter().collect(),
    }
}

fn cloudfront(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let of = |what: &str| format!("arn:aws:cloudfront::{}:{what}", at.account);
    let found = match name {
        "CreateDistribution" => Some(Judged::made("*".to_owned())),
        "CreateFunction" => said.get("name").map(|_| Judged::made("*".to_owned())),
        "ListTagsForResource" | "TagResource" | "UntagResource" => said.get("resource").map(|arn| marked(at, arn)),
        // Its origins have ids of their own, and come before.
        "GetDistribution" | "UpdateDistribution" | "DeleteDistribution" => {
            said.all("id").next_back().map(|id| Judged { arn: of(&format!("distribution/{id}")), tags: tags_of(at, id), made: false })
        }
        list if list.starts_with("List") => None,
        _ => said.get("name").map(|name| Judged::named(of(&format!("function/{name}")))),
    };
    found.into_iter().collect()
}

fn route53(said: &Said) -> BTreeSet<Judged> {
    let id = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let zone = |name: String| Judged::named(format!("arn:aws:route53:::hostedzone/{name}"));
    let check = |name: String| Judged::named(format!("arn:aws:route53:::healthcheck/{name}"));
    let sorted = |name: String| if name.starts_with('Z') { zone(name) } else { check(name) };
    let zones = ["hosted_zone_id", "id"].iter().filter_map(|field| said.get(field)).map(id).map(zone);
    let checks = said.get("health_check_id").map(id).map(check);
    let tagged = ["resource_id", "resource_ids"].iter().flat_map(|field| said.all(field)).map(id).map(sorted);
    zones.chain(checks).chain(tagged).collect()
}

fn secrets(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    let arn =
        |name: &str| if name.starts_with("arn:") { name.to_owned() } else { at.arn("secretsmanager", &format!("secret:{name}-a1B2c3")) };
    match name {
        "CreateSecret" => said.get("name").map(|name| Judged::made(arn(name))).into_iter().collect(),
        _ => said.get("secret_id").map(|id| Judged::named(arn(id))).into_iter().collect(),
    }
}

fn sns(at: &At<'_>, name: &str, said: &Said) -> BTreeSet<Judged> {
    match name {
        "ListTopics" | "Unsubscribe" => BTreeSet::new(),
        "CreateTopic" => said.get("name").map(|name| Judged::made(at.arn("sns", name))).into_iter().collect(),
        _ => ["topic_arn", "resource_arn"].iter().filter_map(|field| said.get(field)).map(|arn| Judged::named(arn.to_owned())).collect(),
    }
}
