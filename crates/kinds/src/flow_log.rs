//! `flow-log`: a record of a VPC's traffic, in CloudWatch Logs.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, RiskKind, Severity, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LogGroup, Role, Vpc, pace};

/// A record of a VPC's traffic, in CloudWatch Logs.
pub enum FlowLog {}

/// What each line holds where nothing else is said: the fields of version 2.
pub const FLOW_LOG_FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// Which traffic is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// All of it.
    All,
    /// What security groups and network ACLs let through.
    Accept,
    /// What they stop.
    Reject,
}

/// What may be declared of a flow log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct FlowLogSpec<S: Stage> {
    /// The VPC whose traffic is recorded.
    pub vpc: S::Ref<Id<Vpc>>,
    /// The log group it is recorded in.
    pub log_group: S::Ref<Name<LogGroup>>,
    /// The role as which `vpc-flow-logs.amazonaws.com` writes.
    pub role: S::Ref<Arn<Role>>,
    /// Which traffic: `all`, `accept` or `reject`.
    #[serde(default = "all")]
    pub traffic: Traffic,
    /// For how many seconds a flow is summed up in one line: 60 or 600.
    #[serde(default = "ten_minutes")]
    pub aggregation_seconds: u32,
    /// The fields of a line, `${…}` with a space between.
    #[serde(default = "version_2")]
    pub format: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a flow log offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowLogOutputs {
    /// Its id.
    pub id: Id<FlowLog>,
    /// Whether its lines arrive: `success`, `failed: …`, or `not yet` before the first, some ten minutes after it is made.
    pub delivery: String,
}

fn all() -> Traffic {
    Traffic::All
}

fn ten_minutes() -> u32 {
    600
}

fn version_2() -> String {
    FLOW_LOG_FORMAT.into()
}

impl Kind for FlowLog {
    const NAME: &'static str = "flow-log";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "fl-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["log-group", "role"],
        recovery: Recovery::Token,
        // A fresh role is not known everywhere at once.
        durations: Durations::secs(10, 2, 2, 10),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeFlowLogs"],
        create: &["ec2:CreateFlowLogs", "ec2:CreateTags", "iam:PassRole"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteFlowLogs"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::created("delivery")];
    type Spec<S: Stage> = FlowLogSpec<S>;
    type Outputs = FlowLogOutputs;

    fn check(want: &FlowLogSpec<Written>) -> Vec<SpecProblem> {
        let FlowLogSpec { vpc: _, log_group: _, role: _, traffic: _, aggregation_seconds, format, tags: _ } = want;
        let mut problems = vec![];
        if !matches!(aggregation_seconds, 60 | 600) {
            problems.push(SpecProblem::new("aggregation_seconds", format!("AWS sums up for 60 or 600 seconds, not {aggregation_seconds}")));
        }
        let is_field = |part: &str| {
            let name = part.strip_prefix("${").and_then(|part| part.strip_suffix('}'));
            name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        };
        if !format.split(' ').all(is_field) {
            let told = "a format is a list of fields with one space between, such as `${srcaddr} ${dstaddr} ${action}`";
            problems.push(SpecProblem::new("format", told));
        }
        problems
    }

    fn diff(have: &FlowLogSpec<Written>, want: &FlowLogSpec<Written>) -> Diff {
        let FlowLogSpec { vpc, log_group, role, traffic, aggregation_seconds, format, tags } = want;
        const GAP: &str = "traffic is not recorded until the new flow log delivers, some ten minutes";
        Diff::new()
            .replace("vpc", &have.vpc, vpc)
            .risks(RiskKind::Security, GAP)
            .replace("log_group", &have.log_group, log_group)
            .risks(RiskKind::Security, GAP)
            .replace("role", &have.role, role)
            .risks(RiskKind::Security, GAP)
            .replace("traffic", &have.traffic, traffic)
            .risks(RiskKind::Security, GAP)
            .replace("aggregation_seconds", &have.aggregation_seconds, aggregation_seconds)
            .risks(RiskKind::Security, GAP)
            .replace("format", &have.format, format)
            .risks(RiskKind::Security, GAP)
            .update("tags", &have.tags, tags)
    }

    /// AWS refuses a second flow log of one VPC into one log group.
    fn replacement(have: &FlowLogSpec<Written>, want: &FlowLogSpec<Written>) -> Replacement {
        let same = (&have.vpc, &have.log_group) == (&want.vpc, &want.log_group);
        if same { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &FlowLogSpec<Written>) -> Meters {
        Meters::usage_only("logs.vended.ingested")
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeFlowLogs")
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        if !seen.outputs.delivery.starts_with("failed") {
            return vec![];
        }
        let told = format!("the traffic of {} is not recorded", seen.spec.vpc);
        let advice = "see whether the role may write to the log group and trusts vpc-flow-logs.amazonaws.com; `bbws apply` mends both";
        vec![Finding::new(Severity::Warning, told).seen(&seen.outputs.delivery).advise(advice)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Phase, Ready, Verb, typed};
    use serde_json::{Value, json};

    fn document(edit: Value) -> Value {
        let mut whole = json!({"vpc": "vpc-1", "log_group": "/vpc/dev", "role": "arn:aws:iam::536580886816:role/flow"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: Value) -> FlowLogSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"vpc": "vpc-2"}), Verb::Replace),
            (json!({"log_group": "/other"}), Verb::Replace),
            (json!({"role": {"$ref": "role.flow", "output": "arn"}}), Verb::Replace),
            (json!({"traffic": "reject"}), Verb::Replace),
            (json!({"aggregation_seconds": 60}), Verb::Replace),
            (json!({"format": "${srcaddr}"}), Verb::Replace),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = FlowLog::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn two_logs_of_one_vpc_into_one_group_do_not_stand_together() {
        let order = |edit| FlowLog::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"traffic": "reject"})), Order::DeleteFirst);
        assert_eq!(order(json!({"log_group": "/other"})), Order::CreateFirst);
    }

    #[test]
    fn what_ec2_would_refuse_is_told() {
        let fields = |edit| FlowLog::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert!(fields(json!({})).is_empty());
        assert_eq!(fields(json!({"aggregation_seconds": 300})), ["aggregation_seconds"]);
        for format in ["", "srcaddr", "${srcaddr}  ${dstaddr}", "${srcaddr},${dstaddr}"] {
            assert_eq!(fields(json!({"format": format})), ["format"], "{format}");
        }
    }

    #[test]
    fn lines_that_do_not_arrive_are_found() {
        let seen = |delivery: &str| Observed::<FlowLog> {
            id: "fl-1".into(),
            spec: typed::<FlowLogSpec<Ready>>(&document(json!({}))).unwrap(),
            outputs: FlowLogOutputs { id: Id::new("fl-1"), delivery: delivery.into() },
            phase: Phase::Ready,
            owner: None,
        };
        assert!(FlowLog::health(&seen("success")).is_empty() && FlowLog::health(&seen("not yet")).is_empty());
        assert_eq!(FlowLog::health(&seen("failed: Access error"))[0].evidence, "failed: Access error");
    }
}
