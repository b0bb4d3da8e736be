//! What the process does before anything else, so that no secret of it stays behind on the machine.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::{self, PanicHookInfo};

use bbws_model::net;

/// What AWS's tools hand over as secrets in the environment.
const CREDENTIALS: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Leaves no image of the memory behind, lets panics tell no secrets, and knows the caller's own.
pub(crate) fn seal() {
    no_images();
    CREDENTIALS.iter().filter_map(|name| std::env::var(name).ok()).for_each(|value| net::remember(&value));
    panic::set_hook(Box::new(|info| {
        // Nobody is left to be told where even this cannot be written.
        let _ = std::io::stderr().write_all(told(info).as_bytes());
    }));
}

/// No core dumps. What the system does not grant it need not grant: the types and the net stand all the same.
fn no_images() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // The limit does not hold where Linux hands dumps to a program.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

fn told(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("it did not say why");
    let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    let trace = Backtrace::capture();
    let trace = if trace.status() == BacktraceStatus::Captured { format!("\n{trace}") } else { String::new() };
    let text = format!(
        "error: bbws stopped at a fault of its own\n  why: {what}{place}\n  do: run the same command again: whatever was sent is in the \
         log, and is found again\n  do: please report it, with this message{trace}\n"
    );
    net::catch_words(&text).into_owned()
}
