//! `doctor`: whether everything that bbws stands on is in order.

use std::path::Path;

use bbws_engine::log::{Cure, Depth, survey};
use bbws_engine::{Held, Ids, Store};
use bbws_model::{Severity, State};
use bbws_operate::preflight::Looked;
use bbws_render::count;
use serde_json::json;

use crate::args::{Global, Where};
use crate::cloud::{Cloud, Inspected, Link, Vault};
use crate::ids::Ulids;
use crate::project::Project;
use crate::session::{Offline, route};
use crate::store::probe::{Unfit, probe};
use crate::store::{Home, file_system};
use crate::ui::Ui;
use crate::{Exit, Failure, SystemClock, owner, pace, preflight, safety};

/// Signatures are refused by AWS from five minutes on.
const SKEW_REFUSED: i64 = 240;
/// So much is a clock that nobody keeps right.
const SKEW_ODD: i64 = 30;

/// Folders that a virtual machine shares with its host: they can hold a log, and others write there past it.
const SHARES: [&str; 2] = ["9p", "vboxsf"];

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Warning,
    Bad,
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
struct Check {
    what: &'static str,
    verdict: Verdict,
    told: String,
    advice: &'static str,
}

impl Check {
    fn new(what: &'static str, verdict: Verdict, told: impl Into<String>, advice: &'static str) -> Self {
        Self { what, verdict, told: told.into(), advice }
    }

    fn good(what: &'static str, told: impl Into<String>) -> Self {
        Self::new(what, Verdict::Good, told, "")
    }
}

/// Looks at everything; one failing check hides no other.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, place: &Where) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let (checks, ahead) = pace::play(None, async {
        let mut checks = vec![Check::good("environment", format!("{} is right", offline.file))];
        checks.extend(of_store(offline.store.as_ref()).await);
        checks.extend(offline.home.folder().map(of_disk));
        if let Home::Bucket(bucket) = &offline.home {
            checks.push(of_bucket(&cloud.vault(bucket).await).await);
        }
        let (account, ahead) = of_account(project, global, cloud, &offline).await;
        checks.extend(account);
        (checks, ahead)
    })
    .map_err(pace::no_runtime)?;
    if ui.json {
        let list =
            checks.iter().map(|c| json!({ "check": c.what, "verdict": c.verdict.word(), "told": c.told, "advice": ui.at.fill(c.advice) }));
        let ahead = bbws_render::looked_ahead_json(&ahead);
        ui.say(format!("{:#}\n", json!({ "format": 1, "checks": list.collect::<Vec<_>>(), "ahead": ahead })));
    } else {
        let rows: Vec<[&str; 3]> = checks.iter().map(|c| [c.verdict.word(), c.what, c.told.as_str()]).collect();
        let style = ui.style();
        ui.say(bbws_render::table(&rows, style));
        for check in checks.iter().filter(|check| !check.advice.is_empty()) {
            ui.line(format!("\n{}: {}", check.what, ui.at.fill(check.advice)));
        }
        tell_ahead(ui, &ahead);
    }
    let bad = checks.iter().any(|check| check.verdict == Verdict::Bad);
    let bad = bad || ahead.iter().any(|one| one.severity() == Some(Severity::Error));
    Ok(if bad { Exit::Changes } else { Exit::Done })
}

/// What an apply of the file would meet.
fn tell_ahead(ui: &mut Ui, ahead: &[Looked]) {
    if ahead.is_empty() {
        return;
    }
    let (style, findings) = (ui.style(), ahead.iter().flat_map(|one| one.findings.clone()).collect::<Vec<_>>());
    ui.say(format!("\nAn apply of what the file declares and is not there yet:\n{}", bbws_render::looked_ahead(ahead, style)));
    if !findings.is_empty() {
        ui.findings(&findings);
    }
}

/// What is true of any store.
async fn of_store(store: &dyn Store) -> Vec<Check> {
    let mut checks = vec![tried(store).await];
    checks.push(match survey(store, Depth::Whole).await {
        Err(error) => Check::new("log", Verdict::Bad, error.to_string(), "look closer: bbws state verify ENV"),
        Ok(found) => match (&found.state, found.damage.iter().find(|damage| damage.cure == Cure::Lost)) {
            (_, Some(lost)) => {
                let told = format!("{}: {}", lost.key, lost.cause);
                Check::new("log", Verdict::Bad, told, "see all of it and what can be done: bbws state verify ENV")
            }
            (Some(state), None) if found.damage.is_empty() => {
                Check::good("log", format!("{}, whole up to slot {}, serial {}", count(found.slots, "slot"), state.seq, state.serial))
            }
            (None, None) => Check::good("log", "nothing is recorded yet"),
            (Some(_), None) if found.damage.iter().all(|damage| matches!(damage.cure, Cure::Late(_))) => {
                let keys: Vec<&str> = found.damage.iter().map(|damage| damage.key.as_str()).collect();
                let told = format!("whole, but {} could not be written by the last run", keys.join(" and "));
                Check::new("log", Verdict::Warning, told, "write what others read anew: bbws state verify ENV --mend")
            }
            (Some(_), None) => {
                let told = format!("damaged, and recovered from: {}", count(found.damage.len(), "file"));
                Check::new("log", Verdict::Warning, told, "put them right: bbws state verify ENV --mend")
            }
        },
    });
    checks
}

/// Whether a store makes each object only once.
async fn tried(store: &dyn Store) -> Check {
    let unique = Ulids::new().map_or_else(|_| std::process::id().to_string(), |ids| ids.next());
    match probe(store, &unique).await {
        Ok(()) => Check::good("store", "reachable; what is there is left as it is"),
        Err(Unfit::Breaks(how)) => {
            let advice = "two runs could both own the environment: do not use it; use another disk or a bucket";
            Check::new("store", Verdict::Bad, how, advice)
        }
        Err(Unfit::Failed(error)) => {
            let advice = "without it no run can be recorded: check that it is there and may be written";
            Check::new("store", Verdict::Bad, error.to_string(), advice)
        }
    }
}

/// Whether a bucket is as `init` makes it.
async fn of_bucket<V: Vault>(vault: &V) -> Check {
    const INIT: &str = "bring it to what a state needs: bbws init ENV";
    match vault.look().await {
        Err(error) => Check::new("bucket", Verdict::Bad, error.to_string(), "check that it is there, and who may look at it"),
        Ok(Inspected { dangers, .. }) if !dangers.is_empty() => {
            Check::new("bucket", Verdict::Bad, dangers.join("; "), "take that out of the bucket's settings: it would lose the state")
        }
        Ok(Inspected { lacks, .. }) if !lacks.is_empty() => {
            let deeds: Vec<&str> = lacks.iter().map(|lack| lack.deed).collect();
            Check::new("bucket", Verdict::Warning, format!("it does not {}", deeds.join(", ")), INIT)
        }
        Ok(_) => Check::good("bucket", "versioned, encrypted, closed to the public, TLS only, conditional writes demanded"),
    }
}

/// Whether a folder is on a disk of this machine. Others promise less than they seem to.
fn of_disk(root: &Path) -> Check {
    let Some(sort) = file_system::sort(root) else {
        return Check::new("disk", Verdict::Skipped, "this system does not tell what disk it is", "");
    };
    let told = format!("{} is on {sort}", root.display());
    if file_system::is_remote(&sort) || SHARES.contains(&sort.as_str()) {
        return Check::new("disk", Verdict::Warning, told, "keep the state on a disk of this machine, or in a bucket: backend = \"s3\"");
    }
    Check::good("disk", told)
}

async fn of_account<C: Cloud>(project: &Project, global: &Global, cloud: &C, offline: &Offline) -> (Vec<Check>, Vec<Looked>) {
    const UNREACHED: &str = "sign in, or name the right profile in the environment file";
    let environment = &offline.environment;
    let link = match cloud.connect(&route(global, project, &environment.account), environment).await {
        Ok(link) => link,
        Err(error) => return (vec![Check::new("credentials", Verdict::Bad, error.to_string(), UNREACHED)], vec![]),
    };
    let caller = link.whoami().await;
    let credentials = match &caller {
        Err(error) => Check::new("credentials", Verdict::Bad, error.to_string(), UNREACHED),
        Ok(caller) if caller.account != environment.account => {
            let told = format!("of account {}, {} is in {}", caller.account, environment.name, environment.account);
            Check::new("credentials", Verdict::Bad, told, "nothing will be done with these: use those of the right account")
        }
        Ok(caller) => Check::good("credentials", format!("{} in account {}", caller.arn, caller.account)),
    };
    let clock = match link.time(&environment.region).await {
        None => Check::new("clock", Verdict::Skipped, "the simulation has a time of its own", ""),
        Some(Err(why)) => Check::new("clock", Verdict::Warning, format!("AWS's time is not known: {why}"), ""),
        Some(Ok(theirs)) => of_clock(bbws_engine::Clock::now(&SystemClock::default()).duration_since(theirs).as_secs()),
    };
    let recorded = offline.state().await;
    let ahead = match (&caller, &recorded) {
        (Ok(caller), Ok(state)) if caller.account == environment.account => {
            preflight::look_at_the_file(&link, caller, offline, state.as_ref()).await
        }
        _ => vec![],
    };
    let unfinished = recorded.as_ref().ok().and_then(Option::as_ref).and_then(of_run);
    let state = match recorded {
        Ok(Some(state)) => match safety::check_state(environment, &link.world(), &state, offline.style) {
            Ok(()) => Check::good("state", format!("{}, of this account, region and world", count(state.entries.len(), "resource"))),
            Err(failure) => Check::new("state", Verdict::Bad, failure.what, "use the environment that this state belongs to"),
        },
        Ok(None) => Check::good("state", "nothing is recorded yet"),
        Err(failure) => Check::new("state", Verdict::Bad, format!("{}: {}", failure.what, failure.why), ""),
    };
    (vec![credentials, clock, state].into_iter().chain(unfinished).collect(), ahead)
}

/// Whether a run has not ended, or left requests of which it is not recorded what became.
fn of_run(state: &State) -> Option<Check> {
    const GO_ON: &str = "look what is left, and go on: `bbws plan ENV`, then `bbws apply ENV`, which settles what was sent and makes nothing \
                         twice";
    const WAIT: &str = "wait for it; it needs nobody. If it was killed, the next `bbws apply ENV` sees that within a minute and goes on";
    let open = match state.open.len() {
        0 => String::new(),
        1 => ", and a request is not settled".to_owned(),
        many => format!(", and {many} requests are not settled"),
    };
    let Some(held) = Held::of(state) else {
        let told = open.strip_prefix(", and ").map(|open| format!("{open}: an earlier run was stopped before it knew"))?;
        return Some(Check::new("run", Verdict::Warning, told, GO_ON));
    };
    let who = format!("{} of {} on {}", held.owner.run, held.owner.user, held.owner.host);
    let (what, advice) = match owner::lives(&held.owner) {
        Some(true) => ("is at work", WAIT),
        Some(false) => ("was killed", GO_ON),
        None => ("has not ended: it is at work elsewhere, or was killed", WAIT),
    };
    Some(Check::new("run", Verdict::Warning, format!("{who} {what}{open}"), advice))
}

fn of_clock(ahead: i64) -> Check {
    let told = match ahead {
        0 => "as AWS's".to_owned(),
        1.. => format!("{ahead} s ahead of AWS's"),
        _ => format!("{} s behind AWS's", -ahead),
    };
    match ahead.abs() {
        SKEW_REFUSED.. => Check::new(
            "clock",
            Verdict::Bad,
            told,
            "AWS refuses what is signed five minutes off: let the system keep its clock right (NTP)",
        ),
        SKEW_ODD.. => Check::new("clock", Verdict::Warning, told, "let the system keep its clock right (NTP)"),
        _ => Check::good("clock", told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_aws_takes() {
        let verdicts: Vec<Verdict> = [0, 2, -29, 31, -200, 241, -400].map(|ahead| of_clock(ahead).verdict).into();
        use Verdict::{Bad, Good, Warning};
        assert_eq!(verdicts, [Good, Good, Good, Warning, Warning, Bad, Bad]);
    }
}
