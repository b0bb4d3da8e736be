//! What others have hung on load balancers and listeners: listeners, rules, target groups, certificates.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::Rule;
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::{Listener, LoadBalancer};
use bbws_model::{Class, CloudError, Observed};
use futures::future::try_join_all;

use crate::{Aws, Told};

impl Carrier<LoadBalancer> for Aws {
    async fn hung_on(&self, seen: &Observed<LoadBalancer>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let load_balancer = seen.id.as_str();
        let (listeners, groups) = tokio::try_join!(
            self.listeners_of(load_balancer, reading),
            reading.once(format!("elasticloadbalancing:DescribeTargetGroups {load_balancer}"), self.target_groups_of(load_balancer))
        )?;
        let arns: Vec<&str> = listeners.iter().filter_map(|raw| raw.listener_arn()).collect();
        let marked = self.elb_tags_of(&arns, reading).await?;
        let listener = |arn: &&str| Hanging {
            what: "listener",
            id: (*arn).into(),
            name: String::new(),
            owner: marked.get(*arn).and_then(|(_, owner)| owner.clone()),
            adds: None,
        };
        let mut all: Vec<Hanging> = arns.iter().map(listener).collect();
        for on_listener in try_join_all(arns.iter().map(|arn| self.hung_on_listener(arn, reading))).await? {
            all.extend(on_listener);
        }
        all.extend(groups.iter().cloned());
        Ok(all)
    }
}

impl Carrier<Listener> for Aws {
    async fn hung_on(&self, seen: &Observed<Listener>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        self.hung_on_listener(seen.id.as_str(), reading).await
    }
}

impl Aws {
    /// The rules on a listener beside its own default action, and the certificates beside its own.
    async fn hung_on_listener(&self, listener: &str, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let (rules, certificates) = tokio::try_join!(
            reading.once(format!("elasticloadbalancing:DescribeRules {listener}"), self.rules_on(listener)),
            reading.once(format!("elasticloadbalancing:DescribeListenerCertificates {listener}"), self.further_certificates(listener))
        )?;
        Ok(rules.iter().chain(certificates.iter()).cloned().collect())
    }

    async fn rules_on(&self, listener: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.elb.describe_rules().listener_arn(listener).page_size(400).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let rules = page.told("elasticloadbalancing:DescribeRules")?.rules.unwrap_or_default();
            let others = rules.into_iter().filter(|rule| rule.is_default() != Some(true));
            all.extend(others.filter_map(|rule| {
                Some(Hanging { what: "listener rule", id: rule.rule_arn()?.into(), name: takes(&rule), owner: None, adds: None })
            }));
        }
        Ok((all, calls))
    }

    async fn further_certificates(&self, listener: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (BTreeMap::new(), 0);
        let mut pages = self.read.elb.describe_listener_certificates().listener_arn(listener).page_size(400).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let certificates = page.told("elasticloadbalancing:DescribeListenerCertificates")?.certificates.unwrap_or_default();
            let others = certificates.into_iter().filter(|certificate| certificate.is_default() != Some(true));
            all.extend(others.filter_map(|certificate| certificate.certificate_arn).map(|arn| {
                let hanging =
                    Hanging { what: "certificate of a listener", id: arn.as_str().into(), name: String::new(), owner: None, adds: None };
                (arn, hanging)
            }));
        }
        Ok((all.into_values().collect(), calls))
    }

    async fn target_groups_of(&self, load_balancer: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.elb.describe_target_groups().load_balancer_arn(load_balancer).page_size(400).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let groups = match page.told("elasticloadbalancing:DescribeTargetGroups") {
                Ok(page) => page.target_groups.unwrap_or_default(),
                // `TargetGroupNotFound` here means that the load balancer has none (unconfirmed).
                Err(error) if error.class == Class::Absent => break,
                Err(error) => return Err(error),
            };
            all.extend(groups.into_iter().filter_map(|group| {
                let name = group.target_group_name.unwrap_or_default();
                Some(Hanging { what: "target group", id: group.target_group_arn?.into(), name, owner: None, adds: None })
            }));
        }
        Ok((all, calls))
    }
}

/// What a rule takes, for people: the hosts and paths of its conditions.
fn takes(rule: &Rule) -> String {
    let mut values: Vec<&str> = vec![];
    for condition in rule.conditions() {
        values.extend(condition.host_header_config().map_or(&[] as &[_], |hosts| hosts.values()).iter().map(String::as_str));
        values.extend(condition.path_pattern_config().map_or(&[] as &[_], |paths| paths.values()).iter().map(String::as_str));
    }
    values.join(" ")
}
