//! What Terraform's resources are in bbws's words: the kind, the id, and the fields that tell which resource of the file it is.

use bbws_kinds::DomainName;
use serde_json::{Map, Value, json};

use super::tfstate::{TfResource, text};

/// One object, as its Terraform resource tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// The kind.
    pub(super) kind: &'static str,
    /// What AWS calls it; none where only its natural key finds it.
    pub(super) id: Option<String>,
    /// The fields that must agree with the file's, in the form of the kind's spec.
    pub(super) keys: Vec<(&'static str, Value)>,
    /// Further fields: they name objects that other pieces are.
    pub(super) hints: Vec<(&'static str, Value)>,
    /// What it offers others.
    pub(super) offers: Vec<(&'static str, Value)>,
}

/// What a Terraform resource is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sort {
    /// Objects that the file may declare.
    Pieces(Vec<Piece>),
    /// A part of an object of this kind: it comes with that.
    Part(&'static str),
    /// Nothing that bbws takes, for this reason.
    Left(&'static str),
    /// A type that bbws does not know.
    Unknown,
}

const TENANTS: &str = "belongs to the tenants: the Tenant Manager takes care of it";
const DEFAULTS: &str = "is AWS's own default, which bbws leaves as it is";
const TERRAFORMS: &str = "is Terraform's own, and stands for nothing in AWS";

impl Piece {
    fn new(kind: &'static str, id: Option<&str>) -> Self {
        Self { kind, id: id.map(str::to_owned), keys: vec![], hints: vec![], offers: vec![] }.offering("id", id)
    }

    fn key(mut self, field: &'static str, value: Option<&str>) -> Self {
        self.keys.extend(value.map(|value| (field, value.into())));
        self
    }

    fn hint(mut self, field: &'static str, value: Option<&Value>) -> Self {
        self.hints.extend(value.filter(|value| !value.is_null()).map(|value| (field, value.clone())));
        self
    }

    fn offering(mut self, output: &'static str, value: Option<&str>) -> Self {
        self.offers.extend(value.map(|value| (output, value.into())));
        self
    }
}

/// Says what a Terraform resource is.
pub(super) fn sort(of: &TfResource) -> Sort {
    if of.data {
        return Sort::Left("was only read by Terraform");
    }
    let text = |name: &str| of.text(name);
    let value = |name: &str| of.attributes.get(name);
    let new = Piece::new;
    let arn = || text("arn").or(text("id"));
    let one = match of.of.as_str() {
        "aws_vpc" => new("vpc", text("id")).key("cidr", text("cidr_block")),
        "aws_subnet" => new("subnet", text("id")).key("vpc", text("vpc_id")).key("cidr", text("cidr_block")),
        "aws_internet_gateway" => new("internet-gateway", text("id")).key("vpc", text("vpc_id")),
        "aws_eip" => new("elastic-ip", text("allocation_id").or(text("id"))),
        "aws_nat_gateway" => new("nat-gateway", text("id")).key("subnet", text("subnet_id")).hint("elastic_ip", value("allocation_id")),
        "aws_route_table" => return Sort::Pieces(table(of)),
        "aws_route" => {
            return Sort::Pieces(route(text("route_table_id"), &of.attributes).into_iter().collect());
        }
        "aws_route_table_association" if text("subnet_id").is_none() => return Sort::Left("leads a gateway, not a subnet"),
        "aws_route_table_association" => {
            new("route-table-association", text("subnet_id")).key("subnet", text("subnet_id")).hint("table", value("route_table_id"))
        }
        "aws_security_group" => return Sort::Pieces(group(of)),
        "aws_security_group_rule" => return Sort::Pieces(rules(of, text("security_group_id"), text("type"))),
        "aws_vpc_security_group_ingress_rule" => return Sort::Pieces(rules(of, text("security_group_id"), Some("ingress"))),
        "aws_vpc_security_group_egress_rule" => return Sort::Pieces(rules(of, text("security_group_id"), Some("egress"))),
        "aws_lb" | "aws_alb" => new("load-balancer", arn())
            .key("name", text("name"))
            .hint("security_groups", value("security_groups"))
            .hint("subnets", value("subnets"))
            .offering("arn", arn())
            .offering("active_arn", arn())
            .offering("dns_name", text("dns_name")),
        "aws_lb_listener" | "aws_alb_listener" => {
            let port = value("port").map(|port| ("port", port.clone()));
            let mut piece = new("listener", arn()).key("load_balancer", text("load_balancer_arn")).offering("arn", arn());
            piece.keys.extend(port);
            piece
        }
        "aws_ecs_cluster" => new("ecs-cluster", arn()).key("name", text("name")).offering("arn", arn()).offering("name", text("name")),
        "aws_ecs_task_definition" => new("task-definition", text("arn"))
            .key("family", text("family"))
            .hint("execution_role", value("execution_role_arn"))
            .hint("task_role", value("task_role_arn")),
        "aws_cloudwatch_log_group" => new("log-group", text("name")).key("name", text("name")).offering("name", text("name")),
        "aws_iam_role" => {
            let role = text("name").or(text("id"));
            new("role", role).key("name", role).offering("name", role).offering("arn", text("arn"))
        }
        "aws_iam_role_policy" => {
            let id = text("role").zip(text("name")).map(|(role, name)| format!("{role}/{name}"));
            new("role-policy", id.as_deref()).key("role", text("role")).key("name", text("name"))
        }
        "aws_iam_role_policy_attachment" => {
            let id = text("role").zip(text("policy_arn")).map(|(role, policy)| format!("{role}/{policy}"));
            new("role-policy-attachment", id.as_deref()).key("role", text("role")).key("policy", text("policy_arn"))
        }
        "aws_db_instance" => new("db-instance", text("identifier"))
            .key("name", text("identifier"))
            .hint("subnet_group", value("db_subnet_group_name"))
            .hint("parameter_group", value("parameter_group_name"))
            .hint("security_groups", value("vpc_security_group_ids"))
            .offering("name", text("identifier")),
        "aws_db_subnet_group" => named("db-subnet-group", of),
        "aws_db_parameter_group" => named("db-parameter-group", of),
        "aws_secretsmanager_secret" => new("secret", arn()).key("name", text("name")).offering("arn", arn()),
        "aws_secretsmanager_secret_version" => new("secret-value", text("secret_id")).key("secret", text("secret_id")),
        "aws_efs_file_system" => new("file-system", text("id")).offering("arn", text("arn")),
        "aws_efs_mount_target" => new("mount-target", text("id"))
            .key("subnet", text("subnet_id"))
            .hint("file_system", value("file_system_id"))
            .hint("security_groups", value("security_groups")),
        "aws_route53_zone" => {
            let name = text("name").map(|name| DomainName::new(name).as_str().to_owned());
            new("hosted-zone", text("zone_id").or(text("id"))).key("name", name.as_deref())
        }
        "aws_route53_record" if text("set_identifier").is_some() => return Sort::Left("has a routing policy, which bbws does not keep"),
        "aws_route53_record" => record(of),
        "aws_route53_health_check" => new("health-check", text("id")),
        "aws_acm_certificate" => certificate(of, arn()),
        "aws_cloudfront_distribution" => {
            new("distribution", text("id")).offering("arn", text("arn")).offering("domain_name", text("domain_name"))
        }
        "aws_cloudfront_function" => named("cdn-function", of),
        "aws_s3_bucket" => {
            let name = text("bucket").or(text("id"));
            new("bucket", name).key("name", name).offering("arn", text("arn")).offering("name", name)
        }
        "aws_cloudwatch_metric_alarm" => new("metric-alarm", text("alarm_name")).key("name", text("alarm_name")),
        "aws_cloudwatch_dashboard" => new("dashboard", text("dashboard_name")).key("name", text("dashboard_name")),
        "aws_cloudwatch_log_delivery_source" => named("log-delivery-source", of),
        "aws_cloudwatch_log_delivery_destination" => named("log-delivery-destination", of).offering("arn", text("arn")),
        "aws_cloudwatch_log_delivery" => new("log-delivery", text("id"))
            .key("source", text("delivery_source_name"))
            .hint("destination", value("delivery_destination_arn")),
        "aws_sns_topic" => new("topic", arn()).key("name", text("name")).offering("arn", arn()),
        "aws_vpc_endpoint" => new("vpc-endpoint", text("id")).key("vpc", text("vpc_id")).key("service", text("service_name")),
        "aws_flow_log" => new("flow-log", text("id")).key("vpc", text("vpc_id")),
        other => return rest(other),
    };
    Sort::Pieces(vec![one])
}

/// The types that are no object of their own.
fn rest(of: &str) -> Sort {
    match of {
        "aws_ecs_cluster_capacity_providers" => Sort::Part("ecs-cluster"),
        "aws_efs_file_system_policy" | "aws_efs_backup_policy" => Sort::Part("file-system"),
        "aws_acm_certificate_validation" => Sort::Part("certificate"),
        "aws_sns_topic_subscription" | "aws_sns_topic_policy" => Sort::Part("topic"),
        "aws_internet_gateway_attachment" => Sort::Part("internet-gateway"),
        "aws_eip_association" => Sort::Part("elastic-ip"),
        "aws_secretsmanager_secret_policy" | "aws_secretsmanager_secret_rotation" => Sort::Part("secret"),
        "aws_default_security_group" => Sort::Part("vpc"),
        "aws_default_route_table" | "aws_default_network_acl" | "aws_main_route_table_association" | "aws_default_vpc" => {
            Sort::Left(DEFAULTS)
        }
        _ if of.starts_with("aws_s3_bucket_") => Sort::Part("bucket"),
        _ if of.starts_with("aws_vpc_endpoint_") => Sort::Part("vpc-endpoint"),
        _ if [
            "aws_lb_target_group",
            "aws_alb_target_group",
            "aws_lb_listener_rule",
            "aws_alb_listener_rule",
            "aws_ecs_service",
            "aws_efs_access_point",
        ]
        .iter()
        .any(|tenants| of.starts_with(tenants)) =>
        {
            Sort::Left(TENANTS)
        }
        _ if of.starts_with("aws_") => Sort::Unknown,
        _ => Sort::Left(TERRAFORMS),
    }
}

/// What is known by its name alone.
fn named(kind: &'static str, of: &TfResource) -> Piece {
    let name = of.text("name").or(of.text("id"));
    Piece::new(kind, name).key("name", name).offering("name", name)
}

/// A route table, with the routes that are written inside it.
fn table(of: &TfResource) -> Vec<Piece> {
    let id = of.text("id");
    let inside = of.attributes.get("route").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let mut pieces = vec![Piece::new("route-table", id)];
    pieces.extend(inside.filter_map(|fields| route(id, fields)));
    pieces
}

fn route(table: Option<&str>, fields: &Map<String, Value>) -> Option<Piece> {
    let (table, destination) = (table?, text(fields, "destination_cidr_block").or(text(fields, "cidr_block"))?);
    let piece =
        Piece::new("route", Some(&format!("{table}_{destination}"))).key("table", Some(table)).key("destination", Some(destination));
    let internet = fields.get("gateway_id").filter(|id| id.as_str().is_some_and(|id| id.starts_with("igw-")));
    let nat = fields.get("nat_gateway_id").filter(|id| id.as_str().is_some_and(|id| !id.is_empty()));
    Some(piece.hint("internet_gateway", internet).hint("nat_gateway", nat))
}

/// A security group, with the rules that are written inside it.
fn group(of: &TfResource) -> Vec<Piece> {
    let id = of.text("id");
    let mut piece = Piece::new("security-group", id).key("name", of.text("name"));
    piece.keys.extend(of.text("vpc_id").map(|vpc| ("vpc", vpc.into())));
    let mut pieces = vec![piece];
    for direction in ["ingress", "egress"] {
        let blocks = of.attributes.get(direction).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        for block in blocks {
            let inside = TfResource { address: of.address.clone(), of: of.of.clone(), data: false, attributes: block.clone() };
            pieces.extend(rules(&inside, id, Some(direction)));
        }
    }
    pieces
}

/// The rules of one resource or block: one for each of those it lets through.
fn rules(of: &TfResource, group: Option<&str>, direction: Option<&str>) -> Vec<Piece> {
    let texts = |name: &str| match of.attributes.get(name) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) if !one.is_empty() => vec![one.clone()],
        _ => Vec::<String>::new(),
    };
    let networks = ["cidr_blocks", "cidr_ipv4", "ipv6_cidr_blocks"].into_iter().flat_map(texts).map(|cidr| json!({ "cidr": cidr }));
    let groups = ["security_groups", "source_security_group_id", "referenced_security_group_id"].into_iter().flat_map(texts);
    let itself = (of.attributes.get("self") == Some(&Value::Bool(true))).then(|| group.map(str::to_owned)).flatten();
    let groups = groups.chain(itself).map(|group| json!({ "group": group }));
    let lists = ["prefix_list_ids", "prefix_list_id"].into_iter().flat_map(texts).map(|list| json!({ "prefix_list": list }));
    let peers: Vec<Value> = networks.chain(groups).chain(lists).collect();
    let protocol = of.text("protocol").or(of.text("ip_protocol")).map(|protocol| if protocol == "-1" { "all" } else { protocol });
    let port = |name: &str| of.attributes.get(name).and_then(Value::as_u64);
    let ports = match (port("from_port"), port("to_port")) {
        (Some(from), Some(to)) if from == to => json!(from.to_string()),
        (Some(from), Some(to)) => json!(format!("{from}-{to}")),
        _ => Value::Null,
    };
    // A rule of several peers is several rules in AWS, and its id is none of theirs.
    let own = of.text("security_group_rule_id").or(of.text("id")).filter(|id| id.starts_with("sgr-") && peers.len() == 1);
    let rule = |peer: Value| {
        let mut piece = Piece::new("security-group-rule", own).key("group", group).key("direction", direction).key("protocol", protocol);
        piece.keys.push(("ports", if protocol == Some("all") { Value::Null } else { ports.clone() }));
        piece.keys.push(("peer", peer));
        piece
    };
    peers.into_iter().map(rule).collect()
}

fn record(of: &TfResource) -> Piece {
    let (zone, sort) = (of.text("zone_id"), of.text("type"));
    let name = of.text("fqdn").or(of.text("name")).map(|name| DomainName::new(name).as_str().to_owned());
    let id = zone.zip(name.as_deref()).zip(sort).map(|((zone, name), sort)| format!("{zone}_{name}_{sort}"));
    Piece::new("dns-record", id.as_deref()).key("zone", zone).key("name", name.as_deref()).key("type", sort)
}

fn certificate(of: &TfResource, arn: Option<&str>) -> Piece {
    let piece = Piece::new("certificate", arn).key("domain", of.text("domain_name")).offering("arn", arn);
    let options = of.attributes.get("domain_validation_options").and_then(Value::as_array);
    let first = options.into_iter().flatten().find_map(|option| option.get("resource_record_name")?.as_str());
    let name = first.map(|name| DomainName::new(name).as_str().to_owned());
    piece.offering("validation_name", name.as_deref())
}

#[cfg(test)]
mod tests;
