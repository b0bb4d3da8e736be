//! The command line.

mod cost;
mod docs;
mod doctor;
mod drift;
mod iam;
mod import;
mod runs;
mod set;
mod state;

use std::fmt;
use std::path::PathBuf;

use bbws_model::{Account, Address};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cloud::SandboxPrincipal;
use crate::help;
use crate::version::version;

pub(crate) use cost::CostArgs;
pub(crate) use docs::DocsArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use drift::DriftArgs;
pub(crate) use iam::IamArgs;
pub(crate) use import::ImportArgs;
pub(crate) use runs::RunsArgs;
pub(crate) use set::SetArgs;
pub(crate) use state::{MvArgs, RmArgs, StateCommand, UnlockArgs};

/// Creates, changes, checks and removes the AWS clusters that host multi-tenant WordPress.
#[derive(Debug, Parser)]
#[command(
    name = "bbws",
    bin_name = "bbws",
    version = version(),
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = help::SHORT,
    after_long_help = help::long(),
)]
pub(crate) struct Cli {
    /// What holds for all commands.
    #[command(flatten)]
    pub global: Global,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use a strict simulation of AWS inside bbws instead of AWS: no account, no network; kept between commands
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// The folder of the environment files; states are kept beside it
    #[arg(long, global = true, value_name = "DIR", env = "BBWS_ENV_DIR", hide_env_values = true, default_value = "environments")]
    pub env_dir: PathBuf,
    /// Write JSON for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// No colours (also NO_COLOR=1, and wherever output is not a terminal)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Tell more: the calls made, unchanged resources
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How fast the simulation plays AWS's own durations: as AWS takes them, or N times as fast; at once if left out
    #[arg(long, global = true, value_name = "realistic|N", value_parser = speed)]
    pub sandbox_speed: Option<Speed>,
    /// Who calls the simulation: ROLE, ROLE/SESSION or ROLE/SESSION:SOURCE_IDENTITY. With it production wants approvals there too
    #[arg(long, global = true, value_name = "NAME", value_parser = principal)]
    pub sandbox_principal: Option<SandboxPrincipal>,
    /// Whose credentials the simulation is called with; the environment's own account if left out
    #[arg(long, global = true, value_name = "ID")]
    pub sandbox_account: Option<Account>,
    /// What the simulation's callers are allowed: an IAM policy, as `bbws iam` writes it; may be given more than once. Everything
    /// if left out
    #[arg(long, global = true, value_name = "FILE")]
    pub sandbox_policy: Vec<PathBuf>,
}

impl Global {
    /// What a command that is told needs, so that it leads to the same world.
    pub(crate) fn flag(&self) -> String {
        crate::next::flag(self)
    }

    /// An option that is given without the one it belongs to. (clap's own check does not see options before the command.)
    pub(crate) fn unsound(&self) -> Option<&'static str> {
        let given = [
            ("--sandbox-speed", self.sandbox_speed.is_some()),
            ("--sandbox-account", self.sandbox_account.is_some()),
            ("--sandbox-principal", self.sandbox_principal.is_some()),
            ("--sandbox-policy", !self.sandbox_policy.is_empty()),
        ];
        given.into_iter().find(|(_, given)| *given && !self.sandbox).map(|(option, _)| option)
    }
}

/// How fast the sandbox plays AWS's own durations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Speed {
    /// They pass at once, and are reported as AWS would take them.
    #[default]
    Quick,
    /// As many times as fast as AWS.
    Times(f64),
}

impl fmt::Display for Speed {
    /// As the command line takes it; at once it cannot be said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quick => Ok(()),
            Self::Times(times) => write!(f, "{times}"),
        }
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "realistic" {
        return Ok(Speed::Times(1.0));
    }
    match text.parse() {
        Ok(times) if (0.1..=10_000.0).contains(&times) => Ok(Speed::Times(times)),
        _ => Err("write `realistic`, or a number from 0.1 to 10000: 60 plays a minute in a second".to_owned()),
    }
}

fn principal(text: &str) -> Result<SandboxPrincipal, String> {
    let (who, source_identity) = text.split_once(':').map_or((text, None), |(who, identity)| (who, Some(identity)));
    let (role, session) = who.split_once('/').unwrap_or((who, SandboxPrincipal::SESSION));
    // What IAM takes for a role, and STS for a session and a source identity.
    let name = |text: &str, most: usize| {
        (2..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    };
    if !(name(role, 64) && name(session, 64) && source_identity.is_none_or(|identity| name(identity, 64))) {
        return Err(
            "write ROLE, ROLE/SESSION or ROLE/SESSION:SOURCE_IDENTITY, each of 2 to 64 letters, digits and any of _+=,.@-".to_owned()
        );
    }
    Ok(SandboxPrincipal { role: role.to_owned(), session: session.to_owned(), source_identity: source_identity.map(str::to_owned) })
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge an environment file as a whole, offline
    #[command(after_help = help::VALIDATE)]
    Validate(Where),
    /// Make the place ready that the environment's state is kept in
    #[command(after_help = help::INIT)]
    Init(InitArgs),
    /// Show what would change, why, and at what risk
    #[command(after_help = help::PLAN)]
    Plan(PlanArgs),
    /// Bring the cluster to what its file says, and verify it
    #[command(after_help = help::APPLY)]
    Apply(ApplyArgs),
    /// Approve a change of production that somebody else has planned: exactly that plan, once
    #[command(after_help = help::APPROVE)]
    Approve(ApproveArgs),
    /// Show what somebody changed behind bbws's back, and who; keep it or put it back
    #[command(after_help = help::DRIFT)]
    Drift(DriftArgs),
    /// Remove the whole cluster
    #[command(after_help = help::DESTROY)]
    Destroy(DestroyArgs),
    /// Take what exists under management, as it is
    #[command(after_help = help::IMPORT, override_usage = "bbws import [OPTIONS] [ENV] ADDRESS ID\n       bbws import [OPTIONS] [ENV] --tfstate <FILE>\n       bbws import [OPTIONS] [ENV] --discover")]
    Import(ImportArgs),
    /// Look at what bbws has recorded
    #[command(subcommand, after_help = help::STATE)]
    State(StateCommand),
    /// Tell what was done when, by whom, and how long each step took
    #[command(after_help = help::RUNS)]
    Runs(RunsArgs),
    /// Look whether everything that bbws stands on is in order
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorArgs),
    /// Print the cluster's outputs
    #[command(after_help = help::OUTPUT)]
    Output(OutputArgs),
    /// Tell what the cluster costs a month
    #[command(after_help = help::COST)]
    Cost(CostArgs),
    /// Print the smallest IAM policy that this environment needs
    #[command(after_help = help::IAM)]
    Iam(IamArgs),
    /// Change values in an environment file, and show what that means
    #[command(after_help = help::SET)]
    Set(SetArgs),
    /// Write a page about the cluster, as Markdown
    #[command(after_help = help::DOCS)]
    Docs(DocsArgs),
    /// Draw the cluster
    #[command(after_help = help::GRAPH)]
    Graph(GraphArgs),
    /// Look into the simulation of AWS, or clear it
    #[command(subcommand, after_help = help::SANDBOX)]
    Sandbox(SandboxCommand),
    /// Print a completion script for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which environment.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Where {
    /// The environment: the name of a file in the environments folder, without .toml; $BBWS_ENV if left out
    #[arg(value_name = "ENV")]
    pub env: Option<String>,
}

/// A change of production on somebody's word.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Glass {
    /// Change production without an approval, and say why; recorded and shown ever after
    #[arg(long, value_name = "REASON")]
    pub break_glass: Option<String>,
    /// With --break-glass: the cluster's name, instead of typing it when asked
    #[arg(long, value_name = "NAME", requires = "break_glass")]
    pub confirm: Option<String>,
}

/// What a plan may be narrowed to.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Scope {
    /// Only this resource and what it needs; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// All but this resource and what needs it; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<Address>,
    /// Replace this resource although nothing forces it; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<Address>,
}

impl Scope {
    /// As a plan keeps it.
    pub(crate) fn asked(&self) -> bbws_model::Scope {
        let set = |some: &[Address]| some.iter().cloned().collect();
        let Self { target, exclude, replace } = self;
        bbws_model::Scope { replace: set(replace), target: set(target), exclude: set(exclude) }
    }

    /// Whether nothing was narrowed or asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.target.is_empty() && self.exclude.is_empty() && self.replace.is_empty()
    }
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// What to narrow it to.
    #[command(flatten)]
    pub scope: Scope,
    /// Plan the removal of the whole cluster
    #[arg(long, conflicts_with_all = ["target", "exclude", "replace"])]
    pub destroy: bool,
    /// Plan the way back to what an earlier run wanted (`bbws runs ENV` lists them)
    #[arg(long, value_name = "RUN", conflicts_with = "destroy")]
    pub back_to: Option<String>,
    /// Write the plan to a file that `apply` takes
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// As Markdown for a pull request, no longer than a comment may be: instead of the text, or into a file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", conflicts_with = "json")]
    pub markdown: Option<PathBuf>,
    /// As one HTML page with the order of the steps: instead of the text, or into a file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", conflicts_with = "json")]
    pub html: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `apply`.
#[derive(Debug, Default, Args)]
pub(crate) struct ApplyArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// A plan written by `plan -o`; executed as it is, or refused where something has moved since
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// What to narrow it to.
    #[command(flatten)]
    pub scope: Scope,
    /// Go back to what an earlier run wanted (`bbws runs ENV` lists them), whatever the file says now
    #[arg(long, value_name = "RUN")]
    pub back_to: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// What stands for an approval.
    #[command(flatten)]
    pub glass: Glass,
}

/// `approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// The plan, written by `plan -o`
    #[arg(value_name = "FILE")]
    pub file: Option<String>,
    /// That the plan leads back to what an earlier run wanted: the same run that it was made with
    #[arg(long, value_name = "RUN")]
    pub back_to: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// `destroy`.
#[derive(Debug, Args)]
pub(crate) struct DestroyArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// The cluster's name, instead of typing it when asked
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Go on although others have hung something on the cluster; never in production
    #[arg(long)]
    pub with_tenants: bool,
    /// How many things others have hung there, instead of typing it when asked
    #[arg(long, value_name = "NUMBER", requires = "with_tenants")]
    pub tenants: Option<usize>,
}

/// `output`.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// One output: its bare value, fit for a shell
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// The form
    #[arg(long, value_enum, default_value_t = GraphFormat::Svg)]
    pub format: GraphFormat,
    /// Write to a file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The forms of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A picture: zones, subnets and what stands in them
    Svg,
    /// Graphviz: every resource and reference
    Dot,
    /// Mermaid, for Markdown
    Mermaid,
    /// One page: the picture, and each resource to be opened
    Html,
}

/// `sandbox …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Clear the simulated cloud, its log of calls, and the states of its clusters
    Reset,
    /// List what exists in the simulated cloud, whatever bbws's states say
    Show,
    /// List the calls that were made
    Calls {
        /// Only the last N
        #[arg(long, value_name = "N")]
        last: Option<usize>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn speeds_are_read() {
        assert_eq!(speed("realistic").unwrap(), Speed::Times(1.0));
        assert_eq!(speed("60").unwrap(), Speed::Times(60.0));
        for wrong in ["", "fast", "0", "-1", "NaN", "inf", "1e9"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn principals_are_read() {
        let of = |text: &str| principal(text).map(|p| (p.role, p.session, p.source_identity)).ok();
        let some =
            |role: &str, session: &str, identity: Option<&str>| Some((role.to_owned(), session.to_owned(), identity.map(str::to_owned)));
        assert_eq!(of("approver"), some("approver", "operator", None));
        assert_eq!(of("approver/jan@kimmyai.io"), some("approver", "jan@kimmyai.io", None));
        assert_eq!(of("ops/jan:jan@kimmyai.io"), some("ops", "jan", Some("jan@kimmyai.io")));
        for wrong in ["", "a", "a b", "approver/", "approver/jan:", "team/approver/jan"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn options_of_the_sandbox_want_the_sandbox() {
        let sound = |line: &[&str]| Cli::try_parse_from(line).unwrap().global.unsound();
        assert!(sound(&["bbws", "plan", "dev", "--sandbox-account", "536580886816"]).is_some());
        assert!(sound(&["bbws", "plan", "--sandbox-speed", "2", "dev"]).is_some());
        assert!(sound(&["bbws", "plan", "--sandbox-policy", "p.json", "dev"]).is_some());
        assert!(sound(&["bbws", "plan", "dev", "--sandbox", "--sandbox-account", "536580886816"]).is_none());
        assert!(sound(&["bbws", "plan", "prod", "--sandbox-principal", "approver"]).is_some());
        assert!(sound(&["bbws", "--sandbox", "plan", "dev", "--sandbox-speed", "60"]).is_none());
    }
}
