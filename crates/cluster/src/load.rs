//! From the text of a file to an environment, or to all that is wrong with it.

use std::collections::BTreeSet;
use std::fmt;

use bbws_model::{Address, Kinds, Severity};
use jiff::civil::Date;

use crate::decode::{Reader, parse, readable};
use crate::{Environment, Places, Problem, Problems, Sibling, check};

/// What judging an environment needs to know beside its file.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The kinds that may be declared.
    pub kinds: &'a Kinds,
    /// The addresses that the cluster itself has in an environment.
    pub blueprint: &'a dyn Fn(&Environment) -> BTreeSet<Address>,
    /// Today, against which rules expire.
    pub today: Date,
    /// The other environments.
    pub siblings: &'a [Sibling],
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("kinds", self.kinds)
            .field("today", &self.today)
            .field("siblings", &self.siblings)
            .finish_non_exhaustive()
    }
}

/// An environment that may be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The environment.
    pub environment: Environment,
    /// Where its values stand in the file.
    pub places: Places,
    /// What is worth a look, and stops nothing.
    pub warnings: Problems,
}

/// Reads and judges an environment file. `name` is the environment's: `dev` of `environments/dev.toml`.
///
/// # Errors
/// All that is wrong with it, warnings included, in the order of the file.
pub fn load(name: &str, text: &str, context: &Context<'_>) -> Result<Loaded, Problems> {
    let rest = readable(text);
    let (document, twice) = parse(&rest.text);
    let reader = Reader::default();
    rest.lost.iter().for_each(|path| reader.unreadable(path));
    let environment = reader.root(&document, |table| Environment::read(name, &reader, table));
    let (found, places, _) = reader.into_parts();
    let judged = check::judge(&environment, &places, context);
    let mut list: Vec<Problem> = found.into_iter().chain(twice).chain(judged).chain(rest.problems).collect();
    list.sort_by_key(|problem| (problem.span, problem.rule));
    list.dedup();
    let refused = |list: &[Problem]| list.iter().any(|problem| problem.severity == Severity::Error);
    if !refused(&list) {
        list.extend(check::specs::check(&environment, &places, context.kinds));
    }
    let refused = refused(&list);
    let problems = Problems { file: format!("{name}.toml"), text: text.to_owned(), list };
    if refused { Err(problems) } else { Ok(Loaded { environment, places, warnings: problems }) }
}
