//! The questions before an apply, put to AWS.

use std::collections::{BTreeMap, BTreeSet};

use bbws_aws::{Aws, BucketOwner, granted_signers, key_policy, principal};
use bbws_cli::Caller;
use bbws_model::{Class, CloudError, Principal};
use bbws_operate::iam::Probe;
use bbws_operate::preflight::{Answer, Counted, Holder, Question, Signing, is_granted, key_says, signing};
use futures::future::{join_all, join3, try_join};

/// Finds one thing out.
pub(crate) async fn inquire(aws: &Aws, caller: &Caller, question: &Question) -> Result<Answer, CloudError> {
    match question {
        Question::Zones { .. } => aws.available_zones().await.map(Answer::Zones),
        Question::Quota { of, .. } => quota(aws, *of).await,
        Question::Region { region } => aws.region_status(region).await.map(Answer::Region),
        Question::Support { version, .. } => {
            let ends = aws.standard_support(version).await?;
            Ok(Answer::Support(ends.and_then(|at| jiff::Timestamp::from_second(at).ok())))
        }
        Question::Name { bucket, probe } => Ok(Answer::Name(match aws.bucket_owner(bucket).await? {
            BucketOwner::Nobody => Holder::Nobody,
            BucketOwner::Us => Holder::Us,
            // Who may not look is refused in the same way.
            BucketOwner::Others if denied(aws, caller, std::slice::from_ref(probe)).await?.is_empty() => Holder::Others,
            BucketOwner::Others => {
                return Err(CloudError::own("s3:HeadBucket", Class::Denied, format!("the caller may not do s3:ListBucket on {bucket}")));
            }
        })),
        Question::ServiceRole { role, probe, .. } => {
            if aws.has_role(role).await? {
                return Ok(Answer::ServiceRole { there: true, may: None });
            }
            // Without an answer it is not known, and that is said.
            let denied = denied(aws, caller, std::slice::from_ref(probe)).await.ok();
            Ok(Answer::ServiceRole { there: false, may: denied.map(|denied| denied.is_empty()) })
        }
        Question::Offered { class, .. } => aws.offered(class).await.map(Answer::Offered),
        Question::Allowed { probes } => denied(aws, caller, probes).await.map(Answer::Denied),
        Question::Signs { key } => {
            let probes = [signing(key)];
            let signer = Principal::of(&caller.arn, None);
            let (denied, policy, grantees) = join3(denied(aws, caller, &probes), key_policy(aws, key), granted_signers(aws, key)).await;
            Ok(Answer::Signs(Box::new(Signing {
                by_iam: denied.map(|denied| denied.is_empty()),
                by_key: policy.map(|policy| key_says(&policy, &signer)),
                by_grant: grantees.map(|grantees| is_granted(&grantees, &signer)),
            })))
        }
    }
}

/// How many there may be, and how many there are.
async fn quota(aws: &Aws, of: Counted) -> Result<Answer, CloudError> {
    let alone = |(most, used): (f64, usize)| Answer::Quota { most, used: BTreeMap::from([(String::new(), used)]) };
    let (service, code) = of.code();
    match of {
        Counted::Roles => aws.roles().await.map(alone),
        Counted::HostedZones => aws.hosted_zones().await.map(alone),
        _ if !of.is_counted() => Ok(Answer::Quota { most: aws.quota(service, code).await?, used: BTreeMap::new() }),
        _ => {
            let (most, used) = try_join(aws.quota(service, code), aws.count(of.kind())).await?;
            Ok(Answer::Quota { most, used })
        }
    }
}

/// Whoever may do everything is found out with one question; of what is denied on everything each statement's own part is asked.
async fn denied(aws: &Aws, caller: &Caller, probes: &[Probe]) -> Result<Vec<(String, String)>, CloudError> {
    let untold = || CloudError::own("iam:SimulatePrincipalPolicy", Class::Invalid, format!("IAM simulates nothing for {}", caller.arn));
    let principal = principal(&caller.arn).ok_or_else(untold)?;
    let all: Vec<String> = probes.iter().flat_map(|probe| probe.actions.clone()).collect();
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for probe in probes {
        context.extend(probe.context.clone());
    }
    let doubtful: BTreeSet<String> = aws.simulate(&principal, &all, "*", &context).await?.into_iter().collect();
    let narrowed = probes.iter().filter_map(|probe| {
        let actions: Vec<String> = probe.actions.iter().filter(|action| doubtful.contains(*action)).cloned().collect();
        (!actions.is_empty()).then_some((probe, actions))
    });
    let asked = narrowed.map(|(probe, actions)| {
        let principal = &principal;
        async move {
            let denied = aws.simulate(principal, &actions, &probe.resource, &probe.context).await?;
            Ok::<_, CloudError>(denied.into_iter().map(|action| (action, probe.resource.clone())).collect::<Vec<_>>())
        }
    });
    let answers: Result<Vec<_>, CloudError> = join_all(asked).await.into_iter().collect();
    Ok(answers?.concat())
}
