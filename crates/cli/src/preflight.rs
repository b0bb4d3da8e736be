//! The look ahead: what can be known before an apply begins. It costs what the plan makes it worth to ask, all of it side by side.

use bbws_model::{Address, CloudError, Desired, Finding, Mode, Plan, Severity, State};
use bbws_operate::preflight::{Answer, Counted, Looked, Question, expected, looked, questions};
use bbws_render::{ErrorId, Quota};
use futures::future::join_all;
use serde_json::json;

use crate::Failure;
use crate::cloud::{Caller, Link};
use crate::command::iam::ground;
use crate::session::{Offline, Session};
use crate::ui::Ui;

/// Looks ahead, and tells what was found: in a line where all is well.
///
/// # Errors
/// When a step of the plan is certain to fail.
pub(crate) async fn look<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State, plan: &Plan) -> Result<(), Failure> {
    let Some(ahead) = asked_now(session, state, plan, |_| true).await else { return Ok(()) };
    tell(ui, &ahead);
    let certain = ahead.certain;
    if certain.is_empty() {
        return Ok(());
    }
    let name = &session.offline.environment.name;
    Err(Failure::error(ErrorId::Ahead, format!("this plan for {name} would fail; nothing was changed")).with(certain))
}

/// What a look ahead came to.
pub(crate) struct Ahead {
    all: Vec<Looked>,
    reads: usize,
    certain: Vec<Finding>,
    told: Vec<Finding>,
}

/// Asks what this plan makes it worth to ask and `which` lets through; none where that is nothing.
async fn asked_now<L: Link>(session: &Session<L>, state: &State, plan: &Plan, which: impl Fn(&Question) -> bool) -> Option<Ahead> {
    let before = session.link.sent().len();
    let offline = &session.offline;
    let mut asked = questions(plan, &session.desired, &offline.kinds, &ground(offline, Some(state)), session.link.clock().now());
    let key = offline.environment.approval.kms_key.clone().filter(|_| offline.governed);
    asked.extend(key.map(|key| Question::Signs { key }));
    asked.retain(which);
    let all = asked_of(&session.link, &session.caller, &asked, plan.mode).await;
    if all.is_empty() {
        return None;
    }
    let reads = session.link.sent().len() - before;
    let (certain, told) = all.iter().flat_map(|one| one.findings.clone()).partition(|one| one.severity == Severity::Error);
    Some(Ahead { all, reads, certain, told })
}

/// Looks ahead for a plan that is only shown, and puts what is certain to fail into its notes. What the caller may do is asked where
/// all is told alone: whoever plans need not be who applies.
pub(crate) async fn look_beside<L: Link>(verbose: bool, session: &Session<L>, state: &State, plan: &mut Plan) -> Option<Ahead> {
    if plan.is_empty() {
        return None;
    }
    let mut ahead = asked_now(session, state, plan, |question| verbose || !is_of_caller(&question.id())).await?;
    let of_the_plan = |finding: &Finding| !ahead.all.iter().any(|one| is_of_caller(&one.id) && one.findings.contains(finding));
    let (notes, rest): (Vec<Finding>, Vec<Finding>) = ahead.certain.iter().cloned().partition(of_the_plan);
    plan.notes.extend(notes);
    ahead.certain = rest;
    Some(ahead)
}

/// Whether the question of this id is about who asks, and not about the plan.
fn is_of_caller(id: &str) -> bool {
    matches!(id, "rights" | "signing")
}

/// Tells all that was looked at, below a plan.
pub(crate) fn tell_beside(ui: &mut Ui, ahead: &Ahead) {
    tell(ui, ahead);
    if !ahead.certain.is_empty() {
        ui.findings(&ahead.certain);
    }
}

/// Looks ahead before there is a plan, at what the file declares and nobody has made yet.
pub(crate) async fn look_at_the_file<L: Link>(link: &L, caller: &Caller, offline: &Offline, state: Option<&State>) -> Vec<Looked> {
    let desired: Desired = bbws_cluster::draft(&offline.environment, &offline.kinds);
    let asked = expected(&desired, state, &offline.kinds, &ground(offline, state), link.clock().now());
    asked_of(link, caller, &asked, Mode::Apply).await
}

async fn asked_of<L: Link>(link: &L, caller: &Caller, asked: &[Question], mode: Mode) -> Vec<Looked> {
    let answers = join_all(asked.iter().map(|question| link.inquire(caller, question))).await;
    // A server that stands in for AWS has nothing to say.
    asked.iter().zip(answers).filter_map(|(question, answer)| Some(looked(question, &answer?, mode))).collect()
}

fn tell(ui: &mut Ui, ahead: &Ahead) {
    let Ahead { all, reads, certain, told } = ahead;
    if ui.json {
        let findings: Vec<&Finding> = certain.iter().chain(told).collect();
        let looked = bbws_render::looked_ahead_json(all);
        let line =
            json!({ "format": 1, "event": "preflight", "questions": all.len(), "calls": reads, "findings": findings, "looked": looked });
        ui.line(line.to_string());
        return;
    }
    let style = ui.style();
    let calls = if *reads == 1 { "a call".to_owned() } else { format!("{reads} calls") };
    if ui.verbose > 0 {
        ui.say(format!("\nLooked ahead ({calls}):\n{}", bbws_render::looked_ahead(all, style)));
    }
    if !told.is_empty() {
        ui.findings(told);
    } else if certain.is_empty() && ui.verbose == 0 {
        ui.line(format!("\nLooked ahead ({calls}): nothing is known that would stop it."));
    }
}

/// How much is used of the quotas that failed steps have met, as far as it may be asked.
pub(crate) async fn used<L: Link>(session: &Session<L>, failed: &[(Address, CloudError)]) -> Vec<(Address, Quota)> {
    let met = failed.iter().filter_map(|(address, error)| {
        let code = bbws_render::quota_code(error)?;
        Counted::ALL.into_iter().find(|of| of.is_counted() && of.code() == code).map(|of| (address, of))
    });
    let asked = met.map(|(address, of)| async move {
        match session.link.inquire(&session.caller, &Question::Quota { of, more: [].into() }).await {
            // Where zones count apart, it is the fullest that was met.
            Some(Ok(Answer::Quota { most, used })) => Some((address.clone(), quota(most, used.into_values().max().unwrap_or_default()))),
            _ => None,
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn quota(most: f64, used: usize) -> Quota {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "quotas are whole, and never below nothing")]
    let of = Some(most as u64);
    Quota { used: used.try_into().unwrap_or(u64::MAX), of }
}
