//! `dns-record`: one record set in a zone of Route 53: values, name servers, or an alias of an AWS resource.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Ready, Recorded, Recovery, Ref,
    Replacement, RiskKind, SpecProblem, Stage, Text, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record_value::{alias_name, canonical};
use crate::{DomainName, HostedZone, NameServers, RecordType, pace};

/// The zone that all CloudFront distributions are aliases in, the same for everybody.
pub const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";
/// The time to live that a record gets which does not say one, in seconds.
pub const DEFAULT_TTL: u32 = 300;

/// One record set.
pub enum DnsRecord {}

/// An AWS resource that a name stands for. Its addresses may change; asking for it costs nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Alias<S: Stage> {
    /// The resource's own DNS name.
    pub dns_name: S::Text,
    /// The zone of that name: a load balancer's `zone_id`, or CloudFront's `Z2FDTNDATAQYW2`.
    pub zone_id: S::Text,
    /// Whether the name is not answered while the resource is unhealthy. Not for CloudFront.
    #[serde(default)]
    pub evaluate_health: bool,
}

/// What may be declared of a record: exactly one of values, name servers and alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct DnsRecordSpec<S: Stage> {
    /// The zone it stands in.
    pub zone: S::Ref<Id<HostedZone>>,
    /// Its name, in full.
    pub name: S::Text,
    /// Its type.
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// How many seconds others may keep the answer. None: 300. An alias has none.
    #[serde(default)]
    pub ttl: Option<u32>,
    /// What it says: addresses, one name, or texts (quoted as in zone files, or plain).
    #[serde(default)]
    pub values: BTreeSet<S::Text>,
    /// The servers that an NS record delegates to: a list, or a zone's `name_servers`.
    #[serde(default)]
    pub name_servers: Option<S::Ref<NameServers>>,
    /// The AWS resource it stands for.
    #[serde(default)]
    pub alias: Option<Alias<S>>,
}

impl<S: Stage> DnsRecordSpec<S> {
    /// How many seconds others may keep the answer; none for an alias.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        if self.alias.is_some() { None } else { Some(self.ttl.unwrap_or(DEFAULT_TTL)) }
    }
}

impl DnsRecordSpec<Ready> {
    /// The record's name in the form that is compared.
    #[must_use]
    pub fn key_name(&self) -> DomainName {
        DomainName::new(&self.name)
    }

    /// Whether both say the same under the same name.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let content = |spec: &Self| {
            let alias = spec.alias.as_ref().map(|alias| (alias_name(&alias.dns_name), alias.zone_id.clone(), alias.evaluate_health));
            let values: BTreeSet<String> = spec.values.iter().map(|value| canonical(spec.record_type, value)).collect();
            (spec.key_name(), spec.record_type, spec.seconds(), values, spec.name_servers.clone(), alias)
        };
        content(self) == content(other)
    }
}

/// What a record offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsRecordOutputs {
    /// Its name, lower case, without the trailing dot.
    pub name: String,
}

impl Kind for DnsRecord {
    const NAME: &'static str = "dns-record";
    const FACTS: Facts = Facts {
        service: "route53",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["certificate", "distribution", "load-balancer"],
        // A new record is sent with CREATE, which AWS refuses where one exists: that may be somebody else's.
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(3, 3, 3, 30),
        pace: pace::ROUTE53,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["route53:ListResourceRecordSets"],
        create: &["route53:ChangeResourceRecordSets"],
        update: &["route53:ChangeResourceRecordSets"],
        delete: &["route53:ChangeResourceRecordSets"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("name")];
    type Spec<S: Stage> = DnsRecordSpec<S>;
    type Outputs = DnsRecordOutputs;

    fn check(want: &DnsRecordSpec<Written>) -> Vec<SpecProblem> {
        let DnsRecordSpec { zone: _, name, record_type, ttl, values, name_servers, alias } = want;
        let mut problems = vec![];
        let mut tell = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        let known_name = name.known().map(DomainName::new);
        if let Some(problem) = known_name.as_ref().and_then(DomainName::problem) {
            tell("name", problem);
        }
        match (record_type, values.is_empty(), name_servers, alias) {
            (RecordType::Ns, true, Some(_), None) => {}
            (RecordType::Ns, ..) => tell("name_servers", "an NS record has `name_servers`, and neither values nor alias".into()),
            (_, false, None, None) => {}
            (RecordType::A | RecordType::Aaaa, true, None, Some(_)) => {}
            (_, _, Some(_), _) => tell("name_servers", format!("a {record_type} record has no name servers: only NS has")),
            (RecordType::Cname | RecordType::Txt, _, _, Some(_)) => {
                tell("alias", format!("a {record_type} record cannot be an alias: only A and AAAA can"))
            }
            _ => tell("values", "a record has either `values` or `alias`".into()),
        }
        if let Some(Ref::Known(servers)) = name_servers.as_ref().filter(|_| *record_type == RecordType::Ns)
            && servers.is_empty()
        {
            tell("name_servers", "name at least one server".into());
        }
        if *record_type == RecordType::Ns && known_name.as_ref().is_some_and(DomainName::is_wildcard) {
            tell("name", "a delegation is of one name: it cannot be a wildcard".into());
        }
        if *record_type == RecordType::Cname && values.len() > 1 {
            tell("values", format!("a CNAME record has one value, not {}", values.len()));
        }
        for value in values.iter().filter_map(Text::known) {
            let wrong = match record_type {
                RecordType::A => value.parse::<Ipv4Addr>().is_err().then(|| format!("`{value}` is no IPv4 address")),
                RecordType::Aaaa => value.parse::<Ipv6Addr>().is_err().then(|| format!("`{value}` is no IPv6 address")),
                RecordType::Cname => DomainName::new(value).problem(),
                RecordType::Txt => (value.len() > 4000).then(|| "a value has at most 4,000 characters".into()),
                RecordType::Ns => None,
            };
            if let Some(wrong) = wrong {
                tell("values", wrong);
            }
        }
        match (ttl, alias) {
            (Some(_), Some(_)) => tell("ttl", "an alias has no time to live: AWS takes its target's".into()),
            (Some(ttl), None) if *ttl > 2_147_483_647 => tell("ttl", "the longest time to live is 2147483647 seconds".into()),
            _ => {}
        }
        if alias.as_ref().is_some_and(|alias| alias.evaluate_health && alias.zone_id.known() == Some(CLOUDFRONT_ZONE)) {
            tell("alias.evaluate_health", "AWS does not know the health of a CloudFront distribution: leave it out".into());
        }
        problems
    }

    fn diff(have: &DnsRecordSpec<Written>, want: &DnsRecordSpec<Written>) -> Diff {
        let DnsRecordSpec { zone, name, record_type, ttl: _, values: _, name_servers, alias } = want;
        let as_name = |name: &Text| name.known().map_or_else(|| name.clone(), |known| DomainName::new(known).as_str().into());
        let as_values = |spec: &DnsRecordSpec<Written>| -> BTreeSet<Text> {
            spec.values
                .iter()
                .map(|v| v.known().map_or_else(|| v.clone(), |known| canonical(spec.record_type, known).as_str().into()))
                .collect()
        };
        let as_alias = |alias: &Option<Alias<Written>>| {
            alias.as_ref().map(|alias| Alias {
                dns_name: alias.dns_name.known().map_or_else(|| alias.dns_name.clone(), |known| alias_name(known).as_str().into()),
                ..alias.clone()
            })
        };
        Diff::new()
            .replace("zone", &have.zone, zone)
            .replace("name", &as_name(&have.name), &as_name(name))
            .replace("type", &have.record_type, record_type)
            .risks(RiskKind::Downtime, "between the old record and the new one the name is not found, and others may remember that")
            .away(0, 900)
            .update("ttl", &have.seconds(), &want.seconds())
            .update("values", &as_values(have), &as_values(want))
            .update("name_servers", &have.name_servers, name_servers)
            .update("alias", &as_alias(&have.alias), &as_alias(alias))
    }

    /// A CNAME stands beside no other record of its name, so the one must go before the other can come. A name that is not known
    /// yet may be the one it has: ACM asks for the same record again for a new certificate of the same names.
    fn replacement(have: &DnsRecordSpec<Written>, want: &DnsRecordSpec<Written>) -> Replacement {
        let cname = [have.record_type, want.record_type].contains(&RecordType::Cname);
        let maybe_same = want.name.known().is_none();
        if maybe_same || (cname && have.record_type != want.record_type) { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &DnsRecordSpec<Written>) -> Meters {
        if want.alias.is_some() { Meters::free() } else { Meters::usage_only("route53.queries") }
    }

    /// Records are listed one zone at a time; one that is not on the first page of its zone takes a call of its own.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().each("route53:ListResourceRecordSets", of.iter().map(|it| it.spec.zone.as_str()))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::{Value, json};

    fn whole(edit: &Value) -> Value {
        let mut whole = json!({"zone": {"$ref": "hosted-zone.main", "output": "id"}, "name": "www.example.com", "type": "CNAME", "values": ["a.example.net"]});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: &Value) -> DnsRecordSpec<Written> {
        typed(&whole(edit)).unwrap()
    }

    fn verbs(have: &Value, want: &Value) -> Vec<(String, Verb)> {
        DnsRecord::diff(&spec(have), &spec(want)).changes().iter().map(|c| (c.field.clone(), c.verb.clone())).collect()
    }

    #[test]
    fn each_field_has_its_verb() {
        let alias = |name: &str| json!({"type": "A", "values": [], "alias": {"dns_name": name, "zone_id": "Z2FDTNDATAQYW2"}});
        let update = |field: &str| vec![(field.to_owned(), Verb::Update)];
        let replace = |field: &str| vec![(field.to_owned(), Verb::Replace)];
        let cname = json!({});
        let table = [
            (cname.clone(), json!({"zone": "Z1"}), replace("zone")),
            (cname.clone(), json!({"name": "web.example.com"}), replace("name")),
            (cname.clone(), json!({"name": "WWW.example.com."}), vec![]),
            (cname.clone(), json!({"type": "TXT"}), replace("type")),
            (cname.clone(), json!({"ttl": 300}), vec![]),
            (cname.clone(), json!({"ttl": 60}), update("ttl")),
            (cname.clone(), json!({"values": ["A.example.net."]}), vec![]),
            (cname.clone(), json!({"values": [{"$ref": "certificate.main", "output": "validation_value"}]}), update("values")),
            (alias("d1.cloudfront.net"), alias("D1.cloudfront.net."), vec![]),
            (alias("dualstack.x.af-south-1.elb.amazonaws.com"), alias("x.af-south-1.elb.amazonaws.com"), vec![]),
            (alias("d1.cloudfront.net"), alias("d2.cloudfront.net"), update("alias")),
            (
                json!({"type": "NS", "values": [], "name_servers": ["ns-1.a.com.", "ns-2.b.org"]}),
                json!({"type": "NS", "values": [], "name_servers": ["ns-2.b.org", "ns-1.a.com"]}),
                vec![],
            ),
            (
                json!({"type": "NS", "values": [], "name_servers": ["ns-1.a.com."]}),
                json!({"type": "NS", "values": [], "name_servers": {"$ref": "hosted-zone.wp", "output": "name_servers"}}),
                update("name_servers"),
            ),
            (json!({"type": "TXT", "values": ["\"v=spf1 \" \"-all\""]}), json!({"type": "TXT", "values": ["v=spf1 -all"]}), vec![]),
            (json!({"type": "AAAA", "values": ["2001:DB8:0:0::1"]}), json!({"type": "AAAA", "values": ["2001:db8::1"]}), vec![]),
        ];
        for (have, want, verbs_wanted) in table {
            assert_eq!(verbs(&have, &want), verbs_wanted, "{have} → {want}");
        }
    }

    #[test]
    fn a_cname_and_another_record_of_the_name_take_turns() {
        let order = |have: Value, want: Value| DnsRecord::replacement(&spec(&have), &spec(&want)).order;
        assert_eq!(order(json!({}), json!({"type": "TXT"})), Order::DeleteFirst);
        assert_eq!(order(json!({}), json!({"name": "web.example.com"})), Order::CreateFirst);
        assert_eq!(order(json!({"type": "A", "values": ["10.0.0.1"]}), json!({"type": "AAAA", "values": ["::1"]})), Order::CreateFirst);
    }

    #[test]
    fn what_is_wrong_by_itself_is_told() {
        let fields = |edit: Value| DnsRecord::check(&spec(&edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        let alias = json!({"dns_name": "d1.cloudfront.net", "zone_id": "Z2FDTNDATAQYW2", "evaluate_health": true});
        assert!(fields(json!({})).is_empty());
        assert_eq!(fields(json!({"name": "www..com"})), ["name"]);
        assert_eq!(fields(json!({"values": []})), ["values"]);
        assert_eq!(fields(json!({"values": ["a.com", "b.com"]})), ["values"]);
        assert_eq!(fields(json!({"type": "NS"})), ["name_servers"]);
        assert_eq!(fields(json!({"type": "NS", "values": [], "name_servers": []})), ["name_servers"]);
        assert_eq!(fields(json!({"type": "A", "values": ["10.0.0.256"]})), ["values"]);
        assert_eq!(fields(json!({"type": "A", "values": [], "alias": alias})), ["alias.evaluate_health"]);
        assert_eq!(fields(json!({"alias": alias, "ttl": 60})), ["alias", "ttl", "alias.evaluate_health"]);
    }

    #[test]
    fn the_same_record_in_other_words_is_the_same() {
        let ready = |edit: Value| -> DnsRecordSpec<Ready> {
            let mut whole = whole(&edit);
            whole["zone"] = json!("Z1");
            typed(&whole).unwrap()
        };
        let have = ready(json!({"name": "WWW.example.com.", "ttl": 300, "values": ["A.example.net."]}));
        assert!(have.says_the_same_as(&ready(json!({}))));
        assert!(!have.says_the_same_as(&ready(json!({"values": ["b.example.net"]}))));
        assert!(!have.says_the_same_as(&ready(json!({"ttl": 60}))));
    }
}
