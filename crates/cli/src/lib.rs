//! The command line of bbws: arguments, one file per command, the terminal, exit codes.
//!
//! Generic over a [`Cloud`], which the binary implements: nothing here knows an SDK. Nothing that a command does not need is
//! set up for it: `--help` and `validate` start no runtime.

mod absent;
mod address;
mod approval;
mod args;
mod clock;
mod cloud;
mod code;
mod command;
mod commit;
mod delegation;
mod desired;
mod exit;
mod failure;
mod help;
mod ids;
mod next;
mod owner;
mod pace;
mod plan_file;
mod preflight;
mod project;
mod reach;
mod safety;
mod seal;
mod session;
mod signals;
mod store;
mod ui;
mod unread;
mod version;
mod written;

#[cfg(test)]
mod tests;

pub use args::Speed;
pub use clock::SystemClock;
pub use cloud::{
    Added, Answered, Audit, Bucket, Caller, Cloud, Fetched, Heard, Hearing, Inspected, Lack, Link, Look, Referral, Route, SandboxPrincipal,
    SandboxRoute, Sent, SessionLife, Stores, Thing, Trail, Vault,
};
pub use code::ask_code;
pub use exit::Exit;
pub use failure::Failure;
pub use store::LocalStore;

use std::ffi::OsString;
use std::io::Write;

use args::{Cli, Command};
use bbws_render::ErrorId;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use project::Project;
use ui::{CallLines, Ui};

/// Runs one command line to its end.
pub fn main<C: Cloud>(line: impl IntoIterator<Item = OsString>, cloud: &C) -> Exit {
    seal::seal();
    let mut command = help::fitted(Cli::command(), help::columns());
    let read = command.try_get_matches_from_mut(line).and_then(|found| Cli::from_arg_matches(&found));
    match read.map_err(|wrong| wrong.format(&mut command)) {
        Ok(cli) => run(&cli, &mut Ui::of_process(&cli.global), cloud),
        Err(wrong) => {
            let printed = wrong.print().and_then(|()| std::io::stdout().flush());
            match (wrong.kind(), printed) {
                // A reader of the help that has gone away has read enough.
                (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, Err(error)) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    let _ = writeln!(std::io::stderr(), "error: the help could not be written: {error} [{}]", ErrorId::File);
                    Exit::Error
                }
                (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => Exit::Done,
                _ => Exit::Usage,
            }
        }
    }
}

fn run<C: Cloud>(cli: &Cli, ui: &mut Ui, cloud: &C) -> Exit {
    let exit = perform(cli, ui, cloud).unwrap_or_else(|failure| {
        ui.failure(&failure);
        failure.exit
    });
    match ui.untold() {
        None => exit,
        Some(failure) => {
            ui.failure(&failure);
            // What went wrong before tells more.
            if matches!(exit, Exit::Done | Exit::Changes) { failure.exit } else { exit }
        }
    }
}

fn perform<C: Cloud>(cli: &Cli, ui: &mut Ui, cloud: &C) -> Result<Exit, Failure> {
    let project = Project::new(&cli.global.env_dir, cloud.stores(ui.calls().map(CallLines::hearing)));
    if let Some(option) = cli.global.unsound() {
        let failure = Failure::new(Exit::Usage, format!("{option} belongs to the sandbox, and --sandbox is not given"));
        return Err(failure.advise(format!("add --sandbox, or leave {option} out")));
    }
    let formless = match &cli.command {
        Command::Docs(_) => Some("docs"),
        Command::Graph(_) => Some("graph"),
        Command::Completions { .. } => Some("completions"),
        _ => None,
    };
    if let Some(verb) = formless.filter(|_| cli.global.json) {
        let failure = Failure::new(Exit::Usage, format!("what `{verb}` prints has a form of its own, and none in JSON"));
        return Err(failure.advise("leave --json out"));
    }
    for file in &cli.global.sandbox_policy {
        // Said here, where it is known that the user's own file is meant.
        std::fs::read(file).map_err(|error| {
            Failure::error(ErrorId::File, format!("the policy {} cannot be read", file.display()))
                .because(error)
                .advise("name a file that `bbws iam` wrote, or one IAM policy of your own")
        })?;
    }
    match &cli.command {
        Command::Validate(place) => command::validate::run(ui, &project, place),
        Command::Cost(args) => command::cost::run(ui, &project, &cli.global, cloud, args),
        Command::Graph(args) => command::graph::run(ui, &project, &cli.global, args),
        Command::Iam(args) => command::iam::run(ui, &project, &cli.global, args),
        Command::Sandbox(verb) => command::sandbox::run(ui, &project, cloud, verb),
        Command::Completions { shell } => Ok(command::completions::run(ui, *shell)),
        Command::Init(args) => command::init::run(ui, &project, &cli.global, cloud, args),
        Command::Plan(args) => command::plan::run(ui, &project, &cli.global, cloud, args),
        Command::Drift(args) => command::drift::run(ui, &project, &cli.global, cloud, args),
        Command::Apply(args) => command::apply::run(ui, &project, &cli.global, cloud, args),
        Command::Approve(args) => command::approve::run(ui, &project, &cli.global, cloud, args),
        Command::Destroy(args) => command::destroy::run(ui, &project, &cli.global, cloud, args),
        Command::Import(args) => command::import::run(ui, &project, &cli.global, cloud, args),
        Command::State(verb) => command::state::run(ui, &project, &cli.global, cloud, verb),
        Command::Runs(args) => command::runs::run(ui, &project, &cli.global, args),
        Command::Doctor(args) if args.assumptions => command::assumptions::run(ui, &project, &cli.global, cloud, args),
        Command::Doctor(args) => command::doctor::run(ui, &project, &cli.global, cloud, &args.place),
        Command::Set(args) => command::set::run(ui, &project, &cli.global, cloud, args),
        Command::Docs(args) => command::docs::run(ui, &project, &cli.global, args),
        Command::Output(args) => command::output::run(ui, &project, &cli.global, args),
    }
}
