//! What the kinds of Elastic Load Balancing share: tags, which cost calls of their own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::Tag;
use bbws_engine::{Attempt, Progress, Reading, read_tags};
use bbws_model::{Class, CloudError, Ownership, Tags};
use futures::future::try_join_all;

use crate::{Aws, Told};

/// The user's tags and our mark.
pub(crate) type Marked = (Tags, Option<Ownership>);

/// The tags of so many things are answered by one call.
const PER_CALL: usize = 20;

/// Tags as ELB takes them.
pub(crate) fn as_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

impl Aws {
    /// The tags of these load balancers and of all listeners on them, by ARN: the calls serve both kinds.
    pub(crate) async fn elb_tags(
        &self,
        load_balancers: &BTreeSet<&str>,
        reading: &Reading,
    ) -> Result<BTreeMap<String, Marked>, CloudError> {
        let listeners = try_join_all(load_balancers.iter().map(|on| self.listeners_of(on, reading))).await?;
        let listeners = listeners.iter().flat_map(|all| all.iter()).filter_map(|listener| listener.listener_arn());
        let arns: BTreeSet<&str> = load_balancers.iter().copied().chain(listeners).collect();
        self.elb_tags_of(&Vec::from_iter(arns), reading).await
    }

    /// The tags of these things, by ARN.
    pub(crate) async fn elb_tags_of(&self, arns: &[&str], reading: &Reading) -> Result<BTreeMap<String, Marked>, CloudError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeTags";
        let mut all = BTreeMap::new();
        for arns in arns.chunks(PER_CALL) {
            let ask = || async {
                let names: Vec<String> = arns.iter().map(|&arn| arn.to_owned()).collect();
                let answer = self.read.elb.describe_tags().set_resource_arns(Some(names)).send().await.told(OPERATION);
                let described = answer.map_err(one_went)?.tag_descriptions.unwrap_or_default();
                let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
                let marked: BTreeMap<String, Marked> = described
                    .into_iter()
                    .filter_map(|one| Some((one.resource_arn.clone()?, read_tags(one.tags().iter().filter_map(pair)))))
                    .collect();
                Ok((marked, 1))
            };
            all.extend(reading.once(format!("{OPERATION} {}", arns.join(",")), ask()).await?.as_ref().clone());
        }
        Ok(all)
    }

    /// Sends the one request, if any, that brings the tags of something of ELB nearer to what is wanted.
    pub(crate) async fn retag_elb(
        &self,
        arn: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let missing = attempt.missing(have.0, have.1, want);
        if !missing.is_empty() {
            let add = self.write.elb.add_tags().resource_arns(arn).set_tags(Some(as_tags(missing)));
            add.send().await.told("elasticloadbalancing:AddTags")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(have.0, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        let remove = self.write.elb.remove_tags().resource_arns(arn).set_tag_keys(Some(extra));
        remove.send().await.told("elasticloadbalancing:RemoveTags")?;
        Ok(Progress::Sent)
    }
}

/// One thing that went since it was listed makes the whole call fail. For the others that is no absence.
fn one_went(mut error: CloudError) -> CloudError {
    if error.class == Class::Absent {
        error.class = Class::Transient;
    }
    error
}
