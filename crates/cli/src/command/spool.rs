//! The spool of this machine: what became of requests while the state store was out of reach.

use bbws_engine::log::{Unspooled, spooled, unspool};
use bbws_engine::{Log, StoreError};
use bbws_model::{Mode, wire};

use crate::session::Offline;
use crate::store::Home;
use crate::ui::Ui;
use crate::{Exit, Failure};

/// How many files wait in the spool. One that cannot be read is told, and stops nobody: everything in it can be found out anew.
pub(crate) async fn waiting(ui: &mut Ui, offline: &Offline) -> usize {
    match spooled(&offline.spool).await {
        Ok(files) => files.len(),
        Err(error) => {
            untold(ui, offline, &error);
            0
        }
    }
}

fn untold(ui: &mut Ui, offline: &Offline, error: &StoreError) {
    if !ui.json {
        let place = offline.spool.root().display();
        ui.remark(format!("What may be kept in {place} cannot be read ({error}); what became of requests is found out without it."));
    }
}

/// Puts what waits there into the log, and tells what came of it.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn used(ui: &mut Ui, offline: &Offline, log: &Log) -> Result<Unspooled, Failure> {
    let found = unspool(log, &offline.spool).await.map_err(|error| offline.log_failure(&error))?;
    if !ui.json {
        tell(ui, offline, &found);
    }
    Ok(found)
}

fn tell(ui: &mut Ui, offline: &Offline, found: &Unspooled) {
    let Unspooled { settled, aside } = found;
    match settled {
        0 => {}
        1 => ui.remark("What became of a request while the state store was out of reach was kept on this machine; it is recorded now."),
        n => ui.remark(format!(
            "What became of {n} requests while the state store was out of reach was kept on this machine; it is recorded now."
        )),
    }
    let place = offline.spool.root().join(wire::spool::ASIDE);
    for (file, why) in aside {
        ui.remark(format!("{file} in the spool does not fit the log: {why}. Nothing of it was believed; it is in {}.", place.display()));
    }
}

/// A failure of the store, with what this machine has kept, and the way on.
pub(crate) fn with_what_is_kept(offline: &Offline, log: &Log, mode: Mode, mut failure: Failure) -> Failure {
    let (kept, lost) = log.spooled();
    if kept > 0 {
        // The store may be back in a while, whatever it said.
        if matches!(offline.home, Home::Bucket(_)) && failure.exit == Exit::Error {
            failure.exit = Exit::Later;
        }
        let what = if kept == 1 { "what became of a request".to_owned() } else { format!("what became of {kept} requests") };
        let (name, flag, place) = (&offline.environment.name, offline.flag(), offline.spool.root().display());
        let verb = mode.verb();
        failure = failure.advise(format!("{what} is kept in {place}; go on from there on this machine: bbws {verb} {name}{flag}"));
        failure = failure.advise("a run elsewhere finds it out by itself, and takes longer");
    }
    match lost {
        Some(error) => {
            failure.advise(format!("the spool of this machine could not be written either ({error}); the next run looks for itself"))
        }
        None => failure,
    }
}
