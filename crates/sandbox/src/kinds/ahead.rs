//! What is asked before an apply: zones, quotas, what RDS offers, and IAM's simulation.

use aws_sdk_ec2::operation::describe_availability_zones::{DescribeAvailabilityZonesInput, DescribeAvailabilityZonesOutput};
use aws_sdk_ec2::types::{AvailabilityZone, AvailabilityZoneOptInStatus, AvailabilityZoneState};
use aws_sdk_iam::operation::simulate_principal_policy::{SimulatePrincipalPolicyInput, SimulatePrincipalPolicyOutput};
use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use aws_sdk_rds::operation::describe_orderable_db_instance_options::{
    DescribeOrderableDbInstanceOptionsInput, DescribeOrderableDbInstanceOptionsOutput,
};
use aws_sdk_rds::types::OrderableDbInstanceOption;
use aws_sdk_servicequotas::operation::get_service_quota::{GetServiceQuotaInput, GetServiceQuotaOutput};
use aws_sdk_servicequotas::types::ServiceQuota;
use bbws_model::{Permit, Verdict, permits};

use super::db_instance::check_class;
use super::iam::absent;
use super::rds::{VERSIONS, rds_page, wrong};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::matches;

/// The quotas that anybody here asks for, as AWS gives them at first.
const QUOTAS: [(&str, &str, &str, f64); 7] = [
    ("vpc", "L-F678F1CE", "VPCs per Region", 5.0),
    ("vpc", "L-A4707A72", "Internet gateways per Region", 5.0),
    ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5.0),
    ("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5.0),
    ("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50.0),
    ("rds", "L-7B6409FD", "DB instances", 40.0),
    ("cloudfront", "L-24B04930", "Web distributions per AWS account", 200.0),
];

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_zones).on(get_quota).on(describe_orderable).on(simulate)
}

fn describe_zones(at: &mut At<'_>, input: &DescribeAvailabilityZonesInput) -> Answer<DescribeAvailabilityZonesOutput> {
    if !input.zone_names().is_empty() || !input.zone_ids().is_empty() || input.all_availability_zones() == Some(true) {
        return Err(refuse(400, "InvalidParameterValue", "sandbox: zones are listed by filters only"));
    }
    let mut zones = vec![];
    for letter in ["a", "b", "c"] {
        let name = format!("{}{letter}", at.region);
        let field = |field: &str| match field {
            "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            "zone-type" => Some(vec!["availability-zone".to_owned()]),
            "zone-name" => Some(vec![name.clone()]),
            _ => None,
        };
        if matches(input.filters(), &std::collections::BTreeMap::new(), field)? {
            let zone = AvailabilityZone::builder().zone_name(&name).region_name(at.region).state(AvailabilityZoneState::Available);
            zones.push(zone.opt_in_status(AvailabilityZoneOptInStatus::OptInNotRequired).zone_type("availability-zone").build());
        }
    }
    Ok(DescribeAvailabilityZonesOutput::builder().set_availability_zones(Some(zones)).build())
}

fn get_quota(at: &mut At<'_>, input: &GetServiceQuotaInput) -> Answer<GetServiceQuotaOutput> {
    let (service, code) = (input.service_code().unwrap_or_default(), input.quota_code().unwrap_or_default());
    let found = QUOTAS.iter().find(|(of, number, ..)| *of == service && *number == code);
    // What belongs to no region is known at one place only.
    let found = found.filter(|_| service != "cloudfront" || at.region == crate::cloud::GLOBAL);
    let Some((_, _, name, value)) = found else {
        return Err(refuse(400, "NoSuchResourceException", "The request failed because the specified quota does not exist."));
    };
    let raised = at.here().quotas.get(code).copied().unwrap_or(*value);
    let quota = ServiceQuota::builder().service_code(service).quota_code(code).quota_name(*name).value(raised).build();
    Ok(GetServiceQuotaOutput::builder().quota(quota).build())
}

fn describe_orderable(
    at: &mut At<'_>,
    input: &DescribeOrderableDbInstanceOptionsInput,
) -> Answer<DescribeOrderableDbInstanceOptionsOutput> {
    let (Some("mysql"), Some(class), None) = (input.engine(), input.db_instance_class(), input.engine_version()) else {
        return Err(wrong("sandbox: what is offered is told for mysql, a class, and all versions at once"));
    };
    let zones =
        ["a", "b", "c"].map(|letter| aws_sdk_rds::types::AvailabilityZone::builder().name(format!("{}{letter}", at.region)).build());
    let offered = VERSIONS.iter().filter(|version| check_class(class, version).is_ok());
    let option = |version: &&str| {
        let option = OrderableDbInstanceOption::builder().engine("mysql").engine_version(*version).db_instance_class(class).vpc(true);
        option.set_availability_zones(Some(zones.to_vec())).storage_type("gp3").build()
    };
    let (options, marker) = rds_page(offered.map(option).collect(), input.max_records(), input.marker())?;
    Ok(DescribeOrderableDbInstanceOptionsOutput::builder().set_orderable_db_instance_options(Some(options)).set_marker(marker).build())
}

/// What the caller's own policies say, if they are those that the sandbox holds its callers to.
fn simulate(at: &mut At<'_>, input: &SimulatePrincipalPolicyInput) -> Answer<SimulatePrincipalPolicyOutput> {
    let source = input.policy_source_arn().unwrap_or_default();
    if source != format!("arn:aws:iam::{}:role/{}", at.account, at.principal.role) {
        return Err(absent(format!("The role with ARN {source} cannot be found.")));
    }
    let resource = input.resource_arns().first().map_or("*", String::as_str);
    let result = |action: &String| {
        let mut permit = Permit::new(action, resource);
        for entry in input.context_entries() {
            permit = permit.knowing(entry.context_key_name().unwrap_or_default(), entry.context_key_values().to_vec());
        }
        let decision = match at.policies.as_ref().map_or(Verdict::Allowed, |documents| permits(documents.iter(), &permit)) {
            Verdict::Allowed => PolicyEvaluationDecisionType::Allowed,
            Verdict::Unmentioned => PolicyEvaluationDecisionType::ImplicitDeny,
            Verdict::Denied => PolicyEvaluationDecisionType::ExplicitDeny,
        };
        EvaluationResult::builder().eval_action_name(action).eval_resource_name(resource).eval_decision(decision).build()
    };
    let results: Result<Vec<EvaluationResult>, _> = input.action_names().iter().map(result).collect();
    Ok(SimulatePrincipalPolicyOutput::builder().set_evaluation_results(Some(results?)).is_truncated(false).build())
}
