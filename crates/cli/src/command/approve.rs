//! `approve`: a second person's approval of one exact plan of production.

use std::path::Path;

use bbws_model::wire::approval::message;
use bbws_model::{Approval, Mode, Plan, State, Statement};
use bbws_operate::approval::{may_approve, not_own};
use bbws_render::{ErrorId, Unapproved};
use jiff::SignedDuration;
use serde_json::json;

use super::back;
use super::consent::consent;
use super::plan::show_before;
use crate::args::{ApproveArgs, Global};
use crate::cloud::{Cloud, Link};
use crate::next::{Next, word};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, approval, pace, plan_file, safety};

/// Shows a plan, asks, signs, and keeps the approval beside the state.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &ApproveArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.file.as_deref(), true)?;
    let (name, flag) = (&picked.name, global.flag());
    let Some(file) = picked.rest.as_deref() else {
        let failure = Failure::new(Exit::Usage, "approve which plan?").because("an approval is of one exact plan, in a file");
        return Err(failure.advise(format!("bbws plan {name}{flag} -o FILE, then: bbws approve {name}{flag} FILE")));
    };
    let offline = Offline::open(ui, project, global, name)?;
    if !offline.environment.tier.is_prod() {
        return Err(Failure::new(Exit::Usage, format!("{name} is not production: its plans need no approval"))
            .advise(format!("apply it: bbws apply {name}{flag} {}", word(file))));
    }
    if !offline.governed {
        return Err(Failure::new(Exit::Usage, "in the sandbox nobody is anybody until they say who they are")
            .advise(format!("say who approves: bbws approve {name}{flag} --sandbox-principal approver {}", word(file))));
    }
    let plan = plan_file::read(Path::new(file))?;
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline, (&plan, file))).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &ApproveArgs,
    offline: Offline,
    (plan, file): (&Plan, &str),
) -> Result<Exit, Failure> {
    let mut session = Session::open(offline, cloud, project, global, "approve").await?;
    let mut state = session.state().await?;
    plan_file::of_here(plan, &session, &mut state)?;
    if let Some(run) = &args.back_to {
        back::turn(&mut session, &state, run).await?;
    }
    check(&session, &state, plan, file).await?;
    let by = approval::principal(&session);
    let rules = approval::rules(&session);
    if !may_approve(&by, rules.roles) {
        return Err(Failure::new(Exit::Refused, format!("{by} may not approve"))
            .of(ErrorId::Approval)
            .because(format!("the `roles` of [approval] are {}", rules.roles.join(", ")))
            .advise(format!("let one of these approve it: {}", Next::of(&session, file).approve(&by))));
    }
    if let Err(own) = not_own(&by, plan.basis.by.as_ref()) {
        let next = Next::of(&session, file).approve(&by);
        return Err(Failure::new(Exit::Refused, format!("{by} may not approve this plan"))
            .of(ErrorId::Approval)
            .because(own)
            .advise(format!("let somebody approve it who has another role, or another source identity: {next}")));
    }
    approval::check_fence(cloud, &session, file).await?;
    show_before(ui, &session, plan);
    let environment = &session.offline.environment;
    let at = approval::now(&session, &state, file).await?;
    let hours = SignedDuration::from_hours(environment.approval.valid_hours.into());
    let statement = Statement {
        environment: environment.name.clone(),
        plan: plan_file::digest(plan),
        lineage: plan.basis.lineage.clone(),
        account: environment.account.clone(),
        world: session.world(),
        by,
        at,
        expires: at.checked_add(hours).unwrap_or(at),
    };
    if !args.yes {
        let question = bbws_render::approval_question(plan, &statement, rules.key, ui.err_style());
        consent(ui, &format!("\n{}", question.text), &question.yes, "an approval")?;
    }
    let signature = match rules.key {
        Some(key) => {
            let unsigned = |error: &bbws_model::CloudError| {
                let failure = Failure::cloud("the approval cannot be signed; nothing was stored", error);
                failure.advise(format!("the approver needs kms:Sign and kms:DescribeKey on {key}"))
            };
            let message =
                message(&statement).map_err(|error| Failure::error(ErrorId::State, "the approval cannot be written").because(error))?;
            Some(session.link.sign(key, &message).await.map_err(|error| unsigned(&error))?)
        }
        None => None,
    };
    let approval = Approval { statement, signature };
    let key = approval::store(&session, &approval).await?;
    tell(ui, &session, &approval, &key, (file, plan));
    Ok(Exit::Done)
}

/// Whether the plan could be applied at all: an approval cannot make it so.
async fn check<L: Link>(session: &Session<L>, state: &State, plan: &Plan, file: &str) -> Result<(), Failure> {
    let offline = &session.offline;
    let environment = &offline.environment;
    if plan.mode == Mode::Destroy {
        return safety::check_tier(offline, Mode::Destroy);
    }
    if plan.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is nothing to approve").because(format!("the plan in {file} changes nothing")));
    }
    if let Some(spent) = state.spent.get(&plan_file::digest(plan)) {
        return Err(approval::refused(session, file, &Unapproved::Spent(spent.run.to_string(), spent.at)));
    }
    plan_file::check_basis(plan, offline, &session.desired, state).await?;
    safety::check_protection(environment.tier, plan, state, &bbws_cluster::unprotected(environment))?;
    safety::check_production(plan, state, offline)
}

fn tell<L: Link>(ui: &mut Ui, session: &Session<L>, approval: &Approval, key: &str, (file, made): (&str, &Plan)) {
    let Statement { environment, plan, by, at, expires, .. } = &approval.statement;
    let signed_by = approval.signature.as_ref().map(|signature| signature.key.as_str());
    if ui.json {
        let by = bbws_render::principal_json(by);
        let document = json!({ "format": 1, "event": "approved", "environment": environment, "plan": plan, "by": by, "at": at,
            "expires": expires, "signed_by": signed_by, "key": key });
        ui.line(document.to_string());
        return;
    }
    let next = Next::of(session, file).applied_by(made.basis.by.as_ref(), by);
    let place = format!("{}/{key}", session.offline.home);
    let style = ui.style();
    ui.say(format!("\n{}", bbws_render::approval_given(&approval.statement, &place, signed_by, &next, style)));
}
