//! `security-group-rule`: one rule of a security group, with one peer.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement, RiskKind,
    Severity, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::security_group::is_group_text;
use crate::traffic::{Direction, Icmp, Ports, Protocol};
use crate::{SecurityGroup, pace};

/// The addresses from which CloudFront calls origins, as a managed prefix list of AWS. It counts as 55 rules.
pub const CLOUDFRONT_ORIGIN_FACING: &str = "com.amazonaws.global.cloudfront.origin-facing";

/// One rule of a security group: what it lets through, and who is at the other end.
pub enum SecurityGroupRule {}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", rename_all = "snake_case")]
#[schemars(bound = "")]
pub enum Peer<S: Stage> {
    /// A network, IPv4 or IPv6.
    Cidr(Network),
    /// The members of a security group.
    Group(S::Ref<Id<SecurityGroup>>),
    /// The networks of a prefix list, by its id: `pl-…`.
    PrefixList(String),
    /// The networks of a prefix list that AWS keeps, by its name: `com.amazonaws.global.cloudfront.origin-facing`.
    ManagedPrefixList(String),
}

/// Which of the four forms AWS knows a peer has: it changes a rule's peer in place within one form only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Ipv4,
    Ipv6,
    Group,
    PrefixList,
}

impl<S: Stage> Peer<S> {
    fn form(&self) -> Form {
        match self {
            Self::Cidr(network) if network.is_ipv6() => Form::Ipv6,
            Self::Cidr(_) => Form::Ipv4,
            Self::Group(_) => Form::Group,
            Self::PrefixList(_) | Self::ManagedPrefixList(_) => Form::PrefixList,
        }
    }
}

/// What may be declared of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct SecurityGroupRuleSpec<S: Stage> {
    /// The group it is in.
    pub group: S::Ref<Id<SecurityGroup>>,
    /// Which way the traffic goes: `ingress` or `egress`.
    pub direction: Direction,
    /// The protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the number of another one.
    pub protocol: Protocol,
    /// The port or the range of ports of TCP or UDP; `0-65535` for all.
    #[serde(default)]
    pub ports: Option<Ports>,
    /// Which messages of ICMP. None: all.
    #[serde(default)]
    pub icmp: Option<Icmp>,
    /// Who is at the other end: one of `cidr`, `group`, `prefix_list`, `managed_prefix_list`.
    pub peer: Peer<S>,
    /// What it is for; AWS shows it. Up to 255 characters.
    pub description: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a rule offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupRuleOutputs {
    /// Its id.
    pub id: Id<SecurityGroupRule>,
    /// Its ARN.
    pub arn: String,
}

impl<S: Stage> SecurityGroupRuleSpec<S> {
    /// Whether it lets the whole internet use something else than port 80 or 443.
    fn is_wide_open(&self) -> bool {
        let web = self.ports.is_some_and(|ports| ports.from == ports.to && matches!(ports.from, 80 | 443));
        matches!(&self.peer, Peer::Cidr(network) if network.is_everybody()) && !(web && self.protocol.has_ports())
    }

    /// What it lets through, in words: `tcp 8000-8080`.
    #[must_use]
    pub fn lets_through(&self) -> String {
        self.ports.map_or_else(|| self.protocol.to_string(), |ports| format!("{} {ports}", self.protocol))
    }
}

impl Kind for SecurityGroupRule {
    const NAME: &'static str = "security-group-rule";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "sgr-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeSecurityGroupRules", "ec2:DescribeManagedPrefixLists"],
        create: &["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags"],
        update: &["ec2:ModifySecurityGroupRules", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::created("arn")];
    type Spec<S: Stage> = SecurityGroupRuleSpec<S>;
    type Outputs = SecurityGroupRuleOutputs;

    fn check(want: &SecurityGroupRuleSpec<Written>) -> Vec<SpecProblem> {
        let SecurityGroupRuleSpec { group: _, direction: _, protocol, ports, icmp, peer, description, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        match (ports, protocol.has_ports()) {
            (None, true) => wrong("ports", format!("say the port of {protocol}, or a range of ports such as `\"8000-8080\"`")),
            (Some(_), false) => wrong("ports", format!("only tcp and udp have ports, {protocol} has none")),
            (Some(_), true) | (None, false) => {}
        }
        if icmp.is_some() && !protocol.has_messages() {
            wrong("icmp", format!("only icmp and icmpv6 have types of messages, {protocol} has none"));
        }
        match peer {
            Peer::Cidr(network) if want.is_wide_open() => {
                wrong(
                    "peer",
                    format!("`{network}` is the whole internet, and only the ports 80 and 443 may be open to it: name the networks"),
                );
            }
            Peer::Cidr(network) if (1..8).contains(&network.prefix()) => {
                wrong("peer", format!("`{network}` is very wide: name the networks that need it, each /8 or narrower"));
            }
            Peer::PrefixList(id) if !id.starts_with("pl-") => {
                wrong("peer", format!("`{id}` is no prefix list's id (pl-…); one of AWS's is named with `managed_prefix_list`"));
            }
            Peer::ManagedPrefixList(name) if !name.starts_with("com.amazonaws.") => {
                wrong(
                    "peer",
                    format!("`{name}` is no prefix list of AWS's (com.amazonaws.…); one of your own is named with `prefix_list`"),
                );
            }
            Peer::Cidr(_) | Peer::Group(_) | Peer::PrefixList(_) | Peer::ManagedPrefixList(_) => {}
        }
        if description.is_empty() || !is_group_text(description) {
            let told =
                "EC2 does not take this description: say what the rule is for in 1 to 255 of a-z A-Z 0-9, space and ._-:/()#,@[]+=&;{}!$*";
            wrong("description", told.into());
        }
        problems
    }

    fn diff(have: &SecurityGroupRuleSpec<Written>, want: &SecurityGroupRuleSpec<Written>) -> Diff {
        let SecurityGroupRuleSpec { group, direction, protocol, ports, icmp, peer, description, tags } = want;
        const CHANGES: &str = "it changes what reaches or leaves the members of the group";
        let diff = Diff::new()
            .replace("group", &have.group, group)
            .risks(RiskKind::Security, CHANGES)
            .replace("direction", &have.direction, direction)
            .risks(RiskKind::Security, CHANGES)
            .update("protocol", &have.protocol, protocol)
            .risks(RiskKind::Security, CHANGES)
            .update("ports", &have.ports, ports)
            .risks(RiskKind::Security, CHANGES)
            .update("icmp", &have.icmp, icmp)
            .risks(RiskKind::Security, CHANGES);
        let diff =
            if have.peer.form() == peer.form() { diff.update("peer", &have.peer, peer) } else { diff.replace("peer", &have.peer, peer) };
        diff.risks(RiskKind::Security, CHANGES).update("description", &have.description, description).update("tags", &have.tags, tags)
    }

    /// A group has one rule for the same traffic and peer.
    fn replacement(have: &SecurityGroupRuleSpec<Written>, want: &SecurityGroupRuleSpec<Written>) -> Replacement {
        let key = |spec: &SecurityGroupRuleSpec<Written>| {
            (spec.group.clone(), spec.direction, spec.protocol, spec.ports, spec.icmp, spec.peer.clone())
        };
        if key(have) == key(want) { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &SecurityGroupRuleSpec<Written>) -> Meters {
        Meters::free()
    }

    /// EC2 takes 200 values in the filters of one call.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let lists = of.iter().filter_map(|it| match &it.spec.peer {
            Peer::ManagedPrefixList(name) => Some(name.as_str()),
            Peer::Cidr(_) | Peer::Group(_) | Peer::PrefixList(_) => None,
        });
        Reads::none().batched("ec2:DescribeSecurityGroupRules", 190, of.iter().map(|it| it.spec.group.as_str())).batched(
            "ec2:DescribeManagedPrefixLists",
            190,
            lists,
        )
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        let SecurityGroupRuleSpec { group, direction, protocol: _, ports: _, icmp: _, peer: _, description: _, tags: _ } = &seen.spec;
        if !seen.spec.is_wide_open() {
            return vec![];
        }
        let (severity, told) = match direction {
            Direction::Ingress => (Severity::Error, format!("the whole internet reaches {} of {group}", seen.spec.lets_through())),
            Direction::Egress => (Severity::Warning, format!("{group} reaches {} of the whole internet", seen.spec.lets_through())),
        };
        vec![
            Finding::new(severity, told)
                .seen(format!("the rule {}", seen.id))
                .advise("name the networks that need it in the rule's `peer`"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Phase, Ready, Verb, typed};
    use serde_json::{Value, json};

    fn document(edit: Value) -> Value {
        let mut whole = json!({
            "group": "sg-1", "direction": "ingress", "protocol": "tcp", "ports": 3306, "peer": {"group": "sg-2"}, "description": "MySQL from the tasks"
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: Value) -> SecurityGroupRuleSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"group": "sg-3"}), vec![Verb::Replace]),
            (json!({"direction": "egress"}), vec![Verb::Replace]),
            (json!({"protocol": "udp"}), vec![Verb::Update]),
            (json!({"ports": "3306-3307"}), vec![Verb::Update]),
            (json!({"protocol": "icmp", "ports": null, "icmp": {"type": 8}}), vec![Verb::Update, Verb::Update, Verb::Update]),
            (json!({"peer": {"group": "sg-3"}}), vec![Verb::Update]),
            (json!({"peer": {"group": {"$ref": "security-group.ecs", "output": "id"}}}), vec![Verb::Update]),
            (json!({"peer": {"cidr": "10.0.0.0/16"}}), vec![Verb::Replace]),
            (json!({"peer": {"prefix_list": "pl-1"}}), vec![Verb::Replace]),
            (json!({"description": "other"}), vec![Verb::Update]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
            (json!({"ports": "3306", "protocol": "6"}), vec![]),
        ];
        for (edit, verbs) in table {
            let diff = SecurityGroupRule::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn a_peer_changes_in_place_within_its_form() {
        let verb = |have: Value, want: Value| {
            let diff = SecurityGroupRule::diff(&spec(json!({"peer": have})), &spec(json!({"peer": want})));
            diff.changes().first().map(|c| c.verb.clone())
        };
        assert_eq!(verb(json!({"cidr": "10.0.0.0/16"}), json!({"cidr": "10.1.0.0/16"})), Some(Verb::Update));
        assert_eq!(verb(json!({"cidr": "10.0.0.0/16"}), json!({"cidr": "10.0.3.4/16"})), None, "the same network");
        assert_eq!(verb(json!({"cidr": "10.0.0.0/16"}), json!({"cidr": "2001:db8::/32"})), Some(Verb::Replace));
        let (id, name) = (json!({"prefix_list": "pl-1"}), json!({"managed_prefix_list": CLOUDFRONT_ORIGIN_FACING}));
        assert_eq!(verb(id, name), Some(Verb::Update));
    }

    #[test]
    fn two_rules_of_one_meaning_cannot_stand_in_a_group() {
        let order = |edit| SecurityGroupRule::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"direction": "egress"})), Order::CreateFirst);
        assert_eq!(order(json!({"description": "other"})), Order::DeleteFirst);
    }

    #[test]
    fn what_ec2_would_refuse_is_told() {
        let fields = |edit| SecurityGroupRule::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert!(fields(json!({})).is_empty());
        assert_eq!(fields(json!({"ports": null})), ["ports"]);
        assert_eq!(fields(json!({"protocol": "all"})), ["ports"]);
        assert!(fields(json!({"protocol": "47", "ports": null})).is_empty());
        assert_eq!(fields(json!({"icmp": {"type": 8}})), ["icmp"]);
        assert!(fields(json!({"protocol": "icmp", "ports": null, "icmp": {"type": 8, "code": 0}})).is_empty());
        assert_eq!(fields(json!({"peer": {"prefix_list": "x"}})), ["peer"]);
        assert_eq!(fields(json!({"peer": {"managed_prefix_list": "pl-1"}})), ["peer"]);
        assert!(fields(json!({"peer": {"managed_prefix_list": CLOUDFRONT_ORIGIN_FACING}})).is_empty());
        assert_eq!(fields(json!({"description": ""})), ["description"]);
        assert_eq!(fields(json!({"description": "why?"})), ["description"]);
    }

    #[test]
    fn only_the_web_is_open_to_all() {
        let fields = |edit| SecurityGroupRule::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for everybody in ["0.0.0.0/0", "::/0"] {
            for direction in ["ingress", "egress"] {
                let to = |ports: Value| json!({"direction": direction, "ports": ports, "peer": {"cidr": everybody}});
                assert!(fields(to(json!(443))).is_empty(), "{direction} {everybody}");
                assert_eq!(fields(to(json!(3306))), ["peer"], "{direction} {everybody}");
                assert_eq!(fields(to(json!("80-443"))), ["peer"], "{direction} {everybody}");
            }
            assert_eq!(fields(json!({"protocol": "all", "ports": null, "peer": {"cidr": everybody}})), ["peer"]);
        }
        assert_eq!(fields(json!({"peer": {"cidr": "128.0.0.0/1"}})), ["peer"]);
        assert_eq!(fields(json!({"peer": {"cidr": "2000::/3"}})), ["peer"]);
        assert!(fields(json!({"peer": {"cidr": "10.0.0.0/8"}})).is_empty());
    }

    #[test]
    fn a_peer_is_exactly_one() {
        let problem = |peer: Value| typed::<SecurityGroupRuleSpec<Written>>(&document(json!({"peer": peer}))).is_err();
        assert!(problem(json!({})) && problem(json!({"cidr": "10.0.0.0/8", "group": "sg-1"})) && problem(json!({"group": "10.0.0.0/8"})));
    }

    #[test]
    fn a_door_open_to_all_is_found() {
        let seen = |edit: Value| Observed::<SecurityGroupRule> {
            id: "sgr-1".into(),
            spec: typed::<SecurityGroupRuleSpec<Ready>>(&document(edit)).unwrap(),
            outputs: SecurityGroupRuleOutputs { id: Id::new("sgr-1"), arn: String::new() },
            phase: Phase::Ready,
            owner: None,
        };
        assert!(SecurityGroupRule::health(&seen(json!({}))).is_empty());
        let open = SecurityGroupRule::health(&seen(json!({"peer": {"cidr": "0.0.0.0/0"}})));
        assert_eq!((open[0].severity, open[0].summary.as_str()), (Severity::Error, "the whole internet reaches tcp 3306 of sg-1"));
    }
}
