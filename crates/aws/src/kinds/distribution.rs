//! The driver of `distribution`. A refresh makes two calls per distribution, what it is and its tags, one for each sort of
//! policy of which one is in use that is not known by its id, and one for each secret behind an origin header. Only where its id is not known are the
//! account's distributions listed.
//!
//! CloudFront shows the values of origin headers. They are compared with the secret's in memory; what is seen says only
//! whether they are the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudfront::operation::get_distribution::GetDistributionOutput;
use aws_sdk_cloudfront::types::{Distribution as Raw, DistributionConfig, DistributionConfigWithTags, DistributionSummary};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{
    CACHE_POLICIES, CLOUDFRONT_ZONE, Distribution, DistributionOutputs, DistributionSpec, DomainName, ManagedPolicies, Origin,
    OriginHeader, REQUEST_POLICIES, RESPONSE_POLICIES,
};
use bbws_model::{Arn, Class, CloudError, Id, Locate, Observed, Phase, Ready, Secret as Hidden, Tags};
use futures::future::join_all;
use serde_json::Value;

use super::cloudfront::{AllPolicies, Unknown, raw_tags};
use super::distribution_config::{HeaderValues, Material, config};
use super::distribution_spec::{Headers, spec};
use super::ec2::told;
use super::route53::{built, is_of, not_yet, reference};
use crate::{Aws, Told};

const GET: &str = "cloudfront:GetDistribution";
const LIST: &str = "cloudfront:ListDistributions";
const UPDATE: &str = "cloudfront:UpdateDistribution";
const VALUE: &str = "secretsmanager:GetSecretValue";

impl Driver<Distribution> for Aws {
    async fn observe(&self, at: &[Locate<Distribution>], reading: &Reading) -> Vec<Sight<Distribution>> {
        join_all(at.iter().map(|place| self.distribution(place, reading))).await
    }

    async fn create(&self, want: &DistributionSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "cloudfront:CreateDistributionWithTags";
        let (policies, headers) = self.material(OPERATION, want).await?;
        let material = Material { operation: OPERATION, policies: &policies, headers: &headers };
        let config = config(None, &reference(&attempt.owner.intent), want, &material)?;
        let tags = built(OPERATION, raw_tags(attempt.tagged(&want.tags)))?;
        let whole = DistributionConfigWithTags::builder().distribution_config(config).tags(tags).build();
        let answer = self.write.cloudfront.create_distribution_with_tags().distribution_config_with_tags(whole).send().await;
        let made = told(OPERATION, "Distribution", answer.told(OPERATION)?.distribution)?;
        Ok(Created { id: made.id.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<Distribution>,
        want: &DistributionSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let have = &seen.spec;
        if differs(have, want) {
            let fresh = Reading::new();
            let Some((raw, base, tag)) = self.current(seen.id.as_str(), &fresh).await? else {
                return Err(CloudError::own(UPDATE, Class::NotVisibleYet, format!("{} is not to be seen", seen.id)));
            };
            // An update replaces all of it: nothing may have changed since it was looked at.
            let now = self.spec_of(&base, have.tags.clone(), &have.origins, &fresh).await?;
            if now != *have {
                return Err(CloudError::own(UPDATE, Class::Conflict, format!("{} was changed since it was looked at", raw.id)));
            }
            let (policies, headers) = self.material(UPDATE, want).await?;
            let material = Material { operation: UPDATE, policies: &policies, headers: &headers };
            let config = config(Some(&base), &base.caller_reference, want, &material)?;
            let update = self.write.cloudfront.update_distribution().id(&raw.id).if_match(tag).distribution_config(config);
            update.send().await.told(UPDATE).map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.cloudfront_retag(seen.outputs.arn.as_str(), (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<Distribution>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "cloudfront:DeleteDistribution";
        let Some((raw, mut base, tag)) = self.current(seen.id.as_str(), &Reading::new()).await? else { return Ok(Progress::Nothing) };
        if base.enabled {
            base.enabled = false;
            let update = self.write.cloudfront.update_distribution().id(&raw.id).if_match(tag).distribution_config(base);
            update.send().await.told(UPDATE)?;
            return Ok(Progress::Sent);
        }
        if !is_deployed(&raw) {
            return Ok(Progress::Nothing);
        }
        self.write.cloudfront.delete_distribution().id(&raw.id).if_match(tag).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }
}

fn is_deployed(raw: &Raw) -> bool {
    raw.status == "Deployed"
}

/// Whether an update is needed for more than tags. What others gave it and the spec leaves open does not count.
fn differs(have: &DistributionSpec<Ready>, want: &DistributionSpec<Ready>) -> bool {
    let own = |spec: &DistributionSpec<Ready>| {
        let mut spec = spec.clone();
        spec.tags = Tags::default();
        if want.web_acl.is_none() {
            spec.web_acl = None;
        }
        spec.default_behaviour.lambda_functions.clear();
        spec.behaviours.iter_mut().for_each(|of| of.behaviour.lambda_functions.clear());
        spec
    };
    own(have) != own(want)
}

/// A text out of a secret: all of it, or one field of its JSON.
fn pick(secret: &str, field: Option<&str>, text: Hidden) -> Result<Hidden, CloudError> {
    let Some(field) = field else { return Ok(text) };
    // The reader's own message could quote the value, so it is not passed on.
    let parsed: Option<Value> = serde_json::from_str(text.reveal()).ok();
    let found = parsed.and_then(|mut all| match all.get_mut(field)?.take() {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.map(Hidden::new).ok_or_else(|| {
        CloudError::own(VALUE, Class::Invalid, format!("the value of the secret {secret} is no JSON object with a text `{field}`"))
    })
}

impl Aws {
    async fn distribution(&self, place: &Locate<Distribution>, reading: &Reading) -> Sight<Distribution> {
        let found = match &place.id {
            Some(id) => Some(id.as_str().to_owned()),
            None => self.find_distribution(place, reading).await?,
        };
        let Some(id) = found else { return Ok(None) };
        let Some((raw, base, _)) = self.current(&id, reading).await? else { return Ok(None) };
        let (tags, owner) = match self.cloudfront_tags(&raw.arn, reading).await {
            Ok(marked) => marked,
            // It went between the two calls.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let spec = self.spec_of(&base, tags, &place.spec.origins, reading).await?;
        let phase = if is_deployed(&raw) {
            Phase::Ready
        } else if spec.enabled {
            Phase::Pending(format!("CloudFront tells its edges ({})", raw.status))
        } else {
            Phase::Pending(format!("CloudFront takes it off its edges ({})", raw.status))
        };
        let outputs = DistributionOutputs {
            id: Id::new(&raw.id),
            arn: Arn::new(&raw.arn),
            domain_name: raw.domain_name.clone(),
            zone_id: CLOUDFRONT_ZONE.to_owned(),
            status: raw.status.clone(),
            aliases: spec.aliases.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        Ok(Some(Observed { id: raw.id.as_str().into(), spec, outputs, phase, owner }))
    }

    /// A distribution with its configuration and the tag that the next change has to name.
    async fn current(&self, id: &str, reading: &Reading) -> Result<Option<(Raw, DistributionConfig, String)>, CloudError> {
        let ask = async {
            match self.read.cloudfront.get_distribution().id(id).send().await.told(GET) {
                Ok(answer) => Ok((Some(answer), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let answer = reading.once(format!("{GET} {id}"), ask).await?;
        let Some(GetDistributionOutput { distribution, e_tag, .. }) = answer.as_ref() else { return Ok(None) };
        let mut raw = told(GET, "Distribution", distribution.clone())?;
        let base = told(GET, "DistributionConfig", raw.distribution_config.take())?;
        Ok(Some((raw, base, told(GET, "ETag", e_tag.clone())?)))
    }

    /// By our mark; else, where no intent is looked for, one that has a name that is wanted: CloudFront lets no second
    /// one have it.
    async fn find_distribution(&self, place: &Locate<Distribution>, reading: &Reading) -> Result<Option<String>, CloudError> {
        let all = reading.once(LIST.into(), self.list_distributions()).await?;
        for summary in all.iter() {
            match self.cloudfront_tags(&summary.arn, reading).await {
                Ok((_, Some(owner))) if is_of(place, &owner) => return Ok(Some(summary.id.clone())),
                Ok(_) => {}
                Err(error) if error.class == Class::Absent => {}
                Err(error) => return Err(error),
            }
        }
        let bears = |summary: &DistributionSummary| {
            let mut names = summary.aliases.iter().filter_map(|list| list.items.as_ref()).flatten();
            names.any(|name| place.spec.aliases.contains(&DomainName::new(name)))
        };
        let taken = all.iter().find(|summary| place.intent.is_none() && bears(summary));
        Ok(taken.map(|summary| summary.id.clone()))
    }

    pub(crate) async fn list_distributions(&self) -> Result<(Vec<DistributionSummary>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.cloudfront.list_distributions().into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(page.told(LIST)?.distribution_list.and_then(|list| list.items).unwrap_or_default());
        }
        Ok((all, calls))
    }

    /// What a configuration says, its headers compared with the secrets that `declared` names.
    async fn spec_of(
        &self,
        raw: &DistributionConfig,
        tags: Tags,
        declared: &BTreeMap<String, Origin<Ready>>,
        reading: &Reading,
    ) -> Result<DistributionSpec<Ready>, CloudError> {
        let default = raw.default_cache_behavior.iter();
        let default = default.map(|of| (&of.cache_policy_id, &of.origin_request_policy_id, &of.response_headers_policy_id));
        let paths = raw.cache_behaviors.iter().filter_map(|list| list.items.as_ref()).flatten();
        let paths = paths.map(|of| (&of.cache_policy_id, &of.origin_request_policy_id, &of.response_headers_policy_id));
        let unknown =
            |id: &Option<String>, known: ManagedPolicies| id.as_ref().is_some_and(|id| !id.is_empty() && known.name(id).is_none());
        let mut list = Unknown::default();
        for (cache, request, response) in default.chain(paths) {
            list.cache |= unknown(cache, CACHE_POLICIES);
            list.request |= unknown(request, REQUEST_POLICIES);
            list.response |= unknown(response, RESPONSE_POLICIES);
        }
        let policies = self.cloudfront_policies(list, reading).await?;
        let headers = self.headers_of(raw, declared, reading).await?;
        spec(raw, tags, &policies, &headers)
    }

    /// Where the value of each header comes from, as far as `declared` says and the value bears out.
    async fn headers_of(
        &self,
        raw: &DistributionConfig,
        declared: &BTreeMap<String, Origin<Ready>>,
        reading: &Reading,
    ) -> Result<Headers, CloudError> {
        let mut all = Headers::new();
        let origins = raw.origins.as_ref().map(|list| list.items.as_slice()).unwrap_or_default();
        for origin in origins {
            let headers = origin.custom_headers.as_ref().and_then(|list| list.items.as_deref()).unwrap_or_default();
            for header in headers {
                let known = declared.get(&origin.id).and_then(|of| {
                    of.headers.iter().find(|(name, of)| name.eq_ignore_ascii_case(&header.header_name) && !of.secret.is_empty())
                });
                let (name, seen) = match known {
                    None => {
                        let elsewhere = OriginHeader { secret: String::new(), version: None, field: None, differs: true };
                        (header.header_name.clone(), elsewhere)
                    }
                    Some((name, of)) => {
                        let same = match self.header_value(of, reading).await {
                            Ok(value) => value.reveal() == header.header_value,
                            // The version is gone, or does not hold what it is read for: then CloudFront has something else.
                            Err(error) if matches!(error.class, Class::Absent | Class::Invalid) => false,
                            Err(error) => return Err(error),
                        };
                        (name.clone(), OriginHeader { differs: !same, ..of.clone() })
                    }
                };
                all.entry(origin.id.clone()).or_default().insert(name, seen);
            }
        }
        Ok(all)
    }

    /// The value of a header. A secret of another region is read there.
    async fn header_value(&self, header: &OriginHeader<Ready>, reading: &Reading) -> Result<Arc<Hidden>, CloudError> {
        let OriginHeader { secret, version, field, differs: _ } = header;
        let region = secret.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).unwrap_or(&self.region);
        let secrets = self.at(region).0.secrets;
        let key = format!("{VALUE} {secret} {} {}", version.as_deref().unwrap_or_default(), field.as_deref().unwrap_or_default());
        let ask = async {
            let ask = secrets.get_secret_value().secret_id(secret).set_version_id(version.clone());
            let text = ask.send().await.told(VALUE)?.secret_string.map(Hidden::new);
            let text = text.ok_or_else(|| CloudError::own(VALUE, Class::Invalid, format!("the secret {secret} holds no text")))?;
            Ok((pick(secret, field.as_deref(), text)?, 1))
        };
        reading.once(key, ask).await
    }

    /// What a write needs beside the spec: ids for the names of policies, and values for headers.
    async fn material(&self, operation: &'static str, want: &DistributionSpec<Ready>) -> Result<(AllPolicies, HeaderValues), CloudError> {
        let fresh = Reading::new();
        let mut list = Unknown::default();
        for (_, of) in want.all_behaviours() {
            list.cache |= !CACHE_POLICIES.has(&of.cache_policy);
            list.request |= of.origin_request_policy.as_ref().is_some_and(|name| !REQUEST_POLICIES.has(name));
            list.response |= of.response_headers_policy.as_ref().is_some_and(|name| !RESPONSE_POLICIES.has(name));
        }
        let policies = self.cloudfront_policies(list, &fresh).await?;
        let mut values = HeaderValues::new();
        for (name, origin) in &want.origins {
            for (header, of) in &origin.headers {
                let value = self.header_value(of, &fresh).await.map_err(|error| match error.class {
                    // Whoever fills the secret has not done so yet.
                    Class::Absent => CloudError { operation: operation.to_owned(), class: Class::NotVisibleYet, ..error },
                    _ => error,
                })?;
                values.insert((name.clone(), header.clone()), value);
            }
        }
        Ok((policies, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_picked_out_of_a_secret_and_never_quoted() {
        let secret = || Hidden::new("{\"token\": \"s3cr3t\", \"number\": 7, \"list\": []}".to_owned());
        assert_eq!(pick("s", Some("token"), secret()).unwrap().reveal(), "s3cr3t");
        assert_eq!(pick("s", Some("number"), secret()).unwrap().reveal(), "7");
        assert_eq!(pick("s", None, Hidden::new("plain".into())).unwrap().reveal(), "plain");
        for field in ["none", "list"] {
            let error = pick("s", Some(field), secret()).unwrap_err().to_string();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        let error = pick("s", Some("token"), Hidden::new("s3cr3t".into())).unwrap_err().to_string();
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}
