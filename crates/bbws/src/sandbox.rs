//! The way into the sandbox, and a look into it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bbws_aws::Aws;
use bbws_cli::{Answered, Referral, SandboxPrincipal, SandboxRoute, Thing};
use bbws_cluster::Environment;
use bbws_model::{Class, CloudError, World};
use bbws_sandbox::{CloudFile, Principal, Sandbox};
use serde_json::Value;

use crate::{Eye, Wire};

/// Connects with the credentials that the route names.
///
/// AWS's durations are its own at every speed: it is the time itself that passes faster.
pub(crate) fn connect(route: &SandboxRoute, environment: &Environment) -> Result<Wire, CloudError> {
    let failed = |error: io::Error| CloudError::own("sandbox", Class::Invalid, error.to_string());
    let sandbox = Sandbox::in_file(route.account.as_str(), CloudFile::new(&route.dir), SystemTime::now(), 1.0).map_err(failed)?;
    let (sandbox, identity) = match &route.principal {
        None => (sandbox, None),
        Some(SandboxPrincipal { role, session, source_identity }) => {
            (sandbox.with_principal(Principal { role: role.clone(), session: session.clone() }), source_identity.clone())
        }
    };
    if let Some(key) = &environment.approval.kms_key {
        let signers: Vec<String> = environment.approval.roles.iter().filter_map(|arn| arn.rsplit('/').next()).map(str::to_owned).collect();
        sandbox.ensure_signing_key(key, &signers).map_err(failed)?;
    }
    if !route.policies.is_empty() {
        sandbox.sim().allow_only(policies(&route.policies).map_err(failed)?);
    }
    if let Some(group) = bbws_cluster::lent_log_group(environment, &bbws_kinds::all()) {
        sandbox.ensure_log_group(environment.account.as_str(), &environment.region, group).map_err(failed)?;
    }
    let zone = &environment.dns.zone;
    if zone.existing.is_there() {
        sandbox.ensure_zone(environment.account.as_str(), zone.name.as_str()).map_err(failed)?;
    }
    let clock = Arc::new(sandbox.sim().clock());
    Ok(Wire::new(World::Sandbox, Aws::new(Arc::new(sandbox.clone()), &environment.region), clock, Some(sandbox), identity))
}

/// The documents in these files; `bbws iam` may have written several into one.
fn policies(files: &[PathBuf]) -> io::Result<Vec<Value>> {
    let mut documents = vec![];
    for file in files {
        let wrong = |error: &dyn std::fmt::Display| io::Error::other(format!("the policy {}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
        for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            documents.push(document.map_err(|error| wrong(&error))?);
        }
    }
    Ok(documents)
}

/// Looks into it through clients that can only read; nothing is put into it beforehand either.
pub(crate) fn look(route: &SandboxRoute, environment: &Environment) -> Result<Eye, CloudError> {
    let failed = |error: io::Error| CloudError::own("sandbox", Class::Invalid, error.to_string());
    let sandbox = Sandbox::in_file(route.account.as_str(), CloudFile::new(&route.dir), SystemTime::now(), 1.0).map_err(failed)?;
    if !route.policies.is_empty() {
        sandbox.sim().allow_only(policies(&route.policies).map_err(failed)?);
    }
    let clock = Arc::new(sandbox.sim().clock());
    Ok(Eye::new(World::Sandbox, Aws::for_a_look(Arc::new(sandbox), &environment.region), clock))
}

/// What the DNS inside it says of a zone.
pub(crate) fn referral(sandbox: &Sandbox, zone: &str) -> Referral {
    let cloud = sandbox.sim().cloud();
    if cloud.holds_above(zone) { Referral::To(cloud.name_servers(zone)) } else { Referral::Unasked }
}

/// What exists in it.
pub(crate) fn things(dir: &Path) -> io::Result<Vec<Thing>> {
    let things = CloudFile::new(dir).load()?.things().into_iter();
    Ok(things
        .map(|thing| Thing { account: thing.account, region: thing.region, kind: thing.kind.to_owned(), id: thing.id, about: thing.about })
        .collect())
}

/// What it has answered.
pub(crate) fn answered(dir: &Path) -> io::Result<Vec<Answered>> {
    let calls = CloudFile::new(dir).calls()?.into_iter();
    Ok(calls
        .map(|call| Answered {
            at: i64::try_from(call.at_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).unwrap_or_default(),
            account: call.account,
            region: call.region,
            service: call.service,
            operation: call.operation,
            outcome: call.outcome,
        })
        .collect())
}

/// Clears it.
pub(crate) fn reset(dir: &Path) -> io::Result<()> {
    CloudFile::new(dir).reset()
}
