//! The driver of `flow-log`.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{FLOW_LOG_FORMAT, FlowLog, FlowLogOutputs, FlowLogSpec, Traffic};
use bbws_model::{Arn, Class, CloudError, Id, Locate, Name, Observed, Phase, Ready};

use super::ec2::{all_done, filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::FlowLog;
type Spec = FlowLogSpec<Ready>;

const DESCRIBE: &str = "ec2:DescribeFlowLogs";

impl Driver<FlowLog> for Aws {
    async fn observe(&self, at: &[Locate<FlowLog>], reading: &Reading) -> Vec<Sight<FlowLog>> {
        let all = match self.flow_logs(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let raw = match &place.id {
                    Some(id) => all.get(id.as_str()),
                    // AWS refuses a second flow log of a VPC into the same log group.
                    None => all.values().find(|raw| {
                        raw.resource_id() == Some(place.spec.vpc.as_str()) && log_group(raw) == Some(place.spec.log_group.as_str())
                    }),
                };
                raw.map(observed).transpose()
            })
            .collect()
    }

    async fn create(&self, want: &Spec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateFlowLogs";
        let seconds = i32::try_from(want.aggregation_seconds).map_err(|e| CloudError::own(OPERATION, Class::Invalid, e.to_string()))?;
        let create = self.write.ec2.create_flow_logs().resource_type(FlowLogsResourceType::Vpc).resource_ids(want.vpc.as_str());
        let create = create.log_destination_type(LogDestinationType::CloudWatchLogs).log_group_name(want.log_group.as_str());
        let create = create.deliver_logs_permission_arn(want.role.as_str()).traffic_type(raw_traffic(want.traffic));
        let create = create.max_aggregation_interval(seconds).log_format(&want.format).client_token(&attempt.token);
        let create = create.tag_specifications(specification(ResourceType::VpcFlowLog, &want.tags, attempt));
        let answer = create.send().await.told(OPERATION).map_err(not_yet)?;
        all_done(OPERATION, answer.unsuccessful()).map_err(not_yet)?;
        let id = told(OPERATION, "FlowLogIds", answer.flow_log_ids.unwrap_or_default().into_iter().next())?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<FlowLog>, want: &Spec, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.retag(seen.id.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<FlowLog>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "ec2:DeleteFlowLogs";
        let answer = self.write.ec2.delete_flow_logs().flow_log_ids(seen.id.as_str()).send().await.told(OPERATION)?;
        all_done(OPERATION, answer.unsuccessful())?;
        Ok(Progress::Sent)
    }
}

fn raw_traffic(traffic: Traffic) -> TrafficType {
    match traffic {
        Traffic::All => TrafficType::All,
        Traffic::Accept => TrafficType::Accept,
        Traffic::Reject => TrafficType::Reject,
    }
}

/// The log group of a flow log that goes to CloudWatch Logs. AWS answers its name, its ARN, or both.
fn log_group(raw: &Raw) -> Option<&str> {
    if raw.log_destination_type().is_some_and(|to| *to != LogDestinationType::CloudWatchLogs) {
        return None;
    }
    let from_arn = || raw.log_destination()?.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*"));
    raw.log_group_name().or_else(from_arn)
}

fn observed(raw: &Raw) -> Result<Observed<FlowLog>, CloudError> {
    let id = told(DESCRIBE, "FlowLogId", raw.flow_log_id())?;
    let traffic = [Traffic::All, Traffic::Accept, Traffic::Reject].into_iter().find(|t| Some(&raw_traffic(*t)) == raw.traffic_type());
    let (tags, owner) = from_tags(raw.tags());
    let why = raw.deliver_logs_error_message();
    Ok(Observed {
        id: id.into(),
        spec: FlowLogSpec {
            vpc: Id::new(told(DESCRIBE, "ResourceId", raw.resource_id())?),
            log_group: Name::new(told(DESCRIBE, "LogGroupName", log_group(raw))?),
            role: Arn::new(told(DESCRIBE, "DeliverLogsPermissionArn", raw.deliver_logs_permission_arn())?),
            traffic: told(DESCRIBE, "TrafficType", traffic)?,
            aggregation_seconds: raw.max_aggregation_interval().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(600),
            format: raw.log_format().unwrap_or(FLOW_LOG_FORMAT).to_owned(),
            tags,
        },
        outputs: FlowLogOutputs {
            id: Id::new(id),
            delivery: match raw.deliver_logs_status() {
                Some("FAILED") => format!("failed: {}", why.unwrap_or("AWS does not say why")),
                Some(status) => status.to_lowercase(),
                None => "not yet".into(),
            },
        },
        phase: match raw.flow_log_status() {
            Some("ACTIVE") => Phase::Ready,
            other => Phase::Pending(format!("AWS says `{}` of the flow log", other.unwrap_or("nothing"))),
        },
        owner,
    })
}

impl Aws {
    async fn flow_logs(&self, at: &[Locate<FlowLog>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scanned = reading.once(format!("{DESCRIBE} lineage={lineage}"), self.describe_flow_logs(of_lineage(lineage))).await?;
        let mut all = scanned.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by = filter("flow-log-id", ids.to_vec());
            all.extend(reading.once(format!("{DESCRIBE} ids={}", ids.join(",")), self.describe_flow_logs(by)).await?.as_ref().clone());
        }
        // Without an id the natural key decides, whoever made it.
        let nameless = at.iter().filter(|place| place.id.is_none()).map(|place| place.spec.vpc.as_str());
        let vpcs: Vec<&str> = nameless.collect::<BTreeSet<_>>().into_iter().collect();
        for vpcs in vpcs.chunks(FILTER_VALUES) {
            let by = filter("resource-id", vpcs.to_vec());
            all.extend(reading.once(format!("{DESCRIBE} vpcs={}", vpcs.join(",")), self.describe_flow_logs(by)).await?.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_flow_logs(&self, by: Filter) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_flow_logs().filter(by).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let logs = page.told(DESCRIBE)?.flow_logs.unwrap_or_default();
            all.extend(logs.into_iter().filter_map(|log| Some((log.flow_log_id.clone()?, log))));
        }
        Ok((all, calls))
    }
}
