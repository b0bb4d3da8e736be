//! `completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Exit;
use crate::args::Cli;
use crate::ui::Ui;

/// Prints the script.
pub(crate) fn run(ui: &mut Ui, shell: Shell) -> Exit {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Cli::command(), "bbws", &mut script);
    ui.say(String::from_utf8_lossy(&script));
    Exit::Done
}
