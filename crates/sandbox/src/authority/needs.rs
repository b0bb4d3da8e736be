//! What a call needs to be allowed: its own action on each resource that AWS judges it on, and those that AWS asks for beside it.

use bbws_aws::iam_action;
use bbws_model::Permit;

use super::resources::{Judged, judged};
use super::said::Said;
use crate::cloud::At;

const MARK: &str = "bbws:lineage";

/// What tags given with a create are asked for as, by service; EC2 has its own way.
const TAGGING: [(&str, &str); 12] = [
    ("acm", "acm:AddTagsToCertificate"),
    ("cloudfront", "cloudfront:TagResource"),
    ("cloudwatch", "cloudwatch:TagResource"),
    ("ecs", "ecs:TagResource"),
    ("elasticfilesystem", "elasticfilesystem:TagResource"),
    ("elasticloadbalancing", "elasticloadbalancing:AddTags"),
    ("iam", "iam:TagRole"),
    ("logs", "logs:TagResource"),
    ("rds", "rds:AddTagsToResource"),
    ("s3", "s3:TagResource"),
    ("secretsmanager", "secretsmanager:TagResource"),
    ("sns", "sns:TagResource"),
];

/// Which service makes a role of its own at its first work.
const SERVICE_ROLES: [(&str, &str, &str); 6] = [
    ("ecs:CreateCluster", "ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    ("elasticfilesystem:CreateFileSystem", "elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem"),
    ("rds:CreateDBInstance", "rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ("rds:CreateDBSubnetGroup", "rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ("rds:CreateDBParameterGroup", "rds.amazonaws.com", "AWSServiceRoleForRDS"),
];

/// What this call needs, in the order in which AWS asks.
pub(crate) fn needs(at: &mut At<'_>, operation: &str, said: &Said) -> Vec<Permit> {
    let action = match iam_action(operation) {
        // To read an earlier version is an action of its own.
        "s3:GetObject" if said.get("version_id").is_some() => "s3:GetObjectVersion",
        action => action,
    };
    // Everybody may ask who they are.
    if action == "sts:GetCallerIdentity" {
        return vec![];
    }
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let region = at.region.to_owned();
    let asked = |action: &str, on: &Judged| {
        let mut permit = Permit::new(action, &on.arn).knowing("aws:RequestedRegion", [region.clone()]);
        for (key, value) in &on.tags {
            permit = permit.knowing(&format!("aws:ResourceTag/{key}"), [value.clone()]);
        }
        if let Some(mark) = said.tag(MARK).filter(|_| on.made) {
            permit = permit.knowing(&format!("aws:RequestTag/{MARK}"), [mark.to_owned()]);
        }
        permit
    };
    let on = judged(at, service, name, said);
    let mut all: Vec<Permit> = on.iter().map(|on| in_particular(at, asked(action, on), service, said)).collect();
    all.extend(tags(at, &on, (service, name), said, &asked));
    all.extend(roles(at, service, name, said, &region));
    all.extend(others(at, name, said, &asked));
    if let Some((_, service, role)) = SERVICE_ROLES.iter().find(|(of, ..)| *of == action)
        && !at.global().roles.contains_key(&role.to_lowercase())
    {
        let arn = format!("arn:aws:iam::{}:role/aws-service-role/{service}/{role}", at.account);
        all.push(asked("iam:CreateServiceLinkedRole", &Judged::named(arn)).knowing("iam:AWSServiceName", [(*service).to_owned()]));
    }
    all
}

/// The keys that some services look at.
fn in_particular(at: &At<'_>, permit: Permit, service: &str, said: &Said) -> Permit {
    let arn = |name: &str| if name.starts_with("arn:") { name.to_owned() } else { at.arn("ecs", &format!("cluster/{name}")) };
    match (service, permit.action.as_str()) {
        ("ecs", _) => match said.get("cluster") {
            Some(cluster) => permit.knowing("ecs:cluster", [arn(cluster)]),
            None => permit,
        },
        (_, "iam:AttachRolePolicy" | "iam:DetachRolePolicy") => permit.knowing("iam:PolicyARN", said.get("policy_arn").map(str::to_owned)),
        (_, "route53:ChangeResourceRecordSets") => permit.knowing(
            "route53:ChangeResourceRecordSetsNormalizedRecordNames",
            said.all("name").map(|name| name.trim_end_matches('.').to_lowercase()),
        ),
        ("s3", "s3:PutObject") => given(permit, "s3:if-none-match", said.get("if_none_match")),
        ("s3", "s3:ListBucket" | "s3:ListBucketVersions") => given(permit, "s3:prefix", said.get("prefix")),
        ("ec2", _) => match said.get("group_id").and_then(|_| super::resources::vpc_of_group(at, said)) {
            Some(vpc) => permit.knowing("ec2:Vpc", [vpc]),
            None => permit,
        },
        _ => permit,
    }
}

/// A key that only some requests carry.
fn given(permit: Permit, key: &str, value: Option<&str>) -> Permit {
    match value {
        Some(value) => permit.knowing(key, [value.to_owned()]),
        None => permit,
    }
}

/// To tag in the course of a create.
fn tags(at: &At<'_>, on: &[Judged], (service, name): (&str, &str), said: &Said, asked: &impl Fn(&str, &Judged) -> Permit) -> Vec<Permit> {
    let tagging = ["TagResource", "AddTags", "CreateTags", "TagRole", "AddTagsToResource", "AddTagsToCertificate", "PutBucketTagging"];
    if said.tag(MARK).is_none()
        || tagging.contains(&name)
        || name.starts_with("Untag")
        || name.starts_with("Remove")
        || name.starts_with("Delete")
    {
        return vec![];
    }
    let made = on.iter().filter(|on| on.made);
    if service == "ec2" {
        return made.map(|on| asked("ec2:CreateTags", on).knowing("ec2:CreateAction", [name.to_owned()])).collect();
    }
    let Some((_, action)) = TAGGING.iter().find(|(of, _)| *of == service) else { return vec![] };
    made.map(|on| asked(action, &on.as_tagged(at, service, name, said))).collect()
}

/// To hand a role to a service.
fn roles(at: &At<'_>, service: &str, name: &str, said: &Said, region: &str) -> Vec<Permit> {
    let (fields, to): (&[&str], &str) = match (service, name) {
        ("ecs", "RegisterTaskDefinition") => (&["execution_role_arn", "task_role_arn"], "ecs-tasks.amazonaws.com"),
        ("ec2", "CreateFlowLogs") => (&["deliver_logs_permission_arn"], "vpc-flow-logs.amazonaws.com"),
        _ => return vec![],
    };
    let arn = |role: &str| if role.starts_with("arn:") { role.to_owned() } else { format!("arn:aws:iam::{}:role/{role}", at.account) };
    let pass = |role: &str| {
        let permit = Permit::new("iam:PassRole", &arn(role)).knowing("aws:RequestedRegion", [region.to_owned()]);
        permit.knowing("iam:PassedToService", [to.to_owned()])
    };
    fields.iter().filter_map(|field| said.get(field)).map(pass).collect()
}

/// What services do in their callers' names.
fn others(at: &At<'_>, name: &str, said: &Said, asked: &impl Fn(&str, &Judged) -> Permit) -> Vec<Permit> {
    let some = |what: &str| Judged::named(at.arn("ec2", what));
    match name {
        "CreateMountTarget" => vec![
            asked("ec2:DescribeSubnets", &Judged::anything()),
            asked("ec2:DescribeNetworkInterfaces", &Judged::anything()),
            asked("ec2:CreateNetworkInterface", &some("network-interface/*")),
        ],
        "ModifyMountTargetSecurityGroups" => vec![asked("ec2:ModifyNetworkInterfaceAttribute", &some("network-interface/*"))],
        "DeleteMountTarget" => vec![asked("ec2:DeleteNetworkInterface", &some("network-interface/*"))],
        "PutDeliverySource" => {
            let distribution = said.get("resource_arn").unwrap_or_default();
            vec![asked("cloudfront:AllowVendedLogDeliveryForResource", &super::resources::marked(at, distribution))]
        }
        "CreateVpcEndpoint" if said.texts().any(|text| text.starts_with("subnet-")) => {
            vec![asked("route53:AssociateVPCWithHostedZone", &Judged::named("arn:aws:route53:::hostedzone/*".to_owned()))]
        }
        "DeleteDBInstance" if said.get("final_db_snapshot_identifier").is_some() => {
            let snapshot = format!("snapshot:{}", said.get("final_db_snapshot_identifier").unwrap_or_default());
            let on = Judged::named(at.arn("rds", &snapshot));
            vec![asked("rds:CreateDBSnapshot", &on), asked("rds:AddTagsToResource", &on)]
        }
        _ => vec![],
    }
}
