//! What is refused before anything is done.

use bbws_cluster::{Environment, Sibling};
use bbws_model::{Account, Action, Finding, Kinds, Mode, Plan, Severity, State, World};

use crate::cloud::Caller;
use crate::{Exit, Failure};

/// Whose credentials, for which environment.
pub(crate) struct Claim<'a> {
    /// The environment that was asked for.
    pub(crate) environment: &'a Environment,
    /// Its file, as the user named it.
    pub(crate) file: &'a str,
    /// The other environments.
    pub(crate) siblings: &'a [Sibling],
    /// Where the calls go.
    pub(crate) world: &'a World,
    /// The command, without the environment.
    pub(crate) command: &'a str,
}

/// Compares the caller's account with the environment's.
///
/// # Errors
/// When they differ. The message says all that is needed to put it right, for whatever was intended.
pub(crate) fn check_account(claim: &Claim<'_>, caller: &Caller) -> Result<(), Failure> {
    let Claim { environment, file, siblings, world, command } = claim;
    if caller.account == environment.account {
        return Ok(());
    }
    let owner = siblings.iter().find(|sibling| sibling.account.as_ref() == Some(&caller.account));
    let belongs = match owner {
        Some(sibling) => format!("the account of {}", sibling.name),
        None => "of none of the environments here".to_owned(),
    };
    let name = &environment.name;
    let profile = environment.profile.as_deref();
    let what = format!("the credentials are not of the account of {name}");
    let right = match (world, profile) {
        (World::Sandbox, _) => format!("leave --sandbox-account out, or write --sandbox-account {}", environment.account),
        (_, Some(profile)) => format!(
            "log in with its profile (aws sso login --profile {profile}), and unset AWS_ACCESS_KEY_ID,\n    AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: they come before the profile"
        ),
        (_, None) => format!("use credentials of {} (AWS_PROFILE, or a `profile` in {file})", environment.account),
    };
    let other = match owner {
        Some(sibling) => {
            let account =
                if **world == World::Sandbox { format!(" --sandbox --sandbox-account {}", caller.account) } else { String::new() };
            format!("name it: bbws {command} {}{account}", sibling.name)
        }
        None => format!("add a file for it beside {file}, with account = \"{}\"", caller.account),
    };
    let lines = [
        format!("Refused: {what}. Nothing was read from it or changed in it."),
        String::new(),
        format!("  environment        {name} ({file})"),
        format!("  expected account   {}", environment.account),
        format!("  actual account     {}, {belongs}", caller.account),
        format!("  caller             {}", caller.arn),
        format!("  profile            {}", profile.unwrap_or("none named in the file")),
        format!("  where              {world}, {}", environment.region),
        String::new(),
        format!("  Going on would make or remove {name}'s cluster in an account that is not its own, where things of the same"),
        "  names may belong to somebody else.".to_owned(),
        String::new(),
        format!("  If you meant {name}:"),
        format!("    {right}"),
        format!("  If you meant {}:", owner.map_or_else(|| format!("account {}", caller.account), |sibling| sibling.name.clone())),
        format!("    {other}"),
        format!("  If {name} has moved to account {}:", caller.account),
        format!("    write account = \"{}\" in {file}; its state stays with the old account, so begin a new one", caller.account),
    ];
    let failure = Failure::new(Exit::Refused, what)
        .because(format!("expected {}, got {} ({belongs})", environment.account, caller.account))
        .advise(format!("if you meant {name}: {}", right.replace("\n    ", " ")))
        .advise(format!("otherwise: {other}"));
    Err(failure.tell(lines.join("\n")))
}

/// Whether this version may change the environment at all. Decided by its file, before any call.
///
/// # Errors
/// For production outside the sandbox.
pub(crate) fn check_tier(environment: &Environment, sandbox: bool, mode: Mode) -> Result<(), Failure> {
    if sandbox || !environment.tier.is_prod() {
        return Ok(());
    }
    let name = &environment.name;
    let refused = |what: String| Failure::new(Exit::Refused, what);
    Err(match mode {
        Mode::Destroy => refused(format!("{name} is production: `destroy` is refused"))
            .because("removing production is not a thing that one command does")
            .advise(format!("rehearse it: bbws destroy {name} --sandbox")),
        Mode::Apply => refused(format!("{name} is production: `apply` is refused"))
            .because("a change of production needs a second person's approval of the exact plan, which this version cannot check yet")
            .advise(format!("look at what would change: bbws plan {name}"))
            .advise(format!("rehearse it: bbws apply {name} --sandbox")),
    })
}

/// Whether the state speaks of the place that the calls go to.
///
/// # Errors
/// When it belongs to another world, account or region.
pub(crate) fn check_state(environment: &Environment, world: &World, state: &State) -> Result<(), Failure> {
    let name = &environment.name;
    let refused = |what: String, why: String| Err(Failure::new(Exit::Refused, what).because(why));
    match &state.world {
        Some(theirs) if theirs != world => {
            let why = format!("its ids mean nothing in {world}: everything would seem to be gone, and be made a second time");
            let what = format!("the state of {name} belongs to {theirs}, not to {world}");
            return refused(what, why).map_err(|failure| {
                failure.advise(way_to(theirs)).advise("or give this world a state of its own: another `path` in [state]")
            });
        }
        _ => {}
    }
    let differs = |theirs: Option<&str>, ours: &str| theirs.is_some_and(|theirs| theirs != ours);
    if differs(state.account.as_ref().map(Account::as_str), environment.account.as_str())
        || differs(state.region.as_deref(), &environment.region)
    {
        let theirs = format!(
            "account {}, {}",
            state.account.as_ref().map_or("unknown", Account::as_str),
            state.region.as_deref().unwrap_or("unknown")
        );
        let what =
            format!("the state of {name} belongs to {theirs}; the file says account {}, {}", environment.account, environment.region);
        let why = "a cluster does not move: the one that exists would be forgotten, and a second one made".to_owned();
        return refused(what, why)
            .map_err(|failure| failure.advise("put account and region back, or destroy the cluster before they change"));
    }
    Ok(())
}

fn way_to(world: &World) -> String {
    match world {
        World::Aws => "to work with AWS, leave --sandbox out and unset AWS_ENDPOINT_URL".to_owned(),
        World::Sandbox => "to work with the sandbox, add --sandbox".to_owned(),
        World::Endpoint(url) => format!("to work with that server: AWS_ENDPOINT_URL={url}"),
    }
}

/// Steps that production never takes: none may delete or replace what holds data or what the cluster stands on.
pub(crate) fn forbidden_in_production(plan: &Plan, kinds: &Kinds) -> Vec<Finding> {
    let deletes = plan.steps.iter().filter(|step| matches!(step.action, Action::Delete { deposed: false, .. }) || step.pair.is_some());
    let mut findings: Vec<Finding> = vec![];
    for step in deletes {
        let Some(facts) = kinds.get(step.address.kind()).map(|kind| kind.facts()) else { continue };
        let why = match (facts.holds_data, facts.backbone) {
            (true, _) => "it holds data",
            (false, true) => "the cluster stands on it",
            (false, false) => continue,
        };
        if findings.iter().any(|finding| finding.address.as_ref() == Some(&step.address)) {
            continue;
        }
        let what = if step.pair.is_some() { "replaced" } else { "deleted" };
        findings.push(
            Finding::new(Severity::Error, format!("in production it is never {what}: {why}"))
                .at(&step.address)
                .advise("put back what the file said, or move to a new one beside it and remove this one by hand"),
        );
    }
    findings
}
