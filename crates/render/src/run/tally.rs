//! What was done, counted, and the words of each verb.

use bbws_model::{Counts, Why};

use crate::words::{count, listed};

/// While it happens and once it has: `create` → `creating`, `created`.
pub(super) fn verb(word: &str) -> (&str, &str) {
    match word {
        "create" => ("creating", "created"),
        "update" => ("changing", "changed"),
        "delete" => ("destroying", "destroyed"),
        "adopt" => ("adopting", "adopted"),
        "forget" => ("forgetting", "forgotten"),
        "rename" => ("renaming", "renamed"),
        "backup" => ("backing up", "backed up"),
        other => (other, "done"),
    }
}

/// `3 added, 1 changed, 0 destroyed`, and what else there was.
pub(super) fn done(counts: &Counts) -> String {
    let also = [(counts.replace, "replaced"), (counts.adopt, "adopted"), (counts.forget, "forgotten"), (counts.backup, "backed up")];
    let mut parts = vec![format!("{} added", counts.add), format!("{} changed", counts.change), format!("{} destroyed", counts.destroy)];
    parts.extend(also.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    parts.join(", ")
}

/// `3 to add, 1 to change`, and what can harm people.
pub(super) fn planned(counts: &Counts) -> String {
    let all = [
        (counts.add, "to add"),
        (counts.change, "to change"),
        (counts.replace, "to replace"),
        (counts.destroy, "to destroy"),
        (counts.adopt, "to adopt"),
        (counts.forget, "to forget"),
        (counts.backup, "to back up"),
    ];
    let parts: Vec<String> = all.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let harm = [(counts.data_loss, "lose data"), (counts.downtime, "cause downtime")];
    let harm: Vec<String> = harm.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} can {what}", count(*n, "step"))).collect();
    match (parts.is_empty(), harm.is_empty()) {
        (true, _) => "no changes".into(),
        (false, true) => parts.join(", "),
        (false, false) => format!("{}; {}", parts.join(", "), listed(&harm)),
    }
}

pub(super) fn why(why: Why) -> &'static str {
    match why {
        Why::Drain => "told to stop: nothing new begins, what is in flight has a moment to end; once more stops at once",
        Why::Abort => "stopping at once: what is in flight is left; the next run finds out what became of it",
        Why::Fenced => "another run has taken this environment: nothing more is sent",
        Why::Credentials => "the credentials have expired: nothing new begins",
    }
}

/// The same for a small window.
pub(super) fn why_short(why: Why) -> &'static str {
    match why {
        Why::Drain => "stopping; Ctrl-C again: at once",
        Why::Abort => "stopping at once",
        Why::Fenced => "another run has taken over",
        Why::Credentials => "credentials have expired",
    }
}
