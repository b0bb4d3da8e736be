//! What a file marks as existing, and what a certificate waits for, as several processes see it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_acm::types::{CertificateStatus, ValidationMethod};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType};
use bbws_aws::Aws;

use super::ACCOUNT;
use crate::cloud::GLOBAL;
use crate::connection::Sandbox;
use crate::file::CloudFile;

/// A directory that goes with its owner.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn process(dir: &Dir, now: SystemTime) -> (Sandbox, Aws) {
    let sandbox = Sandbox::in_file(ACCOUNT, CloudFile::new(&dir.0), now, 1.0).unwrap();
    let aws = Aws::new(Arc::new(sandbox.clone()), GLOBAL);
    aws.gate().open();
    (sandbox, aws)
}

#[tokio::test(start_paused = true)]
async fn what_time_brings_is_the_same_for_every_process() {
    let dir = Dir(std::env::temp_dir().join(format!("bbws-dns-{}", std::process::id())));
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let (sandbox, aws) = process(&dir, start);
    let zone = sandbox.ensure_zone(ACCOUNT, "example.com").unwrap();
    assert_eq!(sandbox.ensure_zone(ACCOUNT, "example.com").unwrap(), zone);

    let request = aws.write.acm.request_certificate().domain_name("example.com").validation_method(ValidationMethod::Dns);
    let arn = request.send().await.unwrap().certificate_arn.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let told = aws.read.acm.describe_certificate().certificate_arn(&arn).send().await.unwrap().certificate.unwrap();
    let record = told.domain_validation_options()[0].resource_record().unwrap().clone();
    let value = ResourceRecord::builder().value(record.value).build().unwrap();
    let set = ResourceRecordSet::builder().name(record.name).r#type(RrType::Cname).ttl(60).resource_records(value).build().unwrap();
    let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().changes(change).build().unwrap();
    let sent = aws.write.route53.change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch).send().await.unwrap();
    let change = sent.change_info.unwrap();
    assert_eq!(change.status, ChangeStatus::Pending);

    // Others that only look see it issued, at the moment that it follows from.
    for (seconds, status, everywhere) in [
        (20, CertificateStatus::PendingValidation, ChangeStatus::Pending),
        (66, CertificateStatus::Issued, ChangeStatus::Insync),
        (90, CertificateStatus::Issued, ChangeStatus::Insync),
    ] {
        let (other, aws) = process(&dir, start + Duration::from_secs(seconds));
        assert_eq!(other.ensure_zone(ACCOUNT, "example.com").unwrap(), zone);
        let seen = aws.read.acm.describe_certificate().certificate_arn(&arn).send().await.unwrap().certificate.unwrap();
        assert_eq!(seen.status(), Some(&status), "after {seconds} s");
        let info = aws.read.route53.get_change().id(&change.id).send().await.unwrap().change_info.unwrap();
        assert_eq!(info.status, everywhere, "after {seconds} s");
    }
}
