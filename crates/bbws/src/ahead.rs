//! The questions before an apply, put to AWS.

use std::collections::{BTreeMap, BTreeSet};

use bbws_aws::{Aws, principal};
use bbws_cli::Caller;
use bbws_model::{Class, CloudError};
use bbws_operate::iam::Probe;
use bbws_operate::preflight::{Answer, Question, signing};
use futures::future::{join_all, try_join};

/// Finds one thing out.
pub(crate) async fn inquire(aws: &Aws, caller: &Caller, question: &Question) -> Result<Answer, CloudError> {
    match question {
        Question::Zones { .. } => aws.available_zones().await.map(Answer::Zones),
        Question::Quota { of, .. } => {
            let (service, code) = of.code();
            let (most, used) = try_join(aws.quota(service, code), aws.count(of.kind())).await?;
            Ok(Answer::Quota { most, used })
        }
        Question::Offered { class, .. } => aws.offered(class).await.map(Answer::Offered),
        Question::Allowed { probes } => denied(aws, caller, probes).await.map(Answer::Denied),
        Question::Signs { key } => denied(aws, caller, &[signing(key)]).await.map(Answer::Denied),
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
