//! `certificate`: a public certificate of ACM, validated through DNS.

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DomainName, pace};

/// A public TLS certificate.
pub enum Certificate {}

/// The key of a certificate. CloudFront takes the first two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KeyAlgorithm {
    /// RSA with 2048 bits: every client knows it.
    #[default]
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    /// The elliptic curve P-256.
    #[serde(rename = "EC_prime256v1")]
    EcPrime256,
    /// The elliptic curve P-384.
    #[serde(rename = "EC_secp384r1")]
    EcSecp384,
}

/// What may be declared of a certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateSpec {
    /// Its first name, at most 64 characters.
    pub domain: DomainName,
    /// Its further names. A wildcard covers one level and not the name it stands below.
    #[serde(default)]
    pub alternative_names: BTreeSet<DomainName>,
    /// The region that it is kept in: us-east-1 for CloudFront, the load balancer's own for a load balancer.
    pub region: String,
    /// Its key.
    #[serde(default)]
    pub key_algorithm: KeyAlgorithm,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

impl CertificateSpec {
    /// All its names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<DomainName> {
        self.alternative_names.iter().chain([&self.domain]).cloned().collect()
    }
}

/// The DNS record that shows AWS whose a name is. A wildcard and the name it stands below share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ValidationRecord {
    /// The record's name, without the trailing dot.
    pub name: String,
    /// The record's type: CNAME.
    #[serde(rename = "type")]
    pub record_type: String,
    /// The record's value, without the trailing dot.
    pub value: String,
}

/// What a certificate offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateOutputs {
    /// Its ARN; of use to others once AWS has issued it.
    pub arn: Arn<Certificate>,
    /// Its first name.
    pub domain: String,
    /// AWS's word for how far it is: `PENDING_VALIDATION`, `ISSUED`.
    pub status: String,
    /// The records that validate its names, each once; known some seconds after the request.
    pub validation: Option<Vec<ValidationRecord>>,
    /// The name of the record that validates the first name.
    pub validation_name: Option<String>,
    /// The value of that record.
    pub validation_value: Option<String>,
}

impl Kind for Certificate {
    const NAME: &'static str = "certificate";
    const FACTS: Facts = Facts {
        service: "acm",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(120, 3, 10, 90),
        pace: pace::ACM,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["acm:DescribeCertificate", "acm:ListCertificates", "acm:ListTagsForCertificate"],
        create: &["acm:RequestCertificate", "acm:AddTagsToCertificate"],
        update: &["acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"],
        delete: &["acm:DeleteCertificate"],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        OutputFact::ready("arn"),
        OutputFact::created("domain"),
        OutputFact::created("status"),
        OutputFact::created("validation"),
        OutputFact::created("validation_name"),
        OutputFact::created("validation_value"),
    ];
    type Spec<S: Stage> = CertificateSpec;
    type Outputs = CertificateOutputs;

    fn check(want: &CertificateSpec) -> Vec<SpecProblem> {
        let CertificateSpec { domain, alternative_names, region, key_algorithm: _, tags: _ } = want;
        let mut problems = vec![];
        match domain.problem() {
            Some(problem) => problems.push(SpecProblem::new("domain", problem)),
            None if domain.as_str().len() > 64 => {
                problems.push(SpecProblem::new(
                    "domain",
                    format!("`{domain}` is longer than 64 characters: put a shorter name first and this one into `alternative_names`"),
                ));
            }
            None => {}
        }
        for (index, name) in alternative_names.iter().enumerate() {
            if let Some(problem) = name.problem() {
                problems.push(SpecProblem::new(&format!("alternative_names[{index}]"), problem));
            }
        }
        if want.names().len() > 100 {
            problems.push(SpecProblem::new("alternative_names", "a certificate has at most 100 names (10 without a raised quota)"));
        }
        if region.is_empty() {
            problems.push(SpecProblem::new("region", "name a region: `us-east-1` for CloudFront"));
        }
        problems
    }

    fn diff(have: &CertificateSpec, want: &CertificateSpec) -> Diff {
        let CertificateSpec { domain, alternative_names: _, region, key_algorithm, tags } = want;
        // AWS counts the first name among the alternative ones.
        let others =
            |spec: &CertificateSpec| spec.alternative_names.iter().filter(|name| **name != spec.domain).cloned().collect::<BTreeSet<_>>();
        Diff::new()
            .replace("domain", &have.domain, domain)
            .replace("alternative_names", &others(have), &others(want))
            .replace("region", &have.region, region)
            .replace("key_algorithm", &have.key_algorithm, key_algorithm)
            .update("tags", &have.tags, tags)
    }

    /// The old one serves until the new one is issued and in its place.
    fn replacement(_: &CertificateSpec, _: &CertificateSpec) -> Replacement {
        Replacement::CREATE_FIRST
    }

    /// Public certificates that cannot be exported cost nothing.
    fn meters(_: &CertificateSpec) -> Meters {
        Meters::free()
    }

    /// ACM answers about one certificate a call, and tells tags apart.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none().each("acm:DescribeCertificate", ids()).each("acm:ListTagsForCertificate", ids())
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

    fn spec(edit: serde_json::Value) -> CertificateSpec {
        let mut whole = json!({"domain": "*.wp.example.com", "alternative_names": ["wp.example.com"], "region": "us-east-1"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"domain": "*.WP.example.com."}), vec![]),
            (json!({"domain": "www.example.com"}), vec![Verb::Replace]),
            (json!({"alternative_names": ["wp.example.com", "*.wp.example.com"]}), vec![]),
            (json!({"alternative_names": []}), vec![Verb::Replace]),
            (json!({"region": "af-south-1"}), vec![Verb::Replace]),
            (json!({"key_algorithm": "EC_prime256v1"}), vec![Verb::Replace]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
        ];
        for (edit, verbs) in table {
            let diff = Certificate::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn what_is_wrong_by_itself_is_told() {
        let fields = |edit| Certificate::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"domain": "com"})), ["domain"]);
        assert_eq!(fields(json!({"domain": format!("{}.example.com", "x".repeat(60))})), ["domain"]);
        assert_eq!(
            fields(json!({"alternative_names": ["a.example.com", "b..example.com"], "region": ""})),
            ["alternative_names[1]", "region"]
        );
        assert!(fields(json!({})).is_empty());
    }
}
