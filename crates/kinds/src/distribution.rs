//! `distribution`: a CloudFront distribution before servers of one's own.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, Severity, SpecProblem, Stage, Tags, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::behaviour::{self, Behaviour, PathBehaviour};
use crate::origin::{self, Origin, OriginHeader, OriginProtocol};
use crate::{CACHE_POLICIES, Certificate, DomainName, REQUEST_POLICIES, RESPONSE_POLICIES, pace};

/// A CloudFront distribution. Settings of it that cannot be declared show themselves in `others`, and are taken back;
/// Lambda@Edge functions and a web ACL that somebody else gave it are kept.
pub enum Distribution {}

/// From how many places CloudFront answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PriceClass {
    /// North America, Europe and Israel.
    #[serde(rename = "PriceClass_100")]
    Class100,
    /// South Africa, the Middle East and most of Asia too.
    #[serde(rename = "PriceClass_200")]
    Class200,
    /// Everywhere.
    #[default]
    #[serde(rename = "PriceClass_All")]
    All,
}

/// Which HTTP viewers may speak, HTTP/1.1 always included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// HTTP/1.1 only.
    #[serde(rename = "http1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "http2")]
    Http2,
    /// HTTP/3.
    #[serde(rename = "http3")]
    Http3,
    /// HTTP/2 and HTTP/3.
    #[serde(rename = "http2and3")]
    Http2And3,
}

/// The certificate that viewers see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct ViewerCertificate<S: Stage> {
    /// The certificate, of us-east-1. It covers every alias.
    pub arn: S::Ref<Arn<Certificate>>,
    /// The least that viewers have to encrypt with, by CloudFront's name for it.
    #[serde(default = "tls")]
    pub min_tls: String,
}

/// From which countries viewers may come, by their ISO codes of two letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GeoRestriction {
    /// From everywhere.
    #[default]
    None,
    /// From these only.
    Allow(BTreeSet<String>),
    /// From all but these.
    Deny(BTreeSet<String>),
}

/// What may be declared of a distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct DistributionSpec<S: Stage> {
    /// What it is for, up to 128 characters.
    #[serde(default)]
    pub comment: String,
    /// Whether it answers.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The names it answers to beside its own.
    #[serde(default)]
    pub aliases: BTreeSet<DomainName>,
    /// The certificate that viewers see. None: CloudFront's own, which covers no alias and takes TLS 1.0.
    #[serde(default)]
    pub certificate: Option<ViewerCertificate<S>>,
    /// Where it gets what it has not kept, by names of your own.
    pub origins: BTreeMap<String, Origin<S>>,
    /// What becomes of requests that no other behaviour takes.
    pub default_behaviour: Behaviour<S>,
    /// What becomes of requests by path; the first that fits counts.
    #[serde(default)]
    pub behaviours: Vec<PathBehaviour<S>>,
    /// The file that is answered for `/`. Empty: the origin decides.
    #[serde(default)]
    pub default_root_object: String,
    /// From how many places it answers: `PriceClass_100`, `PriceClass_200` or `PriceClass_All`.
    #[serde(default)]
    pub price_class: PriceClass,
    /// Which HTTP viewers may speak: `http1.1`, `http2`, `http3` or `http2and3`.
    #[serde(default = "http2")]
    pub http_version: HttpVersion,
    /// Whether viewers may come by IPv6.
    #[serde(default = "yes")]
    pub ipv6: bool,
    /// From which countries viewers may come.
    #[serde(default)]
    pub geo_restriction: GeoRestriction,
    /// The web ACL before it, by its ARN. None: as it is found.
    #[serde(default)]
    pub web_acl: Option<S::Text>,
    /// Settings that others made and that cannot be declared here, by AWS's names for them. Seen only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a distribution offers others. It answers under its own name some minutes after it was made; records that lead to
/// it can be made at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistributionOutputs {
    /// Its id.
    pub id: Id<Distribution>,
    /// Its ARN.
    pub arn: Arn<Distribution>,
    /// Its own DNS name: `d111111abcdef8.cloudfront.net`.
    pub domain_name: String,
    /// The zone of that name, for alias records: the same for all distributions.
    pub zone_id: String,
    /// `InProgress` or `Deployed`.
    pub status: String,
    /// The names it answers to beside its own.
    pub aliases: Vec<String>,
}

/// The least encryption that CloudFront demands of viewers unless told otherwise here: TLS 1.2 and no old cipher.
pub const MIN_TLS: &str = "TLSv1.2_2021";
/// What may be demanded of viewers, by CloudFront's names, weakest first.
const TLS_LEVELS: [&str; 9] =
    ["SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"];
/// Policies that pass the viewer's `Host` header on.
const PASSES_HOST: [&str; 2] = ["AllViewer", "AllViewerAndCloudFrontHeaders-2022-06"];

fn yes() -> bool {
    true
}

fn http2() -> HttpVersion {
    HttpVersion::Http2
}

fn tls() -> String {
    MIN_TLS.into()
}

impl<S: Stage> DistributionSpec<S> {
    /// Every behaviour with the paths that it is for; `*` for the default one.
    pub fn all_behaviours(&self) -> impl Iterator<Item = (&str, &Behaviour<S>)> {
        std::iter::once(("*", &self.default_behaviour)).chain(self.behaviours.iter().map(|of| (of.path.as_str(), &of.behaviour)))
    }
}

impl Kind for Distribution {
    const NAME: &'static str = "distribution";
    const FACTS: Facts = Facts {
        service: "cloudfront",
        id_prefix: "E",
        holds_data: false,
        loses: None,
        backbone: true,
        carries: false,
        name: None,
        soft_on: &["load-balancer", "secret"],
        recovery: Recovery::Token,
        durations: Durations::secs(240, 240, 300, 90),
        pace: pace::CLOUDFRONT,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &[
            "cloudfront:GetDistribution",
            "cloudfront:ListDistributions",
            "cloudfront:ListTagsForResource",
            "cloudfront:ListCachePolicies",
            "cloudfront:ListOriginRequestPolicies",
            "cloudfront:ListResponseHeadersPolicies",
            "secretsmanager:GetSecretValue",
        ],
        create: &["cloudfront:CreateDistribution", "cloudfront:TagResource"],
        update: &["cloudfront:UpdateDistribution", "cloudfront:TagResource", "cloudfront:UntagResource"],
        delete: &["cloudfront:UpdateDistribution", "cloudfront:DeleteDistribution"],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        OutputFact::created("id"),
        OutputFact::created("arn"),
        OutputFact::created("domain_name"),
        OutputFact::created("zone_id"),
        OutputFact::created("status"),
        OutputFact::created("aliases"),
    ];
    type Spec<S: Stage> = DistributionSpec<S>;
    type Outputs = DistributionOutputs;

    fn check(want: &DistributionSpec<Written>) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if want.comment.chars().count() > 128 {
            wrong("comment", "at most 128 characters".into());
        }
        if want.aliases.len() > 100 {
            wrong("aliases", format!("{} are too many: a distribution has 100", want.aliases.len()));
        }
        if !want.aliases.is_empty() && want.certificate.is_none() {
            wrong("aliases", "names of your own need a certificate that covers them: set `certificate`".into());
        }
        for problem in want.aliases.iter().filter_map(DomainName::problem) {
            wrong("aliases", problem);
        }
        if let Some(ViewerCertificate { arn, min_tls }) = &want.certificate {
            if !TLS_LEVELS.contains(&min_tls.as_str()) {
                wrong("certificate.min_tls", format!("`{min_tls}` does not do: CloudFront knows {}", TLS_LEVELS.join(", ")));
            }
            if arn.known().is_some_and(|arn| !arn.as_str().starts_with("arn:aws:acm:us-east-1:")) {
                wrong("certificate.arn", "CloudFront takes certificates of us-east-1 only".into());
            }
        }
        if want.origins.is_empty() || want.origins.len() > 25 {
            wrong("origins", format!("a distribution has 1 to 25 origins, not {}", want.origins.len()));
        }
        if want.behaviours.len() > 25 {
            wrong("behaviours", format!("{} are too many: a distribution has 25", want.behaviours.len()));
        }
        let mut paths = BTreeSet::new();
        for (at, PathBehaviour { path, behaviour: _ }) in want.behaviours.iter().enumerate() {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c);
            if path.is_empty() || path.len() > 255 || !path.chars().all(allowed) {
                wrong(&format!("behaviours[{at}].path"), format!("`{path}` is no path pattern: as in `/wp-content/*`"));
            }
            if !paths.insert(path) {
                wrong(&format!("behaviours[{at}].path"), format!("`{path}` has a behaviour already, and the first one counts"));
            }
        }
        if want.default_root_object.starts_with('/') {
            wrong("default_root_object", "write the file's name without its first `/`".into());
        }
        if let GeoRestriction::Allow(countries) | GeoRestriction::Deny(countries) = &want.geo_restriction
            && (countries.is_empty() || countries.iter().any(|code| code.len() != 2 || !code.chars().all(|c| c.is_ascii_uppercase())))
        {
            wrong("geo_restriction", "name countries by their ISO codes of two capital letters, as in `ZA`".into());
        }
        if !want.others.is_empty() {
            wrong("others", "it only shows what others have set: leave it out".into());
        }
        for (name, origin) in &want.origins {
            if name.is_empty() || name.len() > 128 {
                problems.push(SpecProblem::new("origins", format!("`{name}`: an origin's name has 1 to 128 characters")));
            }
            problems.extend(origin::problems(&format!("origins.{name}"), origin));
        }
        for (at, (_, behaviour)) in want.all_behaviours().enumerate() {
            let field = if at == 0 { "default_behaviour.".to_owned() } else { format!("behaviours[{}].behaviour.", at - 1) };
            problems.extend(behaviour::problems(&field, behaviour));
            problems.extend(origin_problem(&field, behaviour, &want.origins));
        }
        problems
    }

    fn diff(have: &DistributionSpec<Written>, want: &DistributionSpec<Written>) -> Diff {
        let DistributionSpec {
            comment,
            enabled,
            aliases,
            certificate,
            origins,
            default_behaviour,
            behaviours,
            default_root_object,
            price_class,
            http_version,
            ipv6,
            geo_restriction,
            web_acl,
            others,
            tags,
        } = want;
        let diff = Diff::new().update("comment", &have.comment, comment).update("enabled", &have.enabled, enabled);
        let diff = if *enabled { diff } else { diff.risks(RiskKind::Downtime, "it answers nobody any more") };
        let mut diff = diff.update("aliases", &have.aliases, aliases);
        for name in have.aliases.difference(aliases) {
            diff = diff.risks(RiskKind::Downtime, format!("it no longer answers to {name}"));
        }
        let level = |certificate: &Option<ViewerCertificate<Written>>| {
            certificate.as_ref().and_then(|of| TLS_LEVELS.iter().position(|level| *level == of.min_tls))
        };
        diff = diff.update("certificate", &have.certificate, certificate);
        if level(certificate) < level(&have.certificate) {
            diff = diff.risks(RiskKind::Security, "viewers may use weaker encryption");
        }
        diff = diff_origins(diff, &have.origins, origins)
            .update("default_behaviour", &have.default_behaviour.own(), &default_behaviour.own())
            .update("behaviours", &own(&have.behaviours), &own(behaviours));
        for lost in have.behaviours.iter().filter(|of| !behaviours.iter().any(|kept| kept.path == of.path)) {
            for function in lost.behaviour.lambda_functions.values() {
                diff =
                    diff.risks(RiskKind::Downtime, format!("the Lambda@Edge function {function} goes with the behaviour of {}", lost.path));
            }
        }
        diff.update("default_root_object", &have.default_root_object, default_root_object)
            .update("price_class", &have.price_class, price_class)
            .update("http_version", &have.http_version, http_version)
            .update("ipv6", &have.ipv6, ipv6)
            .update("geo_restriction", &have.geo_restriction, geo_restriction)
            .risks(RiskKind::Security, "it changes from where viewers may come")
            .update_if_declared("web_acl", &have.web_acl, web_acl)
            .risks(RiskKind::Security, "other rules judge the viewers' requests")
            .update("others", &have.others, others)
            .update("tags", &have.tags, tags)
    }

    /// Nothing of it needs a new one. Aliases can be of one distribution at a time.
    fn replacement(have: &DistributionSpec<Written>, want: &DistributionSpec<Written>) -> Replacement {
        if have.aliases.is_disjoint(&want.aliases) { Replacement::CREATE_FIRST } else { Replacement::DELETE_FIRST }
    }

    fn meters(_: &DistributionSpec<Written>) -> Meters {
        Meters::usage_only("cloudfront.transfer").and("cloudfront.requests", 0.0, Unit::Usage)
    }

    /// CloudFront answers about one distribution a call, and tells tags apart. What a header holds is compared with its secret; a policy that is none of those known by name is looked for among all of its sort.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        let behaviours = || of.iter().flat_map(|it| it.spec.all_behaviours()).map(|(_, behaviour)| behaviour);
        let headers = of.iter().flat_map(|it| it.spec.origins.values()).flat_map(|origin| origin.headers.values());
        let values = headers.filter(|header| !header.secret.is_empty()).map(|header| {
            let OriginHeader { secret, version, field, differs: _ } = header;
            format!("{secret} {} {}", version.as_deref().unwrap_or_default(), field.as_deref().unwrap_or_default())
        });
        let listed = |unknown: bool, api| if unknown { Reads::none().shared(api) } else { Reads::none() };
        let cache = behaviours().any(|of| !CACHE_POLICIES.has(&of.cache_policy));
        let request = behaviours().filter_map(|of| of.origin_request_policy.as_ref()).any(|name| !REQUEST_POLICIES.has(name));
        let response = behaviours().filter_map(|of| of.response_headers_policy.as_ref()).any(|name| !RESPONSE_POLICIES.has(name));
        Reads::none()
            .each("cloudfront:GetDistribution", ids())
            .each("cloudfront:ListTagsForResource", ids())
            .each("secretsmanager:GetSecretValue", values)
            .and(listed(cache, "cloudfront:ListCachePolicies"))
            .and(listed(request, "cloudfront:ListOriginRequestPolicies"))
            .and(listed(response, "cloudfront:ListResponseHeadersPolicies"))
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        let mut findings = vec![];
        if !seen.spec.enabled {
            findings.push(Finding::new(Severity::Warning, "the distribution is disabled: it answers nobody"));
        }
        for (path, behaviour) in seen.spec.all_behaviours() {
            for (event, function) in &behaviour.lambda_functions {
                let summary = format!("a Lambda@Edge function runs at {event} for {path}; it is not bbws's, and is kept");
                findings.push(Finding::new(Severity::Note, summary).seen(function.clone()));
            }
        }
        findings
    }
}

fn own(behaviours: &[PathBehaviour<Written>]) -> Vec<PathBehaviour<Written>> {
    behaviours.iter().map(PathBehaviour::own).collect()
}

/// Whether a behaviour's origin is there, and can answer it.
fn origin_problem(field: &str, behaviour: &Behaviour<Written>, origins: &BTreeMap<String, Origin<Written>>) -> Option<SpecProblem> {
    let name = &behaviour.origin;
    let Some(origin) = origins.get(name) else {
        let known: Vec<&str> = origins.keys().map(String::as_str).collect();
        return Some(SpecProblem::new(&format!("{field}origin"), format!("there is no origin `{name}`: there is {}", known.join(", "))));
    };
    let passes_host = behaviour.origin_request_policy.as_deref().is_some_and(|policy| PASSES_HOST.contains(&policy));
    let refused = origin.protocol == OriginProtocol::HttpsOnly && origin::is_load_balancers_own(&origin.domain_name) && !passes_host;
    refused.then(|| {
        SpecProblem::new(
            &format!("{field}origin_request_policy"),
            format!(
                "the origin `{name}` is asked under the load balancer's own name, for which it has no certificate: pass the viewer's host on with `AllViewer`, or give the origin a name of yours"
            ),
        )
    })
}

/// Origins without their headers, then each header: of a header's value only where it comes from can be told.
fn diff_origins(diff: Diff, have: &BTreeMap<String, Origin<Written>>, want: &BTreeMap<String, Origin<Written>>) -> Diff {
    let bare = |origins: &BTreeMap<String, Origin<Written>>| -> BTreeMap<String, Origin<Written>> {
        origins.iter().map(|(name, origin)| (name.clone(), origin.bare())).collect()
    };
    let mut diff = diff.update("origins", &bare(have), &bare(want));
    for (name, origin) in want {
        let there = have.get(name).map(|origin| origin.headers.clone()).unwrap_or_default();
        let names: BTreeSet<&String> = there.keys().chain(origin.headers.keys()).collect();
        for header in names {
            let field = format!("origins.{name}.headers.{header}");
            diff = diff.write_only(&field, &there.get(header), &origin.headers.get(header));
        }
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Phase, Verb, typed};
    use serde_json::{Value, json};

    fn document(edit: Value) -> Value {
        let mut whole = json!({
            "comment": "dev",
            "origins": {"alb": {"domain_name": {"$ref": "load-balancer.main", "output": "dns_name"}, "protocol": "http-only"}},
            "default_behaviour": {"origin": "alb", "cache_policy": "CachingDisabled", "origin_request_policy": "AllViewer", "methods": "all"},
            "behaviours": [{"path": "/wp-content/*", "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized"}}],
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: Value) -> DistributionSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    fn certificate() -> Value {
        json!({"arn": {"$ref": "certificate.cdn", "output": "arn"}})
    }

    fn alb(edit: Value) -> Value {
        let mut origin = json!({"domain_name": {"$ref": "load-balancer.main", "output": "dns_name"}, "protocol": "http-only"});
        origin.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        json!({"origins": {"alb": origin}})
    }

    fn changes(have: Value, want: Value) -> Vec<(String, Verb, usize)> {
        let diff = Distribution::diff(&spec(have), &spec(want));
        diff.into_changes().into_iter().map(|c| (c.field, c.verb, c.risks.len())).collect()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"comment": "x"}), "comment", 0),
            (json!({"enabled": false}), "enabled", 1),
            (json!({"aliases": ["wp.example.com"]}), "aliases", 0),
            (json!({"certificate": certificate()}), "certificate", 0),
            (alb(json!({"read_timeout_seconds": 60})), "origins", 0),
            (json!({"default_behaviour": {"origin": "alb", "cache_policy": "CachingDisabled"}}), "default_behaviour", 0),
            (json!({"behaviours": []}), "behaviours", 0),
            (json!({"default_root_object": "index.php"}), "default_root_object", 0),
            (json!({"price_class": "PriceClass_200"}), "price_class", 0),
            (json!({"http_version": "http2and3"}), "http_version", 0),
            (json!({"ipv6": false}), "ipv6", 0),
            (json!({"geo_restriction": {"deny": ["KP"]}}), "geo_restriction", 1),
            (json!({"web_acl": "arn:aws:wafv2"}), "web_acl", 1),
            (json!({"others": {"Logging": "on"}}), "others", 0),
            (json!({"tags": {"a": "b"}}), "tags", 0),
        ];
        for (edit, field, risks) in table {
            assert_eq!(changes(json!({}), edit), [(field.to_owned(), Verb::Update, risks)]);
        }
    }

    #[test]
    fn behaviours_count_in_their_order() {
        let path = |path| json!({"path": path, "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized"}});
        let (ab, ba) = (json!({"behaviours": [path("/a"), path("/b")]}), json!({"behaviours": [path("/b"), path("/a")]}));
        assert_eq!(changes(ab, ba), [("behaviours".to_owned(), Verb::Update, 0)]);
    }

    #[test]
    fn a_headers_value_is_compared_by_where_it_comes_from() {
        let header = |header: Value| alb(json!({"headers": {"X-Origin-Verify": header}}));
        let (old, new) = (header(json!({"secret": "s", "version": "1"})), header(json!({"secret": "s", "version": "2"})));
        let field = || "origins.alb.headers.X-Origin-Verify".to_owned();
        assert_eq!(changes(old.clone(), new), [(field(), Verb::WriteOnly, 0)]);
        assert_eq!(changes(json!({}), old.clone()), [(field(), Verb::WriteOnly, 0)], "one more");
        assert_eq!(changes(old.clone(), json!({})), [(field(), Verb::WriteOnly, 0)], "one too many");
        let other = header(json!({"secret": "s", "version": "1", "differs": true}));
        assert_eq!(changes(other, old), [(field(), Verb::WriteOnly, 0)], "somebody else's value");
    }

    #[test]
    fn what_others_gave_it_is_kept() {
        let behaviour = |lambda: Value| json!({"default_behaviour": {"origin": "alb", "cache_policy": "CachingDisabled", "origin_request_policy": "AllViewer", "methods": "all", "lambda_functions": lambda}});
        assert!(changes(behaviour(json!({"viewer-request": "arn:aws:lambda:us-east-1:1:function:f:1"})), json!({})).is_empty());
        assert!(changes(json!({"web_acl": "arn:aws:wafv2"}), json!({})).is_empty());
        let path = json!({"path": "/old", "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized", "lambda_functions": {"origin-request": "arn:f"}}});
        assert_eq!(
            changes(json!({"behaviours": [path]}), json!({})),
            [("behaviours".to_owned(), Verb::Update, 1)],
            "it goes with its paths"
        );
    }

    #[test]
    fn losing_a_name_or_encryption_is_a_risk() {
        let named = |names: &[&str]| json!({"aliases": names, "certificate": certificate()});
        assert_eq!(changes(named(&["a.example.com", "b.example.com"]), named(&["a.example.com"]))[0].2, 1);
        assert_eq!(changes(json!({"certificate": certificate()}), json!({})), [("certificate".to_owned(), Verb::Update, 1)]);
        let mut weak = certificate();
        weak["min_tls"] = json!("TLSv1");
        assert_eq!(changes(json!({"certificate": certificate()}), json!({"certificate": weak}))[0].2, 1);
    }

    #[test]
    fn what_cloudfront_would_refuse_is_told() {
        let fields = |edit| Distribution::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        let path = |path: &str, origin: &str| json!({"path": path, "behaviour": {"origin": origin, "cache_policy": "CachingOptimized"}});
        let table = [
            (json!({"comment": "x".repeat(129)}), "comment"),
            (json!({"aliases": ["wp.example.com"]}), "aliases"),
            (json!({"aliases": ["com"], "certificate": certificate()}), "aliases"),
            (json!({"certificate": {"arn": "arn:aws:acm:af-south-1:1:certificate/x"}}), "certificate.arn"),
            (json!({"certificate": {"arn": "arn:aws:acm:us-east-1:1:certificate/x", "min_tls": "TLS1.2"}}), "certificate.min_tls"),
            (json!({"behaviours": [path("", "alb")]}), "behaviours[0].path"),
            (json!({"behaviours": [path("/a", "alb"), path("/a", "alb")]}), "behaviours[1].path"),
            (json!({"behaviours": [path("/a", "nlb")]}), "behaviours[0].behaviour.origin"),
            (json!({"default_root_object": "/index.php"}), "default_root_object"),
            (json!({"geo_restriction": {"allow": ["za"]}}), "geo_restriction"),
            (json!({"others": {"Logging": "on"}}), "others"),
        ];
        for (edit, field) in table {
            assert_eq!(fields(edit.clone()), [field], "{edit}");
        }
        assert_eq!(fields(json!({"origins": {}})), ["origins", "default_behaviour.origin", "behaviours[0].behaviour.origin"]);
        assert!(fields(json!({"aliases": ["wp.example.com"], "certificate": certificate()})).is_empty());
    }

    #[test]
    fn a_load_balancer_cannot_prove_its_own_name() {
        let fields = |edit| Distribution::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        // The default behaviour passes the viewer's host on, which the load balancer's certificate covers.
        assert_eq!(fields(alb(json!({"protocol": "https-only"}))), ["behaviours[0].behaviour.origin_request_policy"]);
        assert!(fields(alb(json!({"protocol": "https-only", "domain_name": "origin.example.com"}))).is_empty());
    }

    #[test]
    fn what_is_kept_is_shown() {
        let mut seen = document(json!({"enabled": false}));
        seen["origins"]["alb"]["domain_name"] = json!("a.example");
        seen["default_behaviour"]["lambda_functions"] = json!({"origin-request": "arn:aws:lambda:us-east-1:1:function:f:1"});
        let seen = Observed::<Distribution> {
            id: "E1".into(),
            spec: typed(&seen).unwrap(),
            outputs: DistributionOutputs {
                id: Id::new("E1"),
                arn: Arn::new("arn:aws:cloudfront::1:distribution/E1"),
                domain_name: "d1.cloudfront.net".into(),
                zone_id: crate::CLOUDFRONT_ZONE.into(),
                status: "Deployed".into(),
                aliases: vec![],
            },
            phase: Phase::Ready,
            owner: None,
        };
        let findings: Vec<Severity> = Distribution::health(&seen).into_iter().map(|f| f.severity).collect();
        assert_eq!(findings, [Severity::Warning, Severity::Note]);
    }
}
