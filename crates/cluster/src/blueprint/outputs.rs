//! What the cluster tells others. The names are a contract: the Tenant Manager reads them.

use bbws_kinds::{
    Bucket, Certificate, DbInstance, Distribution, EcsCluster, ElasticIp, FileSystem, HostedZone, InternetGateway, Listener, LoadBalancer,
    NameServers, NatGateway, Role, Secret, SecurityGroup, Subnet, Vpc,
};
use serde_json::Value;

use super::dns::home;
use super::network::nats;
use super::parts::{Parts, value};
use crate::{Domain, Environment};

/// Publishes every name; one that does not apply to this environment is null.
pub(super) fn publish(parts: &mut Parts<'_>, delegated_to: &[(String, NameServers)]) {
    network(parts);
    load_balancer(parts);
    dns(parts, delegated_to);
    certificate(parts);
    cdn(parts);
    containers(parts);
    data(parts);
}

fn network(parts: &mut Parts<'_>) {
    let net = &parts.env.network;
    parts.publish("vpc_id", value::<Vpc>("main", "id"));
    parts.publish("vpc_cidr_block", net.vpc_cidr);
    for (side, subnets) in [("public", &net.public), ("private", &net.private)] {
        let of = |output| subnets.keys().map(|name| value::<Subnet>(&format!("{side}-{name}"), output)).collect::<Vec<_>>();
        parts.publish(format!("{side}_subnet_ids"), of("id"));
        parts.publish(format!("{side}_subnet_cidr_blocks"), of("cidr"));
    }
    parts.publish("internet_gateway_id", value::<InternetGateway>("main", "id"));
    let nats = nats(parts.env);
    let gateways: Vec<Value> = nats.keys().map(|letter| value::<NatGateway>(letter, "id")).collect();
    let addresses: Vec<Value> = nats.keys().map(|letter| value::<ElasticIp>(&format!("nat-{letter}"), "public_ip")).collect();
    parts.publish("nat_gateway_id", gateways.first());
    parts.publish("nat_gateway_ids", &gateways);
    parts.publish("nat_gateway_eip", addresses.first());
    parts.publish("nat_gateway_eips", &addresses);
    parts.publish("availability_zones", net.zones());
}

fn load_balancer(parts: &mut Parts<'_>) {
    for (name, output) in [("alb_dns_name", "dns_name"), ("alb_arn", "arn"), ("alb_zone_id", "zone_id")] {
        parts.publish(name, value::<LoadBalancer>("main", output));
    }
    parts.publish("alb_listener_arn", value::<Listener>("http", "arn"));
    let https = parts.env.alb.https && parts.env.has_certificate();
    parts.publish("alb_https_listener_arn", https.then(|| value::<Listener>("https", "arn")));
    group(parts, "alb");
}

fn group(parts: &mut Parts<'_>, name: &str) {
    parts.publish(format!("{name}_security_group_id"), value::<SecurityGroup>(name, "id"));
}

/// The names that the contract has for the zones of the environments it knows; any other gets names of the same form.
const LABELS: [&str; 2] = ["wpdev", "wpsit"];

fn dns(parts: &mut Parts<'_>, delegated_to: &[(String, NameServers)]) {
    let env = parts.env;
    parts.publish("route53_zone_id", value::<HostedZone>("main", "id"));
    parts.publish("route53_nameservers", value::<HostedZone>("main", "name_servers"));
    for label in LABELS {
        parts.publish(format!("route53_{label}_zone_id"), Value::Null);
        parts.publish(format!("route53_{label}_nameservers"), Value::Null);
        parts.publish(format!("{label}_delegation_ns_records"), Value::Null);
    }
    if !env.tier.is_prod() {
        let label = label(&env.dns.domain);
        parts.publish(format!("route53_{label}_zone_id"), value::<HostedZone>(home(env), "id"));
        parts.publish(nameservers_of(&env.dns.domain), value::<HostedZone>(home(env), "name_servers"));
    }
    for (name, servers) in delegated_to {
        parts.publish(format!("{name}_delegation_ns_records"), servers);
    }
    parts.publish("wp_subdomain_zone_id", env.tier.is_prod().then(|| value::<HostedZone>(home(env), "id")));
    let pattern = env.has_certificate().then(|| format!("https://{{tenant}}.{}", env.dns.domain));
    parts.publish("tenant_url_pattern", pattern);
}

/// The first part of a domain as it stands in an output's name.
fn label(domain: &Domain) -> String {
    let first = domain.as_str().split('.').next().unwrap_or_default();
    first.replace('-', "_")
}

/// The output under which an environment tells the name servers of its domain's zone.
pub(super) fn nameservers_of(domain: &Domain) -> String {
    format!("route53_{}_nameservers", label(domain))
}

fn certificate(parts: &mut Parts<'_>) {
    let env: &Environment = parts.env;
    for (name, output) in [("acm_certificate_arn", "arn"), ("acm_certificate_status", "status"), ("acm_certificate_domain", "domain")] {
        parts.publish(name, env.has_certificate().then(|| value::<Certificate>("cdn", output)));
    }
}

fn cdn(parts: &mut Parts<'_>) {
    for (name, output) in [
        ("cloudfront_distribution_id", "id"),
        ("cloudfront_domain_name", "domain_name"),
        ("cloudfront_distribution_arn", "arn"),
        ("cloudfront_status", "status"),
        ("cloudfront_alternate_domain_names", "aliases"),
    ] {
        parts.publish(name, value::<Distribution>("main", output));
    }
    parts.publish("cloudfront_logging_bucket", parts.env.cdn.logs.then(|| value::<Bucket>("cdn-logs", "name")));
}

fn containers(parts: &mut Parts<'_>) {
    parts.publish("ecs_cluster_name", value::<EcsCluster>("main", "name"));
    parts.publish("ecs_cluster_arn", value::<EcsCluster>("main", "arn"));
    group(parts, "ecs");
    parts.publish("ecs_task_execution_role_arn", value::<Role>("ecs-execution", "arn"));
    parts.publish("ecs_task_role_arn", value::<Role>("ecs-task", "arn"));
}

fn data(parts: &mut Parts<'_>) {
    parts.publish("rds_endpoint", value::<DbInstance>("main", "endpoint"));
    parts.publish("rds_address", value::<DbInstance>("main", "address"));
    parts.publish("rds_master_secret_arn", value::<Secret>("rds", "arn"));
    group(parts, "rds");
    parts.publish("efs_id", value::<FileSystem>("main", "id"));
    parts.publish("efs_dns_name", value::<FileSystem>("main", "dns_name"));
    group(parts, "efs");
}
