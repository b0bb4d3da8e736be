//! What all of CloudFront shares: tags by ARN, and the policies that AWS keeps for everybody.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::operation::list_cache_policies::{ListCachePoliciesInput, ListCachePoliciesOutput};
use aws_sdk_cloudfront::operation::list_origin_request_policies::{ListOriginRequestPoliciesInput, ListOriginRequestPoliciesOutput};
use aws_sdk_cloudfront::operation::list_response_headers_policies::{ListResponseHeadersPoliciesInput, ListResponseHeadersPoliciesOutput};
use aws_sdk_cloudfront::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_cloudfront::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_cloudfront::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_cloudfront::types::{
    CachePolicy, CachePolicyConfig, CachePolicyList, CachePolicySummary, CachePolicyType, OriginRequestPolicy, OriginRequestPolicyConfig,
    OriginRequestPolicyCookieBehavior, OriginRequestPolicyCookiesConfig, OriginRequestPolicyHeaderBehavior,
    OriginRequestPolicyHeadersConfig, OriginRequestPolicyList, OriginRequestPolicyQueryStringBehavior,
    OriginRequestPolicyQueryStringsConfig, OriginRequestPolicySummary, OriginRequestPolicyType, ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig, ResponseHeadersPolicyList, ResponseHeadersPolicySummary, ResponseHeadersPolicyType, Tag, Tags,
};
use aws_smithy_types::DateTime;

use super::cdn_config::invalid;
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// How many policies stand on a page. AWS promises no number below the hundred that it takes.
const PAGE: usize = 4;

/// The sorts of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Cache,
    OriginRequest,
    ResponseHeaders,
}

/// Stands for what AWS adds to its policies from time to time: nobody knows its id without asking.
const ADDED_LATER: (&str, &str) = ("00000000-0000-4000-8000-00000000000a", "AddedLater");

const CACHE: &[(&str, &str)] = &[
    ("658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized"),
    ("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", "CachingOptimizedForUncompressedObjects"),
    ("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"),
    ("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders"),
    ("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings"),
    ("2e54312d-136d-493c-8eb9-b001f22f67d2", "Amplify"),
    ("08627262-05a9-4f76-9ded-b50ca2e3a84f", "Elemental-MediaPackage"),
    ADDED_LATER,
];
const ORIGIN_REQUEST: &[(&str, &str)] = &[
    ("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer"),
    ("b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"),
    ("33f36d7e-f396-46d9-90e0-52428a34d9dc", "AllViewerAndCloudFrontHeaders-2022-06"),
    ("59781a5b-3903-41f3-afcb-af62929ccde1", "CORS-CustomOrigin"),
    ("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin"),
    ("acba4595-bd28-49b8-b9fe-13317c0390fa", "UserAgentRefererHeaders"),
    ("775133bc-15f2-49f9-abea-afb2e0bf67d2", "Elemental-MediaTailor-PersonalizedManifests"),
    ADDED_LATER,
];
const RESPONSE_HEADERS: &[(&str, &str)] = &[
    ("67f7725c-6f97-4210-82d7-5512b31e9d03", "SecurityHeadersPolicy"),
    ("60669652-455b-4ae9-85a4-c4c02393f86c", "SimpleCORS"),
    ("5cc3b908-e619-4b99-88e5-2cf7f45965bd", "CORS-With-Preflight"),
    ("e61eb60c-9c35-4d20-a928-2b84e02af89c", "CORS-and-SecurityHeadersPolicy"),
    ("eaab4381-ed33-4a86-88ca-d9558dc6cd63", "CORS-with-preflight-and-SecurityHeadersPolicy"),
    ADDED_LATER,
];

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(list_tags)
        .on(tag_resource)
        .on(untag_resource)
        .on(list_cache_policies)
        .on(list_origin_request_policies)
        .on(list_response_headers_policies)
}

fn all(of: Policy) -> &'static [(&'static str, &'static str)] {
    match of {
        Policy::Cache => CACHE,
        Policy::OriginRequest => ORIGIN_REQUEST,
        Policy::ResponseHeaders => RESPONSE_HEADERS,
    }
}

/// Whether there is a policy of this sort with this id. Nobody makes any of his own here.
pub(crate) fn knows(of: Policy, id: &str) -> bool {
    all(of).iter().any(|(known, _)| *known == id)
}

/// The tags of whatever has this ARN.
fn tags_of<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut BTreeMap<String, String>> {
    let arn = arn.unwrap_or_default();
    let here = at.global();
    let distribution = here.distributions.values_mut().find(|row| row.arn == arn).map(|row| &mut row.tags);
    let found = distribution.or_else(|| here.cdn_functions.values_mut().find(|row| row.arn == arn).map(|row| &mut row.tags));
    found.ok_or_else(|| refuse(404, "NoSuchResource", "The specified resource does not exist."))
}

/// Tags that a request brings.
pub(crate) fn put_tags(to: &mut BTreeMap<String, String>, tags: Option<&Tags>) -> Answer<()> {
    let wrong = |refusal: Refusal| refuse(400, "InvalidTagging", refusal.message);
    tags.into_iter().flat_map(Tags::items).try_for_each(|tag| put_tag(to, tag.key(), tag.value().unwrap_or_default()).map_err(wrong))
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
    let tags = tags_of(at, input.resource())?.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags = Tags::builder().set_items(Some(tags.collect::<Result<_, _>>()?)).build();
    Ok(ListTagsForResourceOutput::builder().tags(tags).build())
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    put_tags(tags_of(at, input.resource())?, input.tags())?;
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let tags = tags_of(at, input.resource())?;
    for key in input.tag_keys().into_iter().flat_map(|keys| keys.items()) {
        tags.remove(key);
    }
    Ok(UntagResourceOutput::builder().build())
}

/// One page of AWS's own policies, and the marker of the next.
type Listed = (Vec<(&'static str, &'static str)>, Option<String>);

fn listed(of: Policy, managed: bool, most: Option<i32>, marker: Option<&str>) -> Answer<Listed> {
    let size = usize::try_from(most.unwrap_or(100)).ok().filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| invalid("The parameter MaxItems is not valid: 1 to 100."))?;
    page(if managed { all(of).to_vec() } else { vec![] }, Some(size.min(PAGE)), marker)
}

fn count<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

/// When AWS made its policies.
fn made() -> DateTime {
    DateTime::from_secs(1_600_000_000)
}

fn list_cache_policies(_: &mut At<'_>, input: &ListCachePoliciesInput) -> Answer<ListCachePoliciesOutput> {
    let managed = input.r#type() != Some(&CachePolicyType::Custom);
    let (policies, next) = listed(Policy::Cache, managed, input.max_items(), input.marker())?;
    let mut items = vec![];
    for (id, name) in policies {
        let config = CachePolicyConfig::builder().name(format!("Managed-{name}")).comment("").min_ttl(0).build()?;
        let policy = CachePolicy::builder().id(id).last_modified_time(made()).cache_policy_config(config).build()?;
        items.push(CachePolicySummary::builder().r#type(CachePolicyType::Managed).cache_policy(policy).build()?);
    }
    let list = CachePolicyList::builder().max_items(100).quantity(count(&items)).set_next_marker(next).set_items(Some(items)).build()?;
    Ok(ListCachePoliciesOutput::builder().cache_policy_list(list).build())
}

fn list_origin_request_policies(_: &mut At<'_>, input: &ListOriginRequestPoliciesInput) -> Answer<ListOriginRequestPoliciesOutput> {
    let managed = input.r#type() != Some(&OriginRequestPolicyType::Custom);
    let (policies, next) = listed(Policy::OriginRequest, managed, input.max_items(), input.marker())?;
    let mut items = vec![];
    for (id, name) in policies {
        let headers = OriginRequestPolicyHeadersConfig::builder().header_behavior(OriginRequestPolicyHeaderBehavior::AllViewer).build()?;
        let cookies = OriginRequestPolicyCookiesConfig::builder().cookie_behavior(OriginRequestPolicyCookieBehavior::All).build()?;
        let query = OriginRequestPolicyQueryStringsConfig::builder().query_string_behavior(OriginRequestPolicyQueryStringBehavior::All);
        let config = OriginRequestPolicyConfig::builder()
            .name(format!("Managed-{name}"))
            .headers_config(headers)
            .cookies_config(cookies)
            .query_strings_config(query.build()?)
            .build()?;
        let policy = OriginRequestPolicy::builder().id(id).last_modified_time(made()).origin_request_policy_config(config).build()?;
        items.push(OriginRequestPolicySummary::builder().r#type(OriginRequestPolicyType::Managed).origin_request_policy(policy).build()?);
    }
    let list = OriginRequestPolicyList::builder().max_items(100).quantity(count(&items)).set_next_marker(next);
    Ok(ListOriginRequestPoliciesOutput::builder().origin_request_policy_list(list.set_items(Some(items)).build()?).build())
}

fn list_response_headers_policies(_: &mut At<'_>, input: &ListResponseHeadersPoliciesInput) -> Answer<ListResponseHeadersPoliciesOutput> {
    let managed = input.r#type() != Some(&ResponseHeadersPolicyType::Custom);
    let (policies, next) = listed(Policy::ResponseHeaders, managed, input.max_items(), input.marker())?;
    let mut items = vec![];
    for (id, name) in policies {
        let config = ResponseHeadersPolicyConfig::builder().name(format!("Managed-{name}")).build()?;
        let policy = ResponseHeadersPolicy::builder().id(id).last_modified_time(made()).response_headers_policy_config(config).build()?;
        let summary = ResponseHeadersPolicySummary::builder().r#type(ResponseHeadersPolicyType::Managed);
        items.push(summary.response_headers_policy(policy).build()?);
    }
    let list = ResponseHeadersPolicyList::builder().max_items(100).quantity(count(&items)).set_next_marker(next);
    Ok(ListResponseHeadersPoliciesOutput::builder().response_headers_policy_list(list.set_items(Some(items)).build()?).build())
}
