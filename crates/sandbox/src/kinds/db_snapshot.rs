//! DB snapshots: copies that outlive their database.

use std::collections::BTreeMap;

use aws_sdk_rds::operation::create_db_snapshot::{CreateDbSnapshotInput, CreateDbSnapshotOutput};
use aws_sdk_rds::operation::delete_db_snapshot::{DeleteDbSnapshotInput, DeleteDbSnapshotOutput};
use aws_sdk_rds::operation::describe_db_snapshots::{DescribeDbSnapshotsInput, DescribeDbSnapshotsOutput};
use aws_sdk_rds::types::DbSnapshot;
use serde::{Deserialize, Serialize};

use super::db_instance;
use super::db_work::Work;
use super::rds::{created_tags, name as rds_name, rds_matches, rds_page, rds_tags, wrong};
use super::secret::time;
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// How long RDS takes to copy a small database.
const SECONDS: u64 = 120;

/// One DB snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) instance: String,
    pub(crate) resource_id: String,
    pub(crate) version: String,
    pub(crate) storage: i32,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) username: String,
    pub(crate) began_ms: u64,
    pub(crate) ready_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(delete)
}

/// Begins to copy what a database holds, and answers when the copy will be whole. What is given beside the database's own tags
/// counts.
pub(crate) fn begin(at: &mut At<'_>, name: &str, id: &str, db: &db_instance::Row, own: BTreeMap<String, String>) -> Answer<u64> {
    if at.here().db_snapshots.contains_key(name) {
        return Err(refuse(
            400,
            "DBSnapshotAlreadyExists",
            format!("Cannot create the snapshot because a snapshot with the identifier {name} already exists."),
        ));
    }
    if at.here().db_snapshots.len() >= 100 {
        return Err(refuse(400, "SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots"));
    }
    let mut tags = if db.copy_tags { db.tags.clone() } else { BTreeMap::new() };
    tags.extend(own);
    let ready_ms = at.after(SECONDS);
    let row = Row {
        instance: id.to_owned(),
        resource_id: db.resource_id.clone(),
        version: db.version.clone(),
        storage: db.storage,
        encrypted: db.encrypted,
        kms_key: db.kms_key.clone(),
        username: db.username.clone(),
        began_ms: at.now_ms,
        ready_ms,
        tags,
    };
    at.here().db_snapshots.insert(name.to_owned(), row);
    Ok(ready_ms)
}

fn create(at: &mut At<'_>, input: &CreateDbSnapshotInput) -> Answer<CreateDbSnapshotOutput> {
    let name = rds_name(input.db_snapshot_identifier(), "DBSnapshotIdentifier", 255)?;
    let id = input.db_instance_identifier().unwrap_or_default().to_lowercase();
    let mut db = db_instance::available(at, &id)?;
    let ready_ms = begin(at, &name, &id, &db, created_tags(input.tags())?)?;
    db.work.push(Work::span("backing-up", at.now_ms, ready_ms));
    at.here().db_instances.insert(id, db);
    let snapshot = at.here().db_snapshots.get(&name).cloned().map(|row| answer(at, &name, &row));
    Ok(CreateDbSnapshotOutput::builder().set_db_snapshot(snapshot).build())
}

fn status(row: &Row, now_ms: u64) -> &'static str {
    if now_ms < row.ready_ms { "creating" } else { "available" }
}

fn answer(at: &At<'_>, name: &str, row: &Row) -> DbSnapshot {
    let done = (at.now_ms.saturating_sub(row.began_ms) * 100).checked_div(row.ready_ms.saturating_sub(row.began_ms)).unwrap_or(100);
    DbSnapshot::builder()
        .db_snapshot_identifier(name)
        .db_instance_identifier(&row.instance)
        .dbi_resource_id(&row.resource_id)
        .db_snapshot_arn(at.arn("rds", &format!("snapshot:{name}")))
        .snapshot_type("manual")
        .status(status(row, at.now_ms))
        .percent_progress(i32::try_from(done.min(100)).unwrap_or(100))
        .set_snapshot_create_time((at.now_ms >= row.ready_ms).then(|| time(row.began_ms)))
        .engine("mysql")
        .engine_version(&row.version)
        .allocated_storage(row.storage)
        .storage_type("gp3")
        .encrypted(row.encrypted)
        .set_kms_key_id(row.kms_key.clone())
        .master_username(&row.username)
        .set_tag_list(Some(rds_tags(&row.tags)))
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeDbSnapshotsInput) -> Answer<DescribeDbSnapshotsOutput> {
    let asked = input.db_snapshot_identifier().map(str::to_lowercase);
    if let Some(name) = asked.as_ref().filter(|name| !at.here().db_snapshots.contains_key(*name)) {
        return Err(refuse(404, "DBSnapshotNotFound", format!("DBSnapshot {name} not found.")));
    }
    let kind = input.snapshot_type().unwrap_or("manual");
    if !["manual", "automated", "shared", "public", "awsbackup"].contains(&kind) {
        return Err(wrong(format!("Invalid snapshot type: {kind}")));
    }
    let mut found = vec![];
    for (name, row) in at.here().db_snapshots.clone() {
        let field = |field: &str| match field {
            "db-snapshot-id" => Some(name.clone()),
            "db-instance-id" => Some(row.instance.clone()),
            "dbi-resource-id" => Some(row.resource_id.clone()),
            "snapshot-type" => Some("manual".to_owned()),
            "engine" => Some("mysql".to_owned()),
            _ => None,
        };
        let fits = rds_matches(input.filters(), field)?
            && kind == "manual"
            && asked.as_ref().is_none_or(|asked| *asked == name)
            && input.db_instance_identifier().is_none_or(|of| of.to_lowercase() == row.instance)
            && input.dbi_resource_id().is_none_or(|of| of == row.resource_id);
        if fits {
            found.push(answer(at, &name, &row));
        }
    }
    let (snapshots, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbSnapshotsOutput::builder().set_db_snapshots(Some(snapshots)).set_marker(marker).build())
}

fn delete(at: &mut At<'_>, input: &DeleteDbSnapshotInput) -> Answer<DeleteDbSnapshotOutput> {
    let name = input.db_snapshot_identifier().unwrap_or_default().to_lowercase();
    let now_ms = at.now_ms;
    match at.here().db_snapshots.get(&name) {
        None => Err(refuse(404, "DBSnapshotNotFound", format!("DBSnapshot {name} not found."))),
        Some(row) if status(row, now_ms) != "available" => Err(refuse(
            400,
            "InvalidDBSnapshotState",
            format!("Cannot delete the snapshot {name} because it is not currently in the available state."),
        )),
        Some(_) => {
            at.here().db_snapshots.remove(&name);
            Ok(DeleteDbSnapshotOutput::builder().build())
        }
    }
}
