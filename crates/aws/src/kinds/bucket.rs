//! The driver of `bucket`. AWS knows a bucket by its name, in the whole world; each setting costs a call to read.

use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, Tag, Tagging, VersioningConfiguration,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{Bucket, BucketOutputs, BucketOwnership, BucketSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::object::{delete_objects, held};
use super::s3::{Settings, built, encryption_configuration, lifecycle_configuration, settings, tags, whole_policy};
use crate::{Aws, Clients, Told};

impl Driver<Bucket> for Aws {
    async fn observe(&self, at: &[Locate<Bucket>], reading: &Reading) -> Vec<Sight<Bucket>> {
        join_all(at.iter().map(|place| self.bucket(place, reading))).await
    }

    async fn create(&self, want: &BucketSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "s3:CreateBucket";
        let region = self.region_of(want.region.as_deref());
        let mut configuration = CreateBucketConfiguration::builder();
        // us-east-1 is the one region that may not be named.
        if region != "us-east-1" {
            configuration = configuration.location_constraint(BucketLocationConstraint::from(region));
        }
        for (key, value) in attempt.tagged(&want.tags) {
            configuration = configuration.tags(built(OPERATION, Tag::builder().key(key).value(value).build())?);
        }
        let (_, write) = self.at(region);
        write.s3.create_bucket().bucket(&want.name).create_bucket_configuration(configuration.build()).send().await.told(OPERATION)?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<Bucket>, want: &BucketSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let have = &seen.spec;
        let (read, write) = self.at(self.region_of(have.region.as_deref()));
        let (name, s3) = (seen.id.as_str(), &write.s3);
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        let marked = seen.owner.as_ref().is_some_and(|o| o.lineage == attempt.owner.lineage && o.address == attempt.owner.address);
        // Our mark first. Then the order in which no moment is less safe than the one before.
        if marked {
            if let Some(progress) = next_setting(s3, name, have, want).await? {
                return Ok(progress);
            }
            if missing.is_empty() && Attempt::extra(&have.tags, &want.tags).is_empty() {
                return Ok(Progress::Nothing);
            }
        }
        const OPERATION: &str = "s3:PutBucketTagging";
        // The call replaces all tags, so what is not the user's goes back in as it is.
        let kept = tags(&read.s3, name).await?.into_iter().filter(|(key, _)| key.starts_with("aws:") || key.starts_with("bbws:"));
        let all = kept.chain(want.tags.0.clone()).chain(missing).collect::<std::collections::BTreeMap<_, _>>();
        let mut tagging = Tagging::builder().set_tag_set(Some(vec![]));
        for (key, value) in all {
            tagging = tagging.tag_set(built(OPERATION, Tag::builder().key(key).value(value).build())?);
        }
        s3.put_bucket_tagging().bucket(name).tagging(built(OPERATION, tagging.build())?).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Bucket>, _: &Attempt) -> Result<Progress, CloudError> {
        let (read, write) = self.at(self.region_of(seen.spec.region.as_deref()));
        // AWS deletes no bucket that holds something, be it an old version or a delete marker.
        if seen.spec.empty_before_delete {
            let held = held(&read.s3, seen.id.as_str()).await?;
            if !held.is_empty() {
                return delete_objects(&write.s3, seen.id.as_str(), held).await;
            }
        }
        write.s3.delete_bucket().bucket(seen.id.as_str()).send().await.told("s3:DeleteBucket")?;
        Ok(Progress::Sent)
    }
}

/// Writes the first setting that differs. S3 refuses two at once on one bucket.
async fn next_setting(s3: &aws_sdk_s3::Client, name: &str, have: &BucketSpec, want: &BucketSpec) -> Result<Option<Progress>, CloudError> {
    if have.ownership != want.ownership {
        const OPERATION: &str = "s3:PutBucketOwnershipControls";
        let ownership = match want.ownership {
            BucketOwnership::BucketOwnerEnforced => ObjectOwnership::BucketOwnerEnforced,
            BucketOwnership::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
            BucketOwnership::ObjectWriter => ObjectOwnership::ObjectWriter,
        };
        let rule = built(OPERATION, OwnershipControlsRule::builder().object_ownership(ownership).build())?;
        let controls = built(OPERATION, OwnershipControls::builder().rules(rule).build())?;
        s3.put_bucket_ownership_controls().bucket(name).ownership_controls(controls).send().await.told(OPERATION)?;
    } else if have.public_access_blocked != want.public_access_blocked {
        // A block that is left out counts as off.
        let on = want.public_access_blocked;
        let blocks = PublicAccessBlockConfiguration::builder().block_public_acls(on).ignore_public_acls(on).block_public_policy(on);
        let blocks = blocks.restrict_public_buckets(on).build();
        s3.put_public_access_block().bucket(name).public_access_block_configuration(blocks).send().await.told("s3:PutPublicAccessBlock")?;
    } else if have.encryption != want.encryption {
        let configuration = encryption_configuration(&want.encryption)?;
        let put = s3.put_bucket_encryption().bucket(name).server_side_encryption_configuration(configuration);
        put.send().await.told("s3:PutBucketEncryption")?;
    } else if have.versioning != want.versioning {
        let status = if want.versioning { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        s3.put_bucket_versioning().bucket(name).versioning_configuration(configuration).send().await.told("s3:PutBucketVersioning")?;
    } else if (have.tls_only, &have.policy) != (want.tls_only, &want.policy) {
        match whole_policy(want.policy.as_ref(), want.tls_only, name) {
            Some(policy) => {
                s3.put_bucket_policy().bucket(name).policy(policy.to_text()).send().await.told("s3:PutBucketPolicy")?;
            }
            None => {
                s3.delete_bucket_policy().bucket(name).send().await.told("s3:DeleteBucketPolicy")?;
            }
        }
    } else if have.lifecycle != want.lifecycle {
        match lifecycle_configuration(&want.lifecycle)? {
            Some(configuration) => {
                let put = s3.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(configuration);
                put.send().await.told("s3:PutBucketLifecycleConfiguration")?;
            }
            None => {
                s3.delete_bucket_lifecycle().bucket(name).send().await.told("s3:DeleteBucketLifecycle")?;
            }
        }
    } else {
        return Ok(None);
    }
    Ok(Some(Progress::Sent))
}

impl Aws {
    /// The region of something that may stand in another one than the environment.
    pub(crate) fn region_of<'a>(&'a self, declared: Option<&'a str>) -> &'a str {
        declared.unwrap_or(&self.region)
    }

    async fn bucket(&self, place: &Locate<Bucket>, reading: &Reading) -> Sight<Bucket> {
        let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let region = self.region_of(place.spec.region.as_deref());
        let (read, _) = self.at(region);
        let tags = reading.once(format!("s3:GetBucketTagging {region} {name}"), tags_if_there(&read, name)).await?;
        let Some(tags) = tags.as_ref().clone() else { return Ok(None) };
        let all = match reading.once(format!("s3 settings {name}"), settings(&read.s3, name)).await {
            Ok(all) => all,
            // It went between the two looks.
            Err(error) if error.class == Class::Absent && error.code == "NoSuchBucket" => return Ok(None),
            Err(error) => return Err(error),
        };
        let Settings { versioning, encryption, ownership, public_access_blocked, tls_only, policy, lifecycle } = all.as_ref().clone();
        let (tags, owner) = read_tags(tags);
        Ok(Some(Observed {
            id: name.into(),
            spec: BucketSpec {
                name: name.to_owned(),
                region: place.spec.region.clone(),
                versioning,
                encryption,
                ownership,
                public_access_blocked,
                tls_only,
                policy,
                lifecycle,
                // Nothing in AWS keeps it: it is as our state has it.
                empty_before_delete: place.spec.empty_before_delete,
                tags,
            },
            outputs: BucketOutputs {
                name: Name::new(name),
                arn: Arn::new(format!("arn:aws:s3:::{name}")),
                domain_name: format!("{name}.s3.{region}.amazonaws.com"),
            },
            phase: Phase::Ready,
            owner,
        }))
    }
}

/// The tags of the account's bucket of this name in the region called; none where there is no such bucket. It is asked
/// before the other settings, because its answer also tells whether there is one. A bucket that belongs to somebody else,
/// or stands in another region, is an error and never an absence: the name is taken.
async fn tags_if_there(read: &Clients, name: &str) -> Result<(Option<Vec<(String, String)>>, usize), CloudError> {
    let explain = |why: &str, error: CloudError| CloudError { message: format!("the bucket `{name}` {why}"), ..error };
    match tags(&read.s3, name).await {
        Ok(tags) => Ok((Some(tags), 1)),
        Err(error) if error.class == Class::Absent && error.code == "NoSuchBucket" => Ok((None, 1)),
        Err(error) if error.class == Class::Denied => {
            Err(explain("belongs to another account, or may not be read: choose another name, or allow s3:GetBucketTagging", error))
        }
        Err(error) if error.code == "PermanentRedirect" => {
            Err(explain("exists in another region: choose another name, or name that region", error))
        }
        Err(error) => Err(error),
    }
}
