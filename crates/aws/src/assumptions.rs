//! Tests of what the code takes AWS to do: each reads something, changes nothing and costs nothing.

use bbws_model::{Class, CloudError};

use crate::kinds::indexed;
use crate::{Aws, Told};

/// What a test has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Whether it is as assumed; none where the account has nothing to see it at.
    pub holds: Option<bool>,
    /// What was seen.
    pub told: String,
}

fn seen(holds: bool, told: impl Into<String>) -> Result<Tried, CloudError> {
    Ok(Tried { holds: Some(holds), told: told.into() })
}

fn nothing(told: &str) -> Result<Tried, CloudError> {
    Ok(Tried { holds: None, told: told.to_owned() })
}

impl Aws {
    /// Tries one assumption, by its name; none where it has no such test.
    pub async fn try_assumption(&self, id: &str) -> Option<Result<Tried, CloudError>> {
        Some(match id {
            "index-knows-marked" => self.index_knows_marked().await,
            "buckets-by-region" => self.buckets_by_region().await,
            "function-tags" => self.function_tags().await,
            "elb-none-is-an-error" => self.no_target_groups().await,
            "family-prefix" => self.family_prefix().await,
            "http-version-case" => self.http_version_case().await,
            "deliveries-bare" => self.deliveries_are_bare().await,
            "region-opt-in" => self.regional_tokens().await,
            _ => return None,
        })
    }

    async fn index_knows_marked(&self) -> Result<Tried, CloudError> {
        let mut told = vec![];
        for sort in ["logs:log-group", "cloudwatch:alarm", "ecs:task-definition"] {
            told.push((sort, indexed(&self.read, sort).await?.len()));
        }
        let text = told.iter().map(|(sort, many)| format!("{many} of {sort}")).collect::<Vec<_>>().join(", ");
        if told.iter().all(|(_, many)| *many == 0) {
            nothing("nothing in the region bears a mark yet")
        } else {
            seen(told.iter().all(|(_, many)| *many > 0), text)
        }
    }

    async fn buckets_by_region(&self) -> Result<Tried, CloudError> {
        let region = self.region_of(None);
        let page = self.read.s3.list_buckets().bucket_region(region).max_buckets(100).send().await.told("s3:ListBuckets")?;
        let others: Vec<&str> =
            page.buckets().iter().filter(|b| b.bucket_region().is_some_and(|of| of != region)).filter_map(|b| b.name()).collect();
        match page.buckets() {
            [] => nothing("the account has no bucket in the region"),
            all if others.is_empty() => seen(true, format!("{} buckets, all in {region}", all.len())),
            _ => seen(false, format!("buckets of other regions: {}", others.join(", "))),
        }
    }

    async fn function_tags(&self) -> Result<Tried, CloudError> {
        let page = self.read.cloudfront.list_functions().max_items(1).send().await.told("cloudfront:ListFunctions")?;
        let first = page.function_list().and_then(|list| list.items().first()).and_then(|raw| raw.function_metadata());
        let Some(about) = first else { return nothing("the account has no CloudFront function") };
        let tags = self.read.cloudfront.list_tags_for_resource().resource(about.function_arn()).send().await;
        match tags.told("cloudfront:ListTagsForResource") {
            Ok(_) => seen(true, format!("the tags of {} can be listed", about.function_arn())),
            Err(error) if error.class == Class::Invalid => seen(false, error.to_string()),
            Err(error) => Err(error),
        }
    }

    async fn no_target_groups(&self) -> Result<Tried, CloudError> {
        let page = self.read.elb.describe_load_balancers().page_size(20).send().await.told("elasticloadbalancing:DescribeLoadBalancers")?;
        for arn in page.load_balancers().iter().filter_map(|raw| raw.load_balancer_arn()) {
            let told = self.read.elb.describe_target_groups().load_balancer_arn(arn).send().await;
            match told.told("elasticloadbalancing:DescribeTargetGroups") {
                Ok(page) if page.target_groups().is_empty() => return seen(true, format!("{arn} has none, and the answer is empty")),
                Ok(_) => {}
                Err(error) if error.code == "TargetGroupNotFound" => return seen(true, format!("{arn} has none: {}", error.code)),
                Err(error) => return seen(false, error.to_string()),
            }
        }
        nothing("no load balancer in the region is without target groups")
    }

    async fn family_prefix(&self) -> Result<Tried, CloudError> {
        let page = self.read.ecs.list_task_definitions().max_results(1).send().await.told("ecs:ListTaskDefinitions")?;
        let arn = page.task_definition_arns().first();
        let Some(family) = arn.and_then(|arn| arn.rsplit_once('/')?.1.rsplit_once(':')).map(|(family, _)| family.to_owned()) else {
            return nothing("the region has no task definition");
        };
        let found = self.read.ecs.list_task_definitions().family_prefix(&family).send().await.told("ecs:ListTaskDefinitions")?;
        seen(!found.task_definition_arns().is_empty(), format!("asked for {family}: {} revisions", found.task_definition_arns().len()))
    }

    async fn http_version_case(&self) -> Result<Tried, CloudError> {
        let page = self.read.cloudfront.list_distributions().max_items(1).send().await.told("cloudfront:ListDistributions")?;
        let Some(first) = page.distribution_list().and_then(|list| list.items().first()) else {
            return nothing("the account has no distribution");
        };
        let version = first.http_version().as_str();
        seen(
            ["http1.1", "http2", "http3", "http2and3"].iter().any(|known| known.eq_ignore_ascii_case(version)),
            format!("the list writes `{version}`"),
        )
    }

    async fn deliveries_are_bare(&self) -> Result<Tried, CloudError> {
        let logs = self.deliveries().0.logs;
        let page = logs.describe_deliveries().send().await.told("logs:DescribeDeliveries")?;
        let Some(first) = page.deliveries().first() else { return nothing("the account delivers no logs") };
        let has = first.tags().is_some_and(|tags| !tags.is_empty());
        seen(!has, format!("the description {} tags", if has { "tells" } else { "tells no" }))
    }

    async fn regional_tokens(&self) -> Result<Tried, CloudError> {
        let answer = self.read.sts.get_caller_identity().send().await.told("sts:GetCallerIdentity")?;
        seen(true, format!("the endpoint of {} knows {}", self.region_of(None), answer.arn().unwrap_or("the caller")))
    }
}
