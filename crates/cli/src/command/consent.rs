//! Asking before something is done.

use bbws_render::ErrorId;

use crate::ui::Ui;
use crate::{Exit, Failure};

/// Asks, and takes nothing but this word for a yes. `what` wants the answer, as it is told where there is nobody to ask.
///
/// # Errors
/// When it is not agreed to.
pub(super) fn consent(ui: &mut Ui, question: &str, yes: &str, what: &str) -> Result<(), Failure> {
    match ui.ask(question) {
        Some(answer) if answer == yes => Ok(()),
        Some(_) => Err(declined()),
        None => Err(nobody(what, "--yes")),
    }
}

/// Wants the cluster's name, given beforehand or typed: a yes is no answer to that.
///
/// # Errors
/// When it is another name, or none.
pub(super) fn consent_by_name(
    ui: &mut Ui,
    question: &str,
    (name, environment): (&str, &str),
    given: Option<&String>,
    what: &str,
) -> Result<(), Failure> {
    match given.cloned().or_else(|| ui.ask(question)) {
        Some(answer) if answer == name => Ok(()),
        Some(answer) => Err(declined()
            .because(format!("`{answer}` is not the name of the cluster of {environment}"))
            .advise(format!("its name is {name}"))),
        None => Err(nobody(what, &format!("--confirm {name}"))),
    }
}

fn declined() -> Failure {
    Failure::new(Exit::Refused, "not confirmed; nothing was changed").of(ErrorId::Consent)
}

/// There is no terminal, and no answer was given beforehand.
fn nobody(what: &str, beforehand: &str) -> Failure {
    Failure::new(Exit::Refused, format!("{what} needs a confirmation, and there is nobody to ask"))
        .of(ErrorId::Consent)
        .advise(format!("run it in a terminal, or confirm it beforehand with {beforehand}"))
}
