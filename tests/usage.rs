//! What a wrong command line is answered with, and what help says.

use crate::support::{Place, ran};

#[test]
fn wrong_usage_is_64_and_never_2() {
    let place = Place::new();
    for line in [
        "",
        "paln dev",
        "plan dev --sandbocks",
        "plan dev more words",
        "plan dev --sandbox-account 536580886816",
        "plan dev --sandbox --sandbox-account 12",
        "plan dev --sandbox --sandbox-speed fast",
        "plan dev --target nothing",
        "state",
        "graph dev --format gif",
        "graph dev --json",
        "docs dev --json",
        "completions bash --json",
        "runs dev --sandbox --last 0",
        "validate dev.toml",
    ] {
        let ran = place.bbws(line).exits(64);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "`{line}`:\n{}", ran.err);
    }
}

#[test]
fn without_an_environment_those_there_are_are_listed() {
    let place = Place::new();
    for command in ["validate", "plan", "apply", "destroy", "state list", "state show", "output", "graph"] {
        let ran = place.bbws(command).exits(64);
        for part in ["which environment?", "dev", "536580886816", "sit", "815856636111", "prod", "093646564004"] {
            assert!(ran.err.contains(part), "{command}: {part} in\n{}", ran.err);
        }
    }
    let ran = place.bbws("plan environments/dev.toml --sandbox").exits(64);
    assert!(ran.err.contains("write `dev`"), "{}", ran.err);
    let ran = place.bbws("plan dve --sandbox").exits(64);
    assert!(ran.err.contains("did you mean `dev`?"), "{}", ran.err);
}

#[test]
fn the_variable_stands_in_for_the_first_argument() {
    let place = Place::new();
    let output = place.command(["validate"]).env("BBWS_ENV", "sit").output().unwrap();
    assert!(ran(output).exits(0).out.contains("sit.toml is right"));
    let output = place.command(["validate"]).env("BBWS_ENV", "sti").output().unwrap();
    let wrong = ran(output).exits(64);
    assert!(wrong.err.contains("BBWS_ENV") && wrong.err.contains("did you mean `sit`?"), "{}", wrong.err);
}

#[test]
fn help_names_every_exit_code_and_gives_examples() {
    let place = Place::new();
    let help = place.bbws("--help").exits(0).out;
    for code in [0, 1, 2, 3, 64, 70, 73, 74, 75, 130] {
        assert!(help.contains(&format!("\n  {code:>3}  ")), "{code} in\n{help}");
    }
    for command in ["validate", "plan", "apply", "destroy", "state", "output", "graph", "sandbox", "completions"] {
        let help = place.bbws(&format!("{command} --help")).exits(0).out;
        assert!(help.contains("Examples:") && help.contains(&format!("bbws {command}")), "{help}");
    }
}

/// A device that is always full stands for a disk that is.
#[test]
#[cfg(target_os = "linux")]
fn an_output_that_cannot_be_written_is_told_and_fails_and_one_that_nobody_reads_is_not() {
    let place = Place::new();
    for (line, code) in [
        ("validate dev", 1),
        ("validate dev --json", 1),
        ("cost dev", 1),
        ("graph dev", 1),
        ("docs dev --sandbox", 1),
        ("iam dev --sandbox", 1),
        ("plan dev --sandbox --json", 1),
        ("plan dev --sandbox --markdown=-", 1),
        ("completions bash", 1),
        ("--help", 1),
        ("state list dev --sandbox", 1),
        ("plan dve", 64),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = place.command(line.split_whitespace());
        let wrong = ran(command.stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()).exits(code);
        assert!(line.starts_with("state ") || line == "plan dve" || wrong.err.contains("could not be written"), "{line}: {}", wrong.err);
        let mut gone = place
            .command(line.split_whitespace())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(gone.stdout.take());
        let code = if line.starts_with("state ") {
            1
        } else if code == 1 {
            0
        } else {
            code
        };
        assert!(!ran(gone.wait_with_output().unwrap()).exits(code).err.contains("could not be written"), "{line}");
    }
    // What is written into a file leaves the file that was there alone.
    std::fs::write(place.path("there"), "dear").unwrap();
    std::os::unix::fs::symlink("/dev/full", place.path("link")).unwrap();
    for line in ["graph dev -o link", "docs dev --sandbox -o link", "graph dev -o /dev/full"] {
        place.bbws(line).exits(1);
    }
    place.bbws("graph dev -o there").exits(0);
    assert!(std::fs::read_to_string(place.path("there")).unwrap().contains("main"));
}

#[test]
fn a_sandbox_whose_files_cannot_be_read_is_no_service_that_does_not_answer() {
    let place = Place::new();
    place.bbws("plan dev --sandbox").exits(0);
    std::fs::write(place.path("state/sandbox/cloud.json"), "{\"a").unwrap();
    let ran = place.bbws("plan dev --sandbox").exits(74);
    assert!(ran.err.contains("the sandbox in ") && ran.err.contains("bbws sandbox reset --env-dir"), "{}", ran.err);
    place.bbws("sandbox reset").exits(0);
    place.bbws("state verify dev --sandbox").exits(1);
    // The log of calls takes no line.
    std::fs::remove_file(place.path("state/sandbox/calls.jsonl")).ok();
    std::fs::create_dir(place.path("state/sandbox/calls.jsonl")).unwrap();
    let ran = place.bbws("plan dev --sandbox").exits(74);
    assert!(ran.err.contains("may be written") && !ran.err.contains("DNS"), "{}", ran.err);
    let ran = place.bbws("sandbox reset").exits(74);
    assert!(ran.err.contains("cannot be cleared") && !ran.err.contains("sandbox reset`"), "{}", ran.err);
    // Production's own store, and nobody who is signed in.
    let ran = place.bbws("plan prod").exits(75);
    assert!(ran.err.contains("[E-CREDENTIALS]"), "{}", ran.err);
}

#[test]
fn completions_are_scripts_that_their_shell_takes() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.bbws(&format!("completions {shell}")).exits(0).out;
        assert!(script.contains("bbws") && script.contains("detailed-exitcode"), "{shell}");
    }
    let script = place.bbws("completions bash").out;
    let file = place.path("bbws.bash");
    std::fs::write(&file, script).unwrap();
    assert!(std::process::Command::new("bash").arg("-n").arg(file).status().unwrap().success());
}
