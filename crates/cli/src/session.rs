//! An environment at hand: its file judged, its account checked, its state read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bbws_cluster::{Environment, Problems, RuleId, show};
use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Ids, LogError, Picture, Store, StoreError, foreign, log, plan, refresh};
use bbws_model::{Account, CloudError, Desired, Finding, Kinds, Mode, Plan, Principal, RunId, Scope, Severity, State, World};
use bbws_operate::cost::Prices;
use bbws_operate::tenants::Tenants;
use bbws_operate::told::{complete, kept};
use bbws_render::{ErrorId, Style};

use crate::args::Global;
use crate::cloud::{Caller, Cloud, Link, Look, Route, SandboxRoute};
use crate::command::cost::prices;
use crate::ids::Ulids;
use crate::project::{Judged, Project};
use crate::store::Home;
use crate::ui::{CallLines, Ui};
use crate::{Exit, Failure, LocalStore, delegation, desired, next, safety, unread};

/// An environment whose file is right, without any connection.
pub(crate) struct Offline {
    /// The environment.
    pub(crate) environment: Environment,
    /// The kinds there are.
    pub(crate) kinds: Kinds,
    /// The other environments.
    pub(crate) siblings: Vec<bbws_cluster::Sibling>,
    /// Its file, as the user named it.
    pub(crate) file: String,
    /// Its store.
    pub(crate) store: Arc<dyn Store>,
    /// Where that is.
    pub(crate) home: Home,
    /// Where this machine keeps what the store does not take.
    pub(crate) spool: LocalStore,
    /// Where what is kept of failed runs is written, on this machine.
    pub(crate) bundles: PathBuf,
    /// Whether it is that of the sandbox.
    pub(crate) sandbox: bool,
    /// Whether a change needs an approval: of production always, in the sandbox where somebody says who they are.
    pub(crate) governed: bool,
    /// What a command needs to lead to the same world as the same person.
    pub(crate) flag: String,
    /// What somebody else's command needs.
    pub(crate) others: String,
    /// The same without the sandbox and the account that it plays.
    pub(crate) beside_account: String,
    /// The part of it that holds whoever the command is for.
    pub(crate) setting: String,
    /// At what prices plans are: the user's own before those of bbws; or why the user's own cannot be used.
    pub(crate) prices: Result<Prices, Finding>,
    /// How failures may look.
    pub(crate) style: Style,
    /// Where each call is told as it ends, where that is wanted.
    pub(crate) calls: Option<CallLines>,
}

impl Offline {
    /// Reads and judges an environment's file.
    ///
    /// # Errors
    /// When it is wrong, with all that is wrong with it.
    pub(crate) fn open(ui: &mut Ui, project: &Project, global: &Global, name: &str) -> Result<Self, Failure> {
        Self::of_text(ui, project, global, name, None)
    }

    /// The same, as if another text stood in the file.
    ///
    /// # Errors
    /// When that is wrong, with all that is wrong with it.
    pub(crate) fn of_text(ui: &mut Ui, project: &Project, global: &Global, name: &str, text: Option<&str>) -> Result<Self, Failure> {
        ui.about(global, name);
        let kinds = bbws_kinds::all();
        let judged = match text {
            None => project.judge(name, &kinds, &bbws_cluster::addresses),
            Some(text) => project.judge_text(name, text, &kinds, &bbws_cluster::addresses),
        };
        let Judged { result, siblings } = judged?;
        let loaded = result.map_err(|problems| wrong_file(ui, &format!("{name}{}", next::files(global)), &problems))?;
        let warnings = loaded.warnings.list.len();
        if warnings > 0 && !ui.json {
            let count = if warnings == 1 { "a warning".to_owned() } else { format!("{warnings} warnings") };
            ui.remark(format!("{} has {count}; `bbws validate {name}{}` shows more.", loaded.warnings.file, next::files(global)));
        }
        let environment = loaded.environment;
        ui.at.region = Some(environment.region.clone());
        let home = project.home(&environment, global.sandbox);
        let (store, folder) = (project.open(&home), project.folder_of(&environment, global.sandbox));
        let (spool, bundles) = (LocalStore::new(folder.join("spool")), folder.join("bundles"));
        let governed = environment.tier.is_prod() && (!global.sandbox || global.sandbox_principal.is_some());
        let (file, sandbox, style) = (loaded.warnings.file, global.sandbox, ui.err_style());
        let (flag, setting, beside_account) = (next::flag(global), next::setting(global), next::beside_account(global));
        let (others, calls) = (next::others(global), ui.calls());
        let prices = prices(project, &environment.region, global.sandbox).map_err(|failure| unusable(&failure));
        Ok(Self {
            prices,
            environment,
            kinds,
            siblings,
            file,
            store,
            home,
            spool,
            bundles,
            sandbox,
            governed,
            flag,
            others,
            setting,
            beside_account,
            style,
            calls,
        })
    }

    /// What a command that is told needs, so that it leads to the same world.
    pub(crate) fn flag(&self) -> &str {
        &self.flag
    }

    /// What the log adds up to; none where nothing was ever written.
    ///
    /// # Errors
    /// When the store cannot be read, or is damaged.
    pub(crate) async fn state(&self) -> Result<Option<State>, Failure> {
        log::read(self.store.as_ref()).await.map_err(|error| self.log_failure(&error))
    }

    /// The state, where a command has nothing to do without one.
    ///
    /// # Errors
    /// As [`Self::state`], and when there is none.
    pub(crate) async fn existing_state(&self) -> Result<State, Failure> {
        let name = &self.environment.name;
        let flag = self.flag();
        self.state().await?.ok_or_else(|| {
            let failure = Failure::error(ErrorId::NoState, format!("{name} has no state yet"))
                .because(format!("nothing is recorded in {}", self.home));
            let failure = failure.advise(format!("create the cluster: bbws apply {name}{flag}"));
            if self.sandbox { failure } else { failure.advise("or look into the sandbox's: add --sandbox") }
        })
    }

    /// Why the store failed, for people.
    pub(crate) fn store_failure(&self, error: &StoreError) -> Failure {
        self.home.failure((&self.environment.name, self.flag()), error)
    }

    /// Why the log could not be read or written, for people.
    pub(crate) fn log_failure(&self, error: &LogError) -> Failure {
        let name = &self.environment.name;
        let home = &self.home;
        let failure = |exit, what: String| Failure::new(exit, what).because(error);
        match error {
            LogError::Held(held) => {
                let told = bbws_render::locked((name, self.flag()), held, jiff::Timestamp::now(), self.style);
                let way = format!("wait until it is over; if it lives and hangs: bbws state unlock {name}{}", self.flag());
                failure(Exit::Locked, format!("another run is at work in {name}")).advise(way).tell(told)
            }
            LogError::Fenced { .. } => {
                let told = bbws_render::fenced((name, self.flag()), None, self.style);
                let way = format!("when the other run is over, plan again: bbws plan {name}{}", self.flag());
                failure(Exit::Fenced, format!("another run has taken {name} over")).advise(way).tell(told)
            }
            LogError::Store(error) => self.store_failure(error),
            LogError::Damaged { key, .. } => failure(Exit::Store, format!("the state of {name} is damaged"))
                .of(ErrorId::Damaged)
                .advise(format!("restore {home}/{key} from a backup; nothing was changed"))
                .advise(format!("see all of the damage: bbws state verify {name}{}", self.flag()))
                .advise(format!("if nothing mends it, make the state again from the account: bbws state rebuild {name}{}", self.flag())),
            LogError::Misfit(_) => failure(Exit::Error, format!("the state of {name} does not take what was to be recorded"))
                .of(ErrorId::State)
                .advise("this is a bug in bbws: please report it"),
        }
    }
}

/// A plan at other prices than the user's own is told as one, and made all the same.
fn unusable(failure: &Failure) -> Finding {
    let told = format!("{}: the costs are at bbws's own", failure.what);
    Finding::new(Severity::Warning, told).seen(failure.why.clone()).advise("correct the file, or remove it")
}

/// All that is wrong with a file.
fn wrong_file(ui: &Ui, name: &str, problems: &Problems) -> Failure {
    let errors = || problems.list.iter().filter(|problem| problem.severity == Severity::Error);
    let id = if errors().all(|problem| problem.rule == RuleId::Circle) { ErrorId::Cycle } else { ErrorId::Config };
    let failure = Failure::error(id, format!("{} is wrong", problems.file)).because(problems);
    failure.advise(format!("correct that in the file, then judge it again: bbws validate {name}")).tell(show(problems, ui.err_look))
}

/// An environment with its connection: the account is the right one.
pub(crate) struct Session<L> {
    /// The environment.
    pub(crate) offline: Offline,
    /// The connection.
    pub(crate) link: L,
    /// Who the credentials belong to.
    pub(crate) caller: Caller,
    /// What is wanted.
    pub(crate) desired: Desired,
    /// The run to whose configuration it is to go back; what is wanted is what was wanted then.
    pub(crate) back_to: Option<RunId>,
    /// Unique ids.
    pub(crate) ids: Arc<dyn Ids>,
}

/// The route that a command line asks for.
pub(crate) fn route(global: &Global, project: &Project, own: &Account) -> Route {
    if !global.sandbox {
        return Route::Aws;
    }
    let account = global.sandbox_account.clone().unwrap_or_else(|| own.clone());
    let (principal, speed) = (global.sandbox_principal.clone(), global.sandbox_speed.unwrap_or_default());
    let policies = global.sandbox_policy.clone();
    Route::Sandbox(SandboxRoute { dir: project.sandbox_dir(), account, principal, speed, policies })
}

/// Connects, and compares the account before anything else.
///
/// # Errors
/// When there are no credentials, or they are of another account.
pub(crate) async fn connect<C: Cloud>(
    offline: &Offline,
    cloud: &C,
    project: &Project,
    global: &Global,
    command: &str,
) -> Result<(C::Link, Caller), Failure> {
    let connected = cloud.connect(&route(global, project, &offline.environment.account), &offline.environment).await;
    met(offline, connected, command).await
}

/// Asks who the caller is, and goes on only with the right one.
async fn met<L: Look>(offline: &Offline, connected: Result<L, CloudError>, command: &str) -> Result<(L, Caller), Failure> {
    let environment = &offline.environment;
    let unreached = |error: &CloudError| {
        if let Some(failure) = of_sandbox(offline, error) {
            return failure;
        }
        let failure = Failure::cloud(format!("cannot tell which account the credentials for {} belong to", environment.name), error);
        match &environment.profile {
            Some(profile) if !offline.sandbox => failure.advise(format!("{} names the profile {profile}", offline.file)),
            _ => failure,
        }
    };
    let link = connected.map_err(|e| unreached(&e))?;
    if let Some(calls) = offline.calls.clone() {
        link.listen(calls.hearing());
    }
    let caller = link.whoami().await.map_err(|e| unreached(&e))?;
    safety::check_account(offline, &caller, command)?;
    Ok((link, caller))
}

/// What failed are the files that the sandbox is kept in, and no service.
fn of_sandbox(offline: &Offline, error: &CloudError) -> Option<Failure> {
    if !offline.sandbox {
        return None;
    }
    let why = if error.operation == "sandbox" { &error.message } else { error.message.split_once("user error: sandbox: ")?.1 };
    if why.starts_with("not simulated") {
        return None;
    }
    let dir = offline.home.folder().and_then(Path::parent).map(|dir| dir.display().to_string()).unwrap_or_default();
    let failure = Failure::new(Exit::Store, format!("the sandbox in {dir} cannot be used")).because(why);
    let setting = &offline.setting;
    Some(if why.contains("sandbox reset") {
        failure.advise(format!("if nothing in it is dear, clear it, with the states in it: bbws sandbox reset{setting}"))
    } else {
        failure.advise(format!("check that {dir} may be written, and that its disk has room"))
    })
}

impl<L: Link> Session<L> {
    /// Connects, and compares the account before anything else. Mutating calls are still held back.
    ///
    /// # Errors
    /// When there are no credentials, or they are of another account.
    pub(crate) async fn open<C: Cloud<Link = L>>(
        offline: Offline,
        cloud: &C,
        project: &Project,
        global: &Global,
        command: &str,
    ) -> Result<Self, Failure> {
        // Files only. What cannot be planned must leave no trace, not even an existing zone put into the sandbox.
        let desired = desired::of(&offline, project).await?;
        let (link, caller) = connect(&offline, cloud, project, global, command).await?;
        Self::with(offline, desired, link, caller)
    }

    /// What a plan is to be.
    pub(crate) fn ask(&self, mode: Mode, scope: Scope) -> Ask {
        let Environment { name, account, region, .. } = &self.offline.environment;
        Ask {
            environment: name.clone(),
            mode,
            scope,
            account: account.clone(),
            region: region.clone(),
            world: self.link.world(),
            engine: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Looks at everything, and compiles the plan.
    ///
    /// # Errors
    /// All that stands in its way.
    pub(crate) async fn plan(&self, state: &State, ask: &Ask) -> Result<(Plan, Picture), Failure> {
        let picture = self.seen(state, ask.mode).await;
        let plan = self.plan_of(state, ask, &picture).await?;
        Ok((plan, picture))
    }

    /// Looks at everything.
    pub(crate) async fn seen(&self, state: &State, mode: Mode) -> Picture {
        let nothing = Desired::default();
        let wanted = if mode == Mode::Destroy { &nothing } else { &self.desired };
        refresh(&self.link.drivers(), &self.offline.kinds, wanted, state).await
    }

    /// Compiles the plan of what was seen.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub(crate) async fn plan_of(&self, state: &State, ask: &Ask, picture: &Picture) -> Result<Plan, Failure> {
        Ok(self.compiled(state, ask, picture, false).await?.0)
    }

    /// The same, and what others have hung on what it removes: `past` that it goes, else that refuses it.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub(crate) async fn compiled(&self, state: &State, ask: &Ask, picture: &Picture, past: bool) -> Result<(Plan, Tenants), Failure> {
        let drivers = self.link.drivers();
        let kinds = &self.offline.kinds;
        let nothing = Desired::default();
        let wanted = if ask.mode == Mode::Destroy { &nothing } else { &self.desired };
        let sources = Sources { kinds, desired: &self.desired, state, picture };
        let mut plan = plan(sources, ask).map_err(|findings| self.refused(findings, picture))?;
        plan.basis.back_to.clone_from(&self.back_to);
        plan.basis.by = Some(Principal::of(&self.caller.arn, self.caller.source_identity.clone()));
        match &self.offline.prices {
            Ok(prices) => complete(&mut plan, kinds, Some(prices)),
            Err(wrong) => {
                complete(&mut plan, kinds, Prices::built_in(&self.offline.environment.region).ok().as_ref());
                plan.notes.push(wrong.clone());
            }
        }
        // On the way back to a run that says what stays ([`crate::command::back`]).
        if self.back_to.is_none() {
            plan.notes.extend(kept(wanted, picture, kinds, &ask.scope));
        }
        safety::check_protection(self.offline.environment.tier, &plan, state, &bbws_cluster::unprotected(&self.offline.environment))?;
        let obstacles = foreign(&drivers, kinds, &plan, state, picture).await;
        let all = obstacles.iter().map(|one| one.finding.clone()).collect();
        let (tenants, rest) = Tenants::among(obstacles);
        // What could not be looked at, and what of ours stands there, is nobody's to give up.
        if !past || !rest.is_empty() {
            safety::check_foreign(&plan, all)?;
        }
        if past {
            plan.notes.extend(tenants.warnings());
        }
        plan.notes.extend(safety::glass(state));
        plan.notes.extend(delegation::check(&self.link, &self.offline.environment, wanted, &plan, picture).await?);
        let rehearsal = self.offline.sandbox && ask.mode == Mode::Destroy;
        if self.offline.environment.tier.is_prod() && !rehearsal {
            safety::check_production(&plan, state, &self.offline)?;
        }
        Ok((plan, tenants))
    }

    fn refused(&self, findings: Vec<Finding>, picture: &Picture) -> Failure {
        let what = format!("no plan can be made for {}", self.offline.environment.name);
        let all_there = id_of(&findings) == ErrorId::Exists && findings.len() > 1;
        let (short, unread) = unread::told(&findings, picture, if all_there { 2 } else { 1 });
        let (id, exit) = unread.unwrap_or_else(|| (id_of(&findings), Exit::Error));
        let failure = Failure { exit, ..Failure::error(id, what) }.with(findings).in_short(short);
        if all_there {
            // One by one is no way for a cluster.
            failure
                .advise("to take all that is there at once, after a look: bbws import ENV --discover")
                .advise("where a state was lost that told of it, make that again: bbws state rebuild ENV")
        } else {
            failure
        }
    }
}

impl<L: Look> Session<L> {
    /// Looks, and compares the account before anything else. Nothing can be changed through it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_to_look<C: Cloud<Eye = L>>(
        offline: Offline,
        cloud: &C,
        project: &Project,
        global: &Global,
        command: &str,
    ) -> Result<Self, Failure> {
        let desired = desired::of(&offline, project).await?;
        let connected = cloud.look(&route(global, project, &offline.environment.account), &offline.environment).await;
        let (link, caller) = met(&offline, connected, command).await?;
        Self::with(offline, desired, link, caller)
    }

    fn with(offline: Offline, desired: Desired, link: L, caller: Caller) -> Result<Self, Failure> {
        let ids = Ulids::new()?;
        Ok(Self { offline, link, caller, desired, back_to: None, ids: Arc::new(ids) })
    }

    /// The state, or an empty one; never that of another place.
    ///
    /// # Errors
    /// As [`Offline::state`], and when it is of another world, account or region.
    pub(crate) async fn state(&self) -> Result<State, Failure> {
        let Some(state) = self.offline.state().await? else { return Ok(State::empty(self.ids.next())) };
        safety::check_state(&self.offline.environment, &self.link.world(), &state, self.offline.style)?;
        Ok(state)
    }

    /// Where the calls go.
    pub(crate) fn world(&self) -> World {
        self.link.world()
    }
}

/// Which error it is that no plan can be made.
fn id_of(findings: &[Finding]) -> ErrorId {
    let exists = |finding: &Finding| finding.summary.contains("exists already and is not ours");
    if findings.iter().any(|finding| finding.summary.contains("in a circle")) {
        ErrorId::Cycle
    } else if !findings.is_empty() && findings.iter().all(exists) {
        ErrorId::Exists
    } else {
        ErrorId::NoPlan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::Wanted;
    use serde_json::json;

    #[test]
    fn a_circle_is_told_as_one_with_the_fields_that_make_it() {
        let mut desired = Desired::default();
        for (address, to) in [("tag.a", "tag.b"), ("tag.b", "tag.c"), ("tag.c", "tag.b")] {
            let spec = json!({ "needs": { "$ref": to, "output": "id" } });
            desired.resources.insert(address.parse().unwrap(), Wanted::new(spec));
        }
        let findings = bbws_engine::Graph::of(&desired).unwrap_err();
        assert_eq!(id_of(&findings), ErrorId::Cycle);
        assert!(findings[0].evidence.contains("tag.b needs tag.c (in `needs`), tag.c needs tag.b (in `needs`)"), "{findings:?}");
        assert!(!findings[0].evidence.contains("tag.a"), "the shortest one: {findings:?}");
        let finding = |what: &str| Finding::new(Severity::Error, what);
        let (unread, exists) = (finding("it could not be read"), finding("vpc-1 exists already and is not ours"));
        assert_eq!(id_of(&[exists.clone(), exists.clone()]), ErrorId::Exists);
        assert_eq!(id_of(&[exists, unread]), ErrorId::NoPlan);
    }
}
