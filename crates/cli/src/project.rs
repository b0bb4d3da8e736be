//! The folder of environment files, and what stands beside it.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bbws_cluster::{Backend, Context, Environment, Loaded, Problems, Sibling};
use bbws_engine::Store;
use bbws_model::{Address, Kinds};

use crate::cloud::{Bucket, Stores};
use crate::store::Home;
use crate::{Exit, Failure, LocalStore};
use bbws_render::ErrorId;

/// The name of the sandbox's folder among the states; no environment may have it.
const SANDBOX: &str = "sandbox";

/// A folder of environment files.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    dir: PathBuf,
    stores: Stores,
}

/// The environment that a command line names, and the argument that follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picked {
    /// The environment.
    pub name: String,
    /// The argument after it.
    pub rest: Option<String>,
}

/// An environment file that was read and judged.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What came of it.
    pub result: Result<Loaded, Problems>,
    /// The other environments.
    pub siblings: Vec<Sibling>,
}

impl Project {
    /// The environment files in this folder.
    #[must_use]
    pub(crate) fn new(dir: impl Into<PathBuf>, stores: Stores) -> Self {
        Self { dir: dir.into(), stores }
    }

    /// The folder that holds the environments folder. Relative paths in environment files begin here, so that a command
    /// finds the same state from wherever it is called.
    #[must_use]
    pub(crate) fn root(&self) -> PathBuf {
        match (self.dir.file_name(), self.dir.parent()) {
            (Some(_), Some(above)) if above.as_os_str().is_empty() => PathBuf::from("."),
            (Some(_), Some(above)) => above.to_owned(),
            _ => self.dir.join(".."),
        }
    }

    /// Where the simulated AWS is kept.
    #[must_use]
    pub(crate) fn sandbox_dir(&self) -> PathBuf {
        self.root().join("state").join(SANDBOX)
    }

    /// Where the user's own prices of a region are kept: beside the environments folder, not in it, where each file is an
    /// environment. Those of the simulation stand apart, for they are not true.
    #[must_use]
    pub(crate) fn prices(&self, region: &str, sandbox: bool) -> PathBuf {
        let above = if sandbox { self.sandbox_dir() } else { self.root() };
        above.join("prices").join(format!("{region}.toml"))
    }

    /// Where an environment's state is kept. That of a sandbox stands on this machine, beside the simulated AWS that it is
    /// true of.
    #[must_use]
    pub(crate) fn home(&self, environment: &Environment, sandbox: bool) -> Home {
        self.home_of(&environment.name, environment, sandbox)
    }

    /// Where the state of another environment is kept, if both are kept together.
    #[must_use]
    pub(crate) fn home_of(&self, name: &str, beside: &Environment, sandbox: bool) -> Home {
        let Environment { state, approval, account, profile, .. } = beside;
        match (sandbox, state.backend, &state.bucket) {
            (true, _, _) => Home::Folder(LocalStore::new(self.sandbox_dir().join(name))),
            (false, Backend::S3, Some(bucket)) => Home::Bucket(Bucket {
                name: bucket.clone(),
                region: state.region.clone(),
                owner: account.clone(),
                environment: name.to_owned(),
                kms_key: state.kms_key.clone(),
                approvers: approval.roles.clone(),
                profile: state.profile.clone().or_else(|| profile.clone()),
            }),
            // Without a bucket the file was refused.
            (false, Backend::Local | Backend::S3, _) => Home::Folder(LocalStore::new(self.root().join(&state.path).join(name))),
        }
    }

    /// The folder of this machine for what belongs to an environment, wherever its state is kept: a local state, the spool and
    /// the bundles.
    #[must_use]
    pub(crate) fn folder_of(&self, environment: &Environment, sandbox: bool) -> PathBuf {
        match sandbox {
            true => self.sandbox_dir().join(&environment.name),
            false => self.root().join(&environment.state.path).join(&environment.name),
        }
    }

    /// Opens the store there.
    #[must_use]
    pub(crate) fn open(&self, home: &Home) -> Arc<dyn Store> {
        match home {
            Home::Folder(store) => Arc::new(store.clone()),
            Home::Bucket(bucket) => self.stores.open(bucket),
        }
    }

    /// The names of all environments, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let unread = |error: std::io::Error| {
            let failure = Failure::new(Exit::Usage, format!("the environments folder `{}` cannot be read", self.dir.display()));
            let failure = failure.because(&error);
            if error.kind() == ErrorKind::NotFound {
                failure.advise("run bbws in the folder that holds `environments`, or name it: --env-dir DIR, or BBWS_ENV_DIR")
            } else {
                failure.advise("check its permissions")
            }
        };
        let mut names = vec![];
        for entry in fs::read_dir(&self.dir).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.extension().is_some_and(|end| end == "toml") {
                names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Which environment a command line means. The first argument names it if there is such a file; else `BBWS_ENV` does,
    /// and the first argument belongs to the command, if that takes one.
    ///
    /// # Errors
    /// When none is named, or there is none of that name.
    pub(crate) fn pick(&self, first: Option<&str>, second: Option<&str>, takes_rest: bool) -> Result<Picked, Failure> {
        self.pick_with(first, second, takes_rest, std::env::var("BBWS_ENV").ok().filter(|name| !name.is_empty()).as_deref())
    }

    /// Which environment the first of some arguments means, and the arguments that belong to the command.
    ///
    /// # Errors
    /// As [`Self::pick`].
    pub(crate) fn pick_of<'a>(&self, all: &'a [String]) -> Result<(String, &'a [String]), Failure> {
        let known = self.names()?;
        match all.split_first() {
            // An address has a dot; a name that no file has is told to be unknown.
            Some((first, rest)) if known.contains(first) || !first.contains('.') => Ok((self.pick(Some(first), None, false)?.name, rest)),
            _ => Ok((self.pick(None, None, false)?.name, all)),
        }
    }

    fn pick_with(&self, first: Option<&str>, second: Option<&str>, takes_rest: bool, variable: Option<&str>) -> Result<Picked, Failure> {
        let known = self.names()?;
        let is_known = |name: &str| known.iter().any(|one| one == name);
        let picked = |name: &str, rest: Option<&str>| Ok(Picked { name: name.to_owned(), rest: rest.map(str::to_owned) });
        match (first, second, variable) {
            (Some(SANDBOX), _, _) if is_known(SANDBOX) => Err(Failure::new(Exit::Usage, "an environment cannot be named `sandbox`")
                .because("that is the folder of the simulated AWS among the states")
                .advise("rename the file `sandbox.toml`")),
            (Some(name), rest, _) if is_known(name) => picked(name, rest),
            (None, _, Some(name)) if is_known(name) => picked(name, None),
            (Some(rest), None, Some(name)) if takes_rest && is_known(name) => picked(name, Some(rest)),
            (None, _, Some(name)) => Err(self.unknown(name, &known).because("BBWS_ENV names it")),
            (Some(name), _, _) => Err(self.unknown(name, &known)),
            (None, _, None) => Err(self
                .listed(Failure::new(Exit::Usage, "which environment?"), &known)
                .advise("as in `bbws plan dev`, or in the variable BBWS_ENV")),
        }
    }

    fn unknown(&self, name: &str, known: &[String]) -> Failure {
        let failure = Failure::new(Exit::Usage, format!("there is no environment `{name}` in {}", self.dir.display()));
        // A file's name or path, where the environment's name is wanted.
        let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let failure = if stem != name && known.contains(&stem) {
            failure.advise(format!("an environment is called like its file without `.toml`: write `{stem}`"))
        } else {
            failure.or_meant(name, known.iter().map(String::as_str))
        };
        self.listed(failure, known)
    }

    /// Lists the environments there are.
    fn listed(&self, failure: Failure, known: &[String]) -> Failure {
        if known.is_empty() {
            return failure.advise(format!("{} holds no environment file", self.dir.display()));
        }
        let widest = known.iter().map(String::len).max().unwrap_or_default();
        let about = |name: &String| {
            let sibling = fs::read_to_string(self.file(name)).map(|text| Sibling::read(name, &text)).ok();
            let account = sibling.as_ref().and_then(|s| s.account.clone()).map_or_else(String::new, |account| format!("account {account}"));
            format!("  {name:widest$}  {account}").trim_end().to_owned()
        };
        let lines: Vec<String> = known.iter().map(about).collect();
        failure.advise(format!("name one of those in {}:\n{}", self.dir.display(), lines.join("\n")))
    }

    /// The file of an environment.
    #[must_use]
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.toml"))
    }

    /// Reads and judges an environment's file.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub(crate) fn judge(
        &self,
        name: &str,
        kinds: &Kinds,
        blueprint: &dyn Fn(&Environment) -> BTreeSet<Address>,
    ) -> Result<Judged, Failure> {
        self.judge_text(name, &self.text(name)?, kinds, blueprint)
    }

    /// The text of an environment's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        read(&self.file(name))
    }

    /// Judges a text as that of an environment's file.
    ///
    /// # Errors
    /// When the other environments cannot be listed.
    pub(crate) fn judge_text(
        &self,
        name: &str,
        text: &str,
        kinds: &Kinds,
        blueprint: &dyn Fn(&Environment) -> BTreeSet<Address>,
    ) -> Result<Judged, Failure> {
        let others = self.names()?.into_iter().filter(|other| other != name);
        // What another file says is worth a warning at most: one that cannot be read is judged when it is its turn.
        let siblings: Vec<Sibling> =
            others.filter_map(|other| Some(Sibling::read(&other, &fs::read_to_string(self.file(&other)).ok()?))).collect();
        let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
        let mut result = bbws_cluster::load(name, text, &Context { kinds, blueprint, today, siblings: &siblings });
        let shown = self.file(name).display().to_string();
        match &mut result {
            Ok(loaded) => loaded.warnings.file = shown,
            Err(problems) => problems.file = shown,
        }
        Ok(Judged { result, siblings })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let failure = Failure::error(ErrorId::File, format!("{} cannot be read", path.display())).because(&error);
        failure.advise(if error.kind() == ErrorKind::InvalidData { "save it as UTF-8" } else { "check that it is a file and may be read" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: impl Into<PathBuf>) -> Project {
        Project::new(dir, Stores::new(|bucket| panic!("{bucket} is not to be opened")))
    }

    fn project() -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("environments")).unwrap();
        for (name, account) in [("dev", "536580886816"), ("sit", "815856636111")] {
            let text = format!("tier = \"dev\"\naccount = \"{account}\"\n");
            fs::write(dir.path().join(format!("environments/{name}.toml")), text).unwrap();
        }
        let project = at(dir.path().join("environments"));
        (dir, project)
    }

    #[test]
    fn the_first_argument_names_the_environment_if_there_is_one() {
        let (_dir, project) = project();
        let picked = |first, second, rest, variable| {
            project.pick_with(first, second, rest, variable).map(|p| (p.name, p.rest)).map_err(|failure| failure.exit)
        };
        let some = |name: &str, rest: Option<&str>| Ok((name.to_owned(), rest.map(str::to_owned)));
        assert_eq!(picked(Some("dev"), None, false, None), some("dev", None));
        assert_eq!(picked(Some("dev"), Some("vpc_id"), true, Some("sit")), some("dev", Some("vpc_id")));
        assert_eq!(picked(Some("vpc_id"), None, true, Some("sit")), some("sit", Some("vpc_id")));
        assert_eq!(picked(None, None, true, Some("sit")), some("sit", None));
        for wrong in [
            picked(None, None, true, None),
            picked(None, None, true, Some("sti")),
            picked(Some("vpc_id"), None, true, None),
            // A mistyped name does not become the environment of the variable.
            picked(Some("dve"), None, false, Some("sit")),
            picked(Some("dve"), Some("vpc_id"), true, Some("sit")),
        ] {
            assert_eq!(wrong, Err(Exit::Usage));
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let (_dir, project) = project();
        let failure = project.pick_with(Some("dve"), None, false, None).unwrap_err();
        assert!(failure.what.contains("`dve`"), "{failure:?}");
        assert_eq!(failure.advice[0], "did you mean `dev`?");
        assert!(failure.advice[1].contains("dev  account 536580886816\n  sit  account 815856636111"), "{failure:?}");
    }

    #[test]
    fn states_stand_beside_the_environments_folder() {
        assert_eq!(at("environments").root(), Path::new("."));
        assert_eq!(at("environments/").root(), Path::new("."));
        assert_eq!(at("/a/b/environments").root(), Path::new("/a/b"));
        assert_eq!(at(".").root(), Path::new("./.."));
        assert_eq!(at("..").root(), Path::new("../.."));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_with_the_way_out() {
        let failure = at("/nowhere/environments").pick_with(Some("dev"), None, false, None).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.advice[0].contains("--env-dir"));
    }
}
