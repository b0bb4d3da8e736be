//! The driver of `load-balancer`. ELB has no filters: all load balancers are listed, and ours are picked out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType as RawIpAddressType, LoadBalancer as Raw, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{ActiveArn, DesyncMitigation, ForwardedFor, IpAddressType, LoadBalancer, LoadBalancerOutputs, LoadBalancerSpec, LogsTo};
use bbws_model::{Arn, Class, CloudError, Id, Locate, Name, Observed, Phase, Ready};
use futures::future::join_all;

use super::ec2::told;
use super::elb::{Marked, as_tags};
use super::iam::unless_absent;
use crate::scan::all_failed;
use crate::{Aws, Told};

const LIST: &str = "elasticloadbalancing:DescribeLoadBalancers";

impl Driver<LoadBalancer> for Aws {
    async fn observe(&self, at: &[Locate<LoadBalancer>], reading: &Reading) -> Vec<Sight<LoadBalancer>> {
        let all = match self.load_balancers(reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        let found = |place: &Locate<LoadBalancer>| {
            all.iter().find(|raw| match &place.id {
                Some(id) => raw.load_balancer_arn() == Some(id.as_str()),
                // Whether the case of a name counts is not documented.
                None => raw.load_balancer_name().is_some_and(|name| name.eq_ignore_ascii_case(&place.spec.name)),
            })
        };
        let found: Vec<Option<&Raw>> = at.iter().map(found).collect();
        let arns: BTreeSet<&str> = found.iter().filter_map(|raw| raw.and_then(Raw::load_balancer_arn)).collect();
        let marked = match self.elb_tags(&arns, reading).await {
            Ok(marked) => marked,
            Err(error) => return all_failed(at, &error),
        };
        let whole = |raw: Option<&Raw>| {
            let (raw, marked) = (raw.cloned(), &marked);
            async move {
                let Some(raw) = raw else { return Ok(None) };
                let arn = told(LIST, "LoadBalancerArn", raw.load_balancer_arn())?;
                let told_tags = told("elasticloadbalancing:DescribeTags", "ResourceArn", marked.get(arn).cloned())?;
                let attributes = self.load_balancer_attributes(arn, reading).await?;
                // It went between the two calls.
                let Some(attributes) = attributes.as_ref() else { return Ok(None) };
                observed(&raw, attributes, told_tags).map(Some)
            }
        };
        join_all(found.into_iter().map(whole)).await
    }

    async fn create(&self, want: &LoadBalancerSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "elasticloadbalancing:CreateLoadBalancer";
        // With the settings of one that is there, AWS answers with that: the mark on it tells whose it is.
        let answer = self
            .write
            .elb
            .create_load_balancer()
            .name(&want.name)
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(if want.internal { LoadBalancerSchemeEnum::Internal } else { LoadBalancerSchemeEnum::InternetFacing })
            .ip_address_type(ip_address_type(want.ip_address_type))
            .set_subnets(Some(want.subnets.iter().map(ToString::to_string).collect()))
            .set_security_groups(Some(want.security_groups.iter().map(ToString::to_string).collect()))
            .set_tags(Some(as_tags(attempt.tagged(&want.tags))))
            .send()
            .await
            .told(OPERATION)?;
        let made = answer.load_balancers.unwrap_or_default().into_iter().next();
        let arn = told(OPERATION, "LoadBalancerArn", made.and_then(|made| made.load_balancer_arn))?;
        Ok(Created { id: arn.into() })
    }

    async fn update(
        &self,
        seen: &Observed<LoadBalancer>,
        want: &LoadBalancerSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (arn, have, elb) = (seen.id.as_str(), &seen.spec, &self.write.elb);
        if have.subnets != want.subnets {
            let subnets = want.subnets.iter().map(ToString::to_string).collect();
            let set = elb.set_subnets().load_balancer_arn(arn).set_subnets(Some(subnets));
            set.send().await.told("elasticloadbalancing:SetSubnets")?;
            return Ok(Progress::Sent);
        }
        if have.security_groups != want.security_groups {
            let groups = want.security_groups.iter().map(ToString::to_string).collect();
            let set = elb.set_security_groups().load_balancer_arn(arn).set_security_groups(Some(groups));
            set.send().await.told("elasticloadbalancing:SetSecurityGroups")?;
            return Ok(Progress::Sent);
        }
        if have.ip_address_type != want.ip_address_type {
            let set = elb.set_ip_address_type().load_balancer_arn(arn).ip_address_type(ip_address_type(want.ip_address_type));
            set.send().await.told("elasticloadbalancing:SetIpAddressType")?;
            return Ok(Progress::Sent);
        }
        let now = written(have);
        let differing: Vec<LoadBalancerAttribute> = written(want)
            .into_iter()
            .filter(|(key, value)| now.get(key) != Some(value))
            .map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build())
            .collect();
        if !differing.is_empty() {
            let modify = elb.modify_load_balancer_attributes().load_balancer_arn(arn).set_attributes(Some(differing));
            modify.send().await.told("elasticloadbalancing:ModifyLoadBalancerAttributes")?;
            return Ok(Progress::Sent);
        }
        self.retag_elb(arn, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    /// Protection is never switched off on the way: that would make it worthless.
    async fn delete(&self, seen: &Observed<LoadBalancer>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "elasticloadbalancing:DeleteLoadBalancer";
        if seen.spec.deletion_protection {
            let why = format!(
                "the load balancer `{}` is protected against deletion: set `deletion_protection = false` on it, apply that, then delete it",
                seen.spec.name
            );
            return Err(CloudError::own(OPERATION, Class::Denied, why));
        }
        self.write.elb.delete_load_balancer().load_balancer_arn(seen.id.as_str()).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    /// All load balancers of the region.
    pub(crate) async fn load_balancers(&self, reading: &Reading) -> Result<Arc<Vec<Raw>>, CloudError> {
        reading.once(LIST.to_owned(), self.list_load_balancers()).await
    }

    async fn list_load_balancers(&self) -> Result<(Vec<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.elb.describe_load_balancers().page_size(400).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(page.told(LIST)?.load_balancers.unwrap_or_default());
        }
        Ok((all, calls))
    }

    /// All attributes by key; none where the load balancer is gone.
    async fn load_balancer_attributes(&self, arn: &str, reading: &Reading) -> Result<Arc<Option<BTreeMap<String, String>>>, CloudError> {
        const OPERATION: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
        let ask = || async {
            let answer =
                unless_absent(self.read.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await.told(OPERATION))?;
            let pair = |attribute: LoadBalancerAttribute| Some((attribute.key?, attribute.value.unwrap_or_default()));
            Ok((answer.map(|answer| answer.attributes.unwrap_or_default().into_iter().filter_map(pair).collect()), 1))
        };
        reading.once(format!("{OPERATION} {arn}"), ask()).await
    }
}

fn ip_address_type(value: IpAddressType) -> RawIpAddressType {
    match value {
        IpAddressType::Ipv4 => RawIpAddressType::Ipv4,
        IpAddressType::Dualstack => RawIpAddressType::Dualstack,
        IpAddressType::DualstackWithoutPublicIpv4 => RawIpAddressType::DualstackWithoutPublicIpv4,
    }
}

/// The attributes of a spec as ELB writes them.
fn written(spec: &LoadBalancerSpec<Ready>) -> BTreeMap<&'static str, String> {
    let desync = match spec.desync_mitigation {
        DesyncMitigation::Monitor => "monitor",
        DesyncMitigation::Defensive => "defensive",
        DesyncMitigation::Strictest => "strictest",
    };
    let forwarded = match spec.forwarded_for {
        ForwardedFor::Append => "append",
        ForwardedFor::Preserve => "preserve",
        ForwardedFor::Remove => "remove",
    };
    let mut all = BTreeMap::from([
        ("deletion_protection.enabled", spec.deletion_protection.to_string()),
        ("idle_timeout.timeout_seconds", spec.idle_timeout_seconds.to_string()),
        ("client_keep_alive.seconds", spec.client_keep_alive_seconds.to_string()),
        ("routing.http.drop_invalid_header_fields.enabled", spec.drop_invalid_headers.to_string()),
        ("routing.http2.enabled", spec.http2.to_string()),
        ("routing.http.desync_mitigation_mode", desync.to_owned()),
        ("routing.http.preserve_host_header.enabled", spec.preserve_host_header.to_string()),
        ("routing.http.xff_header_processing.mode", forwarded.to_owned()),
        ("routing.http.xff_client_port.enabled", spec.forwarded_port.to_string()),
        ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", spec.tls_headers.to_string()),
        ("waf.fail_open.enabled", spec.waf_fail_open.to_string()),
    ]);
    // Bucket and prefix of logs that are off count for nothing.
    if let Some(LogsTo { bucket, prefix }) = &spec.access_logs {
        all.insert("access_logs.s3.bucket", bucket.to_string());
        all.insert("access_logs.s3.prefix", prefix.clone());
    }
    if let Some(LogsTo { bucket, prefix }) = &spec.connection_logs {
        all.insert("connection_logs.s3.bucket", bucket.to_string());
        all.insert("connection_logs.s3.prefix", prefix.clone());
    }
    all.insert("access_logs.s3.enabled", spec.access_logs.is_some().to_string());
    all.insert("connection_logs.s3.enabled", spec.connection_logs.is_some().to_string());
    all
}

fn observed(raw: &Raw, attributes: &BTreeMap<String, String>, (tags, owner): Marked) -> Result<Observed<LoadBalancer>, CloudError> {
    let arn = told(LIST, "LoadBalancerArn", raw.load_balancer_arn())?;
    let name = told(LIST, "LoadBalancerName", raw.load_balancer_name())?;
    let get = |key: &str| attributes.get(key).map(String::as_str);
    let on = |key: &str, default: bool| get(key).map_or(default, |value| value == "true");
    let number = |key: &str, default: u32| get(key).and_then(|value| value.parse().ok()).unwrap_or(default);
    let logs = |of: &str| {
        on(&format!("{of}.s3.enabled"), false).then(|| LogsTo {
            bucket: Name::new(get(&format!("{of}.s3.bucket")).unwrap_or_default()),
            prefix: get(&format!("{of}.s3.prefix")).unwrap_or_default().to_owned(),
        })
    };
    let state = raw.state().and_then(|state| state.code()).map_or("unknown", |code| code.as_str());
    let phase = match state {
        // Impaired: it works, but has not the capacity it should.
        "active" | "active_impaired" => Phase::Ready,
        "failed" => Phase::Failed(raw.state().and_then(|state| state.reason()).unwrap_or("ELB gives no reason").to_owned()),
        _ => Phase::Pending("ELB provisions the load balancer".into()),
    };
    Ok(Observed {
        id: arn.into(),
        spec: LoadBalancerSpec {
            name: name.to_owned(),
            vpc: raw.vpc_id().map(Id::new),
            internet_gateway: None,
            subnets: raw.availability_zones().iter().filter_map(|zone| zone.subnet_id()).map(Id::new).collect(),
            security_groups: raw.security_groups().iter().map(|id| id.as_str().into()).collect(),
            internal: raw.scheme() == Some(&LoadBalancerSchemeEnum::Internal),
            ip_address_type: match raw.ip_address_type() {
                Some(RawIpAddressType::Dualstack) => IpAddressType::Dualstack,
                Some(RawIpAddressType::DualstackWithoutPublicIpv4) => IpAddressType::DualstackWithoutPublicIpv4,
                _ => IpAddressType::Ipv4,
            },
            deletion_protection: on("deletion_protection.enabled", false),
            idle_timeout_seconds: number("idle_timeout.timeout_seconds", 60),
            client_keep_alive_seconds: number("client_keep_alive.seconds", 3600),
            drop_invalid_headers: on("routing.http.drop_invalid_header_fields.enabled", false),
            http2: on("routing.http2.enabled", true),
            desync_mitigation: match get("routing.http.desync_mitigation_mode") {
                Some("monitor") => DesyncMitigation::Monitor,
                Some("strictest") => DesyncMitigation::Strictest,
                _ => DesyncMitigation::Defensive,
            },
            preserve_host_header: on("routing.http.preserve_host_header.enabled", false),
            forwarded_for: match get("routing.http.xff_header_processing.mode") {
                Some("preserve") => ForwardedFor::Preserve,
                Some("remove") => ForwardedFor::Remove,
                _ => ForwardedFor::Append,
            },
            forwarded_port: on("routing.http.xff_client_port.enabled", false),
            tls_headers: on("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", false),
            waf_fail_open: on("waf.fail_open.enabled", false),
            access_logs: logs("access_logs"),
            connection_logs: logs("connection_logs"),
            tags,
        },
        outputs: LoadBalancerOutputs {
            arn: Arn::new(arn),
            active_arn: (phase == Phase::Ready).then(|| ActiveArn::new(arn)),
            arn_suffix: arn.split_once(":loadbalancer/").map_or(arn, |(_, suffix)| suffix).to_owned(),
            name: Name::new(name),
            dns_name: told(LIST, "DNSName", raw.dns_name())?.to_lowercase(),
            zone_id: told(LIST, "CanonicalHostedZoneId", raw.canonical_hosted_zone_id())?.to_owned(),
        },
        phase,
        owner,
    })
}
