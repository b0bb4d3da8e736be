//! `route`: where one route table sends the traffic for one destination.

use bbws_model::{
    Cidr, Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, Severity, SpecProblem, Stage, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{InternetGateway, NatGateway, RouteTable, pace};

/// Where one route table sends the traffic for one destination. It has neither id nor tags: table and destination name
/// it, and whose the table is, the route is.
pub enum Route {}

/// What may be declared of a route: a destination, and exactly one way there. A route that somebody has turned to
/// another sort of target is seen with neither.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct RouteSpec<S: Stage> {
    /// The table it stands in.
    pub table: S::Ref<Id<RouteTable>>,
    /// The addresses it is for: `0.0.0.0/0` for all that no other route names.
    pub destination: Cidr,
    /// The internet gateway it leads to. Say this or `nat_gateway`.
    #[serde(default)]
    pub internet_gateway: Option<S::Ref<Id<InternetGateway>>>,
    /// The NAT gateway it leads to. Say this or `internet_gateway`.
    #[serde(default)]
    pub nat_gateway: Option<S::Ref<Id<NatGateway>>>,
}

/// What a route offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteOutputs {
    /// `active`, or `blackhole` where its target is gone or not ready.
    pub state: String,
}

impl Kind for Route {
    const NAME: &'static str = "route";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        // A gateway goes though routes lead to it; they become black holes.
        soft_on: &["internet-gateway", "nat-gateway"],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeRouteTables"],
        create: &["ec2:CreateRoute"],
        update: &["ec2:ReplaceRoute"],
        delete: &["ec2:DeleteRoute"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("state")];
    type Spec<S: Stage> = RouteSpec<S>;
    type Outputs = RouteOutputs;

    fn check(want: &RouteSpec<Written>) -> Vec<SpecProblem> {
        let RouteSpec { table: _, destination: _, internet_gateway, nat_gateway } = want;
        match (internet_gateway, nat_gateway) {
            (Some(_), None) | (None, Some(_)) => vec![],
            (None, None) => vec![SpecProblem::new("", "a route leads somewhere: say `internet_gateway` or `nat_gateway`")],
            (Some(_), Some(_)) => {
                vec![SpecProblem::new("nat_gateway", "a route leads to one target: say either `internet_gateway` or `nat_gateway`")]
            }
        }
    }

    fn diff(have: &RouteSpec<Written>, want: &RouteSpec<Written>) -> Diff {
        let RouteSpec { table, destination, internet_gateway, nat_gateway } = want;
        Diff::new()
            .replace("table", &have.table, table)
            .replace("destination", &have.destination, destination)
            .update("internet_gateway", &have.internet_gateway, internet_gateway)
            .risks(RiskKind::Security, "it changes whether the subnets of the table are open to the internet")
            .update("nat_gateway", &have.nat_gateway, nat_gateway)
            .risks(RiskKind::Downtime, "open connections that take this route break")
            .away(0, 60)
    }

    /// A table has one route for a destination.
    fn replacement(have: &RouteSpec<Written>, want: &RouteSpec<Written>) -> Replacement {
        let same = (&have.table, have.destination) == (&want.table, want.destination);
        if same { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &RouteSpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list of our tables, with all that stands in them, serves three kinds.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeRouteTables")
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        if seen.outputs.state != "blackhole" {
            return vec![];
        }
        let told = format!("the route to {} leads nowhere: AWS drops what takes it", seen.spec.destination);
        let advice = "see whether its gateway still exists, is attached and available; `bbws apply` makes what is missing anew";
        vec![Finding::new(Severity::Error, told).seen("AWS says `blackhole`").advise(advice)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Phase, Ready, Verb, typed};
    use serde_json::{Value, json};

    fn document(edit: Value) -> Value {
        let mut whole = json!({"table": "rtb-1", "destination": "0.0.0.0/0", "nat_gateway": "nat-1"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: Value) -> RouteSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"table": "rtb-2"}), vec![Verb::Replace]),
            (json!({"destination": "10.9.0.0/16"}), vec![Verb::Replace]),
            (json!({"nat_gateway": "nat-2"}), vec![Verb::Update]),
            (json!({"nat_gateway": null, "internet_gateway": "igw-1"}), vec![Verb::Update, Verb::Update]),
            (json!({"destination": "0.0.0.0/0"}), vec![]),
        ];
        for (edit, verbs) in table {
            let diff = Route::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn a_route_leads_to_exactly_one_target() {
        let fields = |edit| Route::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert!(fields(json!({})).is_empty());
        assert_eq!(fields(json!({"nat_gateway": null})), [""]);
        assert_eq!(fields(json!({"internet_gateway": "igw-1"})), ["nat_gateway"]);
    }

    #[test]
    fn two_routes_for_one_destination_cannot_stand_in_a_table() {
        let order = |edit| Route::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"table": "rtb-2"})), Order::CreateFirst);
        assert_eq!(order(json!({"nat_gateway": "nat-2"})), Order::DeleteFirst);
    }

    #[test]
    fn a_black_hole_is_found() {
        let seen = |state: &str| Observed::<Route> {
            id: "rtb-1_0.0.0.0/0".into(),
            spec: typed::<RouteSpec<Ready>>(&document(json!({}))).unwrap(),
            outputs: RouteOutputs { state: state.into() },
            phase: Phase::Ready,
            owner: None,
        };
        assert!(Route::health(&seen("active")).is_empty());
        let found = Route::health(&seen("blackhole"));
        assert_eq!((found.len(), found[0].summary.contains("0.0.0.0/0")), (1, true));
    }
}
