//! Asking before something is done.

use bbws_render::ErrorId;

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
