//! Each of Terraform's types that is known: what it is here.

use super::*;

/// What becomes of a type: the kind and id of each object, the kind that it is a part of, or that it is left.
const TYPES: &[(&str, &str)] = &[
    ("aws_acm_certificate", "certificate arn:x"),
    ("aws_acm_certificate_validation", "part of certificate"),
    ("aws_alb", "load-balancer arn:x"),
    ("aws_alb_listener", "listener arn:x"),
    ("aws_alb_listener_rule", "left: belongs to the tenants"),
    ("aws_alb_target_group", "left: belongs to the tenants"),
    ("aws_cloudfront_distribution", "distribution id-1"),
    ("aws_cloudfront_function", "cdn-function n"),
    ("aws_cloudwatch_dashboard", "dashboard board"),
    ("aws_cloudwatch_log_delivery", "log-delivery id-1"),
    ("aws_cloudwatch_log_delivery_destination", "log-delivery-destination n"),
    ("aws_cloudwatch_log_delivery_source", "log-delivery-source n"),
    ("aws_cloudwatch_log_group", "log-group n"),
    ("aws_cloudwatch_metric_alarm", "metric-alarm alarm"),
    ("aws_db_instance", "db-instance db"),
    ("aws_db_parameter_group", "db-parameter-group n"),
    ("aws_db_subnet_group", "db-subnet-group n"),
    ("aws_default_network_acl", "left: is AWS's own default"),
    ("aws_default_route_table", "left: is AWS's own default"),
    ("aws_default_security_group", "part of vpc"),
    ("aws_default_vpc", "left: is AWS's own default"),
    ("aws_ecs_cluster", "ecs-cluster arn:x"),
    ("aws_ecs_cluster_capacity_providers", "part of ecs-cluster"),
    ("aws_ecs_service", "left: belongs to the tenants"),
    ("aws_ecs_task_definition", "task-definition arn:x"),
    ("aws_efs_access_point", "left: belongs to the tenants"),
    ("aws_efs_backup_policy", "part of file-system"),
    ("aws_efs_file_system", "file-system id-1"),
    ("aws_efs_file_system_policy", "part of file-system"),
    ("aws_efs_mount_target", "mount-target id-1"),
    ("aws_eip", "elastic-ip eipalloc-1"),
    ("aws_eip_association", "part of elastic-ip"),
    ("aws_flow_log", "flow-log id-1"),
    ("aws_iam_role", "role n"),
    ("aws_iam_role_policy", "role-policy r/n"),
    ("aws_iam_role_policy_attachment", "role-policy-attachment r/arn:p"),
    ("aws_internet_gateway", "internet-gateway id-1"),
    ("aws_internet_gateway_attachment", "part of internet-gateway"),
    ("aws_lb", "load-balancer arn:x"),
    ("aws_lb_listener", "listener arn:x"),
    ("aws_lb_listener_rule", "left: belongs to the tenants"),
    ("aws_lb_target_group", "left: belongs to the tenants"),
    ("aws_main_route_table_association", "left: is AWS's own default"),
    ("aws_nat_gateway", "nat-gateway id-1"),
    ("aws_route", "route rtb-1_10.9.0.0/16"),
    ("aws_route53_health_check", "health-check id-1"),
    ("aws_route53_record", "dns-record Z1_n_ingress"),
    ("aws_route53_zone", "hosted-zone Z1"),
    ("aws_route_table", "route-table id-1"),
    ("aws_route_table_association", "route-table-association subnet-1"),
    ("aws_s3_bucket", "bucket b"),
    ("aws_s3_bucket_", "part of bucket"),
    ("aws_secretsmanager_secret", "secret arn:x"),
    ("aws_secretsmanager_secret_policy", "part of secret"),
    ("aws_secretsmanager_secret_rotation", "part of secret"),
    ("aws_secretsmanager_secret_version", "secret-value arn:s"),
    ("aws_security_group", "security-group id-1"),
    ("aws_security_group_rule", "security-group-rule none"),
    ("aws_sns_topic", "topic arn:x"),
    ("aws_sns_topic_policy", "part of topic"),
    ("aws_sns_topic_subscription", "part of topic"),
    ("aws_subnet", "subnet id-1"),
    ("aws_vpc", "vpc id-1"),
    ("aws_vpc_endpoint", "vpc-endpoint id-1"),
    ("aws_vpc_endpoint_", "part of vpc-endpoint"),
    ("aws_vpc_security_group_egress_rule", "security-group-rule none"),
    ("aws_vpc_security_group_ingress_rule", "security-group-rule none"),
    ("aws_", "unknown"),
];

/// A resource that has every attribute by which any type is known.
fn resource(of: &str) -> TfResource {
    let attributes = json!({
        "id": "id-1", "arn": "arn:x", "name": "n", "bucket": "b", "alarm_name": "alarm", "dashboard_name": "board", "identifier": "db",
        "allocation_id": "eipalloc-1", "role": "r", "policy_arn": "arn:p", "route_table_id": "rtb-1", "destination_cidr_block": "10.9.0.0/16",
        "zone_id": "Z1", "subnet_id": "subnet-1", "secret_id": "arn:s", "type": "ingress", "cidr_ipv4": "10.0.0.0/8", "security_group_id": "sg-1",
    });
    let Value::Object(attributes) = attributes else { unreachable!() };
    TfResource { address: format!("{of}.x"), of: of.to_owned(), data: false, attributes }
}

fn told(of: &str) -> String {
    match sort(&resource(of)) {
        Sort::Pieces(pieces) => {
            let one = |piece: &Piece| format!("{} {}", piece.kind, piece.id.as_deref().unwrap_or("none"));
            pieces.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Sort::Part(kind) => format!("part of {kind}"),
        Sort::Left(why) => format!("left: {why}"),
        Sort::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn each_type_of_terraform_that_is_named_is_told() {
    for (of, wanted) in TYPES {
        // A beginning stands for all types that begin so.
        let (of, told) = (*of, told(&if of.ends_with('_') { format!("{of}anything") } else { (*of).to_owned() }));
        assert!(told == *wanted || wanted.starts_with("left: ") && told.starts_with(wanted), "{of}: {told}, and not {wanted}");
    }
    assert!(told("random_password").starts_with("left: is Terraform's own"));
    let source = include_str!("../translate.rs");
    let named = source.split('"').filter(|text| text.starts_with("aws_") && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    let missing: Vec<&str> = named.filter(|of| !TYPES.iter().any(|(known, _)| known == of)).collect();
    assert!(missing.is_empty(), "no line for {missing:?}");
}
