//! The driver of `elastic-ip`. An address has no name and its request no token: without its id only our mark finds it.

use aws_sdk_ec2::types::{Address, DomainType, Filter, ResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{ElasticIp, ElasticIpOutputs, ElasticIpSpec};
use bbws_model::{CloudError, Id, Locate, Observed, Phase};

use super::ec2::{bears, filter, from_tags, of_lineage, specification, told};
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

const DESCRIBE: &str = "ec2:DescribeAddresses";

impl Driver<ElasticIp> for Aws {
    async fn observe(&self, at: &[Locate<ElasticIp>], reading: &Reading) -> Vec<Sight<ElasticIp>> {
        let all = match self.addresses(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let raw = match &place.id {
                    Some(id) => all.get(id.as_str()),
                    None => all.values().find(|raw| bears(raw.tags(), place)),
                };
                raw.map(observed).transpose()
            })
            .collect()
    }

    async fn create(&self, want: &ElasticIpSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:AllocateAddress";
        let tags = specification(ResourceType::ElasticIp, &want.tags, attempt);
        let answer = self.write.ec2.allocate_address().domain(DomainType::Vpc).tag_specifications(tags).send().await.told(OPERATION)?;
        Ok(Created { id: told(OPERATION, "AllocationId", answer.allocation_id)?.into() })
    }

    async fn update(&self, seen: &Observed<ElasticIp>, want: &ElasticIpSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.retag(seen.id.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<ElasticIp>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ec2.release_address().allocation_id(seen.id.as_str()).send().await.told("ec2:ReleaseAddress")?;
        Ok(Progress::Sent)
    }
}

fn observed(raw: &Address) -> Result<Observed<ElasticIp>, CloudError> {
    let id = told(DESCRIBE, "AllocationId", raw.allocation_id())?;
    let public_ip = told(DESCRIBE, "PublicIp", raw.public_ip())?;
    let (tags, owner) = from_tags(raw.tags());
    Ok(Observed {
        id: id.into(),
        spec: ElasticIpSpec { tags },
        outputs: ElasticIpOutputs { id: Id::new(id), public_ip: public_ip.to_owned() },
        // An address that is listed can be used.
        phase: Phase::Ready,
        owner,
    })
}

impl Aws {
    async fn addresses(&self, at: &[Locate<ElasticIp>], reading: &Reading) -> Result<ById<Address>, CloudError> {
        let lineage = lineage(at);
        let scan = self.describe_addresses(of_lineage(lineage));
        let mut all = reading.once(format!("{DESCRIBE} lineage={lineage}"), scan).await?.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by_id = self.describe_addresses(filter("allocation-id", ids.to_vec()));
            all.extend(reading.once(format!("{DESCRIBE} ids={}", ids.join(",")), by_id).await?.as_ref().clone());
        }
        Ok(all)
    }

    /// One call: AWS does not page addresses.
    pub(super) async fn describe_addresses(&self, by: impl Into<Option<Filter>> + Send) -> Result<(ById<Address>, usize), CloudError> {
        let answer = self.read.ec2.describe_addresses().set_filters(by.into().map(|by| vec![by])).send().await.told(DESCRIBE)?;
        let addresses = answer.addresses.unwrap_or_default().into_iter();
        Ok((addresses.filter_map(|address| Some((address.allocation_id.clone()?, address))).collect(), 1))
    }
}
