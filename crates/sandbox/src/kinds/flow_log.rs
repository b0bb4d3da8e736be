//! Flow logs of VPCs into CloudWatch Logs: one for each VPC and log group, and their lines come late.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::create_flow_logs::{CreateFlowLogsInput, CreateFlowLogsOutput};
use aws_sdk_ec2::operation::delete_flow_logs::{DeleteFlowLogsInput, DeleteFlowLogsOutput};
use aws_sdk_ec2::operation::describe_flow_logs::{DescribeFlowLogsInput, DescribeFlowLogsOutput};
use aws_sdk_ec2::types::{FlowLog, FlowLogsResourceType, LogDestinationType, TrafficType, UnsuccessfulItem, UnsuccessfulItemError};
use serde::{Deserialize, Serialize};

use super::role;
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_tags, matches, page};

/// What a line holds where nothing is asked for.
const DEFAULT_FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// Who takes the role.
const SERVICE: &str = "vpc-flow-logs.amazonaws.com";
/// How long a new role is not known to it.
const SPREAD: Duration = Duration::from_secs(8);

/// One flow log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) log_group: String,
    pub(crate) role: String,
    pub(crate) traffic: String,
    pub(crate) interval: i32,
    pub(crate) format: String,
    /// When its first lines come, if they can.
    pub(crate) first_ms: u64,
    /// The token it was asked for with, and all that was asked.
    pub(crate) token: Option<(String, String)>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_flow_logs).on(describe_flow_logs).on(delete_flow_logs)
}

fn parameter(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameter", message)
}

fn item(id: &str, refusal: Refusal) -> UnsuccessfulItem {
    let error = UnsuccessfulItemError::builder().code(refusal.code).message(refusal.message).build();
    UnsuccessfulItem::builder().resource_id(id).error(error).build()
}

/// What is asked for, apart from which VPC.
fn asked(at: &mut At<'_>, input: &CreateFlowLogsInput) -> Answer<Row> {
    if input.resource_type() != Some(&FlowLogsResourceType::Vpc) {
        return Err(parameter("sandbox: only flow logs of VPCs are simulated"));
    }
    if !matches!(input.log_destination_type(), None | Some(LogDestinationType::CloudWatchLogs)) {
        return Err(parameter("sandbox: only flow logs into CloudWatch Logs are simulated"));
    }
    let traffic = match input.traffic_type() {
        Some(traffic @ (TrafficType::All | TrafficType::Accept | TrafficType::Reject)) => traffic.as_str().to_owned(),
        _ => return Err(refuse(400, "MissingParameter", "The request must contain the parameter TrafficType")),
    };
    let log_group = match (input.log_group_name(), input.log_destination()) {
        (Some(name), None) => name.to_owned(),
        (None, Some(arn)) => {
            let name = arn.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*").to_owned());
            name.ok_or_else(|| parameter(format!("LogDestination: {arn} is no log group")))?
        }
        (Some(_), Some(_)) => return Err(parameter("Please provide LogGroupName or LogDestination, not both.")),
        (None, None) => return Err(parameter("LogDestination can't be empty if LogGroupName is not provided.")),
    };
    let role = input.deliver_logs_permission_arn().unwrap_or_default();
    if role.is_empty() {
        return Err(parameter("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."));
    }
    let (account, now, spread) = (at.account.to_owned(), at.now_ms, at.span(SPREAD));
    // The service cannot take a role that is fresh, and none that does not trust it.
    let takes = |row: &role::Row| row.arn(&account) == role && now >= row.created_ms + spread && row.trust.contains(SERVICE);
    if !at.global().roles.values().any(takes) {
        return Err(parameter("Unable to assume given IAM role"));
    }
    let interval = input.max_aggregation_interval().unwrap_or(600);
    if !matches!(interval, 60 | 600) {
        return Err(parameter(format!("MaxAggregationInterval: {interval} is not 60 or 600.")));
    }
    let format = input.log_format().filter(|format| !format.is_empty()).unwrap_or(DEFAULT_FORMAT);
    if !format.split(' ').all(|field| field.starts_with("${") && field.ends_with('}')) {
        return Err(parameter("Invalid log format"));
    }
    Ok(Row {
        vpc: String::new(),
        log_group,
        role: role.to_owned(),
        traffic,
        interval,
        format: format.to_owned(),
        first_ms: at.after(600),
        token: input.client_token().map(|token| (token.to_owned(), format!("{input:?}"))),
        tags: created_tags(input.tag_specifications(), "vpc-flow-log")?,
    })
}

fn create_flow_logs(at: &mut At<'_>, input: &CreateFlowLogsInput) -> Answer<CreateFlowLogsOutput> {
    let row = asked(at, input)?;
    let to = CreateFlowLogsOutput::builder().set_client_token(input.client_token.clone());
    let known = |have: &Row| have.token.as_ref().zip(row.token.as_ref()).is_some_and(|((have, _), (want, _))| have == want);
    let earlier: Vec<(String, Row)> =
        at.here().flow_logs.iter().filter(|(_, have)| known(have)).map(|(i, r)| (i.clone(), r.clone())).collect();
    if earlier.iter().any(|(_, have)| have.token != row.token) {
        return Err(refuse(400, "IdempotentParameterMismatch", "The client token was used with other parameters"));
    }
    if !earlier.is_empty() {
        return Ok(to.set_flow_log_ids(Some(earlier.into_iter().map(|(id, _)| id).collect())).build());
    }
    let (mut made, mut refused) = (vec![], vec![]);
    for vpc in input.resource_ids() {
        if !at.here().vpcs.contains_key(vpc) {
            refused.push(item(vpc, refuse(400, "InvalidVpcId.NotFound", format!("The vpc ID '{vpc}' does not exist"))));
            continue;
        }
        let of_vpc: Vec<&Row> = at.here().flow_logs.values().filter(|have| have.vpc == *vpc).collect();
        if of_vpc.iter().any(|have| have.log_group == row.log_group) {
            let told = "Error. There is an existing Flow Log with the same configuration and log destination.";
            return Err(refuse(400, "FlowLogAlreadyExists", told));
        }
        if of_vpc.len() >= 2 {
            refused.push(item(vpc, refuse(400, "FlowLogsLimitExceeded", "The maximum number of flow logs has been reached.")));
            continue;
        }
        let id = at.id("fl");
        at.here().flow_logs.insert(id.clone(), Row { vpc: vpc.clone(), ..row.clone() });
        made.push(id);
    }
    Ok(to.set_flow_log_ids(Some(made)).set_unsuccessful(Some(refused)).build())
}

fn answer(at: &mut At<'_>, id: &str, row: &Row) -> FlowLog {
    let account = at.account.to_owned();
    // Whether the role's policies allow it is not looked at, only whether it has some.
    let may = |role: &role::Row| role.arn(&account) == row.role && !(role.policies.is_empty() && role.attached.is_empty());
    let arrives = at.here().log_groups.contains_key(&row.log_group) && at.global().roles.values().any(may);
    let delivery = match (at.now_ms < row.first_ms, arrives) {
        (true, _) => None,
        (false, true) => Some("SUCCESS"),
        (false, false) => Some("FAILED"),
    };
    FlowLog::builder()
        .flow_log_id(id)
        .flow_log_status("ACTIVE")
        .resource_id(&row.vpc)
        .traffic_type(TrafficType::from(row.traffic.as_str()))
        .log_destination_type(LogDestinationType::CloudWatchLogs)
        .log_group_name(&row.log_group)
        .log_destination(at.arn("logs", &format!("log-group:{}", row.log_group)))
        .deliver_logs_permission_arn(&row.role)
        .max_aggregation_interval(row.interval)
        .log_format(&row.format)
        .set_deliver_logs_status(delivery.map(str::to_owned))
        .set_deliver_logs_error_message((delivery == Some("FAILED")).then(|| "Access error".to_owned()))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn no_such(id: &str) -> Refusal {
    refuse(400, "InvalidFlowLogId.NotFound", format!("These flow log ids in the input list are not found: [{id}]"))
}

fn describe_flow_logs(at: &mut At<'_>, input: &DescribeFlowLogsInput) -> Answer<DescribeFlowLogsOutput> {
    if let Some(id) = input.flow_log_ids().iter().find(|id| !at.here().flow_logs.contains_key(*id)) {
        return Err(no_such(id));
    }
    let size = match input.max_results() {
        Some(n) if !(1..=1000).contains(&n) => {
            return Err(refuse(400, "InvalidParameterValue", format!("Value ( {n} ) for parameter maxResults is invalid.")));
        }
        size => usize::try_from(size.unwrap_or(1000)).ok(),
    };
    let mut found = vec![];
    for (id, row) in at.here().flow_logs.clone() {
        let field = |name: &str| match name {
            "flow-log-id" => Some(vec![id.clone()]),
            "resource-id" => Some(vec![row.vpc.clone()]),
            "log-group-name" => Some(vec![row.log_group.clone()]),
            "log-destination-type" => Some(vec!["cloud-watch-logs".to_owned()]),
            "traffic-type" => Some(vec![row.traffic.clone()]),
            _ => None,
        };
        if (input.flow_log_ids().is_empty() || input.flow_log_ids().contains(&id)) && matches(input.filter(), &row.tags, field)? {
            found.push(answer(at, &id, &row));
        }
    }
    let (logs, next) = page(found, size, input.next_token())?;
    Ok(DescribeFlowLogsOutput::builder().set_flow_logs(Some(logs)).set_next_token(next).build())
}

fn delete_flow_logs(at: &mut At<'_>, input: &DeleteFlowLogsInput) -> Answer<DeleteFlowLogsOutput> {
    let mut refused = vec![];
    for id in input.flow_log_ids() {
        if at.here().flow_logs.remove(id).is_none() {
            refused.push(item(id, no_such(id)));
        }
    }
    Ok(DeleteFlowLogsOutput::builder().set_unsuccessful(Some(refused)).build())
}
