//! `set`: changes values in an environment file, keeps everything else in it, and shows what that means.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bbws_cluster::{Set, SetError, Setting, set};
use bbws_model::Mode;
use bbws_render::{ErrorId, text_difference};
use serde_json::json;

use super::plan::show_before;
use crate::args::{Global, Scope, SetArgs};
use crate::cloud::Cloud;
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, written};

/// Sets them. What is written is a right environment, or nothing is.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &SetArgs) -> Result<Exit, Failure> {
    // Where BBWS_ENV names the environment the first argument is a setting already.
    let first = args.settings.first().filter(|first| !first.contains('=')).map(String::as_str);
    let name = project.pick(first, None, false)?.name;
    ui.about(global, &name);
    let settings: Vec<Setting> = args
        .settings
        .iter()
        .skip(usize::from(first.is_some()))
        .map(|text| Setting::read(text))
        .collect::<Result<_, _>>()
        .map_err(|e| unset(&e))?;
    if settings.is_empty() {
        return Err(Failure::new(Exit::Usage, "set what?").advise("bbws set ENV rds.class=db.t3.small"));
    }
    let path = project.file(&name);
    let unread = |error: std::io::Error| {
        Failure::error(ErrorId::File, format!("{} cannot be read", path.display()))
            .because(error)
            .advise("check that it is a file and may be read")
    };
    let old = fs::read_to_string(&path).map_err(unread)?;
    let (new, done) = set(&old, &settings, &bbws_cluster::schema(&bbws_kinds::all())).map_err(|error| unset(&error))?;
    // Judged as a whole, before anything is written.
    let offline = Offline::of_text(ui, project, global, &name, Some(&new))?;
    let changed = old != new;
    tell(ui, &path.display().to_string(), (&old, &new), &done, changed && !args.dry_run);
    if !changed {
        return Ok(Exit::Done);
    }
    let planned = if args.no_plan { Ok(()) } else { planned(ui, project, global, cloud, offline) };
    if let Err(refused) = &planned
        && (refused.exit == Exit::Refused || !refused.findings.is_empty())
    {
        let failure = refused.clone();
        return Err(failure.advise("nothing was written; to write it all the same: bbws set ENV … --no-plan"));
    }
    if !args.dry_run {
        unedited(&path, &old)?;
        let mode = fs::metadata(&path).map_or(0o644, |about| about.permissions().mode() & 0o777);
        written::replace_as(&path, new.as_bytes(), mode).map_err(|why| Failure::unwritten("the environment", &path, why))?;
    }
    match planned {
        Ok(()) if ui.json => {}
        Ok(()) if args.dry_run => ui.line("\nNothing was written."),
        Ok(()) => ui.line(format!("\n{} is written. Bring the cluster to it: bbws apply {name}{}", path.display(), global.flag())),
        Err(failure) => {
            let kept = if args.dry_run { "nothing was written" } else { "the file is written" };
            ui.remark(format!("No plan could be made ({}); {kept}. See what it means: bbws plan {name}{}", failure.what, global.flag()));
        }
    }
    Ok(Exit::Done)
}

/// Planning takes a while: what somebody has written into the file since must not be lost.
fn unedited(path: &Path, old: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|now| now == old) {
        return Ok(());
    }
    Err(Failure::error(ErrorId::Moved, format!("{} was edited while this was planned", path.display()))
        .because("what was shown is a change of the file as it was before; nothing was written")
        .advise("look at the edit, and run the same command again"))
}

fn tell(ui: &mut Ui, file: &str, (old, new): (&str, &str), done: &[Set], writes: bool) {
    if ui.json {
        let set: Vec<_> = done.iter().map(|one| json!({ "key": one.key, "from": one.from, "to": one.to })).collect();
        ui.line(json!({ "format": 1, "event": "set", "file": file, "set": set, "written": writes }).to_string());
        return;
    }
    let style = ui.style();
    if old == new {
        ui.line(format!("{file} says so already."));
    } else {
        ui.say(text_difference(file, old, new, style));
    }
}

/// Shows what the new text means for the account.
fn planned<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, offline: Offline) -> Result<(), Failure> {
    pace::play(pace::of(global), async {
        let session = Session::open(offline, cloud, project, global, "set").await?;
        let state = session.state().await?;
        let (plan, _) = session.plan(&state, &session.ask(Mode::Apply, Scope::default().asked())).await?;
        if !ui.json {
            ui.line("");
        }
        show_before(ui, &session, &plan);
        Ok(())
    })
    .map_err(pace::no_runtime)?
}

fn unset(error: &SetError) -> Failure {
    let failure = Failure::new(Exit::Usage, error.to_string());
    match error {
        SetError::NoSetting(_) => {
            failure.advise("write the key as in the file, and the value behind it: bbws set ENV rds.class=db.t3.small")
        }
        SetError::Unknown { near, .. } if !near.is_empty() => {
            failure.advise(format!("did you mean {}?", near.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ")))
        }
        SetError::Unknown { .. } => failure.advise("environments/schema.json lists all keys"),
        SetError::Unreadable(_) => failure.advise("`bbws validate ENV` shows where and why"),
        SetError::NoTable { .. } => failure.advise("edit the file for that"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_written_in_between_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.toml");
        fs::write(&path, "a = 1\n").unwrap();
        assert!(unedited(&path, "a = 1\n").is_ok());
        fs::write(&path, "a = 1 # mine\n").unwrap();
        let refused = unedited(&path, "a = 1\n").unwrap_err();
        assert!(refused.what.contains("was edited while this was planned"), "{}", refused.what);
        assert_eq!(refused.json()["id"], "E-MOVED");
        fs::remove_file(&path).unwrap();
        assert!(unedited(&path, "a = 1\n").is_err(), "a file that is gone is not written anew");
    }
}
