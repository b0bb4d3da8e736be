//! Why a command failed, as its user reads it: what happened, why, what to do.

use std::path::Path;

use bbws_model::{Class, CloudError, Finding};
use bbws_render::{At, ErrorId};
use serde_json::{Value, json};

use crate::Exit;

/// A whole message. It is behind a pointer: a failure is handed through many functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole(pub String);

/// What is told of many findings to people who did not ask for all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Short {
    /// The first of them, those with one cause together.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

/// Whether what failed so may work another time.
pub(crate) fn may_work_later(class: Class) -> bool {
    matches!(class, Class::Credentials | Class::Throttled | Class::Transient | Class::Ambiguous)
}

/// The end of a command that did not do what it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What the shell is told.
    pub exit: Exit,
    /// Which error of the catalogue it is.
    pub id: ErrorId,
    /// What happened, in one sentence without a full stop.
    pub what: String,
    /// Why; empty where `what` says it all.
    pub why: String,
    /// What to do; a line each.
    pub advice: Vec<String>,
    /// All single things that were found wrong.
    pub findings: Vec<Finding>,
    /// What people are told of them without `-v`, where that is less.
    pub short: Option<Box<Short>>,
    /// A whole message that is shown instead of the parts above, where there is a fuller one.
    pub told: Option<Box<Whole>>,
}

impl Failure {
    /// A failure of this sort. One that only ends with an error says which: [`Self::error`].
    #[must_use]
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        let id = match exit {
            Exit::Refused => ErrorId::Refused,
            Exit::Usage => ErrorId::Usage,
            Exit::Fenced => ErrorId::Fenced,
            Exit::Locked => ErrorId::Locked,
            Exit::Store => ErrorId::Store,
            Exit::Later => ErrorId::Later,
            Exit::Interrupted => ErrorId::Interrupted,
            Exit::Done | Exit::Error | Exit::Changes => ErrorId::Other,
        };
        Self::made(exit, id, what)
    }

    /// A command could not do what it was asked, for a reason that the catalogue tells.
    #[must_use]
    pub fn error(id: ErrorId, what: impl Into<String>) -> Self {
        Self::made(Exit::Error, id, what)
    }

    fn made(exit: Exit, id: ErrorId, what: impl Into<String>) -> Self {
        Self { exit, id, what: what.into(), why: String::new(), advice: vec![], findings: vec![], short: None, told: None }
    }

    /// Says which error of the catalogue it is.
    #[must_use]
    pub fn of(mut self, id: ErrorId) -> Self {
        self.id = id;
        self
    }

    /// The same with what is known of the place filled into its advice.
    #[must_use]
    pub(crate) fn filled(mut self, at: &At) -> Self {
        self.advice.iter_mut().for_each(|advice| *advice = at.fill(advice));
        self.findings = at.advised(&self.findings);
        self.short = self.short.map(|short| Box::new(Short { findings: at.advised(&short.findings), ..*short }));
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, why: impl ToString) -> Self {
        self.why = why.to_string();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// Says which name may be meant, where one of those that are known is much like it.
    #[must_use]
    pub(crate) fn or_meant<'n>(self, name: &str, known: impl Iterator<Item = &'n str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.advise(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// A file that the user named could not be written.
    #[must_use]
    pub(crate) fn unwritten(what: &str, path: &Path, why: impl ToString) -> Self {
        Self::error(ErrorId::File, format!("{what} cannot be written to {}", path.display()))
            .because(why)
            .advise("name a file in a folder that exists and that you may write, and run the same command again")
    }

    /// Lists what was found wrong.
    #[must_use]
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// Says what people are told of the findings where they did not ask for all.
    #[must_use]
    pub fn in_short(mut self, short: Short) -> Self {
        self.short = Some(short.into());
        self
    }

    /// Gives the whole message.
    #[must_use]
    pub fn tell(mut self, text: String) -> Self {
        self.told = Some(Box::new(Whole(text)));
        self
    }

    /// A call to the cloud failed.
    #[must_use]
    pub fn cloud(what: impl Into<String>, error: &CloudError) -> Self {
        let mut failure =
            Self::new(if may_work_later(error.class) { Exit::Later } else { Exit::Error }, what).of(ErrorId::of(error)).because(error);
        if let Some(id) = &error.request_id {
            failure.why.push_str(&format!(" (request {id})"));
        }
        bbws_render::advice(error, &At::default()).into_iter().fold(failure, Self::advise)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "format": 1,
            "event": "error",
            "id": self.id.about().id,
            "exit": self.exit.code(),
            "what": self.what,
            "why": self.why,
            "advice": self.advice,
            "findings": self.findings,
        })
    }
}

/// The name that is most like another one, if any is much like it.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = (name.chars().count() / 3).max(1);
    let far = |one: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &one.to_lowercase());
    known.map(|one| (far(one), one)).filter(|(far, _)| *far <= most).min().map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    /// Every Rust file of a folder, and what stands in it before its tests.
    fn sources(dir: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                into.push((path.display().to_string(), code.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
    }

    /// Each error that has an id of its own is provoked, or its text is kept, in some test.
    #[test]
    fn every_id_stands_in_a_test() {
        fn texts(dir: &Path, into: &mut String) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    texts(&path, into);
                } else if path.extension().is_some_and(|ext| ext == "rs" || ext == "snap") {
                    into.push_str(&std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut all = String::new();
        // In the sources of the commands no id stands but in their tests.
        for dir in ["src", "../../tests", "../render/tests"] {
            texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut all);
        }
        let stands = |id: &str| {
            let whole = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '-');
            all.split(id).skip(1).any(whole)
        };
        let missing: Vec<&str> =
            ErrorId::ALL.iter().filter(|id| id.is_telling()).map(|id| id.about().id).filter(|id| !stands(id)).collect();
        assert!(missing.is_empty(), "no test tells of {missing:?}");
    }

    /// What is told to be typed is there: `bbws WORD` in every text of every crate.
    #[test]
    fn every_command_that_is_told_exists() {
        let mut all = vec![];
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in ["aws", "bbws", "cli", "cluster", "engine", "kinds", "model", "operate", "render"] {
            sources(&crates.join(part).join("src"), &mut all);
        }
        let cli = Cli::command();
        let state = cli.find_subcommand("state").unwrap();
        let word = |text: &str| text.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default().to_owned();
        let mut told = 0;
        for (path, code) in &all {
            for text in ["`bbws ", ": bbws "].iter().flat_map(|mark| code.split(mark).skip(1)) {
                let (verb, rest) = (word(text), text.split_once(' ').map_or("", |(_, rest)| rest));
                // Options of bbws itself, names that are filled in, and sentences about it.
                let place = ["ENV", "{", "dev", "sit", "prod"].iter().any(|place| rest.starts_with(place));
                if verb.is_empty() || verb.starts_with('-') || !(place || text[verb.len()..].starts_with('`') || verb == "state") {
                    continue;
                }
                assert!(cli.find_subcommand(&verb).is_some(), "{path} tells of `bbws {verb}`");
                let under = word(rest);
                assert!(verb != "state" || under.is_empty() || state.find_subcommand(&under).is_some(), "{path}: `bbws state {under}`");
                told += 1;
            }
        }
        assert!(told > 100, "{told} are told");
    }

    /// What only ends with an error says which one it is: a user, a program and a bundle tell it by that.
    #[test]
    fn no_command_fails_without_an_id() {
        let mut all = vec![];
        for part in ["cli", "bbws"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(part).join("src"), &mut all);
        }
        assert!(all.len() > 60, "the sources are there");
        let mut wrong: Vec<&str> = vec![];
        for (path, code) in &all {
            if ["Failure::new(Exit::Error", "Failure::new( Exit::Error", "Exit::Error => ErrorId"].iter().any(|text| code.contains(text)) {
                wrong.push(path);
            }
        }
        assert!(wrong.is_empty(), "`Failure::error(ErrorId::…)` says which error it is: {wrong:?}");
        // Ids of bbws's own that no command gives would stand in the catalogue for nothing.
        let given = |id: ErrorId| all.iter().any(|(_, code)| code.contains(&format!("ErrorId::{id:?}")));
        let from = ErrorId::ALL.iter().position(|id| *id == ErrorId::Account).unwrap();
        let unused: Vec<_> = ErrorId::ALL[from..].iter().filter(|id| !given(**id)).collect();
        assert_eq!(unused, [&ErrorId::Partial, &ErrorId::Stopped], "these two are told by a run's summary");
    }
}
