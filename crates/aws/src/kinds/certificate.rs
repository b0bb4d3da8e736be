//! The driver of `certificate`. A refresh makes two calls per certificate: what it is, and its tags. Only where its ARN is
//! not known are the region's certificates listed.

use std::collections::BTreeSet;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, DomainStatus, DomainValidation, Filters, KeyAlgorithm as RawKey, Tag,
    ValidationMethod,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{Certificate, CertificateOutputs, CertificateSpec, DomainName, KeyAlgorithm, ValidationRecord};
use bbws_model::{Arn, Class, CloudError, Locate, Observed, Phase};
use futures::future::join_all;

use super::ec2::told;
use super::route53::{Marked, built, is_of, not_yet};
use crate::{Aws, Clients, Told};

const DESCRIBE: &str = "acm:DescribeCertificate";
const LIST: &str = "acm:ListCertificates";
const LIST_TAGS: &str = "acm:ListTagsForCertificate";

impl Driver<Certificate> for Aws {
    async fn observe(&self, at: &[Locate<Certificate>], reading: &Reading) -> Vec<Sight<Certificate>> {
        join_all(at.iter().map(|place| async {
            match &place.id {
                Some(arn) => self.certificate(arn.as_str(), reading).await,
                None => self.find_certificate(place, reading).await,
            }
        }))
        .await
    }

    async fn create(&self, want: &CertificateSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "acm:RequestCertificate";
        let tags =
            attempt.tagged(&want.tags).into_iter().map(|(key, value)| built(OPERATION, Tag::builder().key(key).value(value).build()));
        let others: Vec<String> =
            want.names().into_iter().filter(|name| *name != want.domain).map(|name| name.as_str().to_owned()).collect();
        let answer = self
            .at(&want.region)
            .1
            .acm
            .request_certificate()
            .domain_name(want.domain.as_str())
            .set_subject_alternative_names(Some(others).filter(|names| !names.is_empty()))
            .validation_method(ValidationMethod::Dns)
            .key_algorithm(raw_key(want.key_algorithm))
            // AWS knows the token for an hour, and only for the same names.
            .idempotency_token(&attempt.token)
            .set_tags(Some(tags.collect::<Result<_, _>>()?))
            .send()
            .await
            .told(OPERATION)?;
        let arn = told(OPERATION, "CertificateArn", answer.certificate_arn)?;
        Ok(Created { id: arn.as_str().into() })
    }

    async fn update(&self, seen: &Observed<Certificate>, want: &CertificateSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (arn, have) = (seen.id.as_str(), &seen.spec);
        let acm = self.at(&have.region).1.acm;
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            const OPERATION: &str = "acm:AddTagsToCertificate";
            let tags = missing.into_iter().map(|(key, value)| built(OPERATION, Tag::builder().key(key).value(value).build()));
            let add = acm.add_tags_to_certificate().certificate_arn(arn).set_tags(Some(tags.collect::<Result<_, _>>()?));
            add.send().await.told(OPERATION).map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        const OPERATION: &str = "acm:RemoveTagsFromCertificate";
        let tags = extra.into_iter().map(|key| built(OPERATION, Tag::builder().key(key).build()));
        let remove = acm.remove_tags_from_certificate().certificate_arn(arn).set_tags(Some(tags.collect::<Result<_, _>>()?));
        remove.send().await.told(OPERATION).map_err(not_yet)?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Certificate>, _: &Attempt) -> Result<Progress, CloudError> {
        let acm = self.at(&seen.spec.region).1.acm;
        acm.delete_certificate().certificate_arn(seen.id.as_str()).send().await.told("acm:DeleteCertificate")?;
        Ok(Progress::Sent)
    }
}

fn raw_key(key: KeyAlgorithm) -> RawKey {
    match key {
        KeyAlgorithm::Rsa2048 => RawKey::Rsa2048,
        KeyAlgorithm::EcPrime256 => RawKey::EcPrime256v1,
        KeyAlgorithm::EcSecp384 => RawKey::EcSecp384r1,
    }
}

/// AWS is asked with `RSA_2048` and answers `RSA-2048`.
fn key(raw: &str) -> Option<KeyAlgorithm> {
    let raw = raw.replace('-', "_");
    [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcPrime256, KeyAlgorithm::EcSecp384].into_iter().find(|known| raw_key(*known).as_str() == raw)
}

/// `arn:aws:acm:REGION:…`
fn region(arn: &str) -> Result<&str, CloudError> {
    let part = arn.split(':').nth(3).filter(|_| arn.starts_with("arn:"));
    part.ok_or_else(|| CloudError::own(DESCRIBE, Class::Invalid, format!("`{arn}` is no ARN of a certificate")))
}

/// The records that validate the names, each once: a wildcard and the name that it stands below share one. None while
/// AWS has not made them all up, which takes some seconds after the request.
fn validation(options: &[DomainValidation]) -> Option<BTreeSet<ValidationRecord>> {
    if options.is_empty() {
        return None;
    }
    options.iter().map(record).collect()
}

fn record(option: &DomainValidation) -> Option<ValidationRecord> {
    let raw = option.resource_record()?;
    Some(ValidationRecord {
        name: raw.name.trim_end_matches('.').to_owned(),
        record_type: raw.r#type.as_str().to_owned(),
        value: raw.value.trim_end_matches('.').to_owned(),
    })
}

fn phase(raw: &CertificateDetail) -> Phase {
    let status = raw.status().map_or("unknown", CertificateStatus::as_str);
    match raw.status() {
        Some(CertificateStatus::Issued) => Phase::Ready,
        Some(CertificateStatus::PendingValidation) => Phase::Pending(waits_for(raw.domain_validation_options())),
        Some(CertificateStatus::ValidationTimedOut) => {
            Phase::Failed("AWS found no validation record within 72 hours and gave up: mend the record or the zone's delegation, and replace the certificate".into())
        }
        Some(CertificateStatus::Failed) => {
            let reason = raw.failure_reason().map_or("no reason given", |reason| reason.as_str());
            Phase::Failed(format!("AWS will not issue it: {reason}: mend the cause (CAA records, the domain), and replace the certificate"))
        }
        _ => Phase::Failed(format!("AWS says that it is {status}: replace the certificate")),
    }
}

fn waits_for(options: &[DomainValidation]) -> String {
    let open: Vec<&DomainValidation> = options.iter().filter(|option| option.validation_status() != Some(&DomainStatus::Success)).collect();
    let records: BTreeSet<String> =
        open.iter().filter_map(|option| record(option)).map(|r| format!("{} {} {}", r.name, r.record_type, r.value)).collect();
    if records.is_empty() {
        return "AWS makes up its validation records".into();
    }
    let names: BTreeSet<&str> = open.iter().map(|option| option.domain_name.as_str()).collect();
    format!(
        "AWS looks for the validation of {}: {}",
        names.into_iter().collect::<Vec<_>>().join(", "),
        records.into_iter().collect::<Vec<_>>().join("; ")
    )
}

impl Aws {
    async fn certificate(&self, arn: &str, reading: &Reading) -> Sight<Certificate> {
        let region = region(arn)?;
        let acm = self.at(region).0;
        let ask = async {
            match acm.acm.describe_certificate().certificate_arn(arn).send().await.told(DESCRIBE) {
                Ok(answer) => Ok((Some(told(DESCRIBE, "Certificate", answer.certificate)?), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let described = reading.once(format!("{DESCRIBE} {arn}"), ask).await?;
        let Some(raw) = described.as_ref() else { return Ok(None) };
        let (tags, owner) = match certificate_tags(&acm, arn, reading).await {
            Ok(marked) => marked,
            // It went between the two calls.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let domain = DomainName::new(told(DESCRIBE, "DomainName", raw.domain_name())?);
        let algorithm = raw.key_algorithm().map_or("none", RawKey::as_str);
        let spec = CertificateSpec {
            alternative_names: raw
                .subject_alternative_names()
                .iter()
                .map(|name| DomainName::new(name))
                .filter(|name| *name != domain)
                .collect(),
            domain: domain.clone(),
            region: region.to_owned(),
            key_algorithm: key(algorithm).ok_or_else(|| {
                CloudError::own(DESCRIBE, Class::Invalid, format!("{arn} has a key that bbws does not know: {algorithm}"))
            })?,
            tags,
        };
        let validation = validation(raw.domain_validation_options());
        let first =
            validation.as_ref().and_then(|_| raw.domain_validation_options().iter().find(|o| DomainName::new(&o.domain_name) == domain));
        let first = first.and_then(record);
        Ok(Some(Observed {
            id: arn.into(),
            outputs: CertificateOutputs {
                arn: Arn::new(arn),
                domain: domain.as_str().to_owned(),
                status: raw.status().map_or("unknown", CertificateStatus::as_str).to_owned(),
                validation: validation.map(|records| records.into_iter().collect()),
                validation_name: first.as_ref().map(|record| record.name.clone()),
                validation_value: first.map(|record| record.value),
            },
            phase: phase(raw),
            spec,
            owner,
        }))
    }

    /// Names say nothing about whose a certificate is, as any number may bear them: our mark does.
    async fn find_certificate(&self, place: &Locate<Certificate>, reading: &Reading) -> Sight<Certificate> {
        let region = &place.spec.region;
        let clients = self.at(region).0;
        let all = reading.once(format!("{LIST} {region}"), list_certificates(&clients)).await?;
        for arn in all.iter().filter(|summary| may_be(summary, &place.spec)).filter_map(CertificateSummary::certificate_arn) {
            match certificate_tags(&clients, arn, reading).await {
                Ok((_, Some(owner))) if is_of(place, &owner) => return self.certificate(arn, reading).await,
                Ok(_) => {}
                Err(error) if error.class == Class::Absent => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Whether the first name fits: the others, of which a summary holds 100 at most, are for the diff to judge.
fn may_be(summary: &CertificateSummary, spec: &CertificateSpec) -> bool {
    summary.domain_name().is_some_and(|name| DomainName::new(name) == spec.domain)
}

pub(crate) async fn certificate_tags(clients: &Clients, arn: &str, reading: &Reading) -> Result<Marked, CloudError> {
    let ask = async {
        let answer = clients.acm.list_tags_for_certificate().certificate_arn(arn).send().await.told(LIST_TAGS)?;
        let tags = answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default()));
        Ok((read_tags(tags), 1))
    };
    Ok(reading.once(format!("{LIST_TAGS} {arn}"), ask).await?.as_ref().clone())
}

pub(crate) async fn list_certificates(clients: &Clients) -> Result<(Vec<CertificateSummary>, usize), CloudError> {
    // Without them AWS hides all but RSA keys of up to 2048 bits.
    let keys = RawKey::values().iter().map(|key| RawKey::from(*key)).collect();
    let includes = Filters::builder().set_key_types(Some(keys)).build();
    let (mut all, mut calls) = (vec![], 0);
    let mut pages = clients.acm.list_certificates().includes(includes).into_paginator().send();
    while let Some(page) = pages.next().await {
        calls += 1;
        all.extend(page.told(LIST)?.certificate_summary_list.unwrap_or_default());
    }
    Ok((all, calls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_both_spellings() {
        assert_eq!(
            (key("RSA-2048"), key("RSA_2048"), key("EC_prime256v1"), key("RSA_1024")),
            (Some(KeyAlgorithm::Rsa2048), Some(KeyAlgorithm::Rsa2048), Some(KeyAlgorithm::EcPrime256), None)
        );
    }

    #[test]
    fn the_region_stands_in_the_arn() {
        assert_eq!(region("arn:aws:acm:us-east-1:1:certificate/x").unwrap(), "us-east-1");
        assert!(region("x").is_err());
    }
}
