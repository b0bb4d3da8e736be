//! Approvals of production's plans: where they are kept, and whether one lets a plan be applied.

use bbws_model::wire::approval as wire;
use bbws_model::{Approval, Approved, Digest, Plan, Principal, Record, State, World};
use bbws_operate::approval::{Asked, Rules, Unfit, judge, time};
use bbws_render::{Commands, ErrorId, Unapproved};
use jiff::Timestamp;

use crate::cloud::{Cloud, Link, Vault};
use crate::next::Next;
use crate::session::Session;
use crate::store::Home;
use crate::{Exit, Failure, plan_file};

/// What lets a plan be applied.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ground {
    /// It needs no approval.
    Free,
    /// A second person's approval.
    Approved(Approved),
    /// Nobody's approval, but a reason.
    Glass {
        /// Who breaks it.
        by: Principal,
        /// Why.
        reason: String,
    },
}

impl Ground {
    /// What the log keeps of it.
    pub(crate) fn records(self) -> Vec<Record> {
        match self {
            Self::Free => vec![],
            Self::Approved(approved) => vec![Record::Approved(approved)],
            Self::Glass { by, reason } => vec![Record::BrokenGlass { by, reason }],
        }
    }
}

/// Who the credentials belong to, as approvals tell people apart.
pub(crate) fn principal<L: Link>(session: &Session<L>) -> Principal {
    Principal::of(&session.caller.arn, session.caller.source_identity.clone())
}

/// What the environment's file says of approvals.
pub(crate) fn rules<L>(session: &Session<L>) -> Rules<'_> {
    let approval = &session.offline.environment.approval;
    Rules { key: approval.kms_key.as_deref(), roles: &approval.roles }
}

/// That a plan is not applied, and why.
pub(crate) fn refused<L: Link>(session: &Session<L>, file: &str, why: &Unapproved) -> Failure {
    let offline = &session.offline;
    let name = &offline.environment.name;
    let short = match why {
        Unapproved::None(place) => format!("there is no approval of this plan in {place}"),
        Unapproved::Unfit(all) => all.iter().map(|(key, reason)| format!("{key}: {reason}")).collect::<Vec<_>>().join("; "),
        Unapproved::Spent(run, at) => format!("this plan was applied before, by the run {run} at {at}"),
        Unapproved::Clock(told) | Unapproved::Unfenced(told) => told.clone(),
    };
    let id = match why {
        Unapproved::None(_) | Unapproved::Unfit(_) | Unapproved::Unfenced(_) => ErrorId::Approval,
        Unapproved::Spent(..) => ErrorId::AppliedPlan,
        Unapproved::Clock(_) => ErrorId::Clock,
    };
    let failure = Failure::new(Exit::Refused, format!("{name} is production: refused")).of(id).because(short);
    let next = Next::of(session, file);
    let commands =
        Commands { flag: offline.flag().to_owned(), approve: next.approve(&principal(session)), apply: next.apply(), plan: next.plan() };
    failure.tell(bbws_render::not_approved(name, &commands, why, offline.style))
}

/// What time it is, by the latest of the clocks that can be asked.
///
/// # Errors
/// When this machine's is behind, or AWS's cannot be told.
pub(crate) async fn now<L: Link>(session: &Session<L>, state: &State, file: &str) -> Result<Timestamp, Failure> {
    let mut others: Vec<(&str, Timestamp)> = state.at.iter().map(|at| ("the last record of the log", *at)).collect();
    match session.link.time(&session.offline.environment.region).await {
        Some(Ok(theirs)) => others.push(("AWS", theirs)),
        Some(Err(why)) => {
            let what = "it cannot be told whether an approval still holds: AWS's time is not known";
            return Err(Failure::new(Exit::Later, what).because(why));
        }
        None => {}
    }
    let here = session.link.clock().now();
    time(here, &others).map_err(|behind| refused(session, file, &Unapproved::Clock(behind.to_string())))
}

/// Sees that an approval can mean anything: that a key, or the bucket, keeps others from writing one.
///
/// # Errors
/// When nothing does.
pub(crate) async fn check_fence<C: Cloud<Link = L>, L: Link>(cloud: &C, session: &Session<L>, file: &str) -> Result<(), Failure> {
    let rules = rules(session);
    // The simulation stands on one machine, whose user can do everything.
    if rules.key.is_some() || session.world() == World::Sandbox {
        return Ok(());
    }
    let unfenced = |told: String| refused(session, file, &Unapproved::Unfenced(told));
    let Home::Bucket(bucket) = &session.offline.home else {
        return Err(unfenced("the state is kept in a folder, and whoever applies can write approvals there".to_owned()));
    };
    if rules.roles.is_empty() {
        return Err(unfenced("[approval] names neither a key nor roles, so whoever applies could write the approval as well".to_owned()));
    }
    let found = cloud
        .vault(bucket)
        .await
        .look()
        .await
        .map_err(|error| Failure::cloud(format!("it cannot be told whether the bucket {} fences approvals", bucket.name), &error))?;
    match found.lacks.iter().find(|lack| matches!(lack.setting, "bucket" | "policy")) {
        Some(_) => Err(unfenced(format!(
            "the policy of the bucket {} does not keep others than the roles of [approval] from writing approvals",
            bucket.name
        ))),
        None => Ok(()),
    }
}

/// The approvals of a plan by their keys, the oldest first; where one was taken away, that.
async fn stored<L: Link>(session: &Session<L>, plan: &Digest) -> Result<Vec<(String, Result<Vec<u8>, Unfit>)>, Failure> {
    let (store, offline) = (session.offline.store.as_ref(), &session.offline);
    let failed = |error| offline.store_failure(&error);
    let keys = store.list_after(&wire::prefix(plan), "").await.map_err(failed)?;
    let mut found = vec![];
    // One more than there are: the last may be the one that was taken away.
    for number in 1..=numbered(&keys, plan) + 1 {
        let key = wire::key(plan, number);
        match store.get(&key).await.map_err(failed)? {
            Some(bytes) => found.push((key, Ok(bytes))),
            None if !store.earlier(&key).await.map_err(failed)?.is_empty() => found.push((key, Err(Unfit::Removed))),
            None => {}
        }
    }
    Ok(found)
}

/// The highest number among the keys.
fn numbered(keys: &[String], plan: &Digest) -> usize {
    let prefix = wire::prefix(plan);
    keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(".json")?.parse().ok()).max().unwrap_or(0)
}

/// The approval that lets a plan be applied.
///
/// # Errors
/// When there is none that counts, with the reason of each.
pub(crate) async fn approved<L: Link>(session: &Session<L>, state: &State, plan: &Plan, file: &str) -> Result<Approved, Failure> {
    let digest = plan_file::digest(plan);
    if let Some(spent) = state.spent.get(&digest) {
        return Err(refused(session, file, &Unapproved::Spent(spent.run.to_string(), spent.at)));
    }
    let environment = &session.offline.environment;
    let (by, world, now) = (principal(session), session.world(), now(session, state, file).await?);
    let asked = Asked {
        environment: &environment.name,
        plan: &digest,
        lineage: &plan.basis.lineage,
        account: &environment.account,
        world: &world,
        by: &by,
        now,
    };
    let mut unfit = vec![];
    // The newest first: whoever approves again means that one.
    for (key, bytes) in stored(session, &digest).await?.into_iter().rev() {
        match counts(session, bytes, &asked).await? {
            Ok(approved) => return Ok(approved),
            Err(why) => unfit.push((short(&key), why.to_string())),
        }
    }
    let why = if unfit.is_empty() { Unapproved::None(session.offline.home.to_string()) } else { Unapproved::Unfit(unfit) };
    Err(refused(session, file, &why))
}

/// A key that leaves a line room for more: a plan is told by the beginning of its digest.
fn short(key: &str) -> String {
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        [folder, digest, name] => format!("{folder}/{}…/{name}", digest.get(..12).unwrap_or(digest)),
        _ => key.to_owned(),
    }
}

/// Whether one approval counts.
///
/// # Errors
/// When that cannot be told: KMS does not answer.
async fn counts<L: Link>(
    session: &Session<L>,
    bytes: Result<Vec<u8>, Unfit>,
    asked: &Asked<'_>,
) -> Result<Result<Approved, Unfit>, Failure> {
    let rules = rules(session);
    let read = bytes.and_then(|bytes| {
        let approval = wire::read(&bytes).map_err(|error| Unfit::Damaged(error.to_string()))?;
        let message = wire::message(&approval.statement).map_err(|error| Unfit::Damaged(error.to_string()))?;
        judge(&approval, asked, rules).map(|()| (approval, message, Digest::of(&bytes)))
    });
    let (Approval { statement, signature }, message, fingerprint) = match read {
        Ok(read) => read,
        Err(unfit) => return Ok(Err(unfit)),
    };
    if let (Some(key), Some(signature)) = (rules.key, &signature) {
        let failed = |error| Failure::cloud("it cannot be told whether an approval is signed", &error);
        if !session.link.verifies(key, signature, &message).await.map_err(failed)? {
            return Ok(Err(Unfit::Forged(key.to_owned())));
        }
    }
    let (plan, by, at, expires) = (statement.plan, statement.by, statement.at, statement.expires);
    Ok(Ok(Approved { plan, by, at, expires, signed_by: rules.key.map(str::to_owned), fingerprint }))
}

/// Stores an approval under the next number that is free, and answers its key.
///
/// # Errors
/// When the store fails.
pub(crate) async fn store<L: Link>(session: &Session<L>, approval: &Approval) -> Result<String, Failure> {
    let offline = &session.offline;
    let failed = |error| offline.store_failure(&error);
    let plan = &approval.statement.plan;
    let bytes = wire::write(approval).map_err(|error| Failure::error(ErrorId::State, "the approval cannot be written").because(error))?;
    let keys = offline.store.list_after(&wire::prefix(plan), "").await.map_err(failed)?;
    let mut number = numbered(&keys, plan) + 1;
    loop {
        let key = wire::key(plan, number);
        match offline.store.create(&key, &bytes).await.map_err(failed)? {
            bbws_engine::PutOutcome::Created => return Ok(key),
            // Another one's, given at the same time, or ours, whose answer was lost.
            bbws_engine::PutOutcome::Exists if offline.store.get(&key).await.map_err(failed)?.as_deref() == Some(&bytes) => return Ok(key),
            bbws_engine::PutOutcome::Exists => number += 1,
        }
    }
}
