//! The calls of the other services that the table may name.

use aws_sdk_cloudfront::types::{FunctionConfig, FunctionRuntime};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use aws_sdk_ecs::types::{Compatibility, ContainerDefinition, NetworkMode};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HealthCheckConfig, HealthCheckType, ResourceRecord, ResourceRecordSet, RrType,
};
use bbws_aws::{Clients, Told};
use bbws_model::CloudError;

use crate::{Answer, Args};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}"#;

pub(crate) async fn ecs(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (ecs, told) = (&clients.ecs, "ecs");
    let answer = Answer::new();
    Ok(match name {
        "CreateCluster" => {
            let made = ecs.create_cluster().cluster_name(a.get("name")).send().await.told(told)?;
            answer.with("Arn", made.cluster.and_then(|it| it.cluster_arn))
        }
        "DescribeClusters" => {
            let page = ecs.describe_clusters().clusters(a.get("name")).send().await.told(told)?;
            let failure = page.failures().first().and_then(|it| it.reason.clone());
            answer.with("Status", page.clusters().first().and_then(|it| it.status.clone())).with("Failure", failure)
        }
        "DeleteCluster" => answer.of(ecs.delete_cluster().cluster(a.get("name")).send().await.told(told)?),
        "RegisterTaskDefinition" => {
            let container = ContainerDefinition::builder().name("web").image("nginx:1").build();
            let register =
                ecs.register_task_definition().family(a.get("family")).container_definitions(container).cpu("256").memory(a.get("memory"));
            let register = register.requires_compatibilities(Compatibility::Fargate).network_mode(NetworkMode::Awsvpc);
            let made = register.send().await.told(told)?.task_definition;
            answer.with("Revision", made.map(|it| it.revision.to_string()))
        }
        "DescribeTaskDefinition" => {
            let told = ecs.describe_task_definition().task_definition(a.get("name")).send().await.told(told)?;
            answer.with("Status", told.task_definition.and_then(|it| it.status).map(|it| it.as_str().to_owned()))
        }
        "DeregisterTaskDefinition" => answer.of(ecs.deregister_task_definition().task_definition(a.get("name")).send().await.told(told)?),
        "ListTaskDefinitions" => {
            let page =
                ecs.list_task_definitions().family_prefix(a.get("family")).set_max_results(a.number("max")).send().await.told(told)?;
            answer.count(page.task_definition_arns().len()).more(page.next_token())
        }
        other => panic!("ecs.{other} is not among the calls"),
    })
}

pub(crate) async fn iam(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (iam, told) = (&clients.iam, "iam");
    let (answer, role) = (Answer::new(), a.get("role"));
    Ok(match name {
        "CreateRole" => {
            let trust = a.find("trust").unwrap_or(TRUST);
            let made = iam.create_role().role_name(role).assume_role_policy_document(trust).send().await.told(told)?;
            answer.with("Arn", made.role.map(|it| it.arn))
        }
        "GetRole" => answer.with("Arn", iam.get_role().role_name(role).send().await.told(told)?.role.map(|it| it.arn)),
        "DeleteRole" => answer.of(iam.delete_role().role_name(role).send().await.told(told)?),
        "PutRolePolicy" => {
            answer.of(iam.put_role_policy().role_name(role).policy_name(a.get("name")).policy_document(POLICY).send().await.told(told)?)
        }
        "GetRolePolicy" => answer.of(iam.get_role_policy().role_name(role).policy_name(a.get("name")).send().await.told(told)?),
        "DeleteRolePolicy" => answer.of(iam.delete_role_policy().role_name(role).policy_name(a.get("name")).send().await.told(told)?),
        "AttachRolePolicy" => answer.of(iam.attach_role_policy().role_name(role).policy_arn(a.get("policy")).send().await.told(told)?),
        "DetachRolePolicy" => answer.of(iam.detach_role_policy().role_name(role).policy_arn(a.get("policy")).send().await.told(told)?),
        "ListAttachedRolePolicies" => {
            let page = iam.list_attached_role_policies().role_name(role).send().await.told(told)?;
            answer.count(page.attached_policies().len())
        }
        other => panic!("iam.{other} is not among the calls"),
    })
}

pub(crate) async fn logs(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (logs, told, group) = (&clients.logs, "logs", a.get("group"));
    let answer = Answer::new();
    Ok(match name {
        "CreateLogGroup" => answer.of(logs.create_log_group().log_group_name(group).send().await.told(told)?),
        "PutRetentionPolicy" => {
            let put = logs.put_retention_policy().log_group_name(group).retention_in_days(a.number("days").unwrap_or(1));
            answer.of(put.send().await.told(told)?)
        }
        "DescribeLogGroups" => {
            let page = logs.describe_log_groups().log_group_name_prefix(group).set_limit(a.number("max")).send().await.told(told)?;
            answer.count(page.log_groups().len()).more(page.next_token())
        }
        "DeleteRetentionPolicy" => answer.of(logs.delete_retention_policy().log_group_name(group).send().await.told(told)?),
        "DeleteLogGroup" => answer.of(logs.delete_log_group().log_group_name(group).send().await.told(told)?),
        other => panic!("logs.{other} is not among the calls"),
    })
}

pub(crate) async fn secrets(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (secrets, told, id) = (&clients.secrets, "secretsmanager", a.get("id"));
    let answer = Answer::new();
    Ok(match name {
        "CreateSecret" => {
            let mut create = secrets.create_secret().name(id);
            if let Some(token) = a.find("token") {
                create = create.client_request_token(token).secret_string(a.get("value"));
            }
            let made = create.send().await.told(told)?;
            answer.with("Arn", made.arn).with("Version", made.version_id)
        }
        "PutSecretValue" => {
            let put = secrets.put_secret_value().secret_id(id).client_request_token(a.get("token")).secret_string(a.get("value"));
            answer.with("Version", put.send().await.told(told)?.version_id)
        }
        "GetSecretValue" => answer.with("Value", secrets.get_secret_value().secret_id(id).send().await.told(told)?.secret_string),
        "DescribeSecret" => answer.of(secrets.describe_secret().secret_id(id).send().await.told(told)?),
        "DeleteSecret" => answer.of(secrets.delete_secret().secret_id(id).recovery_window_in_days(7).send().await.told(told)?),
        "RestoreSecret" => answer.of(secrets.restore_secret().secret_id(id).send().await.told(told)?),
        other => panic!("secrets.{other} is not among the calls"),
    })
}

pub(crate) async fn route53(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (dns, told) = (&clients.route53, "route53");
    let answer = Answer::new();
    Ok(match name {
        "CreateHostedZone" => {
            let made = dns.create_hosted_zone().name(a.get("name")).caller_reference(a.get("token")).send().await.told(told)?;
            answer.with("Id", made.hosted_zone.map(|it| it.id.trim_start_matches("/hostedzone/").to_owned()))
        }
        "GetHostedZone" => answer.of(dns.get_hosted_zone().id(a.get("zone")).send().await.told(told)?),
        "DeleteHostedZone" => answer.of(dns.delete_hosted_zone().id(a.get("zone")).send().await.told(told)?),
        "ListHostedZonesByName" => {
            let page = dns.list_hosted_zones_by_name().set_max_items(a.number("max")).send().await.told(told)?;
            answer.count(page.hosted_zones().len()).with("More", Some(page.is_truncated.to_string()))
        }
        "ChangeResourceRecordSets" => {
            let value = ResourceRecord::builder().value(a.get("value")).build().expect("a value");
            let set = ResourceRecordSet::builder().name(a.get("name")).r#type(RrType::A).ttl(60).resource_records(value);
            let change = Change::builder().action(ChangeAction::from(a.get("do"))).resource_record_set(set.build().expect("a set"));
            let batch = ChangeBatch::builder().changes(change.build().expect("a change")).build().expect("a batch");
            answer.of(dns.change_resource_record_sets().hosted_zone_id(a.get("zone")).change_batch(batch).send().await.told(told)?)
        }
        "CreateHealthCheck" => {
            let config = HealthCheckConfig::builder().r#type(HealthCheckType::Http).fully_qualified_domain_name(a.get("domain")).port(80);
            let config = config.resource_path("/").request_interval(30).failure_threshold(3).build().expect("a config");
            let made = dns.create_health_check().caller_reference(a.get("token")).health_check_config(config).send().await.told(told)?;
            answer.with("Id", made.health_check.map(|it| it.id))
        }
        "DeleteHealthCheck" => answer.of(dns.delete_health_check().health_check_id(a.get("id")).send().await.told(told)?),
        other => panic!("route53.{other} is not among the calls"),
    })
}

pub(crate) async fn acm(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (acm, told) = (&clients.acm, "acm");
    let answer = Answer::new();
    Ok(match name {
        "RequestCertificate" => {
            let request = acm.request_certificate().domain_name(a.get("domain")).validation_method("DNS".into());
            answer.with("Arn", request.idempotency_token(a.get("token")).send().await.told(told)?.certificate_arn)
        }
        "DescribeCertificate" => answer.of(acm.describe_certificate().certificate_arn(a.get("arn")).send().await.told(told)?),
        "ListCertificates" => {
            let page = acm.list_certificates().set_max_items(a.number("max")).send().await.told(told)?;
            answer.count(page.certificate_summary_list().len()).more(page.next_token())
        }
        "DeleteCertificate" => answer.of(acm.delete_certificate().certificate_arn(a.get("arn")).send().await.told(told)?),
        other => panic!("acm.{other} is not among the calls"),
    })
}

pub(crate) async fn cloudfront(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (cloudfront, told) = (&clients.cloudfront, "cloudfront");
    let answer = Answer::new();
    Ok(match name {
        "CreateFunction" => {
            let config = FunctionConfig::builder().comment("x").runtime(FunctionRuntime::CloudfrontJs20).build().expect("a config");
            let code = aws_sdk_cloudfront::primitives::Blob::new("function handler(event) { return event.request }");
            let made =
                cloudfront.create_function().name(a.get("name")).function_config(config).function_code(code).send().await.told(told)?;
            answer.with("Tag", made.e_tag)
        }
        "PublishFunction" => answer.of(cloudfront.publish_function().name(a.get("name")).if_match(a.get("tag")).send().await.told(told)?),
        "DescribeFunction" => answer.of(cloudfront.describe_function().name(a.get("name")).send().await.told(told)?),
        "DeleteFunction" => answer.of(cloudfront.delete_function().name(a.get("name")).if_match(a.get("tag")).send().await.told(told)?),
        "GetDistribution" => answer.of(cloudfront.get_distribution().id(a.get("id")).send().await.told(told)?),
        other => panic!("cloudfront.{other} is not among the calls"),
    })
}

pub(crate) async fn cloudwatch(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (cloudwatch, told, alarm) = (&clients.cloudwatch, "cloudwatch", a.get("name"));
    let answer = Answer::new();
    Ok(match name {
        "PutMetricAlarm" => {
            let put = cloudwatch.put_metric_alarm().alarm_name(alarm).namespace("AWS/RDS").metric_name("CPUUtilization");
            let put = put.statistic(Statistic::Average).period(60).evaluation_periods(1).threshold(80.0);
            answer.of(put.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.told(told)?)
        }
        "DescribeAlarms" => answer.count(cloudwatch.describe_alarms().alarm_names(alarm).send().await.told(told)?.metric_alarms().len()),
        "DeleteAlarms" => answer.of(cloudwatch.delete_alarms().alarm_names(alarm).send().await.told(told)?),
        other => panic!("cloudwatch.{other} is not among the calls"),
    })
}

pub(crate) async fn sns(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (sns, told) = (&clients.sns, "sns");
    let answer = Answer::new();
    Ok(match name {
        "CreateTopic" => answer.with("Arn", sns.create_topic().name(a.get("name")).send().await.told(told)?.topic_arn),
        "GetTopicAttributes" => answer.of(sns.get_topic_attributes().topic_arn(a.get("arn")).send().await.told(told)?),
        "DeleteTopic" => answer.of(sns.delete_topic().topic_arn(a.get("arn")).send().await.told(told)?),
        other => panic!("sns.{other} is not among the calls"),
    })
}
