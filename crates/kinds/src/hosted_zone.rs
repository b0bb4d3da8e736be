//! `hosted-zone`: a public DNS zone of Route 53, made by bbws or there already.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, SpecProblem, Stage, Tags, Target, Unit,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{DomainName, pace};

/// A public DNS zone.
pub enum HostedZone {}

/// What may be declared of a hosted zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostedZoneSpec {
    /// Its domain.
    pub name: DomainName,
    /// Whether it was there before bbws. Such a zone is found, and never made, changed or deleted; only records in it are.
    #[serde(default)]
    pub existing: bool,
    /// The id of an existing zone (`Z…`), needed where several zones bear the name.
    #[serde(default)]
    pub zone_id: Option<String>,
    /// A comment for people, up to 256 characters. An existing zone keeps its own.
    #[serde(default)]
    pub comment: String,
    /// Its tags. An existing zone keeps its own.
    #[serde(default)]
    pub tags: Tags,
}

/// What a hosted zone offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostedZoneOutputs {
    /// Its id, `Z…`, without the `/hostedzone/` that AWS puts before it in answers.
    pub id: Id<HostedZone>,
    /// Its domain.
    pub name: Name<HostedZone>,
    /// The four name servers that AWS gave it. Another zone of the same name gets others.
    pub name_servers: NameServers,
}

/// The name servers of a zone: their order means nothing, nor do case and trailing dots.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct NameServers(BTreeSet<String>);

impl NameServers {
    /// The set of these servers.
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(servers.into_iter().map(|server| DomainName::new(server.as_ref()).as_str().to_owned()).collect())
    }

    /// The servers, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for NameServers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(Vec::<String>::deserialize(deserializer)?))
    }
}

impl JsonSchema for NameServers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NameServers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })
    }
}

impl Target for NameServers {
    const KIND: &'static str = HostedZone::NAME;
    const OUTPUT: &'static str = "name_servers";
}

impl Kind for HostedZone {
    const NAME: &'static str = "hosted-zone";
    const FACTS: Facts = Facts {
        service: "route53",
        id_prefix: "Z",
        holds_data: false,
        loses: None,
        backbone: true,
        carries: true,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(3, 2, 3, 15),
        pace: pace::ROUTE53,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:ListTagsForResources"],
        create: &["route53:CreateHostedZone"],
        update: &["route53:UpdateHostedZoneComment", "route53:ChangeTagsForResource"],
        delete: &["route53:DeleteHostedZone", "route53:ListResourceRecordSets"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::created("name"), OutputFact::created("name_servers")];
    type Spec<S: Stage> = HostedZoneSpec;
    type Outputs = HostedZoneOutputs;

    fn check(want: &HostedZoneSpec) -> Vec<SpecProblem> {
        let HostedZoneSpec { name, existing, zone_id, comment, tags: _ } = want;
        let mut problems = vec![];
        if let Some(problem) = name.problem() {
            problems.push(SpecProblem::new("name", problem));
        }
        match zone_id {
            Some(_) if !existing => {
                problems.push(SpecProblem::new("zone_id", "AWS gives a new zone its id: name one only with `existing = true`"))
            }
            Some(id) if !id.starts_with('Z') => {
                problems.push(SpecProblem::new("zone_id", format!("`{id}` is no zone id: it begins with `Z`")))
            }
            _ => {}
        }
        if comment.chars().count() > 256 {
            problems.push(SpecProblem::new("comment", "AWS keeps at most 256 characters"));
        }
        problems
    }

    fn diff(have: &HostedZoneSpec, want: &HostedZoneSpec) -> Diff {
        let HostedZoneSpec { name, existing, zone_id, comment, tags } = want;
        let diff = Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::Downtime, "the new zone has other name servers: until its parent delegates to them, its names are not found")
            .update("existing", &have.existing, existing)
            .replace_if_declared("zone_id", &have.zone_id, zone_id);
        if *existing { diff } else { diff.update("comment", &have.comment, comment).update("tags", &have.tags, tags) }
    }

    /// AWS takes any number of zones of one name.
    fn replacement(_: &HostedZoneSpec, _: &HostedZoneSpec) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(want: &HostedZoneSpec) -> Meters {
        // An existing zone is paid for already, whatever becomes of this environment.
        if want.existing { Meters::free() } else { Meters::free().and("route53.zone", 1.0, Unit::Month) }
    }

    /// Name servers are told of one zone at a time, and tags of ten. The tags of an existing zone are not ours to look after.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ours = of.iter().filter(|it| !it.spec.existing).map(|it| it.id.as_str());
        Reads::none().each("route53:GetHostedZone", of.iter().map(|it| it.id.as_str())).batched("route53:ListTagsForResources", 10, ours)
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> HostedZoneSpec {
        let mut whole = json!({"name": "wpdev.example.com"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "WPDEV.example.com."}), vec![]),
            (json!({"name": "wpsit.example.com"}), vec![Verb::Replace]),
            (json!({"existing": true}), vec![Verb::Update]),
            (json!({"comment": "c"}), vec![Verb::Update]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
        ];
        for (edit, verbs) in table {
            let diff = HostedZone::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn an_existing_zone_is_left_as_it_is() {
        let have = spec(json!({"existing": true, "comment": "ours since 2019", "tags": {"Team": "dns"}}));
        assert!(HostedZone::diff(&have, &spec(json!({"existing": true, "tags": {"Environment": "prod"}}))).is_empty());
        let named = HostedZone::diff(&have, &spec(json!({"existing": true, "zone_id": "Z2"})));
        assert_eq!(named.changes()[0].field, "zone_id");
        assert_eq!(HostedZone::meters(&have), Meters::free());
    }

    #[test]
    fn what_is_wrong_by_itself_is_told() {
        let fields = |edit| HostedZone::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "com"})), ["name"]);
        assert_eq!(fields(json!({"zone_id": "Z1"})), ["zone_id"]);
        assert_eq!(fields(json!({"existing": true, "zone_id": "/hostedzone/Z1"})), ["zone_id"]);
        assert!(fields(json!({"existing": true, "zone_id": "Z1"})).is_empty());
    }

    #[test]
    fn name_servers_are_a_set() {
        let servers: NameServers = serde_json::from_value(json!(["ns-2.AWSdns.org.", "ns-1.awsdns.com"])).unwrap();
        assert_eq!(servers, NameServers::new(["ns-1.awsdns.com.", "ns-2.awsdns.org"]));
    }
}
