//! What the EFS kinds share: the list of file systems, tags, and policies as EFS keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState, Tag};
use bbws_engine::{Attempt, Progress, Reading, read_tags};
use bbws_model::{Class, CloudError, Ownership, PolicyDocument, Tags};
use serde_json::{Value, json};

use crate::scan::ById;
use crate::{Aws, Told};

pub(crate) const LIST: &str = "elasticfilesystem:DescribeFileSystems";

/// Tags as EFS takes them.
pub(crate) fn as_efs_tags(operation: &str, tags: BTreeMap<String, String>) -> Result<Vec<Tag>, CloudError> {
    let build = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(build).collect::<Result<_, _>>().map_err(|e| CloudError::own(operation, Class::Invalid, e.to_string()))
}

/// The user's tags of a file system and our mark.
pub(crate) fn from_efs_tags(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    read_tags(tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())))
}

/// The phase of what EFS makes and deletes.
pub(crate) fn efs_phase(state: &LifeCycleState) -> bbws_model::Phase {
    use bbws_model::Phase;
    match state {
        // While it is updated it can be used, and not be changed again.
        LifeCycleState::Available => Phase::Ready,
        LifeCycleState::Deleting | LifeCycleState::Deleted => Phase::Leaving,
        LifeCycleState::Error => Phase::Failed("EFS says `error`".into()),
        other => Phase::Pending(format!("EFS says `{other}`")),
    }
}

fn tls_only(arn: &str) -> Value {
    let policy = PolicyDocument::new(json!({"Statement": [{
        "Sid": "BbwsTlsOnly", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }]}));
    policy.value()["Statement"][0].clone()
}

fn statements(policy: &PolicyDocument) -> Vec<Value> {
    policy.value()["Statement"].as_array().cloned().unwrap_or_default()
}

fn with_statements(version: Option<&Value>, statements: Vec<Value>) -> PolicyDocument {
    let version = version.cloned().unwrap_or_else(|| "2012-10-17".into());
    PolicyDocument::new(json!({"Version": version, "Statement": statements}))
}

/// The whole policy of a file system: what is declared, each statement about this file system, and the statement on TLS
/// where that is wanted.
pub(crate) fn whole_efs_policy(declared: Option<&PolicyDocument>, tls: bool, arn: &str) -> Option<PolicyDocument> {
    let mut all: Vec<Value> = declared.map(statements).unwrap_or_default();
    for statement in &mut all {
        statement["Resource"] = arn.into();
    }
    if tls {
        all.push(tls_only(arn));
    }
    (!all.is_empty()).then(|| with_statements(declared.and_then(|policy| policy.value().get("Version")), all))
}

/// The opposite. EFS writes the file system's ARN into each statement that names no resource, and `{"AWS": "*"}` where `"*"`
/// was; the one it is about is left out again.
pub(crate) fn declared_efs_policy(whole: &PolicyDocument, arn: &str) -> (bool, Option<PolicyDocument>) {
    let known = tls_only(arn);
    let meant = |statement: &Value| {
        ["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"].map(|key| statement.get(key).cloned())
    };
    let mut tls = false;
    let mut rest = vec![];
    for mut statement in statements(whole) {
        if statement.get("Principal").is_some_and(|principal| principal == "*") {
            statement["Principal"] = json!({"AWS": "*"});
        }
        let about_it = statement.get("Resource").is_none_or(|resource| resource == arn);
        if about_it && meant(&statement) == meant(&known) {
            tls = true;
            continue;
        }
        if about_it && let Some(fields) = statement.as_object_mut() {
            fields.remove("Resource");
        }
        rest.push(statement);
    }
    (tls, (!rest.is_empty()).then(|| with_statements(whole.value().get("Version"), rest)))
}

impl Aws {
    /// All file systems of the region, by id: EFS looks for no tags. One that is deleted is none.
    pub(crate) async fn file_systems(&self, reading: &Reading) -> Result<Arc<ById<FileSystemDescription>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (ById::new(), 0);
            let mut pages = self.read.efs.describe_file_systems().into_paginator().page_size(100).send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let found = page.told(LIST)?.file_systems.unwrap_or_default().into_iter();
                let there = found.filter(|raw| *raw.life_cycle_state() != LifeCycleState::Deleted);
                all.extend(there.map(|raw| (raw.file_system_id.clone(), raw)));
            }
            Ok((all, calls))
        };
        reading.once(LIST.to_owned(), ask()).await
    }

    /// Sends the one request, if any, that brings a file system's tags nearer to what is wanted.
    pub(crate) async fn retag_efs(
        &self,
        id: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        const TAG: &str = "elasticfilesystem:TagResource";
        let (tags, owner) = have;
        let missing = attempt.missing(tags, owner, want);
        if !missing.is_empty() {
            let tag = self.write.efs.tag_resource().resource_id(id).set_tags(Some(as_efs_tags(TAG, missing)?));
            tag.send().await.told(TAG)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(tags, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write.efs.untag_resource().resource_id(id).set_tag_keys(Some(extra)).send().await.told("elasticfilesystem:UntagResource")?;
        Ok(Progress::Sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:elasticfilesystem:af-south-1:1:file-system/fs-1";

    fn mount() -> Value {
        json!({"Sid": "Mount", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/task"}, "Action": "elasticfilesystem:ClientMount"})
    }

    #[test]
    fn what_is_declared_comes_back_from_the_whole_policy() {
        let declared = PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": [mount()]}));
        for (declared, tls) in [(None, true), (Some(&declared), true), (Some(&declared), false)] {
            let whole = whole_efs_policy(declared, tls, ARN).unwrap();
            assert!(statements(&whole).iter().all(|statement| statement["Resource"] == ARN));
            assert_eq!(declared_efs_policy(&whole, ARN), (tls, declared.cloned()));
        }
        assert_eq!(whole_efs_policy(None, false, ARN), None);
    }

    #[test]
    fn the_statement_on_tls_is_known_however_it_was_written() {
        let by_hand = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": ["*"], "Condition": {"Bool": {"aws:SecureTransport": false}}}});
        assert_eq!(declared_efs_policy(&PolicyDocument::new(by_hand), ARN), (true, None));
        let of_another = json!({"Statement": {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "arn:x",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}});
        let (tls, rest) = declared_efs_policy(&PolicyDocument::new(of_another), ARN);
        assert!(!tls && rest.is_some(), "it says nothing about this file system");
    }
}
