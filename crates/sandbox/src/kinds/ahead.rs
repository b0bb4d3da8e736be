//! What is asked before an apply: regions, zones, what RDS offers and supports, and IAM's simulation.

use aws_sdk_ec2::operation::describe_availability_zones::{DescribeAvailabilityZonesInput, DescribeAvailabilityZonesOutput};
use aws_sdk_ec2::operation::describe_regions::{DescribeRegionsInput, DescribeRegionsOutput};
use aws_sdk_ec2::types::{AvailabilityZone, AvailabilityZoneOptInStatus, AvailabilityZoneState};
use aws_sdk_iam::operation::simulate_principal_policy::{SimulatePrincipalPolicyInput, SimulatePrincipalPolicyOutput};
use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use aws_sdk_rds::operation::describe_db_major_engine_versions::{DescribeDbMajorEngineVersionsInput, DescribeDbMajorEngineVersionsOutput};
use aws_sdk_rds::operation::describe_orderable_db_instance_options::{
    DescribeOrderableDbInstanceOptionsInput, DescribeOrderableDbInstanceOptionsOutput,
};
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbMajorEngineVersion, LifecycleSupportName, OrderableDbInstanceOption, SupportedEngineLifecycle};
use bbws_model::{Permit, Verdict, permits};

use super::db_instance::check_class;
use super::iam::absent;
use super::rds::{VERSIONS, rds_page, wrong};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::matches;

/// The lines of MySQL, and when each leaves standard support, in seconds since 1970.
const SUPPORT_ENDS: [(&str, i64); 2] = [("8.0", 1_785_456_000), ("8.4", 1_880_150_400)];

/// The regions that are on without being asked for, of those that anybody here has.
const ALWAYS_ON: [&str; 5] = ["eu-central-1", "eu-west-1", "eu-west-2", "us-east-1", "us-west-2"];

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_regions).on(describe_zones).on(describe_orderable).on(describe_major_versions).on(simulate)
}

/// Of the opt-in regions all are on, but for those that somebody has switched off.
fn describe_regions(at: &mut At<'_>, input: &DescribeRegionsInput) -> Answer<DescribeRegionsOutput> {
    if !input.filters().is_empty() || input.all_regions() != Some(true) || input.region_names().is_empty() {
        return Err(refuse(400, "InvalidParameterValue", "sandbox: regions are asked for by name, those that are off among them"));
    }
    let region = |name: &String| {
        let status = match name.as_str() {
            always if ALWAYS_ON.contains(&always) => "opt-in-not-required",
            other if at.cloud.accounts.get(at.account).is_some_and(|account| account.off.contains(other)) => "not-opted-in",
            _ => "opted-in",
        };
        aws_sdk_ec2::types::Region::builder().region_name(name).opt_in_status(status).build()
    };
    Ok(DescribeRegionsOutput::builder().set_regions(Some(input.region_names().iter().map(region).collect())).build())
}

fn describe_major_versions(_: &mut At<'_>, input: &DescribeDbMajorEngineVersionsInput) -> Answer<DescribeDbMajorEngineVersionsOutput> {
    let (Some("mysql"), Some(asked)) = (input.engine(), input.major_engine_version()) else {
        return Err(wrong("sandbox: support is told for a line of mysql"));
    };
    let version = |(line, ends): &(&str, i64)| {
        let standard = SupportedEngineLifecycle::builder().lifecycle_support_name(LifecycleSupportName::OpenSourceRdsStandardSupport);
        let standard = standard.lifecycle_support_end_date(DateTime::from_secs(*ends)).build();
        DbMajorEngineVersion::builder().engine("mysql").major_engine_version(*line).supported_engine_lifecycles(standard).build()
    };
    let found = SUPPORT_ENDS.iter().filter(|(line, _)| *line == asked).map(version).collect();
    Ok(DescribeDbMajorEngineVersionsOutput::builder().set_db_major_engine_versions(Some(found)).build())
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
