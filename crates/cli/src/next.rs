//! The commands that a saved plan leads to, told whole: whoever pastes one has what was meant.

use bbws_model::{Principal, RunId};

use crate::args::Global;
use crate::cloud::SandboxPrincipal;
use crate::session::{Offline, Session};

/// A word as a shell takes it for one.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// What a command needs to lead to the same world, as the same person: options, with a blank before each.
pub(crate) fn flag(global: &Global) -> String {
    let account = global.sandbox_account.as_ref().map_or_else(String::new, |account| format!(" --sandbox-account {account}"));
    let sandbox = if global.sandbox { format!(" --sandbox{account}") } else { String::new() };
    sandbox + &beside_account(global)
}

/// The same without the sandbox and the account that it plays.
pub(crate) fn beside_account(global: &Global) -> String {
    let person = global.sandbox_principal.as_ref().map_or_else(String::new, |who| format!(" --sandbox-principal {who}"));
    let allowed = global.sandbox_policy.iter().map(|file| format!(" --sandbox-policy {}", word(&file.display().to_string())));
    person + &allowed.collect::<String>() + &setting(global)
}

/// What a command needs to lead to the same world, as somebody else.
pub(crate) fn others(global: &Global) -> String {
    let own = global.sandbox_principal.as_ref().map(|who| who.role.as_str());
    let person = if global.sandbox { format!(" --sandbox --sandbox-principal {}", somebody_else(own)) } else { String::new() };
    person + &setting(global)
}

/// A name for who approves what this one has planned.
fn somebody_else(own: Option<&str>) -> &'static str {
    if own == Some("approver") { "reviewer" } else { "approver" }
}

/// What it needs whoever it is for: how fast the simulation is, and where the files are.
pub(crate) fn setting(global: &Global) -> String {
    let speed = global.sandbox_speed.map_or_else(String::new, |speed| format!(" --sandbox-speed {speed}"));
    speed + &files(global)
}

/// Where the files are: all that a command needs which knows of no world.
pub(crate) fn files(global: &Global) -> String {
    let folder = global.env_dir.display().to_string();
    if folder == "environments" { String::new() } else { format!(" --env-dir {}", word(&folder)) }
}

/// The commands about one plan in a file.
pub(crate) struct Next<'a> {
    name: &'a str,
    flag: &'a str,
    setting: &'a str,
    roles: &'a [String],
    sandbox: bool,
    back_to: Option<&'a RunId>,
    file: String,
}

impl<'a> Next<'a> {
    /// About this file.
    pub(crate) fn of<L>(session: &'a Session<L>, file: &str) -> Self {
        let Session { offline, back_to, .. } = session;
        let Offline { environment, flag, setting, sandbox, .. } = offline;
        let roles = environment.approval.roles.as_slice();
        Self { name: &environment.name, flag, setting, roles, sandbox: *sandbox, back_to: back_to.as_ref(), file: word(file) }
    }

    /// The same person applies it.
    pub(crate) fn apply(&self) -> String {
        self.command("apply", self.flag)
    }

    /// It is made again.
    pub(crate) fn plan(&self) -> String {
        let back = self.back();
        format!("bbws plan {}{}{back} -o {}", self.name, self.flag, self.file)
    }

    /// Whoever made it applies it, where somebody else says so; in AWS everybody is who their credentials are of.
    pub(crate) fn applied_by(&self, maker: Option<&Principal>, by: &Principal) -> String {
        let other = maker.filter(|maker| maker.name() != by.name() || maker.source_identity != by.source_identity).map(|maker| {
            let session = maker.session.clone().unwrap_or_else(|| SandboxPrincipal::SESSION.to_owned());
            SandboxPrincipal { role: maker.name().to_owned(), session, source_identity: maker.source_identity.clone() }.to_string()
        });
        self.command("apply", &self.flag_of(&other.unwrap_or_else(|| "applier".to_owned())))
    }

    /// Somebody else approves it.
    pub(crate) fn approve(&self, by: &Principal) -> String {
        let named = self.roles.iter().find(|role| !by.is(role)).and_then(|role| role.rsplit('/').next());
        let other = named.unwrap_or_else(|| somebody_else(Some(by.name())));
        self.command("approve", &self.flag_of(other))
    }

    fn back(&self) -> String {
        self.back_to.map_or_else(String::new, |run| format!(" --back-to {run}"))
    }

    /// What one is allowed says nothing of another, and the account is the environment's own wherever commands follow.
    fn flag_of(&self, who: &str) -> String {
        let person = if self.sandbox { format!(" --sandbox --sandbox-principal {who}") } else { String::new() };
        person + self.setting
    }

    fn command(&self, verb: &str, flag: &str) -> String {
        let back = self.back();
        format!("bbws {verb} {}{flag} {}{back}", self.name, self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    /// As a shell would: quotes hold a word together.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words
    }

    #[test]
    fn each_command_that_is_told_is_one() {
        let global = |line: &str| Cli::try_parse_from(line.split(' ')).unwrap().global;
        let (run, roles) = (RunId("01KB2J".into()), ["arn:aws:iam::093646564004:role/people/ops".to_owned()]);
        let thandi = Principal::of("arn:aws:sts::093646564004:assumed-role/deployer/thandi", Some("thandi".into()));
        let ops = Principal::of("arn:aws:sts::093646564004:assumed-role/ops/operator", None);
        for (line, sandbox) in [
            ("bbws --sandbox --sandbox-principal deployer/thandi:thandi --sandbox-policy my/apply.json plan prod", true),
            ("bbws --sandbox --sandbox-account 093646564004 --sandbox-speed realistic --sandbox-policy a.json plan prod", true),
            ("bbws --sandbox --env-dir /my/files --sandbox-speed 60 plan prod", true),
            ("bbws plan prod", false),
        ] {
            let global = global(line);
            let (flag, setting) = (flag(&global), setting(&global));
            for (roles, back_to) in [(&roles[..], Some(&run)), (&[], None)] {
                let file = word("my plans/prod's.plan").replace("'\\''", "");
                let next = Next { name: "prod", flag: &flag, setting: &setting, roles, sandbox, back_to, file };
                let (apply, approve) = (next.apply(), next.approve(&thandi));
                let theirs = [next.applied_by(Some(&thandi), &ops), next.applied_by(None, &ops), next.applied_by(Some(&ops), &ops)];
                for told in [&apply, &approve].into_iter().chain(&theirs) {
                    let Cli { global: read, command } = Cli::try_parse_from(words(told)).unwrap_or_else(|error| panic!("{told}: {error}"));
                    let (file, back) = match command {
                        Command::Apply(args) => (args.file, args.back_to),
                        Command::Approve(args) => (args.file, args.back_to),
                        other => panic!("{told}: {other:?}"),
                    };
                    assert_eq!((file.as_deref(), back), (Some("my plans/prods.plan"), back_to.map(|run| run.0.clone())), "{told}");
                    assert_eq!((read.sandbox, &read.env_dir, read.unsound()), (sandbox, &global.env_dir, None), "{told}");
                }
                let world = |line: &str| {
                    let Global { sandbox_account, sandbox_policy, sandbox_speed, .. } = Cli::try_parse_from(words(line)).unwrap().global;
                    (sandbox_account, sandbox_policy, sandbox_speed)
                };
                let Global { sandbox_account, sandbox_policy, sandbox_speed, .. } = global.clone();
                assert_eq!(world(&apply), (sandbox_account, sandbox_policy, sandbox_speed));
                assert_eq!(world(&next.plan()), world(&apply));
                for line in [&approve].into_iter().chain(&theirs) {
                    assert_eq!(world(line), (None, vec![], sandbox_speed), "what one is allowed says nothing of another: {line}");
                }
                let who = |line: &str| Cli::try_parse_from(words(line)).unwrap().global.sandbox_principal.map(|who| who.to_string());
                assert_eq!(who(&apply), global.sandbox_principal.as_ref().map(ToString::to_string));
                let others = [&approve, &theirs[0], &theirs[1], &theirs[2]].map(|line| who(line));
                let other = if roles.is_empty() { "approver" } else { "ops" };
                let expected = [other, "deployer/thandi:thandi", "applier", "applier"].map(|who| sandbox.then(|| who.to_owned()));
                assert_eq!(others, expected);
            }
        }
        assert_eq!(word("it's"), "'it'\\''s'");
    }
}
