//! The driver of `vpc-endpoint`.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{DnsOptionsSpecification, Filter, ResourceType, VpcEndpointType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{EndpointType, VpcEndpoint, VpcEndpointOutputs, VpcEndpointSpec, endpoint_limits};
use bbws_model::{Class, CloudError, Id, Kind, Locate, Observed, Phase, PolicyDocument, Ready};

use super::ec2::{all_done, filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::VpcEndpoint;
type Spec = VpcEndpointSpec<Ready>;

const DESCRIBE: &str = "ec2:DescribeVpcEndpoints";

impl Driver<VpcEndpoint> for Aws {
    async fn observe(&self, at: &[Locate<VpcEndpoint>], reading: &Reading) -> Vec<Sight<VpcEndpoint>> {
        let all = match self.endpoints(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| match &place.id {
                Some(id) => all.get(id.as_str()).filter(|raw| state(raw) != "deleted").map(observed).transpose(),
                None => Ok(found(all.values(), place)),
            })
            .collect()
    }

    async fn create(&self, want: &Spec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateVpcEndpoint";
        let create = self.write.ec2.create_vpc_endpoint().vpc_id(want.vpc.as_str()).service_name(&want.service);
        let create = create.set_policy_document(want.policy.as_ref().map(PolicyDocument::to_text));
        let create = create.client_token(&attempt.token).tag_specifications(specification(ResourceType::VpcEndpoint, &want.tags, attempt));
        let create = match want.endpoint_type {
            EndpointType::Gateway => create
                .vpc_endpoint_type(VpcEndpointType::Gateway)
                .set_route_table_ids(Some(ids(&want.route_tables)).filter(|i| !i.is_empty())),
            EndpointType::Interface => {
                let private_dns = want.private_dns.unwrap_or(false);
                // By itself AWS gives the name of S3 to the addresses of its gateway, and refuses where there is none.
                let dns = DnsOptionsSpecification::builder().private_dns_only_for_inbound_resolver_endpoint(false).build();
                create
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .set_subnet_ids(Some(ids(&want.subnets)))
                    .set_security_group_ids(Some(ids(&want.security_groups)))
                    .private_dns_enabled(private_dns)
                    .set_dns_options((private_dns && want.service.ends_with(".s3")).then_some(dns))
            }
        };
        let answer = create.send().await.told(OPERATION).map_err(not_yet)?;
        let id = told(OPERATION, "VpcEndpointId", answer.vpc_endpoint.and_then(|endpoint| endpoint.vpc_endpoint_id))?;
        Ok(Created { id: id.into() })
    }

    /// AWS refuses a second change while it is at work on one.
    async fn update(&self, seen: &Observed<VpcEndpoint>, want: &Spec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if seen.phase == Phase::Ready && differs(have, want) {
            let modify = self.write.ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
            let modify = modify
                .set_add_route_table_ids(beyond(&want.route_tables, &have.route_tables))
                .set_remove_route_table_ids(beyond(&have.route_tables, &want.route_tables))
                .set_add_subnet_ids(beyond(&want.subnets, &have.subnets))
                .set_remove_subnet_ids(beyond(&have.subnets, &want.subnets))
                .set_add_security_group_ids(beyond(&want.security_groups, &have.security_groups))
                .set_remove_security_group_ids(beyond(&have.security_groups, &want.security_groups))
                .set_private_dns_enabled(want.private_dns.filter(|_| have.private_dns != want.private_dns));
            let modify = match &want.policy {
                same if *same == have.policy => modify,
                None => modify.reset_policy(true),
                Some(policy) => modify.policy_document(policy.to_text()),
            };
            modify.send().await.told("ec2:ModifyVpcEndpoint").map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<VpcEndpoint>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "ec2:DeleteVpcEndpoints";
        if seen.phase == Phase::Leaving {
            return Ok(Progress::Nothing);
        }
        let answer = self.write.ec2.delete_vpc_endpoints().vpc_endpoint_ids(seen.id.as_str()).send().await.told(OPERATION)?;
        all_done(OPERATION, answer.unsuccessful())?;
        Ok(Progress::Sent)
    }
}

fn differs(have: &Spec, want: &Spec) -> bool {
    let changeable = |spec: &Spec| {
        (spec.route_tables.clone(), spec.subnets.clone(), spec.security_groups.clone(), spec.private_dns, spec.policy.clone())
    };
    changeable(have) != changeable(want)
}

fn ids<K: Kind>(of: &BTreeSet<Id<K>>) -> Vec<String> {
    of.iter().map(|id| id.as_str().to_owned()).collect()
}

/// What is in the one and not in the other; none where nothing is.
fn beyond<K: Kind>(these: &BTreeSet<Id<K>>, those: &BTreeSet<Id<K>>) -> Option<Vec<String>> {
    let more: Vec<String> = these.difference(those).map(|id| id.as_str().to_owned()).collect();
    (!more.is_empty()).then_some(more)
}

/// AWS answers `available` where its model says `Available`.
fn state(raw: &Raw) -> String {
    raw.state().map_or("unknown", |s| s.as_str()).to_lowercase()
}

fn phase(raw: &Raw) -> Phase {
    let error = raw.last_error().and_then(|error| error.message()).or(raw.failure_reason());
    match state(raw).as_str() {
        "available" => Phase::Ready,
        "deleting" | "deleted" => Phase::Leaving,
        "pendingacceptance" => Phase::Pending("the owner of the service has to accept the endpoint".into()),
        state @ ("failed" | "rejected" | "expired") => Phase::Failed(error.map_or_else(|| format!("AWS says `{state}`"), str::to_owned)),
        "partial" => Phase::Pending("AWS has brought a part of the endpoint's addresses to what is wanted".into()),
        _ => Phase::Pending("AWS makes the endpoint available".into()),
    }
}

/// What stands for a place whose object's id is not known: what bears our mark, else what would be in its way. One that
/// is leaving is neither.
fn found<'a>(all: impl Iterator<Item = &'a Raw>, place: &Locate<VpcEndpoint>) -> Option<Observed<VpcEndpoint>> {
    // One of another sort, such as a Gateway Load Balancer's, is not the one looked for.
    let seen: Vec<Observed<VpcEndpoint>> = all.filter_map(|raw| observed(raw).ok()).filter(|seen| seen.phase != Phase::Leaving).collect();
    let ours = |seen: &Observed<VpcEndpoint>| {
        seen.owner.as_ref().is_some_and(|owner| {
            owner.lineage == place.lineage && owner.address == place.address && place.intent.as_ref().is_none_or(|i| *i == owner.intent)
        })
    };
    let in_the_way = |seen: &Observed<VpcEndpoint>| {
        let (have, want) = (&seen.spec, &place.spec);
        let alike = (&have.vpc, &have.service, have.endpoint_type) == (&want.vpc, &want.service, want.endpoint_type);
        alike
            && match want.endpoint_type {
                EndpointType::Gateway => !have.route_tables.is_disjoint(&want.route_tables),
                EndpointType::Interface => have.private_dns == Some(true) && want.private_dns == Some(true),
            }
    };
    let at = seen.iter().position(ours).or_else(|| seen.iter().position(in_the_way))?;
    seen.into_iter().nth(at)
}

fn observed(raw: &Raw) -> Result<Observed<VpcEndpoint>, CloudError> {
    let id = told(DESCRIBE, "VpcEndpointId", raw.vpc_endpoint_id())?;
    let endpoint_type = match raw.vpc_endpoint_type() {
        Some(VpcEndpointType::Gateway) => EndpointType::Gateway,
        Some(VpcEndpointType::Interface) => EndpointType::Interface,
        other => return Err(CloudError::own(DESCRIBE, Class::Invalid, format!("{id} is of another sort: {other:?}"))),
    };
    let policy = raw.policy_document().filter(|text| !text.is_empty()).map(PolicyDocument::parse).transpose();
    let policy = policy.map_err(|e| CloudError::own(DESCRIBE, Class::Invalid, format!("the policy of {id} is not JSON: {e}")))?;
    let (tags, owner) = from_tags(raw.tags());
    let phase = phase(raw);
    let known = phase == Phase::Ready;
    Ok(Observed {
        id: id.into(),
        spec: VpcEndpointSpec {
            vpc: Id::new(told(DESCRIBE, "VpcId", raw.vpc_id())?),
            service: told(DESCRIBE, "ServiceName", raw.service_name())?.to_owned(),
            endpoint_type,
            route_tables: raw.route_table_ids().iter().map(Id::new).collect(),
            subnets: raw.subnet_ids().iter().map(Id::new).collect(),
            security_groups: raw.groups().iter().filter_map(|group| group.group_id()).map(Id::new).collect(),
            private_dns: (endpoint_type == EndpointType::Interface).then(|| raw.private_dns_enabled().unwrap_or(false)),
            policy: policy.and_then(endpoint_limits),
            tags,
        },
        outputs: VpcEndpointOutputs {
            id: Id::new(id),
            dns_names: known.then(|| raw.dns_entries().iter().filter_map(|entry| entry.dns_name().map(str::to_owned)).collect()),
        },
        phase,
        owner,
    })
}

impl Aws {
    async fn endpoints(&self, at: &[Locate<VpcEndpoint>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scanned = reading.once(format!("{DESCRIBE} lineage={lineage}"), self.describe_endpoints(of_lineage(lineage))).await?;
        let mut all = scanned.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by = filter("vpc-endpoint-id", ids.to_vec());
            all.extend(reading.once(format!("{DESCRIBE} ids={}", ids.join(",")), self.describe_endpoints(by)).await?.as_ref().clone());
        }
        // Without an id, what stands in the way counts too, whoever made it.
        let nameless = at.iter().filter(|place| place.id.is_none()).map(|place| place.spec.vpc.as_str());
        let vpcs: Vec<&str> = nameless.collect::<BTreeSet<_>>().into_iter().collect();
        for vpcs in vpcs.chunks(FILTER_VALUES) {
            let by = filter("vpc-id", vpcs.to_vec());
            all.extend(reading.once(format!("{DESCRIBE} vpcs={}", vpcs.join(",")), self.describe_endpoints(by)).await?.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_endpoints(&self, by: Filter) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_vpc_endpoints().filters(by).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let endpoints = page.told(DESCRIBE)?.vpc_endpoints.unwrap_or_default();
            all.extend(endpoints.into_iter().filter_map(|endpoint| Some((endpoint.vpc_endpoint_id.clone()?, endpoint))));
        }
        Ok((all, calls))
    }
}
