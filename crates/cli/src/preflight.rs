//! The look ahead: what can be known before an apply begins. It costs what the plan makes it worth to ask, all of it side by side.

use bbws_model::{Desired, Finding, Plan, Severity, State};
use bbws_operate::preflight::{judge, questions};
use bbws_render::ErrorId;
use serde_json::json;

use crate::Failure;
use crate::cloud::Link;
use crate::command::iam::ground;
use crate::session::Session;
use crate::ui::Ui;

/// Looks ahead, and tells what was found: in a line where all is well.
///
/// # Errors
/// When a step of the plan is certain to fail.
pub(crate) async fn look<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State, plan: &Plan) -> Result<(), Failure> {
    let before = session.link.sent().len();
    let (asked, findings) = found(session, state, plan, &session.desired).await?;
    if asked == 0 {
        return Ok(());
    }
    let reads = session.link.sent().len() - before;
    let (certain, told): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(|one| one.severity == Severity::Error);
    tell(ui, asked, reads, &certain, &told);
    if certain.is_empty() {
        return Ok(());
    }
    Err(Failure::error(ErrorId::Preflight, format!("this plan for {} would fail; nothing was changed", session.offline.environment.name))
        .with(certain))
}

/// How many questions were asked, and what came of them.
async fn found<L: Link>(session: &Session<L>, state: &State, plan: &Plan, desired: &Desired) -> Result<(usize, Vec<Finding>), Failure> {
    let ground = ground(&session.offline, Some(state));
    let questions = questions(plan, desired, &session.offline.kinds, &ground);
    let answers = futures::future::join_all(questions.iter().map(|question| session.link.inquire(&session.caller, question))).await;
    let mut asked = 0;
    let mut findings = vec![];
    for (question, answer) in questions.iter().zip(answers) {
        // A server that stands in for AWS has nothing to say.
        let Some(answer) = answer else { continue };
        asked += 1;
        findings.extend(judge(question, &answer, plan.mode));
    }
    Ok((asked, findings))
}

fn tell(ui: &mut Ui, asked: usize, reads: usize, certain: &[Finding], told: &[Finding]) {
    if ui.json {
        let all: Vec<&Finding> = certain.iter().chain(told).collect();
        ui.line(json!({ "format": 1, "event": "preflight", "questions": asked, "calls": reads, "findings": all }).to_string());
        return;
    }
    let style = ui.style();
    if !told.is_empty() {
        ui.say(format!("\n{}", bbws_render::findings(told, style)));
    } else if certain.is_empty() {
        let calls = if reads == 1 { "a call".to_owned() } else { format!("{reads} calls") };
        ui.line(format!("\nLooked ahead ({calls}): nothing is known that would stop it."));
    }
}
