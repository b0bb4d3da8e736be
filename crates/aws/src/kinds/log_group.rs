//! The driver of `log-group`. AWS knows a group by its name; its tags cost a call each.

use std::collections::HashMap;

use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{LogGroup, LogGroupOutputs, LogGroupSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};

use super::ec2::told;
use crate::{Aws, Told};

type Raw = aws_sdk_cloudwatchlogs::types::LogGroup;

impl Driver<LogGroup> for Aws {
    async fn observe(&self, at: &[Locate<LogGroup>], reading: &Reading) -> Vec<Sight<LogGroup>> {
        let mut sights = vec![];
        for place in at {
            let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
            sights.push(self.log_group(name, reading).await);
        }
        sights
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

impl Aws {
    async fn log_group(&self, name: &str, reading: &Reading) -> Sight<LogGroup> {
        const OPERATION: &str = "logs:DescribeLogGroups";
        let Some(raw) = reading.once(format!("{OPERATION} {name}"), self.describe_log_group(name)).await?.as_ref().clone() else {
            return Ok(None);
        };
        // The answer's `arn` ends with `:*`, which the tag calls do not take.
        let arn = told(OPERATION, "arn", raw.arn())?.trim_end_matches(":*").to_owned();
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

    /// AWS finds groups by prefix only, so the exact name is picked out.
    async fn describe_log_group(&self, name: &str) -> Result<(Option<Raw>, usize), CloudError> {
        let mut calls = 0;
        let mut pages = self.read.logs.describe_log_groups().log_group_name_prefix(name).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let groups = page.told("logs:DescribeLogGroups")?.log_groups.unwrap_or_default();
            if let Some(group) = groups.into_iter().find(|group| group.log_group_name() == Some(name)) {
                return Ok((Some(group), calls));
            }
        }
        Ok((None, calls))
    }
}
