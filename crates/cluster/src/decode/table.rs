//! A table that remembers which of its keys were read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bbws_model::Severity;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::decode::{Scalar, Wrong, describe};
use crate::{Places, Problem, RuleId, Span};

/// What is found while a file is read.
#[derive(Default)]
pub(crate) struct Reader {
    problems: RefCell<Vec<Problem>>,
    places: RefCell<Places>,
    /// Every key that reading asked for, as a pattern (`rule[].port`), and whether it is required.
    keys: RefCell<BTreeSet<(String, bool)>>,
    /// Whether lists and maps are read as if they had one element, to learn all keys there are.
    survey: bool,
}

impl Reader {
    /// A reader that learns which keys there are, from an empty file.
    pub(crate) fn surveying() -> Self {
        Self { survey: true, ..Self::default() }
    }

    /// Reads the whole file.
    pub(crate) fn root<R>(&self, document: &Spanned<DeTable<'_>>, read: impl FnOnce(&Table<'_, '_>) -> R) -> R {
        let table = Table::new(self, Some(document.get_ref()), String::new(), String::new(), Span::default());
        let result = read(&table);
        table.refuse_the_rest();
        result
    }

    /// What was found: problems, places, and the keys asked for.
    pub(crate) fn into_parts(self) -> (Vec<Problem>, Places, BTreeSet<(String, bool)>) {
        (self.problems.into_inner(), self.places.into_inner(), self.keys.into_inner())
    }

    pub(crate) fn report(&self, rule: RuleId, span: Span, message: impl Into<String>, fix: impl Into<String>) {
        let problem = Problem { rule, severity: Severity::Error, span, message: message.into(), fix: fix.into(), related: vec![] };
        self.problems.borrow_mut().push(problem);
    }

    /// Says better what would be right of a number that was told to be out of range there.
    fn amend(&self, span: Span, fix: &str) {
        let mut problems = self.problems.borrow_mut();
        if let Some(problem) = problems.last_mut().filter(|problem| problem.rule == RuleId::OutOfRange && problem.span == span) {
            fix.clone_into(&mut problem.fix);
        }
    }

    pub(crate) fn put(&self, path: &str, span: Span) {
        self.places.borrow_mut().put(path, span);
    }

    pub(crate) fn put_key(&self, path: &str, span: Span) {
        self.places.borrow_mut().put_key(path, span);
    }

    /// Where the value of this path stands.
    pub(crate) fn place(&self, path: &str) -> Span {
        self.places.borrow().at(path)
    }

    pub(crate) fn unreadable(&self, path: &str) {
        self.places.borrow_mut().unreadable(path);
    }
}

/// One table of the file, or one that the file leaves out.
pub(crate) struct Table<'r, 't> {
    pub(super) reader: &'r Reader,
    pub(super) entries: Option<&'t DeTable<'t>>,
    pub(super) path: String,
    pub(super) pattern: String,
    pub(super) span: Span,
    pub(super) asked: RefCell<BTreeSet<String>>,
}

/// The value of a key: there, absent, or unreadable and reported.
pub(crate) struct Got<'a, 'r, 't, T> {
    table: &'a Table<'r, 't>,
    key: &'static str,
    value: Option<T>,
    absent: bool,
}

impl<'r, 't> Table<'r, 't> {
    pub(super) fn new(reader: &'r Reader, entries: Option<&'t DeTable<'t>>, path: String, pattern: String, span: Span) -> Self {
        Self { reader, entries, path, pattern, span, asked: RefCell::default() }
    }

    /// The path of one of its keys.
    pub(crate) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// A problem with the value of one of its keys, or with the table where the key is not there.
    pub(crate) fn refuse(&self, key: &str, rule: RuleId, why: impl Into<String>, fix: impl Into<String>) {
        let span = self.entries.and_then(|e| e.get(key)).map_or(self.span, |value| value.span().into());
        self.reader.report(rule, span, why, fix);
        self.reader.unreadable(&self.path_of(key));
    }

    /// The value of a key, noting that it was asked for and where it stands.
    pub(crate) fn raw(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.reader.keys.borrow_mut().insert((join(&self.pattern, key), false));
        let value = self.entries?.get(key)?;
        self.reader.put(&self.path_of(key), value.span().into());
        Some(value)
    }

    /// One value without parts.
    pub(crate) fn get<T: Scalar>(&self, key: &'static str) -> Got<'_, 'r, 't, T> {
        match self.raw(key) {
            None => Got { table: self, key, value: None, absent: true },
            Some(value) => {
                let value = T::read(value.get_ref()).map_err(|wrong| self.wrong(key, wrong)).ok();
                Got { table: self, key, value, absent: false }
            }
        }
    }

    /// A list of values without parts. Wrong elements are reported and left out.
    pub(crate) fn list<T: Scalar>(&self, key: &'static str) -> Got<'_, 'r, 't, Vec<T>> {
        let Some(value) = self.raw(key) else { return Got { table: self, key, value: None, absent: true } };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, Wrong { fix: "put it in square brackets".to_owned(), ..Wrong::typed("a list", value.get_ref()) });
            return Got { table: self, key, value: None, absent: false };
        };
        let mut list = vec![];
        for item in items.iter() {
            let path = format!("{}[{}]", self.path_of(key), list.len());
            match T::read(item.get_ref()) {
                Ok(one) => {
                    self.reader.put(&path, item.span().into());
                    list.push(one);
                }
                Err(wrong) => {
                    self.reader.report(wrong.rule, item.span().into(), wrong.why, wrong.fix);
                    self.reader.unreadable(&self.path_of(key));
                }
            }
        }
        Got { table: self, key, value: Some(list), absent: false }
    }

    /// A table within; read as an empty one where the file leaves it out.
    pub(crate) fn table<R>(&self, key: &'static str, read: impl FnOnce(&Table<'r, 't>) -> R) -> R {
        let (path, pattern) = (self.path_of(key), join(&self.pattern, key));
        let value = self.raw(key);
        let entries = value.and_then(|value| self.entries_of(&path, value));
        let table = Table::new(self.reader, entries, path, pattern, value.map_or(self.span, |v| v.span().into()));
        let result = read(&table);
        table.refuse_the_rest();
        result
    }

    /// A list of tables.
    pub(crate) fn each<R>(&self, key: &'static str, read: impl Fn(&Table<'r, 't>) -> R) -> Vec<R> {
        let pattern = format!("{}[]", join(&self.pattern, key));
        let element = |path: String, entries, span| {
            let table = Table::new(self.reader, entries, path, pattern.clone(), span);
            let result = read(&table);
            table.refuse_the_rest();
            result
        };
        let Some(value) = self.raw(key) else {
            if self.reader.survey {
                element(format!("{}[0]", self.path_of(key)), None, self.span);
            }
            return vec![];
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(
                key,
                Wrong {
                    fix: format!("write each with a head of its own: `[[{}]]`", self.path_of(key)),
                    ..Wrong::typed("a list of tables", value.get_ref())
                },
            );
            return vec![];
        };
        let mut list = vec![];
        for item in items.iter() {
            let path = format!("{}[{}]", self.path_of(key), list.len());
            self.reader.put(&path, item.span().into());
            if let Some(entries) = self.entries_of(&path, item) {
                list.push(element(path, Some(entries), item.span().into()));
            }
        }
        list
    }

    pub(super) fn survey(&self) -> bool {
        self.reader.survey
    }

    pub(super) fn entries_of(&self, path: &str, value: &'t Spanned<DeValue<'t>>) -> Option<&'t DeTable<'t>> {
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(entries);
        }
        self.reader.report(
            RuleId::WrongType,
            value.span().into(),
            format!("`{path}` is a table of its own, not {}", describe(value.get_ref())),
            format!("write a head `[{path}]`, then one key per line"),
        );
        self.reader.unreadable(path);
        None
    }

    /// A key that bbws knows and never takes in any other way than its own.
    pub(crate) fn fixed(&self, keys: &[&str], always: bool, rule: RuleId, why: &str) {
        for key in keys {
            let Some(value) = self.entries.and_then(|e| e.get(*key)) else { continue };
            self.asked.borrow_mut().insert((*key).to_owned());
            if value.get_ref().as_bool() != Some(always) {
                self.reader.report(rule, value.span().into(), why, format!("remove the line: it is always `{key} = {always}`"));
            }
        }
    }

    fn wrong(&self, key: &str, wrong: Wrong) {
        self.refuse(key, wrong.rule, wrong.why, wrong.fix);
    }

    /// Reports every key that was never asked for.
    pub(super) fn refuse_the_rest(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.entries.iter().flat_map(|entries| entries.iter()).filter(|(key, _)| !asked.contains(key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let place = if self.path.is_empty() { "an environment file".to_owned() } else { format!("`[{}]`", self.path) };
            let fix = match closest(name, asked.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if asked.is_empty() => "nothing may stand here".to_owned(),
                None => format!("the keys of {place} are `{}`", asked.iter().map(String::as_str).collect::<Vec<_>>().join("`, `")),
            };
            self.reader.report(RuleId::UnknownKey, key.span().into(), format!("{place} has no key `{name}`"), fix);
        }
    }
}

impl<T> Got<'_, '_, '_, T> {
    /// The value, or this one where the file leaves it out.
    pub(crate) fn or(self, default: T) -> T {
        self.value.unwrap_or(default)
    }

    /// The value, if there is one.
    pub(crate) fn option(self) -> Option<T> {
        self.value
    }

    /// The value; the file must have it. `example` is what could stand there, and stands in for a missing one.
    pub(crate) fn required(self, example: T, shown: &str) -> T {
        self.table.reader.keys.borrow_mut().insert((join(&self.table.pattern, self.key), true));
        let readable = self.table.reader.places.borrow().readable(&self.table.path_of(self.key));
        if self.absent && readable && !self.table.reader.survey {
            let place = if self.table.path.is_empty() { "the file".to_owned() } else { format!("`[{}]`", self.table.path) };
            self.table.reader.report(
                RuleId::MissingKey,
                self.table.span,
                format!("{place} does not say `{}`", self.key),
                format!("add `{} = {shown}`", self.key),
            );
            self.table.reader.unreadable(&self.table.path_of(self.key));
        }
        self.value.unwrap_or(example)
    }

    /// Reports a value of which `wrong` has something to say: why, and what would be right.
    pub(crate) fn judged(mut self, rule: RuleId, wrong: impl FnOnce(&T) -> Option<(String, String)>) -> Self {
        if let Some((why, fix)) = self.value.as_ref().and_then(wrong) {
            self.table.refuse(self.key, rule, why, fix);
            self.value = None;
        }
        self
    }
}

impl<T: PartialOrd + std::fmt::Display> Got<'_, '_, '_, T> {
    /// Reports a value outside of this range.
    pub(crate) fn within(self, range: RangeInclusive<T>, unit: &str) -> Self {
        let fix = format!("give a number between {} and {}{}{unit}", range.start(), range.end(), if unit.is_empty() { "" } else { " " });
        if self.value.is_none() && !self.absent {
            let reader = self.table.reader;
            reader.amend(reader.place(&self.table.path_of(self.key)), &fix);
        }
        self.judged(RuleId::OutOfRange, |value| (!range.contains(value)).then(|| (format!("`{value}` is out of range"), fix)))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The name most like `wrong`, if one is like it at all.
pub(crate) fn closest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase().replace('-', "_"), &name.to_lowercase().replace('-', "_"));
    let names: Vec<&str> = names.collect();
    let alike = names.iter().map(|name| (near(name), *name)).min();
    let alike = alike.filter(|(distance, name)| *distance <= name.len().max(wrong.chars().count()) / 3).map(|(_, name)| name);
    // The beginning of a longer name, where it is that of one alone.
    let mut longer = names.iter().filter(|name| wrong.len() > 3 && name.starts_with(&format!("{wrong}_")));
    alike.or_else(|| longer.next().copied().filter(|_| longer.next().is_none()))
}
