//! What is set on a file system by calls of its own: when files move, whether AWS Backup copies it, and who may do what.

use aws_sdk_efs::operation::delete_file_system_policy::{DeleteFileSystemPolicyInput, DeleteFileSystemPolicyOutput};
use aws_sdk_efs::operation::describe_backup_policy::{DescribeBackupPolicyInput, DescribeBackupPolicyOutput};
use aws_sdk_efs::operation::describe_file_system_policy::{DescribeFileSystemPolicyInput, DescribeFileSystemPolicyOutput};
use aws_sdk_efs::operation::describe_lifecycle_configuration::{DescribeLifecycleConfigurationInput, DescribeLifecycleConfigurationOutput};
use aws_sdk_efs::operation::put_backup_policy::{PutBackupPolicyInput, PutBackupPolicyOutput};
use aws_sdk_efs::operation::put_file_system_policy::{PutFileSystemPolicyInput, PutFileSystemPolicyOutput};
use aws_sdk_efs::operation::put_lifecycle_configuration::{PutLifecycleConfigurationInput, PutLifecycleConfigurationOutput};
use aws_sdk_efs::operation::update_file_system_protection::{UpdateFileSystemProtectionInput, UpdateFileSystemProtectionOutput};
use aws_sdk_efs::types::{BackupPolicy, LifecyclePolicy, ReplicationOverwriteProtection, Status};
use serde_json::{Value, json};

use super::file_system::{arn, bad, the, the_available};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put_lifecycle)
        .on(describe_lifecycle)
        .on(put_backup)
        .on(describe_backup)
        .on(put_policy)
        .on(describe_policy)
        .on(delete_policy)
        .on(update_protection)
}

const DAYS: [&str; 9] = ["1_DAY", "7_DAYS", "14_DAYS", "30_DAYS", "60_DAYS", "90_DAYS", "180_DAYS", "270_DAYS", "365_DAYS"];

fn put_lifecycle(at: &mut At<'_>, input: &PutLifecycleConfigurationInput) -> Answer<PutLifecycleConfigurationOutput> {
    let row = the_available(at, input.file_system_id())?;
    let mut moves: Vec<(String, String)> = vec![];
    for policy in input.lifecycle_policies() {
        let given = [
            ("ia", policy.transition_to_ia().map(|rule| rule.as_str().to_owned())),
            ("archive", policy.transition_to_archive().map(|rule| rule.as_str().to_owned())),
            ("primary", policy.transition_to_primary_storage_class().map(|rule| rule.as_str().to_owned())),
        ];
        let mut given = given.into_iter().filter_map(|(to, rule)| Some((to.to_owned(), rule?)));
        let (Some(one), None) = (given.next(), given.next()) else {
            return Err(bad("Each LifecyclePolicy must have exactly one transition"));
        };
        moves.push(one);
    }
    for (place, (to, rule)) in moves.iter().enumerate() {
        let known =
            if to == "primary" { rule == "AFTER_1_ACCESS" } else { rule.strip_prefix("AFTER_").is_some_and(|days| DAYS.contains(&days)) };
        if !known || moves[..place].iter().any(|(before, _)| before == to) {
            return Err(bad(format!("The transition {to} {rule} is unknown or given twice")));
        }
    }
    let days = |to: &str| {
        moves.iter().find(|(there, _)| there == to).and_then(|(_, rule)| DAYS.iter().position(|days| rule.ends_with(&format!("_{days}"))))
    };
    if let Some(archive) = days("archive") {
        if row.throughput != "elastic" {
            return Err(bad("TransitionToArchive is only supported with the throughput mode elastic"));
        }
        if days("ia").is_some_and(|colder| archive <= colder) {
            return Err(bad("TransitionToArchive must be later than TransitionToIA"));
        }
    }
    row.lifecycle = moves;
    let policies = policies(&row.lifecycle);
    Ok(PutLifecycleConfigurationOutput::builder().set_lifecycle_policies(Some(policies)).build())
}

fn policies(moves: &[(String, String)]) -> Vec<LifecyclePolicy> {
    let policy = |(to, rule): &(String, String)| {
        let policy = LifecyclePolicy::builder();
        match to.as_str() {
            "ia" => policy.transition_to_ia(rule.as_str().into()),
            "archive" => policy.transition_to_archive(rule.as_str().into()),
            _ => policy.transition_to_primary_storage_class(rule.as_str().into()),
        }
        .build()
    };
    // EFS promises no order.
    moves.iter().rev().map(policy).collect()
}

fn describe_lifecycle(at: &mut At<'_>, input: &DescribeLifecycleConfigurationInput) -> Answer<DescribeLifecycleConfigurationOutput> {
    let policies = policies(&the(at, input.file_system_id())?.lifecycle);
    Ok(DescribeLifecycleConfigurationOutput::builder().set_lifecycle_policies(Some(policies)).build())
}

fn backup_policy(backup: (bool, u64), now_ms: u64) -> Answer<BackupPolicy> {
    let status = match (backup.0, now_ms < backup.1) {
        (true, true) => Status::Enabling,
        (true, false) => Status::Enabled,
        (false, true) => Status::Disabling,
        (false, false) => Status::Disabled,
    };
    Ok(BackupPolicy::builder().status(status).build()?)
}

fn put_backup(at: &mut At<'_>, input: &PutBackupPolicyInput) -> Answer<PutBackupPolicyOutput> {
    let (now, done) = (at.now_ms, at.after(20));
    let row = the_available(at, input.file_system_id())?;
    let on = match input.backup_policy().map(BackupPolicy::status) {
        Some(Status::Enabled) => true,
        Some(Status::Disabled) => false,
        other => return Err(refuse(400, "ValidationException", format!("A backup policy cannot be put to {other:?}"))),
    };
    if row.backup.is_none_or(|(was, _)| was != on) {
        row.backup = Some((on, done));
    }
    let policy = row.backup.map(|backup| backup_policy(backup, now)).transpose()?;
    Ok(PutBackupPolicyOutput::builder().set_backup_policy(policy).build())
}

fn no_policy(what: &str) -> Refusal {
    refuse(404, "PolicyNotFound", format!("The file system has no {what} policy."))
}

fn describe_backup(at: &mut At<'_>, input: &DescribeBackupPolicyInput) -> Answer<DescribeBackupPolicyOutput> {
    let now = at.now_ms;
    let backup = the(at, input.file_system_id())?.backup.ok_or_else(|| no_policy("backup"))?;
    Ok(DescribeBackupPolicyOutput::builder().backup_policy(backup_policy(backup, now)?).build())
}

/// A policy as EFS keeps it: each statement about this file system, and everybody as `{"AWS": "*"}`.
fn kept(text: &str, arn: &str) -> Answer<String> {
    let malformed = |why: &str| refuse(400, "InvalidPolicyException", format!("The policy is malformed: {why}"));
    let mut policy: Value = serde_json::from_str(text).map_err(|e| malformed(&e.to_string()))?;
    if text.len() > 20_000 {
        return Err(malformed("it has more than 20,000 characters"));
    }
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut).ok_or_else(|| malformed("it has no statements"))?;
    for statement in statements.iter_mut() {
        let Some(fields) = statement.as_object_mut() else { return Err(malformed("a statement is no object")) };
        if !["Effect", "Action"].iter().all(|field| fields.contains_key(*field)) || !fields.contains_key("Principal") {
            return Err(malformed("a statement has Effect, Principal and Action"));
        }
        if fields["Principal"] == "*" {
            fields["Principal"] = json!({"AWS": "*"});
        }
        let about = fields.entry("Resource").or_insert_with(|| arn.into());
        let about_it = *about == arn || about.as_array().is_some_and(|list| list.iter().all(|one| *one == arn));
        if !about_it {
            return Err(malformed("a statement is about another file system"));
        }
        *about = arn.into();
    }
    Ok(policy.to_string())
}

fn put_policy(at: &mut At<'_>, input: &PutFileSystemPolicyInput) -> Answer<PutFileSystemPolicyOutput> {
    let id = input.file_system_id().unwrap_or_default();
    let arn = arn(at, id);
    let row = the_available(at, Some(id))?;
    let policy = kept(input.policy().unwrap_or_default(), &arn)?;
    row.policy = Some(policy.clone());
    Ok(PutFileSystemPolicyOutput::builder().file_system_id(id).policy(policy).build())
}

fn describe_policy(at: &mut At<'_>, input: &DescribeFileSystemPolicyInput) -> Answer<DescribeFileSystemPolicyOutput> {
    let policy = the(at, input.file_system_id())?.policy.clone().ok_or_else(|| no_policy("file system"))?;
    Ok(DescribeFileSystemPolicyOutput::builder().set_file_system_id(input.file_system_id.clone()).policy(policy).build())
}

fn delete_policy(at: &mut At<'_>, input: &DeleteFileSystemPolicyInput) -> Answer<DeleteFileSystemPolicyOutput> {
    the_available(at, input.file_system_id())?.policy = None;
    Ok(DeleteFileSystemPolicyOutput::builder().build())
}

fn update_protection(at: &mut At<'_>, input: &UpdateFileSystemProtectionInput) -> Answer<UpdateFileSystemProtectionOutput> {
    let row = the_available(at, input.file_system_id())?;
    match input.replication_overwrite_protection() {
        Some(ReplicationOverwriteProtection::Enabled) => row.overwrite_protection = true,
        Some(ReplicationOverwriteProtection::Disabled) => row.overwrite_protection = false,
        other => return Err(bad(format!("ReplicationOverwriteProtection cannot be {other:?}"))),
    }
    Ok(UpdateFileSystemProtectionOutput::builder()
        .set_replication_overwrite_protection(input.replication_overwrite_protection.clone())
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_kept_with_what_it_is_about() {
        let by_hand = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}).to_string();
        let kept: Value = serde_json::from_str(&kept(&by_hand, "arn:fs").unwrap()).unwrap();
        assert_eq!(kept["Statement"][0], json!({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "arn:fs"}));
    }

    #[test]
    fn a_policy_about_another_file_system_is_refused() {
        let other = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "arn:other"}]}).to_string();
        assert_eq!(kept(&other, "arn:fs").unwrap_err().code, "InvalidPolicyException");
        assert_eq!(kept("{}", "arn:fs").unwrap_err().code, "InvalidPolicyException");
    }
}
