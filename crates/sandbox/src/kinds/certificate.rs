//! Certificates: issued once a resolver finds the validation record of every name, wherever its zone is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_acm::operation::add_tags_to_certificate::{AddTagsToCertificateInput, AddTagsToCertificateOutput};
use aws_sdk_acm::operation::delete_certificate::{DeleteCertificateInput, DeleteCertificateOutput};
use aws_sdk_acm::operation::describe_certificate::{DescribeCertificateInput, DescribeCertificateOutput};
use aws_sdk_acm::operation::list_certificates::{ListCertificatesInput, ListCertificatesOutput};
use aws_sdk_acm::operation::list_tags_for_certificate::{ListTagsForCertificateInput, ListTagsForCertificateOutput};
use aws_sdk_acm::operation::remove_tags_from_certificate::{RemoveTagsFromCertificateInput, RemoveTagsFromCertificateOutput};
use aws_sdk_acm::operation::request_certificate::{RequestCertificateInput, RequestCertificateOutput};
use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, CertificateType, DomainStatus, DomainValidation, KeyAlgorithm, RecordType,
    RenewalEligibility, ResourceRecord, Tag, ValidationMethod,
};
use aws_smithy_types::DateTime;
use bbws_kinds::DomainName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::certificate_user::users;
use super::dns::cname;
use crate::cloud::{At, Cloud};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// How long AWS takes to issue a certificate once it finds the records.
const ISSUING: Duration = Duration::from_secs(60);
/// How long it looks for them.
const PATIENCE: Duration = Duration::from_secs(72 * 3600);
/// How long it knows an idempotency token.
const TOKEN_MS: u64 = 3_600_000;

/// One certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its names, the first one first.
    pub(crate) names: Vec<DomainName>,
    pub(crate) key: String,
    pub(crate) token: Option<String>,
    pub(crate) requested_ms: u64,
    /// From when its validation records are told.
    pub(crate) shown_ms: u64,
    /// When it was issued, once it is: from then on the records matter no more.
    pub(crate) issued_ms: Option<u64>,
    /// When AWS gave up.
    pub(crate) gave_up_ms: Option<u64>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(request).on(describe).on(list).on(list_tags).on(add_tags).on(remove_tags).on(delete).tick(validate)
}

fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "ValidationException", message)
}

fn the<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut Row> {
    let arn = arn.unwrap_or_default();
    let (prefix, account) = (at.arn("acm", "certificate/"), at.account);
    if !arn.starts_with(&prefix) {
        return Err(refuse(
            400,
            "InvalidArnException",
            format!("The ARN {arn} is not of a certificate of account {account} in this region."),
        ));
    }
    let gone = refuse(400, "ResourceNotFoundException", format!("Could not find certificate {arn}."));
    at.here().certificates.get_mut(arn).ok_or(gone)
}

/// The record that validates a name: one per account and domain, the same for the wildcard and in all regions.
fn validation(account: &str, name: &DomainName) -> (DomainName, DomainName) {
    let base = name.as_str().trim_start_matches("*.");
    let hash = |what: &str| hex::encode(Sha256::digest(format!("{what} {account} {base}")));
    let letters: String =
        hash("zone").chars().take(10).map(|digit| char::from(b'a' + u8::try_from(digit.to_digit(16).unwrap_or(0)).unwrap_or(0))).collect();
    let record = format!("_{}.{base}", &hash("name")[..32]);
    (DomainName::new(&record), DomainName::new(&format!("_{}.{letters}.acm-validations.aws", &hash("value")[..32])))
}

/// Since when a resolver finds the record that validates a name.
fn valid_since(cloud: &Cloud, account: &str, name: &DomainName) -> Option<u64> {
    let (record, wanted) = validation(account, name);
    cname(cloud, &record).filter(|(value, _)| *value == wanted).map(|(_, since)| since)
}

/// Issues what is validated, and gives up on what is not. It follows from the times of the records alone, so that it
/// comes out the same whoever looks, and when.
fn validate(at: &mut At<'_>) {
    let (issuing, patience) = (at.span(ISSUING), at.span(PATIENCE));
    let mut settled = vec![];
    for (account, cloud) in &at.cloud.accounts {
        for (region, here) in &cloud.regions {
            for (arn, row) in here.certificates.iter().filter(|(_, row)| row.issued_ms.is_none() && row.gave_up_ms.is_none()) {
                let since = row.names.iter().map(|name| valid_since(at.cloud, account, name)).collect::<Option<Vec<u64>>>();
                let issued = since.map(|since| since.into_iter().fold(row.shown_ms, u64::max) + issuing);
                let gave_up = row.requested_ms + patience;
                match issued.filter(|issued| *issued <= gave_up) {
                    Some(issued) if issued <= at.now_ms => settled.push((account.clone(), region.clone(), arn.clone(), Some(issued))),
                    _ if gave_up <= at.now_ms => settled.push((account.clone(), region.clone(), arn.clone(), None)),
                    _ => {}
                }
            }
        }
    }
    for (account, region, arn, issued) in settled {
        let here = at.cloud.accounts.get_mut(&account).and_then(|cloud| cloud.regions.get_mut(&region));
        if let Some(row) = here.and_then(|here| here.certificates.get_mut(&arn)) {
            row.issued_ms = issued;
            row.gave_up_ms = if issued.is_none() { Some(at.now_ms) } else { None };
        }
    }
}

fn status(row: &Row) -> CertificateStatus {
    match (row.issued_ms, row.gave_up_ms) {
        (Some(_), _) => CertificateStatus::Issued,
        (None, Some(_)) => CertificateStatus::ValidationTimedOut,
        (None, None) => CertificateStatus::PendingValidation,
    }
}

fn set_tags(row: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    for tag in tags {
        put_tag(row, tag.key(), tag.value().unwrap_or_default()).map_err(|refusal| {
            let code = if row_is_full(&refusal) { "TooManyTagsException" } else { "InvalidTagException" };
            refuse(400, code, refusal.message)
        })?;
    }
    Ok(())
}

fn row_is_full(refusal: &Refusal) -> bool {
    refusal.code == "TagLimitExceeded"
}

fn request(at: &mut At<'_>, input: &RequestCertificateInput) -> Answer<RequestCertificateOutput> {
    let domain = DomainName::new(input.domain_name().unwrap_or_default());
    let mut names = vec![domain.clone()];
    for name in input.subject_alternative_names().iter().map(|name| DomainName::new(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if let Some(name) = names.iter().find(|name| name.problem().is_some()) {
        return Err(invalid(format!("1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint")));
    }
    if domain.as_str().len() > 64 {
        return Err(refuse(400, "InvalidDomainValidationOptionsException", "The first domain name can be no longer than 64 characters"));
    }
    if input.validation_method() != Some(&ValidationMethod::Dns) {
        return Err(invalid("sandbox: only validation through DNS is simulated"));
    }
    if input.options().is_some() || input.certificate_authority_arn().is_some() || input.managed_by().is_some() {
        return Err(invalid("sandbox: options, private authorities and managed certificates are not simulated"));
    }
    let token = input.idempotency_token();
    if token.is_some_and(|token| !(1..=32).contains(&token.len()) || !token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        return Err(invalid("1 validation error detected: Value at 'idempotencyToken' failed to satisfy constraint: \\w{1,32}"));
    }
    let now = at.now_ms;
    let same = |row: &Row| {
        let all = |names: &[DomainName]| names.iter().cloned().collect::<BTreeSet<_>>();
        token.is_some() && row.token.as_deref() == token && now < row.requested_ms + TOKEN_MS && all(&row.names) == all(&names)
    };
    if let Some((arn, _)) = at.here().certificates.iter().find(|(_, row)| same(row)) {
        return Ok(RequestCertificateOutput::builder().certificate_arn(arn).build());
    }
    if names.len() > 10 {
        return Err(refuse(
            400,
            "LimitExceededException",
            format!("Error: you have requested {} names; the quota is 10 names per certificate", names.len()),
        ));
    }
    if at.here().certificates.len() >= 2500 {
        return Err(refuse(400, "LimitExceededException", "Error: you have reached your limit of 2500 certificates"));
    }
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    let resource = format!("certificate/{}", at.uuid());
    let (arn, shown_ms) = (at.arn("acm", &resource), at.after(5));
    let key = input.key_algorithm().unwrap_or(&KeyAlgorithm::Rsa2048).as_str().to_owned();
    let token = token.map(str::to_owned);
    let row = Row { names, key, token, requested_ms: now, shown_ms, issued_ms: None, gave_up_ms: None, tags };
    at.here().certificates.insert(arn.clone(), row);
    Ok(RequestCertificateOutput::builder().certificate_arn(arn).build())
}

fn moment(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// The key as answers spell it: `RSA-2048`, though requests say `RSA_2048`.
fn answered_key(row: &Row) -> KeyAlgorithm {
    KeyAlgorithm::from(row.key.replace("RSA_", "RSA-").as_str())
}

fn describe(at: &mut At<'_>, input: &DescribeCertificateInput) -> Answer<DescribeCertificateOutput> {
    let row = the(at, input.certificate_arn())?.clone();
    let arn = input.certificate_arn().unwrap_or_default();
    let mut options = vec![];
    for name in &row.names {
        let (record, value) = validation(at.account, name);
        let record = ResourceRecord::builder().name(format!("{record}.")).r#type(RecordType::Cname).value(format!("{value}.")).build()?;
        let found = row.issued_ms.is_some()
            || valid_since(at.cloud, at.account, name).is_some_and(|since| since + at.span(ISSUING) / 2 <= at.now_ms);
        let status = match row.gave_up_ms {
            Some(_) => DomainStatus::Failed,
            None if found => DomainStatus::Success,
            None => DomainStatus::PendingValidation,
        };
        let option = DomainValidation::builder().domain_name(name.as_str()).validation_domain(name.as_str()).validation_status(status);
        let option =
            option.validation_method(ValidationMethod::Dns).set_resource_record(Some(record).filter(|_| row.shown_ms <= at.now_ms));
        options.push(option.build()?);
    }
    // Their order is not guaranteed.
    options.reverse();
    let users = users(at.cloud, arn);
    let renewal = if users.is_empty() { RenewalEligibility::Ineligible } else { RenewalEligibility::Eligible };
    let detail = CertificateDetail::builder()
        .certificate_arn(arn)
        .domain_name(row.names[0].as_str())
        .set_subject_alternative_names(Some(row.names.iter().map(|name| name.as_str().to_owned()).collect()))
        .set_domain_validation_options(Some(options))
        .status(status(&row))
        .r#type(CertificateType::AmazonIssued)
        .key_algorithm(answered_key(&row))
        .created_at(moment(row.requested_ms))
        .set_issued_at(row.issued_ms.map(moment))
        .set_not_before(row.issued_ms.map(moment))
        .set_not_after(row.issued_ms.map(|issued| moment(issued + 198 * 86_400_000)))
        .renewal_eligibility(renewal)
        .set_in_use_by(Some(users));
    Ok(DescribeCertificateOutput::builder().certificate(detail.build()).build())
}

fn list(at: &mut At<'_>, input: &ListCertificatesInput) -> Answer<ListCertificatesOutput> {
    let size = input.max_items().unwrap_or(1000);
    if !(1..=1000).contains(&size) {
        return Err(invalid("1 validation error detected: Value at 'maxItems' failed to satisfy constraint: between 1 and 1000"));
    }
    let keys = input.includes().map(|filters| filters.key_types().to_vec()).unwrap_or_default();
    let mut found = vec![];
    for (arn, row) in &at.here().certificates.clone() {
        let key = KeyAlgorithm::from(row.key.as_str());
        // Unless asked for, only small RSA keys are shown.
        let shown = if keys.is_empty() { [KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048].contains(&key) } else { keys.contains(&key) };
        if shown && (input.certificate_statuses().is_empty() || input.certificate_statuses().contains(&status(row))) {
            let summary = CertificateSummary::builder().certificate_arn(arn).domain_name(row.names[0].as_str()).status(status(row));
            let names = row.names.iter().map(|name| name.as_str().to_owned()).collect();
            let summary = summary.set_subject_alternative_name_summaries(Some(names)).has_additional_subject_alternative_names(false);
            found.push(
                summary
                    .key_algorithm(answered_key(row))
                    .r#type(CertificateType::AmazonIssued)
                    .in_use(!users(at.cloud, arn).is_empty())
                    .build(),
            );
        }
    }
    let (certificates, next) = page(found, usize::try_from(size).ok(), input.next_token())?;
    Ok(ListCertificatesOutput::builder().set_certificate_summary_list(Some(certificates)).set_next_token(next).build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForCertificateInput) -> Answer<ListTagsForCertificateOutput> {
    let row = the(at, input.certificate_arn())?;
    let tags = row.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>()?;
    Ok(ListTagsForCertificateOutput::builder().set_tags(Some(tags)).build())
}

fn add_tags(at: &mut At<'_>, input: &AddTagsToCertificateInput) -> Answer<AddTagsToCertificateOutput> {
    set_tags(&mut the(at, input.certificate_arn())?.tags, input.tags())?;
    Ok(AddTagsToCertificateOutput::builder().build())
}

fn remove_tags(at: &mut At<'_>, input: &RemoveTagsFromCertificateInput) -> Answer<RemoveTagsFromCertificateOutput> {
    let row = the(at, input.certificate_arn())?;
    for tag in input.tags() {
        // A value given is a condition.
        if tag.value().is_none_or(|value| row.tags.get(tag.key()).is_some_and(|have| have == value)) {
            row.tags.remove(tag.key());
        }
    }
    Ok(RemoveTagsFromCertificateOutput::builder().build())
}

fn delete(at: &mut At<'_>, input: &DeleteCertificateInput) -> Answer<DeleteCertificateOutput> {
    the(at, input.certificate_arn())?;
    let arn = input.certificate_arn().unwrap_or_default();
    if !users(at.cloud, arn).is_empty() {
        let why = format!("Certificate {arn} in account {} is in use.", at.account);
        return Err(refuse(400, "ResourceInUseException", why));
    }
    at.here().certificates.remove(arn);
    Ok(DeleteCertificateOutput::builder().build())
}
