//! S3 buckets and their settings. A name belongs to one account in the whole world, and to one region.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::create_bucket::{CreateBucketInput, CreateBucketOutput};
use aws_sdk_s3::operation::delete_bucket::{DeleteBucketInput, DeleteBucketOutput};
use aws_sdk_s3::operation::get_bucket_ownership_controls::{GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput};
use aws_sdk_s3::operation::get_bucket_tagging::{GetBucketTaggingInput, GetBucketTaggingOutput};
use aws_sdk_s3::operation::get_bucket_versioning::{GetBucketVersioningInput, GetBucketVersioningOutput};
use aws_sdk_s3::operation::head_bucket::{HeadBucketInput, HeadBucketOutput};
use aws_sdk_s3::operation::list_buckets::{ListBucketsInput, ListBucketsOutput};
use aws_sdk_s3::operation::put_bucket_ownership_controls::{PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput};
use aws_sdk_s3::operation::put_bucket_tagging::{PutBucketTaggingInput, PutBucketTaggingOutput};
use aws_sdk_s3::operation::put_bucket_versioning::{PutBucketVersioningInput, PutBucketVersioningOutput};
use aws_sdk_s3::types::{Bucket, BucketVersioningStatus, ObjectOwnership, OwnershipControls, OwnershipControlsRule, Tag};
use serde::{Deserialize, Serialize};

use super::bucket_policy::{Request, unless_denied};
use super::{bucket_settings, object, quota};
use crate::cloud::{At, Table};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// One bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// None: never switched on.
    pub(crate) versioning: Option<bool>,
    pub(crate) encryption: bucket_settings::Encryption,
    pub(crate) ownership: Option<String>,
    /// The four blocks, in AWS's order.
    pub(crate) public_access: Option<[bool; 4]>,
    pub(crate) policy: Option<String>,
    pub(crate) lifecycle: Vec<bucket_settings::Rule>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) objects: Table<Vec<object::Version>>,
}

impl Row {
    /// A new bucket.
    pub(crate) fn empty() -> Self {
        Self {
            versioning: None,
            encryption: bucket_settings::Encryption::default(),
            ownership: Some("BucketOwnerEnforced".into()),
            public_access: Some([true; 4]),
            policy: None,
            lifecycle: vec![],
            tags: BTreeMap::new(),
            objects: Table::new(),
        }
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_bucket)
        .on(list_buckets)
        .on(head_bucket)
        .on(delete_bucket)
        .on(get_tagging)
        .on(put_tagging)
        .on(get_versioning)
        .on(put_versioning)
        .on(get_ownership)
        .on(put_ownership)
}

/// All buckets of the caller, of every region or of one.
fn list_buckets(at: &mut At<'_>, input: &ListBucketsInput) -> Answer<ListBucketsOutput> {
    let size = input.max_buckets().unwrap_or(10_000);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=10_000).contains(size)) else {
        return Err(refuse(400, "InvalidArgument", "max-buckets must be between 1 and 10000"));
    };
    let wanted = |region: &str| input.bucket_region().is_none_or(|asked| asked == region);
    let here = at.account().regions.iter().filter(|(region, _)| wanted(region));
    let named = here.flat_map(|(region, here)| here.buckets.keys().map(move |name| (name.clone(), region.clone())));
    let mut all: Vec<(String, String)> = named.filter(|(name, _)| name.starts_with(input.prefix().unwrap_or_default())).collect();
    all.sort_unstable();
    let (some, next) = page(all, Some(size), input.continuation_token())?;
    let buckets = some.into_iter().map(|(name, region)| Bucket::builder().name(name).bucket_region(region).build()).collect();
    Ok(ListBucketsOutput::builder().set_buckets(Some(buckets)).set_continuation_token(next).build())
}

/// The account and region that have a bucket of this name.
fn home(at: &At<'_>, name: &str) -> Option<(String, String)> {
    let accounts = at.cloud.accounts.iter();
    let mut regions = accounts.flat_map(|(account, cloud)| cloud.regions.iter().map(move |(region, here)| (account, region, here)));
    regions.find(|(_, _, here)| here.buckets.contains_key(name)).map(|(account, region, _)| (account.clone(), region.clone()))
}

/// The bucket of this name, as every call demands it: in the region called, and the caller's own.
pub(crate) fn the<'a>(at: &'a mut At<'_>, name: Option<&str>, expected_owner: Option<&str>) -> Answer<&'a mut Row> {
    let name = name.unwrap_or_default();
    let (account, region) = home(at, name).ok_or_else(absent)?;
    if account != at.account || expected_owner.is_some_and(|owner| owner != account) {
        return Err(refuse(403, "AccessDenied", "Access Denied"));
    }
    if region != at.region {
        let text = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
        return Err(refuse(301, "PermanentRedirect", text));
    }
    at.here().buckets.get_mut(name).ok_or_else(absent)
}

fn absent() -> Refusal {
    refuse(404, "NoSuchBucket", "The specified bucket does not exist")
}

/// Something that AWS has and the sandbox has not.
pub(crate) fn unless_simulated(given: bool, what: &str) -> Answer<()> {
    if given { Err(refuse(400, "NotImplemented", format!("sandbox: {what} is not simulated"))) } else { Ok(()) }
}

fn create_bucket(at: &mut At<'_>, input: &CreateBucketInput) -> Answer<CreateBucketOutput> {
    let name = input.bucket().unwrap_or_default();
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let sound = (3..=63).contains(&name.len())
        && name.chars().all(|c| edge(c) || c == '-' || c == '.')
        && name.starts_with(edge)
        && name.ends_with(edge);
    if !sound {
        return Err(refuse(400, "InvalidBucketName", "The specified bucket is not valid."));
    }
    unless_simulated(input.acl().is_some() || input.grant_full_control().is_some(), "an ACL for a new bucket")?;
    unless_simulated(input.object_lock_enabled_for_bucket() == Some(true), "object lock")?;
    unless_simulated(input.object_ownership().is_some(), "ObjectOwnership in CreateBucket")?;
    let configuration = input.create_bucket_configuration();
    let constraint = configuration.and_then(|c| c.location_constraint()).map(|c| c.as_str());
    match constraint {
        Some("us-east-1") => return Err(refuse(400, "InvalidLocationConstraint", "The specified location-constraint is not valid")),
        Some(other) if other != at.region => {
            let text =
                format!("The {other} location constraint is incompatible for the region specific endpoint this request was sent to.");
            return Err(refuse(400, "IllegalLocationConstraintException", text));
        }
        None if at.region != "us-east-1" => {
            let text = "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.";
            return Err(refuse(400, "IllegalLocationConstraintException", text));
        }
        Some(_) | None => {}
    }
    match home(at, name) {
        Some((account, _)) if account != at.account => {
            let text = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
            return Err(refuse(409, "BucketAlreadyExists", text));
        }
        // The one region that answers as if the bucket were new.
        Some((_, region)) if region == "us-east-1" && at.region == "us-east-1" => {
            return Ok(CreateBucketOutput::builder().location(format!("/{name}")).build());
        }
        Some(_) => {
            let text = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(refuse(409, "BucketAlreadyOwnedByYou", text));
        }
        None => {}
    }
    let most = quota::BUCKETS.most(at);
    if at.account().regions.values().map(|region| region.buckets.len()).sum::<usize>() >= most {
        return Err(refuse(400, "TooManyBuckets", "You have attempted to create more buckets than allowed"));
    }
    let row = Row { tags: tags_of(configuration.map(|c| c.tags()).unwrap_or_default())?, ..Row::empty() };
    at.here().buckets.insert(name.to_owned(), row);
    Ok(CreateBucketOutput::builder().location(format!("http://{name}.s3.amazonaws.com/")).build())
}

fn tags_of(tags: &[Tag]) -> Answer<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for tag in tags {
        if all.contains_key(tag.key()) {
            return Err(refuse(400, "InvalidTag", "Cannot provide multiple Tags with the same key"));
        }
        put_tag(&mut all, tag.key(), tag.value()).map_err(|refusal| Refusal { code: "InvalidTag", ..refusal })?;
    }
    Ok(all)
}

fn head_bucket(at: &mut At<'_>, input: &HeadBucketInput) -> Answer<HeadBucketOutput> {
    the(at, input.bucket(), input.expected_bucket_owner())?;
    Ok(HeadBucketOutput::builder().bucket_region(at.region).build())
}

fn delete_bucket(at: &mut At<'_>, input: &DeleteBucketInput) -> Answer<DeleteBucketOutput> {
    let (account, who) = (at.account, at.principal);
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let bucket = input.bucket().unwrap_or_default();
    unless_denied(row, &Request { account, who, bucket, action: "s3:DeleteBucket", key: None, carries: vec![] })?;
    if !row.objects.is_empty() {
        let text = if row.versioning.is_some() {
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
        } else {
            "The bucket you tried to delete is not empty"
        };
        return Err(refuse(409, "BucketNotEmpty", text));
    }
    at.here().buckets.remove(input.bucket().unwrap_or_default());
    Ok(DeleteBucketOutput::builder().build())
}

fn get_tagging(at: &mut At<'_>, input: &GetBucketTaggingInput) -> Answer<GetBucketTaggingOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    if row.tags.is_empty() {
        return Err(refuse(404, "NoSuchTagSet", "The TagSet does not exist"));
    }
    let tags = row.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>();
    GetBucketTaggingOutput::builder().set_tag_set(tags.ok()).build().map_err(unbuilt)
}

/// A member that the SDK demands and the sandbox forgot: never in a released sandbox.
pub(crate) fn unbuilt(error: aws_sdk_s3::error::BuildError) -> Refusal {
    refuse(500, "InternalError", format!("sandbox: {error}"))
}

fn put_tagging(at: &mut At<'_>, input: &PutBucketTaggingInput) -> Answer<PutBucketTaggingOutput> {
    let new = tags_of(input.tagging().map(|t| t.tag_set()).unwrap_or_default())?;
    the(at, input.bucket(), input.expected_bucket_owner())?.tags = new;
    Ok(PutBucketTaggingOutput::builder().build())
}

fn get_versioning(at: &mut At<'_>, input: &GetBucketVersioningInput) -> Answer<GetBucketVersioningOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let status = row.versioning.map(|on| if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended });
    Ok(GetBucketVersioningOutput::builder().set_status(status).build())
}

fn put_versioning(at: &mut At<'_>, input: &PutBucketVersioningInput) -> Answer<PutBucketVersioningOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let wanted = input.versioning_configuration();
    unless_simulated(wanted.is_some_and(|w| w.mfa_delete().is_some()), "MFA delete")?;
    row.versioning = match wanted.and_then(|w| w.status()).map(BucketVersioningStatus::as_str) {
        Some("Enabled") => Some(true),
        Some("Suspended") => Some(false),
        other => {
            let text = format!("The Versioning element must be specified, not {}", other.unwrap_or("nothing"));
            return Err(refuse(400, "IllegalVersioningConfigurationException", text));
        }
    };
    Ok(PutBucketVersioningOutput::builder().build())
}

fn get_ownership(at: &mut At<'_>, input: &GetBucketOwnershipControlsInput) -> Answer<GetBucketOwnershipControlsOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let none = || refuse(404, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
    let ownership = ObjectOwnership::from(row.ownership.as_deref().ok_or_else(none)?);
    let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().map_err(unbuilt)?;
    let controls = OwnershipControls::builder().rules(rule).build().map_err(unbuilt)?;
    Ok(GetBucketOwnershipControlsOutput::builder().ownership_controls(controls).build())
}

fn put_ownership(at: &mut At<'_>, input: &PutBucketOwnershipControlsInput) -> Answer<PutBucketOwnershipControlsOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let rules = input.ownership_controls().map(|c| c.rules()).unwrap_or_default();
    let [rule] = rules else {
        return Err(refuse(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    };
    let ownership = rule.object_ownership().as_str();
    if !["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"].contains(&ownership) {
        return Err(refuse(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    }
    row.ownership = Some(ownership.to_owned());
    Ok(PutBucketOwnershipControlsOutput::builder().build())
}
