//! What all CloudFront kinds share: tags in a call of their own, and the names of policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudfront::types::{CachePolicyType, OriginRequestPolicyType, ResponseHeadersPolicyType, Tag, TagKeys, Tags as RawTags};
use aws_smithy_types::error::operation::BuildError;
use bbws_engine::{Attempt, Progress, Reading, read_tags};
use bbws_kinds::{CACHE_POLICIES, ManagedPolicies, REQUEST_POLICIES, RESPONSE_POLICIES};
use bbws_model::{Class, CloudError, Ownership, Tags};

use super::route53::{Marked, built, not_yet};
use crate::{Aws, Told};

/// What AWS puts before the names of its own policies.
const MANAGED: &str = "Managed-";

/// Names by ids.
type Names = BTreeMap<String, String>;

/// AWS's own policies of one sort: behaviours hold their ids, specs their names.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    sort: &'static str,
    known: ManagedPolicies,
    /// All that AWS has now; empty where those known are enough.
    names: Arc<Names>,
}

impl Policies {
    /// Those whose ids are known without a call.
    fn known(sort: &'static str, known: ManagedPolicies) -> Self {
        Self { sort, known, names: Arc::new(Names::new()) }
    }

    /// What a spec says for an id: the name where it is one of AWS's own.
    pub(crate) fn name(&self, id: &str) -> String {
        self.known.name(id).map(str::to_owned).or_else(|| self.names.get(id).cloned()).unwrap_or_else(|| id.to_owned())
    }

    /// The id of what a spec says.
    pub(crate) fn id(&self, name: &str) -> Result<String, CloudError> {
        let is_id = name.len() == 36 && name.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let listed = || self.names.iter().find(|(_, known)| *known == name).map(|(id, _)| id.clone());
        self.known.id(name).map(str::to_owned).or_else(listed).or_else(|| is_id.then(|| name.to_owned())).ok_or_else(|| {
            let all: Vec<&str> = self.names.values().map(String::as_str).collect();
            let told = format!("CloudFront has no managed {} policy `{name}`: it has {}", self.sort, all.join(", "));
            CloudError::own("cloudfront:UpdateDistribution", Class::Invalid, told)
        })
    }
}

/// The policies that a distribution may name.
#[derive(Debug, Clone)]
pub(crate) struct AllPolicies {
    pub(crate) cache: Policies,
    pub(crate) request: Policies,
    pub(crate) response: Policies,
}

/// Of which sorts a policy is used whose name or id is not known without a call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unknown {
    pub(crate) cache: bool,
    pub(crate) request: bool,
    pub(crate) response: bool,
}

/// Tags as CloudFront takes them.
pub(crate) fn raw_tags(tags: BTreeMap<String, String>) -> Result<RawTags, BuildError> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>()?;
    Ok(RawTags::builder().set_items(Some(tags)).build())
}

fn shown(name: &str) -> String {
    name.strip_prefix(MANAGED).unwrap_or(name).to_owned()
}

impl Aws {
    /// The tags of something. Absent, it went in the meantime.
    pub(crate) async fn cloudfront_tags(&self, arn: &str, reading: &Reading) -> Result<Marked, CloudError> {
        const OPERATION: &str = "cloudfront:ListTagsForResource";
        let ask = async {
            let answer = self.read.cloudfront.list_tags_for_resource().resource(arn).send().await.told(OPERATION)?;
            let tags = answer.tags.and_then(|tags| tags.items).unwrap_or_default();
            Ok((read_tags(tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default()))), 1))
        };
        Ok(reading.once(format!("{OPERATION} {arn}"), ask).await?.as_ref().clone())
    }

    /// Sends the one request, if any, that brings tags nearer to what is wanted: first what is missing or different, our
    /// mark included, then what is too much.
    pub(crate) async fn cloudfront_retag(
        &self,
        arn: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let missing = attempt.missing(have.0, have.1, want);
        if !missing.is_empty() {
            const OPERATION: &str = "cloudfront:TagResource";
            let tags = built(OPERATION, raw_tags(missing))?;
            self.write.cloudfront.tag_resource().resource(arn).tags(tags).send().await.told(OPERATION).map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(have.0, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        let keys = TagKeys::builder().set_items(Some(extra)).build();
        let untag = self.write.cloudfront.untag_resource().resource(arn).tag_keys(keys);
        untag.send().await.told("cloudfront:UntagResource").map_err(not_yet)?;
        Ok(Progress::Sent)
    }

    /// The policies of all sorts. Only a sort of which something is used that is not known without a call is listed.
    pub(crate) async fn cloudfront_policies(&self, list: Unknown, reading: &Reading) -> Result<AllPolicies, CloudError> {
        const CACHE: &str = "cloudfront:ListCachePolicies";
        const REQUEST: &str = "cloudfront:ListOriginRequestPolicies";
        const RESPONSE: &str = "cloudfront:ListResponseHeadersPolicies";
        let mut all = AllPolicies {
            cache: Policies::known("cache", CACHE_POLICIES),
            request: Policies::known("origin-request", REQUEST_POLICIES),
            response: Policies::known("response-headers", RESPONSE_POLICIES),
        };
        if list.cache {
            all.cache.names = reading.once(CACHE.into(), self.cache_policies(CACHE)).await?;
        }
        if list.request {
            all.request.names = reading.once(REQUEST.into(), self.origin_request_policies(REQUEST)).await?;
        }
        if list.response {
            all.response.names = reading.once(RESPONSE.into(), self.response_headers_policies(RESPONSE)).await?;
        }
        Ok(all)
    }

    async fn cache_policies(&self, operation: &'static str) -> Result<(Names, usize), CloudError> {
        let (mut names, mut pages) = (Names::new(), Pages::default());
        while pages.more {
            let ask = self.read.cloudfront.list_cache_policies().r#type(CachePolicyType::Managed).set_marker(pages.next.take());
            let list = ask.send().await.told(operation)?.cache_policy_list;
            pages.turn(list.as_ref().and_then(|list| list.next_marker.clone()));
            let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter().filter_map(|summary| summary.cache_policy);
            names.extend(policies.filter_map(|policy| Some((policy.id, shown(&policy.cache_policy_config?.name)))));
        }
        Ok((names, pages.calls))
    }

    async fn origin_request_policies(&self, operation: &'static str) -> Result<(Names, usize), CloudError> {
        let (mut names, mut pages) = (Names::new(), Pages::default());
        while pages.more {
            let ask =
                self.read.cloudfront.list_origin_request_policies().r#type(OriginRequestPolicyType::Managed).set_marker(pages.next.take());
            let list = ask.send().await.told(operation)?.origin_request_policy_list;
            pages.turn(list.as_ref().and_then(|list| list.next_marker.clone()));
            let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter().filter_map(|s| s.origin_request_policy);
            names.extend(policies.filter_map(|policy| Some((policy.id, shown(&policy.origin_request_policy_config?.name)))));
        }
        Ok((names, pages.calls))
    }

    async fn response_headers_policies(&self, operation: &'static str) -> Result<(Names, usize), CloudError> {
        let (mut names, mut pages) = (Names::new(), Pages::default());
        while pages.more {
            let ask = self
                .read
                .cloudfront
                .list_response_headers_policies()
                .r#type(ResponseHeadersPolicyType::Managed)
                .set_marker(pages.next.take());
            let list = ask.send().await.told(operation)?.response_headers_policy_list;
            pages.turn(list.as_ref().and_then(|list| list.next_marker.clone()));
            let policies = list.and_then(|list| list.items).unwrap_or_default().into_iter().filter_map(|s| s.response_headers_policy);
            names.extend(policies.filter_map(|policy| Some((policy.id, shown(&policy.response_headers_policy_config?.name)))));
        }
        Ok((names, pages.calls))
    }
}

/// Where a list without a paginator has been read to.
struct Pages {
    next: Option<String>,
    seen: BTreeSet<String>,
    more: bool,
    calls: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self { next: None, seen: BTreeSet::new(), more: true, calls: 0 }
    }
}

impl Pages {
    /// A marker that was there before would go round for ever.
    fn turn(&mut self, next: Option<String>) {
        self.calls += 1;
        self.next = next.filter(|marker| !marker.is_empty() && self.seen.insert(marker.clone()));
        self.more = self.next.is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_goes_by_its_name_or_its_id() {
        const NEW: &str = "00000000-0000-4000-8000-000000000002";
        let known = Policies::known("cache", CACHE_POLICIES);
        let policies = Policies { names: Arc::new(Names::from([(NEW.to_owned(), shown("Managed-CachingNew"))])), ..known.clone() };
        assert_eq!((policies.name(NEW).as_str(), policies.id("CachingNew").unwrap().as_str()), ("CachingNew", NEW));
        assert_eq!(policies.name(&policies.id("CachingDisabled").unwrap()), "CachingDisabled");
        assert!(known.id("CachingNew").is_err());
        let other = "00000000-0000-4000-8000-000000000001";
        assert_eq!((policies.name(other).as_str(), policies.id(other).unwrap().as_str()), (other, other));
        assert!(policies.id("CachingDisbaled").unwrap_err().message.contains("it has CachingNew"));
    }
}
