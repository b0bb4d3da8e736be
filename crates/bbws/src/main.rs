//! The binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bbws::trace::begin();
    bbws_cli::main(std::env::args_os(), &bbws::Wires).into()
}
