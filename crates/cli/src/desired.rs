//! What an environment's file adds up to.

use std::collections::BTreeMap;

use bbws_cluster::{Published, Unread};
use bbws_engine::StoreError;
use bbws_engine::log::OUTPUTS;
use bbws_model::{Desired, Finding, Severity};
use bbws_render::ErrorId;
use serde_json::Value;

use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure};

/// All that is wanted of an environment, with what it takes from others' published outputs.
///
/// # Errors
/// When another environment has not published what the file takes from it.
pub(crate) async fn of(offline: &Offline, project: &Project) -> Result<Desired, Failure> {
    let published = published(offline, project).await?;
    bbws_cluster::blueprint(&offline.environment, &offline.kinds, &published).map_err(|unread| missing(offline, &unread))
}

/// The same for a drawing: what cannot be had from others is left out, and told.
///
/// # Errors
/// When what others have published cannot be read.
pub(crate) async fn to_draw(ui: &mut Ui, offline: &Offline, project: &Project) -> Result<Desired, Failure> {
    let published = published(offline, project).await?;
    match bbws_cluster::blueprint(&offline.environment, &offline.kinds, &published) {
        Ok(desired) => Ok(desired),
        Err(unread) => {
            for missing in &unread.0 {
                ui.remark(format!("Left out: the delegation of {}, whose name servers are not known yet.", missing.zone));
            }
            let mut environment = offline.environment.clone();
            environment.dns.delegations.retain(|name, _| unread.0.iter().all(|missing| missing.delegation != *name));
            bbws_cluster::blueprint(&environment, &offline.kinds, &published).map_err(|unread| missing(offline, &unread))
        }
    }
}

/// What others have published of all that the file takes from them.
///
/// # Errors
/// When that cannot be read.
pub(crate) async fn published(offline: &Offline, project: &Project) -> Result<Published, Failure> {
    let mut all = BTreeMap::new();
    for other in Published::wanted(&offline.environment) {
        let store = project.open(&project.home_of(other, &offline.environment, offline.sandbox));
        let what = || format!("the published outputs of {other} cannot be read");
        let failed = |why: String| {
            Failure::new(Exit::Store, what())
                .because(why)
                .advise(format!("apply {other} again, or write the name servers into {}", offline.file))
        };
        let unread = |error: StoreError, failed: &dyn Fn(String) -> Failure| match &error {
            error if error.is_unsigned() => Failure::new(Exit::Later, what())
                .of(ErrorId::Credentials)
                .because(error)
                .advise(format!("sign in, or name the right profile in {}", offline.file))
                .advise("or look at what the simulation makes of it: add --sandbox"),
            StoreError::Unknown { .. } => Failure::new(Exit::Later, what()).because(&error).advise("try again"),
            StoreError::Failed { .. } => failed(error.to_string()),
        };
        let Some(bytes) = store.get(OUTPUTS).await.map_err(|error| unread(error, &failed))? else { continue };
        let outputs: BTreeMap<String, Value> = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        all.insert(other.to_owned(), outputs);
    }
    Ok(Published(all))
}

fn missing(offline: &Offline, unread: &Unread) -> Failure {
    let flag = offline.flag();
    let findings = unread.0.iter().map(|missing| {
        let what = format!("the zone {} is to be delegated, and its name servers are not known", missing.zone);
        let finding = Finding::new(Severity::Error, what);
        match &missing.environment {
            Some(other) => {
                let seen = if missing.published { "has published others" } else { "has published no outputs yet" };
                finding.seen(format!("[dns.delegations.{}] takes them from {other}, which {seen}", missing.delegation)).advise(format!(
                    "create it first: bbws apply {other}{flag}; or write name_servers = [\"ns-…\"] instead of from_environment"
                ))
            }
            None => finding
                .seen(format!("[dns.delegations.{}] says neither name_servers nor from_environment", missing.delegation))
                .advise("write one of the two"),
        }
    });
    Failure::error(ErrorId::Offer, format!("{} takes from others what they do not offer yet", offline.environment.name))
        .with(findings.collect())
}
