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
    let certain = show(ui, session, state, plan).await;
    if certain.is_empty() {
        return Ok(());
    }
    let name = &session.offline.environment.name;
    Err(Failure::error(ErrorId::Ahead, format!("this plan for {name} would fail; nothing was changed")).with(certain))
}

/// Looks ahead and tells what was found, but for what is certain to fail: that is answered.
async fn show<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State, plan: &Plan) -> Vec<Finding> {
    let before = session.link.sent().len();
    let offline = &session.offline;
    let mut asked = questions(plan, &session.desired, &offline.kinds, &ground(offline, Some(state)), session.link.clock().now());
    let key = offline.environment.approval.kms_key.clone().filter(|_| offline.governed);
    asked.extend(key.map(|key| Question::Signs { key }));
    let all = asked_of(&session.link, &session.caller, &asked, plan.mode).await;
    if all.is_empty() {
        return vec![];
    }
    let reads = session.link.sent().len() - before;
    let (certain, told): (Vec<Finding>, Vec<Finding>) =
        all.iter().flat_map(|one| one.findings.clone()).partition(|one| one.severity == Severity::Error);
    tell(ui, &all, reads, &certain, &told);
    certain
}

/// With `-v`, looks ahead after a plan was shown, and says what an apply would be told.
pub(crate) async fn look_beside<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State, plan: &Plan) {
    if ui.verbose == 0 || ui.json || plan.is_empty() {
        return;
    }
    let certain = show(ui, session, state, plan).await;
    if !certain.is_empty() {
        ui.findings(&certain);
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

fn tell(ui: &mut Ui, all: &[Looked], reads: usize, certain: &[Finding], told: &[Finding]) {
    if ui.json {
        let findings: Vec<&Finding> = certain.iter().chain(told).collect();
        let looked = bbws_render::looked_ahead_json(all);
        let line =
            json!({ "format": 1, "event": "preflight", "questions": all.len(), "calls": reads, "findings": findings, "looked": looked });
        ui.line(line.to_string());
        return;
    }
    let style = ui.style();
    let calls = if reads == 1 { "a call".to_owned() } else { format!("{reads} calls") };
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
