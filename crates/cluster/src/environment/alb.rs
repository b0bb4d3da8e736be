//! The load balancer.

use bbws_model::Cidr;
use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::RuleId;
use crate::decode::Table;

/// The load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alb {
    /// Who may reach it on port 80, and 443 with HTTPS: everybody if left out, nobody else beside CloudFront with `from_cloudfront_only`.
    pub allow: Vec<Cidr>,
    /// Whether CloudFront's edge may reach it, and nobody else but `allow`.
    pub from_cloudfront_only: bool,
    /// Whether it has an HTTPS listener with a certificate of its own region.
    pub https: bool,
    /// Whether AWS refuses to delete it. On in production.
    pub deletion_protection: bool,
    /// Whether the file says in so many words that it is not protected: only that gives protection up.
    #[serde(skip)]
    #[schemars(skip)]
    pub unprotected: bool,
    /// Seconds after which a connection without traffic is closed.
    pub idle_timeout: u32,
    /// Whether requests with malformed headers lose these headers.
    pub drop_invalid_headers: bool,
    /// Whether each request is logged to an S3 bucket.
    pub access_logs: bool,
    /// What a request gets that no tenant's rule takes.
    pub fixed_response: FixedResponse,
}

/// What a request gets that no tenant's rule takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FixedResponse {
    /// The status: 2xx, 4xx or 5xx. Route 53's health check takes only 2xx for well.
    pub status: u16,
    /// The text, up to 1024 bytes.
    pub body: String,
}

impl Alb {
    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        t.fixed(&["internal"], false, RuleId::InternalAlb, "the load balancer faces the internet: CloudFront reaches it from there");
        let protection = t.get("deletion_protection").option();
        let from_cloudfront_only = t.get("from_cloudfront_only").or(false);
        let everybody = || if from_cloudfront_only { vec![] } else { "0.0.0.0/0".parse().into_iter().collect() };
        Self {
            allow: t.list("allow").option().unwrap_or_else(everybody),
            from_cloudfront_only,
            https: t.get("https").or(false),
            deletion_protection: protection.unwrap_or(tier.is_prod()),
            unprotected: protection == Some(false),
            idle_timeout: t.get("idle_timeout").within(1..=4000, "seconds").or(60),
            drop_invalid_headers: t.get("drop_invalid_headers").or(true),
            access_logs: t.get("access_logs").or(false),
            fixed_response: t.table("fixed_response", |t| FixedResponse {
                status: t.get("status").within(200..=599, "").or(200),
                body: t.get("body").or("The load balancer is up; nothing is served under this name.".to_owned()),
            }),
        }
    }
}
