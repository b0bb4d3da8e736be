//! The driver of `log-group`. AWS knows a group by its name, and describes fifty of them in one call; its tags cost a call
//! each.

use std::collections::HashMap;

use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{LogGroup, LogGroupOutputs, LogGroupSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::ec2::told;
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

type Raw = aws_sdk_cloudwatchlogs::types::LogGroup;

const DESCRIBE: &str = "logs:DescribeLogGroups";
/// AWS takes so many names in one call, and answers as many on a page.
const NAMES: usize = 50;

impl Driver<LogGroup> for Aws {
    async fn observe(&self, at: &[Locate<LogGroup>], reading: &Reading) -> Vec<Sight<LogGroup>> {
        let all = match self.log_groups(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        join_all(at.iter().map(|place| async {
            match all.get(name(place)) {
                Some(raw) => self.log_group(raw, reading).await,
                None => Ok(None),
            }
        }))
        .await
    }

    async fn create(&self, want: &LogGroupSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        let tags: HashMap<String, String> = attempt.tagged(&want.tags).into_iter().collect();
        self.write.logs.create_log_group().log_group_name(&want.name).set_tags(Some(tags)).send().await.told("logs:CreateLogGroup")?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<LogGroup>, want: &LogGroupSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (name, have) = (seen.id.as_str(), &seen.spec);
        if have.retention_days != want.retention_days {
            match want.retention_days {
                Some(days) => {
                    let days =
                        i32::try_from(days).map_err(|e| CloudError::own("logs:PutRetentionPolicy", Class::Invalid, e.to_string()))?;
                    let put = self.write.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
                    put.send().await.told("logs:PutRetentionPolicy")?;
                }
                None => {
                    self.write.logs.delete_retention_policy().log_group_name(name).send().await.told("logs:DeleteRetentionPolicy")?;
                }
            }
            return Ok(Progress::Sent);
        }
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        let arn = seen.outputs.arn.as_str();
        if !missing.is_empty() {
            let tag = self.write.logs.tag_resource().resource_arn(arn).set_tags(Some(missing.into_iter().collect()));
            tag.send().await.told("logs:TagResource")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write.logs.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("logs:UntagResource")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<LogGroup>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.logs.delete_log_group().log_group_name(seen.id.as_str()).send().await.told("logs:DeleteLogGroup")?;
        Ok(Progress::Sent)
    }
}

fn name(place: &Locate<LogGroup>) -> &str {
    place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str())
}

impl Aws {
    async fn log_groups(&self, at: &[Locate<LogGroup>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let mut names: Vec<&str> = at.iter().map(name).collect();
        names.sort_unstable();
        names.dedup();
        let mut all = ById::new();
        for names in names.chunks(NAMES) {
            all.extend(reading.once(format!("{DESCRIBE} {}", names.join(",")), self.describe_log_groups(names)).await?.as_ref().clone());
        }
        Ok(all)
    }

    async fn log_group(&self, raw: &Raw, reading: &Reading) -> Sight<LogGroup> {
        let name = told(DESCRIBE, "logGroupName", raw.log_group_name())?;
        // The answer's `arn` ends with `:*`, which the tag calls do not take.
        let arn = told(DESCRIBE, "arn", raw.arn())?.trim_end_matches(":*").to_owned();
        let ask = || async {
            let answer = self.read.logs.list_tags_for_resource().resource_arn(&arn).send().await.told("logs:ListTagsForResource")?;
            Ok((read_tags(answer.tags.unwrap_or_default()), 1))
        };
        let marked = reading.once(format!("logs:ListTagsForResource {arn}"), ask()).await;
        let (tags, owner) = match marked {
            Ok(marked) => marked.as_ref().clone(),
            // It went between the two calls.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let retention_days = raw.retention_in_days().and_then(|days| u32::try_from(days).ok());
        Ok(Some(Observed {
            id: name.into(),
            spec: LogGroupSpec { name: name.to_owned(), retention_days, tags },
            outputs: LogGroupOutputs { arn: Arn::new(arn), name: Name::new(name) },
            phase: Phase::Ready,
            owner,
        }))
    }

    /// Names that AWS does not know are left out of its answer: they are a filter.
    async fn describe_log_groups(&self, names: &[&str]) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let names = names.iter().map(|&name| name.to_owned()).collect();
        // With these no other parameter but the page is taken.
        let mut pages = self.read.logs.describe_log_groups().set_log_group_identifiers(Some(names)).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let groups = page.told(DESCRIBE)?.log_groups.unwrap_or_default();
            all.extend(groups.into_iter().filter_map(|group| Some((group.log_group_name.clone()?, group))));
        }
        Ok((all, calls))
    }
}
