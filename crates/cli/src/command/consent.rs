//! Asking before something is done.

use bbws_render::{ErrorId, Question};

use crate::ui::Ui;
use crate::{Exit, Failure};

/// Asks, and takes nothing but this word for a yes. `nobody` says what wants an answer, where there is nobody to ask.
///
/// # Errors
/// When it is not agreed to.
pub(super) fn consent(ui: &mut Ui, question: &str, yes: &str, nobody: impl FnOnce() -> Failure) -> Result<(), Failure> {
    match ui.ask(question) {
        Some(answer) if answer == yes => Ok(()),
        Some(_) => Err(Failure::new(Exit::Refused, "not confirmed; nothing was changed").of(ErrorId::Consent)),
        None => Err(nobody().advise("run it in a terminal, or confirm it beforehand with --yes")),
    }
}

/// Wants a name typed, or given beforehand. `needs` says what wants it, where there is nobody to ask.
///
/// # Errors
/// When another name is given, or none.
pub(super) fn typed(ui: &mut Ui, environment: &str, question: &Question, given: Option<&str>, needs: &str) -> Result<(), Failure> {
    let answer = given.map(str::to_owned).or_else(|| ui.ask(&format!("\n{}", question.text)));
    let failure = match answer {
        Some(answer) if answer == question.yes => return Ok(()),
        Some(answer) => Failure::new(Exit::Refused, "not confirmed; nothing was changed")
            .because(format!("`{answer}` is not the name of the cluster of {environment}"))
            .advise(format!("its name is {}", question.yes)),
        None => Failure::new(Exit::Refused, format!("{needs}, and there is nobody to ask"))
            .advise(format!("run it in a terminal, or confirm it beforehand: --confirm {}", question.yes)),
    };
    Err(failure.of(ErrorId::Consent))
}
