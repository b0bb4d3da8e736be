//! Breaking the glass: a change of production on somebody's word, without an approval. The reason goes into the log with the change.

use bbws_model::Principal;
use bbws_operate::approval::reason;

use super::consent::typed;
use crate::approval::{Ground, principal};
use crate::args::Glass;
use crate::cloud::Link;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, safety};

/// Why production is to be changed without an approval, where it is.
///
/// # Errors
/// When there is no glass to break, or the reason says nothing.
pub(super) fn given(offline: &Offline, glass: &Glass, verb: &str) -> Result<Option<String>, Failure> {
    let Some(text) = &glass.break_glass else { return Ok(None) };
    let name = &offline.environment.name;
    if !offline.environment.tier.is_prod() {
        return Err(Failure::new(Exit::Usage, format!("there is no glass to break: {name} is not production"))
            .advise(format!("leave --break-glass out: bbws {verb} {name}{}", offline.flag())));
    }
    reason(text).map(Some).map_err(|why| Failure::new(Exit::Usage, "--break-glass wants a reason").because(why))
}

/// The same for what changes only what is recorded, and which no approval is of.
///
/// # Errors
/// As [`given`], and in production without a reason.
pub(super) fn demanded(offline: &Offline, glass: &Glass, verb: &str) -> Result<Option<String>, Failure> {
    let given = given(offline, glass, verb)?;
    if given.is_none() {
        safety::check_unplanned(offline, verb)?;
    }
    Ok(given)
}

/// Wants the cluster's name before production is changed so. `--yes` is no answer to that. Answers what the log keeps of it.
///
/// # Errors
/// When it is not confirmed.
pub(super) fn broken<L: Link>(
    ui: &mut Ui,
    session: &Session<L>,
    (glass, reason): (&Glass, Option<&str>),
    what: &str,
) -> Result<Ground, Failure> {
    let Some(reason) = reason else { return Ok(Ground::Free) };
    let (environment, by) = (&session.offline.environment, principal(session));
    let question = bbws_render::glass_edit_question((&environment.name, what), &environment.names.cluster, &by, reason, ui.err_style());
    typed(ui, &environment.name, &question, glass.confirm.as_deref(), "to break the glass")?;
    let reason = reason.to_owned();
    show(ui, &by, &reason);
    Ok(Ground::Glass { by, reason })
}

/// Shows that it is broken.
pub(super) fn show(ui: &mut Ui, by: &Principal, reason: &str) {
    if ui.json {
        let by = bbws_render::principal_json(by);
        ui.line(serde_json::json!({ "format": 1, "event": "glass", "by": by, "reason": reason }).to_string());
    } else {
        let style = ui.style();
        ui.say(format!("\n{}", bbws_render::glass_broken(by, reason, style)));
    }
}
