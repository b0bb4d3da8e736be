//! EFS file systems: made under a token, busy while their throughput changes, and their lifecycle, backups and policy.

use std::collections::BTreeMap;

use aws_sdk_efs::operation::create_file_system::{CreateFileSystemInput, CreateFileSystemOutput};
use aws_sdk_efs::operation::delete_file_system::{DeleteFileSystemInput, DeleteFileSystemOutput};
use aws_sdk_efs::operation::describe_file_systems::{DescribeFileSystemsInput, DescribeFileSystemsOutput};
use aws_sdk_efs::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_efs::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_efs::operation::update_file_system::{UpdateFileSystemInput, UpdateFileSystemOutput};
use aws_sdk_efs::types::{
    FileSystemDescription, FileSystemProtectionDescription, FileSystemSize, LifeCycleState, PerformanceMode,
    ReplicationOverwriteProtection, Tag, ThroughputMode,
};
use serde::{Deserialize, Serialize};

use super::quota;
use super::secret::time;
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// How often the throughput of a file system may be changed.
const DAY_MS: u64 = 86_400_000;

/// One file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) token: String,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) one_zone: Option<String>,
    pub(crate) performance: String,
    pub(crate) throughput: String,
    pub(crate) provisioned: Option<f64>,
    /// The last change of its throughput.
    pub(crate) throughput_ms: Option<u64>,
    /// One move each: where to, and after what.
    pub(crate) lifecycle: Vec<(String, String)>,
    /// Whether AWS Backup copies it, and until when that changes; none where it never was said.
    pub(crate) backup: Option<(bool, u64)>,
    pub(crate) policy: Option<String>,
    pub(crate) overwrite_protection: bool,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) ready_ms: u64,
    pub(crate) updating_until_ms: u64,
    pub(crate) leaves_ms: Option<u64>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(update).on(delete).on(tag).on(untag).tick(|at| {
        let now = at.now_ms;
        let here = at.here();
        here.file_systems.retain(|_, row| row.leaves_ms.is_none_or(|leaves| now < leaves));
        // Access points go with it.
        here.access_points.retain(|_, row| here.file_systems.contains_key(&row.file_system));
    })
}

pub(crate) fn bad(text: impl Into<String>) -> Refusal {
    refuse(400, "BadRequest", text)
}

/// The file system of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(404, "FileSystemNotFound", format!("File system '{id}' does not exist."));
    at.here().file_systems.get_mut(id).ok_or(gone)
}

pub(crate) fn state(row: &Row, now_ms: u64) -> LifeCycleState {
    match (row.leaves_ms, now_ms) {
        (Some(_), _) => LifeCycleState::Deleting,
        (None, now) if now < row.ready_ms => LifeCycleState::Creating,
        (None, now) if now < row.updating_until_ms => LifeCycleState::Updating,
        _ => LifeCycleState::Available,
    }
}

/// The same, for calls that want an available one.
pub(crate) fn the_available<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let now_ms = at.now_ms;
    let row = the(at, id)?;
    match state(row, now_ms) {
        LifeCycleState::Available => Ok(row),
        other => Err(refuse(
            409,
            "IncorrectFileSystemLifeCycleState",
            format!(
                "None of the requested operations can be performed on file system '{}' because its state is {other}.",
                id.unwrap_or_default()
            ),
        )),
    }
}

fn put_tags(all: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    for tag in tags {
        if !allowed(tag.key()) || !allowed(tag.value()) {
            return Err(bad(format!("The tag {} has a character that is not allowed", tag.key())));
        }
        put_tag(all, tag.key(), tag.value()).map_err(|refusal| bad(refusal.message))?;
    }
    Ok(())
}

/// Refuses throughput that EFS does not take.
fn check_throughput(mode: &str, provisioned: Option<f64>, performance: &str) -> Answer<()> {
    match (mode, provisioned) {
        ("provisioned", Some(mib)) if (1.0..=3414.0).contains(&mib) => Ok(()),
        ("provisioned", _) => Err(bad("ProvisionedThroughputInMibps must be between 1 and 3414 with the throughput mode provisioned")),
        (_, Some(_)) => Err(bad("ProvisionedThroughputInMibps is only taken with the throughput mode provisioned")),
        ("elastic", None) if performance == "maxIO" => Err(bad("Elastic throughput is not supported with the performance mode maxIO")),
        ("bursting" | "elastic", None) => Ok(()),
        _ => Err(bad(format!("Unknown throughput mode {mode}"))),
    }
}

fn create(at: &mut At<'_>, input: &CreateFileSystemInput) -> Answer<CreateFileSystemOutput> {
    let token = input.creation_token().unwrap_or_default();
    if token.is_empty() || token.len() > 64 {
        return Err(bad("CreationToken must have 1 to 64 characters"));
    }
    if let Some((id, _)) = at.here().file_systems.iter().find(|(_, row)| row.token == token) {
        let text = format!("File system '{id}' already exists with creation token '{token}'");
        return Err(Refusal { members: vec![("FileSystemId", id.clone())], ..refuse(409, "FileSystemAlreadyExists", text) });
    }
    if at.here().file_systems.len() >= quota::FILE_SYSTEMS.most(at) {
        return Err(refuse(403, "FileSystemLimitExceeded", "The account has reached its number of file systems"));
    }
    if input.availability_zone_name().is_some() {
        return Err(bad("sandbox: file systems in one zone are not simulated"));
    }
    let performance = input.performance_mode().map_or("generalPurpose", PerformanceMode::as_str);
    let throughput = input.throughput_mode().map_or("bursting", ThroughputMode::as_str);
    check_throughput(throughput, input.provisioned_throughput_in_mibps(), performance)?;
    let encrypted = input.encrypted().unwrap_or(false);
    if input.kms_key_id().is_some() && !encrypted {
        return Err(bad("Encrypted must be true to give a KmsKeyId"));
    }
    let mut tags = BTreeMap::new();
    put_tags(&mut tags, input.tags())?;
    let own_key = at.arn("kms", "key/00000000-0000-4000-8000-0000000000ef");
    let (id, ready_ms) = (at.id("fs"), at.after(6));
    let row = Row {
        token: token.to_owned(),
        encrypted,
        kms_key: encrypted.then(|| input.kms_key_id().map_or(own_key, str::to_owned)),
        one_zone: None,
        performance: performance.to_owned(),
        throughput: throughput.to_owned(),
        provisioned: input.provisioned_throughput_in_mibps(),
        throughput_ms: None,
        lifecycle: vec![],
        backup: input.backup().filter(|on| *on).map(|on| (on, at.after(20))),
        policy: None,
        overwrite_protection: true,
        tags,
        ready_ms,
        updating_until_ms: 0,
        leaves_ms: None,
    };
    let described = answer(at, &id, &row)?;
    at.here().file_systems.insert(id, row);
    Ok(CreateFileSystemOutput::builder()
        .owner_id(described.owner_id)
        .creation_token(described.creation_token)
        .file_system_id(described.file_system_id)
        .set_file_system_arn(described.file_system_arn)
        .creation_time(described.creation_time)
        .life_cycle_state(described.life_cycle_state)
        .number_of_mount_targets(0)
        .set_size_in_bytes(described.size_in_bytes)
        .performance_mode(described.performance_mode)
        .set_tags(Some(described.tags))
        .build()?)
}

pub(crate) fn arn(at: &At<'_>, id: &str) -> String {
    at.arn("elasticfilesystem", &format!("file-system/{id}"))
}

fn answer(at: &mut At<'_>, id: &str, row: &Row) -> Answer<FileSystemDescription> {
    let targets = at.here().mount_targets.values().filter(|target| target.file_system == id).count();
    let protection =
        if row.overwrite_protection { ReplicationOverwriteProtection::Enabled } else { ReplicationOverwriteProtection::Disabled };
    let tags = row.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>()?;
    let description = FileSystemDescription::builder()
        .owner_id(at.account)
        .creation_token(&row.token)
        .file_system_id(id)
        .file_system_arn(arn(at, id))
        .creation_time(time(row.ready_ms))
        .life_cycle_state(state(row, at.now_ms))
        .set_name(row.tags.get("Name").cloned())
        .number_of_mount_targets(i32::try_from(targets).unwrap_or(i32::MAX))
        .size_in_bytes(FileSystemSize::builder().value(6144).build())
        .performance_mode(row.performance.as_str().into())
        .encrypted(row.encrypted)
        .set_kms_key_id(row.kms_key.clone())
        .throughput_mode(row.throughput.as_str().into())
        .set_provisioned_throughput_in_mibps(row.provisioned)
        .set_availability_zone_name(row.one_zone.clone())
        .file_system_protection(FileSystemProtectionDescription::builder().replication_overwrite_protection(protection).build())
        .set_tags(Some(tags));
    Ok(description.build()?)
}

fn describe(at: &mut At<'_>, input: &DescribeFileSystemsInput) -> Answer<DescribeFileSystemsOutput> {
    if input.file_system_id().is_some() {
        the(at, input.file_system_id())?;
    }
    let mut found = vec![];
    for (id, row) in at.here().file_systems.clone() {
        let fits = input.file_system_id().is_none_or(|asked| asked == id) && input.creation_token().is_none_or(|token| token == row.token);
        if fits {
            found.push(answer(at, &id, &row)?);
        }
    }
    let size = usize::try_from(input.max_items().unwrap_or(100)).ok().filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| bad("MaxItems must be between 1 and 100"))?;
    let (systems, next) = page(found, Some(size), input.marker())?;
    Ok(DescribeFileSystemsOutput::builder().set_file_systems(Some(systems)).set_next_marker(next).build())
}

fn update(at: &mut At<'_>, input: &UpdateFileSystemInput) -> Answer<UpdateFileSystemOutput> {
    let (now, until) = (at.now_ms, at.after(20));
    let row = the_available(at, input.file_system_id())?;
    let mode = input.throughput_mode().map_or(row.throughput.clone(), |mode| mode.as_str().to_owned());
    check_throughput(&mode, input.provisioned_throughput_in_mibps(), &row.performance)?;
    if row.throughput_ms.is_some_and(|last| now < last + DAY_MS) {
        let text = "The throughput mode or provisioned throughput value was changed less than 24 hours ago.";
        return Err(refuse(429, "TooManyRequests", text));
    }
    row.throughput = mode;
    row.provisioned = input.provisioned_throughput_in_mibps();
    (row.throughput_ms, row.updating_until_ms) = (Some(now), until);
    let row = row.clone();
    let described = answer(at, input.file_system_id().unwrap_or_default(), &row)?;
    Ok(UpdateFileSystemOutput::builder()
        .owner_id(described.owner_id)
        .creation_token(described.creation_token)
        .file_system_id(described.file_system_id)
        .creation_time(described.creation_time)
        .life_cycle_state(described.life_cycle_state)
        .number_of_mount_targets(described.number_of_mount_targets)
        .set_size_in_bytes(described.size_in_bytes)
        .performance_mode(described.performance_mode)
        .set_tags(Some(described.tags))
        .build()?)
}

fn delete(at: &mut At<'_>, input: &DeleteFileSystemInput) -> Answer<DeleteFileSystemOutput> {
    let (id, leaves) = (input.file_system_id().unwrap_or_default(), at.after(10));
    the(at, Some(id))?;
    // One that is still being deleted counts.
    if at.here().mount_targets.values().any(|target| target.file_system == id) {
        return Err(refuse(409, "FileSystemInUse", format!("The file system '{id}' has mount targets created in it.")));
    }
    let row = the_available(at, Some(id))?;
    row.leaves_ms = Some(leaves);
    Ok(DeleteFileSystemOutput::builder().build())
}

fn tag(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    put_tags(&mut the(at, input.resource_id())?.tags, input.tags())?;
    Ok(TagResourceOutput::builder().build())
}

fn untag(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let row = the(at, input.resource_id())?;
    for key in input.tag_keys() {
        row.tags.remove(key);
    }
    Ok(UntagResourceOutput::builder().build())
}
