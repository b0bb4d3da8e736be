//! Asking before something is done.

use bbws_render::{ErrorId, Question};

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

/// Wants a name typed, or given beforehand: a yes is no answer to that. `what` wants it, as it is told where there is nobody to ask.
///
/// # Errors
/// When another name is given, or none.
pub(super) fn typed(ui: &mut Ui, environment: &str, question: &Question, given: Option<&str>, what: &str) -> Result<(), Failure> {
    let name = &question.yes;
    match given.map(str::to_owned).or_else(|| ui.ask(&format!("\n{}", question.text))) {
        Some(answer) if answer == *name => Ok(()),
        Some(answer) => Err(declined()
            .because(format!("`{answer}` is not the name of the cluster of {environment}"))
            .advise(format!("its name is {name}"))),
        None => Err(nobody(what, &format!("--confirm {name}"))),
    }
}

/// Wants the number of things that are not ours, or takes it where it was given beforehand.
///
/// # Errors
/// When another number is given, or none.
pub(super) fn counted(ui: &mut Ui, question: &Question, given: Option<usize>) -> Result<(), Failure> {
    let number = &question.yes;
    match given.map(|given| given.to_string()).or_else(|| ui.ask(&format!("\n{}", question.text))) {
        Some(answer) if answer == *number => Ok(()),
        Some(answer) => Err(declined()
            .because(format!("there are {number} of others' things, not `{answer}`"))
            .advise("look at what is listed, and count it again: they may have come or gone since")),
        None => Err(nobody("removing what others stand on", &format!("--tenants {number}"))),
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
