//! `init`: makes the place ready that an environment's state is kept in.

use std::time::Duration;

use bbws_engine::{Clock, Ids};
use bbws_model::{Class, CloudError};
use bbws_render::ErrorId;
use serde_json::json;

use super::consent::consent;
use crate::args::{Global, InitArgs};
use crate::cloud::{Bucket, Cloud, Inspected, Lack, Vault};
use crate::ids::Ulids;
use crate::project::Project;
use crate::session::Offline;
use crate::store::Home;
use crate::store::probe::{Unfit, probe};
use crate::ui::Ui;
use crate::{Exit, Failure, SystemClock, pace, safety};

/// How often a setting is asked for, and how long is waited between: S3 takes one change of a bucket at a time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);
/// What a bucket lacks that is not there at all.
const NEW: &str = "bucket";
/// What a versioned bucket is new to is not to be relied on earlier, says AWS.
const VERSIONING_SETTLES: &str = "Versioning is new on this bucket: AWS advises to wait 15 minutes before it is relied on.";

/// Checks or makes the bucket, or checks the folder; then tries the store.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &InitArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    pace::play(None, work(ui, cloud, args, &offline)).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(ui: &mut Ui, cloud: &C, args: &InitArgs, offline: &Offline) -> Result<Exit, Failure> {
    let ids = Ulids::new()?;
    let made = match &offline.home {
        Home::Folder(_) => {
            offline.home.prepare(&offline.environment.name)?;
            vec![]
        }
        Home::Bucket(bucket) => {
            let vault = cloud.vault(bucket).await;
            if let Some(calls) = offline.calls.clone() {
                vault.listen(calls.hearing());
            }
            ready(ui, &vault, bucket, args, offline).await?
        }
    };
    probe(offline.store.as_ref(), &ids.next()).await.map_err(|unfit| unfit_store(offline, &unfit))?;
    tell(ui, offline, &made);
    Ok(Exit::Done)
}

/// Brings the bucket to what a state needs, and answers what was missing.
async fn ready<V: Vault>(ui: &mut Ui, vault: &V, bucket: &Bucket, args: &InitArgs, offline: &Offline) -> Result<Vec<Lack>, Failure> {
    let name = &offline.environment.name;
    let unreached =
        |error: &CloudError| Failure::cloud(format!("cannot tell which account the credentials for the state of {name} belong to"), error);
    let caller = vault.whoami().await.map_err(|error| unreached(&error))?;
    safety::check_account(offline, &caller, "init")?;
    let look =
        async || vault.look().await.map_err(|error| Failure::cloud(format!("the bucket {} cannot be looked at", bucket.name), &error));
    let Inspected { lacks, dangers } = look().await?;
    if let Some(danger) = dangers.first() {
        return Err(Failure::new(Exit::Refused, format!("the bucket {} cannot hold a state; nothing was changed", bucket.name))
            .of(ErrorId::Store)
            .because(danger)
            .advise("take that rule away, or name another bucket in [state]"));
    }
    if !lacks.is_empty() {
        agree(ui, bucket, &lacks, args)?;
    }
    vault.open_gate();
    let existed = lacks.iter().all(|lack| lack.setting != NEW);
    let mut made: Vec<Lack> = vec![];
    let mut left = lacks;
    // What AWS gives a new bucket by itself need not be made: it is looked at again after each step.
    while let Some(lack) = left.first().filter(|lack| !made.contains(lack)).cloned() {
        make(vault, &lack).await.map_err(|error| Failure::cloud(format!("cannot {} for {}", lack.deed, bucket.name), &error))?;
        made.push(lack);
        left = look().await?.lacks;
    }
    if let Some(lack) = left.first() {
        let what = format!("AWS took the order to {} for {}, and does not show it", lack.deed, bucket.name);
        return Err(Failure::new(Exit::Later, what).advise("a bucket's settings take a moment to spread; run it again: bbws init ENV"));
    }
    if existed && made.iter().any(|lack| lack.setting == "versioning") && !ui.json {
        ui.remark(VERSIONING_SETTLES);
    }
    Ok(made)
}

/// Shows what will be done, and asks.
fn agree(ui: &mut Ui, bucket: &Bucket, lacks: &[Lack], args: &InitArgs) -> Result<(), Failure> {
    if !ui.json {
        ui.remark(format!(
            "The bucket {} in account {}, {}, for the state of {}:",
            bucket.name, bucket.owner, bucket.region, bucket.environment
        ));
        lacks.iter().for_each(|lack| ui.remark(format!("  + {}", lack.deed)));
    }
    if args.yes {
        return Ok(());
    }
    let new = lacks.iter().any(|lack| lack.setting == NEW);
    let name = &bucket.name;
    let why = if new { format!("there is no bucket {name} yet") } else { format!("the bucket {name} lacks {}", listed(lacks)) };
    consent(ui, "\nDo this? Only `yes` is taken as an answer: ", "yes", "this").map_err(|failure| failure.because(why))
}

fn listed(lacks: &[Lack]) -> String {
    lacks.iter().map(|lack| lack.setting).collect::<Vec<_>>().join(", ")
}

/// Each setting can be asked for again: it says what is to be, not what is to be added.
async fn make<V: Vault>(vault: &V, lack: &Lack) -> Result<(), CloudError> {
    let clock = SystemClock::default();
    for _ in 1..TRIES {
        match vault.make(lack.setting).await {
            Err(error) if may_pass(&error) => clock.sleep(PAUSE).await,
            other => return other,
        }
    }
    vault.make(lack.setting).await
}

fn may_pass(error: &CloudError) -> bool {
    // A bucket that was made a moment ago is not known everywhere.
    let new = error.code == "NoSuchBucket";
    new || matches!(error.class, Class::Conflict | Class::Throttled | Class::Transient | Class::Ambiguous | Class::NotVisibleYet)
}

fn unfit_store(offline: &Offline, unfit: &Unfit) -> Failure {
    let name = &offline.environment.name;
    match unfit {
        Unfit::Failed(error) => offline.store_failure(error),
        Unfit::Breaks(why) => Failure::new(Exit::Refused, format!("{} cannot hold the state of {name}", offline.home))
            .of(ErrorId::Store)
            .because(format!("{why}; two runs could then write the same slot of the log"))
            .advise("use S3 itself, or a server that keeps `If-None-Match: *` as S3 does"),
    }
}

fn tell(ui: &mut Ui, offline: &Offline, made: &[Lack]) {
    let (name, home) = (&offline.environment.name, &offline.home);
    if ui.json {
        let made: Vec<&str> = made.iter().map(|lack| lack.setting).collect();
        let document = json!({ "format": 1, "environment": name, "store": home.to_string(), "made": made, "conditional_writes": true });
        ui.line(document.to_string());
        return;
    }
    let done = if made.is_empty() { "has all that it needs".to_owned() } else { format!("is ready (made: {})", listed(made)) };
    ui.line(format!("{home} {done}; it makes each object only once, as a log needs it."));
    ui.line(format!("Next: bbws plan {name}{}", offline.flag()));
}
