//! CloudFront distributions: changed as a whole under a tag, and some minutes on their way to the edges.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudfront::operation::create_distribution_with_tags::{CreateDistributionWithTagsInput, CreateDistributionWithTagsOutput};
use aws_sdk_cloudfront::operation::delete_distribution::{DeleteDistributionInput, DeleteDistributionOutput};
use aws_sdk_cloudfront::operation::get_distribution::{GetDistributionInput, GetDistributionOutput};
use aws_sdk_cloudfront::operation::list_distributions::{ListDistributionsInput, ListDistributionsOutput};
use aws_sdk_cloudfront::operation::update_distribution::{UpdateDistributionInput, UpdateDistributionOutput};
use aws_sdk_cloudfront::types::{Distribution, DistributionList, DistributionSummary, HttpVersion, PriceClass};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use super::cdn_config::{Config, invalid, read, write};
use super::cdn_rules::check;
use super::cloudfront::put_tags;
use super::quota;
use crate::cloud::{At, Cloud};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// How long the edges take to learn of a change.
const DEPLOYING_SECONDS: u64 = 240;

/// One distribution, by its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) arn: String,
    pub(crate) domain_name: String,
    pub(crate) caller_reference: String,
    pub(crate) config: Config,
    /// What the next change has to name.
    pub(crate) tag: String,
    pub(crate) changed_ms: u64,
    /// When all edges know of the last change.
    pub(crate) deployed_ms: u64,
    /// Functions and certificates that some edge still uses, though the configuration does not any more.
    pub(crate) letting_go: BTreeSet<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Row {
    /// The ARNs of functions and certificates that it uses.
    fn uses(&self) -> BTreeSet<String> {
        let behaviours = self.config.behaviours.iter().map(|(_, of)| of).chain([&self.config.default]);
        let functions = behaviours.flat_map(|of| of.functions.iter().map(|(_, arn)| arn.clone()));
        functions.chain(self.config.certificate.iter().map(|of| of.arn.clone())).collect()
    }

    /// Whether this function or certificate is in use by it, or by some edge still.
    fn holds(&self, arn: &str) -> bool {
        self.letting_go.contains(arn) || self.uses().contains(arn)
    }
}

/// The ARNs of the distributions that use a function or certificate, of whichever account.
pub(crate) fn users(cloud: &Cloud, arn: &str) -> Vec<String> {
    let all = cloud.accounts.values().flat_map(|account| account.regions.values()).flat_map(|here| here.distributions.values());
    all.filter(|row| row.holds(arn)).map(|row| row.arn.clone()).collect()
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(get).on(list).on(update).on(delete).tick(|at| {
        let now = at.now_ms;
        let all = at.cloud.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        for row in all.flat_map(|here| here.distributions.values_mut()).filter(|row| row.deployed_ms <= now) {
            row.letting_go.clear();
        }
    })
}

fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let gone = || refuse(404, "NoSuchDistribution", "The specified distribution does not exist.");
    at.global().distributions.get_mut(id.unwrap_or_default()).ok_or_else(gone)
}

/// Whether a change names the state that it was made for.
pub(crate) fn fits(tag: &str, named: Option<&str>) -> Answer<()> {
    match named {
        None => Err(refuse(400, "InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")),
        Some(named) if named == tag => Ok(()),
        Some(_) => Err(stale()),
    }
}

fn stale() -> Refusal {
    let message = "The request failed because it didn't meet the preconditions in one or more request-header fields.";
    refuse(412, "PreconditionFailed", message)
}

/// A new entity tag.
pub(crate) fn new_tag(at: &mut At<'_>) -> String {
    format!("E{}", at.hex(13).to_uppercase())
}

fn moment(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn status(row: &Row, now: u64) -> &'static str {
    if row.deployed_ms <= now { "Deployed" } else { "InProgress" }
}

fn answered(id: &str, row: &Row, now: u64) -> Answer<Distribution> {
    Ok(Distribution::builder()
        .id(id)
        .arn(&row.arn)
        .status(status(row, now))
        .last_modified_time(moment(row.changed_ms))
        .in_progress_invalidation_batches(0)
        .domain_name(&row.domain_name)
        .distribution_config(write(&row.config, &row.caller_reference)?)
        .build()?)
}

fn create(at: &mut At<'_>, input: &CreateDistributionWithTagsInput) -> Answer<CreateDistributionWithTagsOutput> {
    let missing = || refuse(400, "MissingBody", "This operation requires a body.");
    let whole = input.distribution_config_with_tags().ok_or_else(missing)?;
    let raw = whole.distribution_config().ok_or_else(missing)?;
    let reference = raw.caller_reference().to_owned();
    if reference.is_empty() || reference.len() > 128 {
        return Err(invalid("The parameter CallerReference is not valid."));
    }
    // Whatever the rest says: a reference is good for one distribution, for ever.
    if at.global().distribution_references.contains(&reference) {
        let message = "The caller reference that you are using to create a distribution is associated with another distribution.";
        return Err(refuse(409, "DistributionAlreadyExists", message));
    }
    if at.global().distributions.len() >= quota::DISTRIBUTIONS.most(at) {
        let message = "Processing your request would cause you to exceed the maximum number of distributions allowed.";
        return Err(refuse(400, "TooManyDistributions", message));
    }
    let config = read(raw, false)?;
    check(at, &config, "")?;
    let mut tags = BTreeMap::new();
    put_tags(&mut tags, whole.tags())?;
    let id = format!("E{}", at.hex(13).to_uppercase());
    let row = Row {
        arn: format!("arn:aws:cloudfront::{}:distribution/{id}", at.account),
        domain_name: format!("d{}.cloudfront.net", at.hex(13)),
        caller_reference: reference.clone(),
        config,
        tag: new_tag(at),
        changed_ms: at.now_ms,
        deployed_ms: at.after(DEPLOYING_SECONDS),
        letting_go: BTreeSet::new(),
        tags,
    };
    let (answer, tag, now) = (answered(&id, &row, at.now_ms)?, row.tag.clone(), at.global());
    now.distribution_references.insert(reference);
    now.distributions.insert(id, row);
    Ok(CreateDistributionWithTagsOutput::builder().distribution(answer).e_tag(tag).build())
}

fn get(at: &mut At<'_>, input: &GetDistributionInput) -> Answer<GetDistributionOutput> {
    let now = at.now_ms;
    let row = the(at, input.id())?;
    let answer = answered(input.id().unwrap_or_default(), row, now)?;
    Ok(GetDistributionOutput::builder().distribution(answer).e_tag(&row.tag).build())
}

fn list(at: &mut At<'_>, input: &ListDistributionsInput) -> Answer<ListDistributionsOutput> {
    let size = usize::try_from(input.max_items().unwrap_or(100)).ok().filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| invalid("The parameter MaxItems is not valid: 1 to 100."))?;
    let now = at.now_ms;
    let mut all = vec![];
    for (id, row) in &at.global().distributions {
        let config = write(&row.config, &row.caller_reference)?;
        let summary = DistributionSummary::builder()
            .id(id)
            .arn(&row.arn)
            .status(status(row, now))
            .last_modified_time(moment(row.changed_ms))
            .domain_name(&row.domain_name)
            .set_aliases(config.aliases)
            .set_origins(config.origins)
            .set_origin_groups(config.origin_groups)
            .set_default_cache_behavior(config.default_cache_behavior)
            .set_cache_behaviors(config.cache_behaviors)
            .set_custom_error_responses(config.custom_error_responses)
            .comment(&row.config.comment)
            .price_class(PriceClass::from(row.config.price_class.as_str()))
            .enabled(row.config.enabled)
            .set_viewer_certificate(config.viewer_certificate)
            .set_restrictions(config.restrictions)
            .web_acl_id(&row.config.web_acl)
            .http_version(HttpVersion::from(row.config.http_version.as_str()))
            .is_ipv6_enabled(row.config.ipv6)
            .staging(false);
        all.push(summary.build()?);
    }
    let (items, next) = page(all, Some(size), input.marker())?;
    let quantity = i32::try_from(items.len()).unwrap_or(i32::MAX);
    let list = DistributionList::builder()
        .marker(input.marker().unwrap_or_default())
        .max_items(100)
        .is_truncated(next.is_some())
        .set_next_marker(next)
        .quantity(quantity)
        .set_items(Some(items).filter(|items| !items.is_empty()));
    Ok(ListDistributionsOutput::builder().distribution_list(list.build()?).build())
}

fn update(at: &mut At<'_>, input: &UpdateDistributionInput) -> Answer<UpdateDistributionOutput> {
    let id = input.id().unwrap_or_default();
    let row = the(at, Some(id))?;
    fits(&row.tag, input.if_match())?;
    let raw = input.distribution_config().ok_or_else(|| refuse(400, "MissingBody", "This operation requires a body."))?;
    if raw.caller_reference() != row.caller_reference {
        return Err(refuse(400, "IllegalUpdate", "The update contains modifications that are not allowed."));
    }
    let config = read(raw, true)?;
    check(at, &config, id)?;
    let (tag, now, deployed) = (new_tag(at), at.now_ms, at.after(DEPLOYING_SECONDS));
    let row = the(at, Some(id))?;
    let before = row.uses();
    row.config = config;
    let uses = row.uses();
    row.letting_go.extend(before.into_iter().filter(|arn| !uses.contains(arn)));
    (row.tag, row.changed_ms, row.deployed_ms) = (tag, now, deployed);
    let answer = answered(id, row, now)?;
    Ok(UpdateDistributionOutput::builder().distribution(answer).e_tag(&row.tag).build())
}

fn delete(at: &mut At<'_>, input: &DeleteDistributionInput) -> Answer<DeleteDistributionOutput> {
    let now = at.now_ms;
    let row = the(at, input.id())?;
    fits(&row.tag, input.if_match())?;
    if row.config.enabled || now < row.deployed_ms {
        return Err(refuse(409, "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled."));
    }
    at.global().distributions.remove(input.id().unwrap_or_default());
    Ok(DeleteDistributionOutput::builder().build())
}
