//! Setting values in an environment file: everything else in it, comments and blanks included, stays as it is.

use serde_json::Value as Json;
use toml_edit::{DocumentMut, Formatted, Item, Key, Table, TableLike, Value};

use crate::keys_read;

/// One value to be set, as a command line says it: `rds.class=db.t3.small`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key: `rds.class`.
    pub key: String,
    /// The parts of the key.
    path: Vec<String>,
    /// The value, as it was written.
    value: String,
}

/// One value that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The key.
    pub key: String,
    /// What stood there; none where nothing did.
    pub from: Option<String>,
    /// What stands there now, as the file writes it.
    pub to: String,
}

/// Why nothing can be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// It is no `KEY=VALUE`.
    #[error("`{0}` is no KEY=VALUE")]
    NoSetting(String),
    /// The file is no TOML.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// No file has such a key.
    #[error("no environment file has the key `{key}`")]
    Unknown {
        /// The key.
        key: String,
        /// Keys that are much like it.
        near: Vec<String>,
    },
    /// Something that has no parts stands where a table would have to.
    #[error("`{key}` cannot be set: `{part}` is {what}")]
    NoTable {
        /// The key.
        key: String,
        /// Its part.
        part: String,
        /// What stands there.
        what: &'static str,
    },
}

impl Setting {
    /// Reads `KEY=VALUE`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, SetError> {
        let wrong = || SetError::NoSetting(text.to_owned());
        let (key, value) = text.split_once('=').ok_or_else(wrong)?;
        let path: Vec<String> = Key::parse(key.trim()).map_err(|_| wrong())?.iter().map(|key| key.get().to_owned()).collect();
        if path.is_empty() {
            return Err(wrong());
        }
        Ok(Self { key: path.join("."), path, value: value.trim().to_owned() })
    }

    /// The value as TOML. A bare word is a text, and so is a number where a text is wanted: `account=536580886816`.
    fn value(&self, wants_text: bool) -> Value {
        let text = || Value::String(Formatted::new(self.value.clone()));
        match self.value.parse::<Value>() {
            Ok(value @ (Value::String(_) | Value::Array(_) | Value::InlineTable(_))) => value,
            Ok(value) if !wants_text => value,
            Ok(_) | Err(_) => text(),
        }
    }
}

/// Sets values in the text of a file. `schema` is that of environment files: it tells texts from numbers. Whether the result is a
/// right environment is for [`crate::load`] to judge.
///
/// # Errors
/// When one of them cannot be set: then none is.
pub fn set(text: &str, settings: &[Setting], schema: &Json) -> Result<(String, Vec<Set>), SetError> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| SetError::Unreadable(error.message().to_owned()))?;
    let known: Vec<String> = keys_read().into_iter().map(|(key, _)| key).collect();
    let mut done = vec![];
    for setting in settings {
        if !known.iter().any(|pattern| fits(pattern, &setting.path)) && !is_free(schema, &setting.path) {
            return Err(SetError::Unknown { key: setting.key.clone(), near: near(&setting.key, &known) });
        }
        done.push(put(document.as_item_mut(), setting, schema)?);
    }
    Ok((document.to_string(), done))
}

fn put(root: &mut Item, setting: &Setting, schema: &Json) -> Result<Set, SetError> {
    let Some((last, above)) = setting.path.split_last() else { return Err(SetError::NoSetting(setting.key.clone())) };
    let mut at = root;
    for (number, part) in above.iter().enumerate() {
        let what = named(at);
        at = match at {
            Item::ArrayOfTables(tables) => {
                let entry = part.parse::<usize>().ok().and_then(|n| tables.get_mut(n));
                let table = entry.ok_or_else(|| no_table(setting, part, "no entry of a list"))?;
                // An entry of a list is no item of its own: what is set in it is set here.
                let rest = &setting.path[number + 1..];
                let [key] = rest else {
                    return Err(no_table(setting, rest.first().map_or("", String::as_str), "within an entry of a list"));
                };
                return in_table(table, key, setting, schema);
            }
            _ => {
                let table = at.as_table_like_mut().ok_or_else(|| no_table(setting, part, what))?;
                table.entry(part).or_insert_with(|| {
                    let mut table = Table::new();
                    table.set_implicit(true);
                    Item::Table(table)
                })
            }
        };
    }
    let what = named(at);
    in_table(at.as_table_like_mut().ok_or_else(|| no_table(setting, last, what))?, last, setting, schema)
}

/// Sets a key of a table. A table or a list of tables is not overwritten by a value.
fn in_table(table: &mut dyn TableLike, key: &str, setting: &Setting, schema: &Json) -> Result<Set, SetError> {
    if let Some(old) = table.get(key).filter(|old| old.as_value().is_none() && !old.is_none()) {
        return Err(no_table(setting, key, named(old)));
    }
    let wants_text = wants_text(table.get(key), schema, &setting.path);
    if let Some(set) = replace(table.get_mut(key), setting, wants_text) {
        return Ok(set);
    }
    let value = setting.value(wants_text);
    let to = value.to_string().trim().to_owned();
    table.insert(key, Item::Value(value));
    Ok(Set { key: setting.key.clone(), from: None, to })
}

/// Puts a value in the place of another; blanks and the comment behind it stay.
fn replace(old: Option<&mut Item>, setting: &Setting, wants_text: bool) -> Option<Set> {
    let old = old?.as_value_mut()?;
    let mut new = setting.value(wants_text);
    let (from, to) = (old.clone().decorated("", "").to_string(), new.to_string().trim().to_owned());
    *new.decor_mut() = old.decor().clone();
    *old = new;
    Some(Set { key: setting.key.clone(), from: Some(from), to })
}

/// Whether a text belongs there: because one stands there, or else because the schema says so.
fn wants_text(old: Option<&Item>, schema: &Json, path: &[String]) -> bool {
    if let Some(value) = old.and_then(Item::as_value) {
        return value.is_str();
    }
    let mut at = schema;
    for part in path {
        let table = if at["type"] == "array" { &at["items"] } else { at };
        if part.parse::<usize>().is_ok() && at["type"] == "array" {
            continue;
        }
        let inner = &table["properties"][part];
        at = if inner.is_null() { &table["additionalProperties"] } else { inner };
    }
    match &at["type"] {
        Json::String(one) => one == "string",
        Json::Array(some) => some.iter().any(|one| one == "string") && !some.iter().any(|one| one == "integer" || one == "boolean"),
        _ => !at["enum"].is_null() || !at["oneOf"].is_null() || !at["pattern"].is_null(),
    }
}

fn no_table(setting: &Setting, part: &str, what: &'static str) -> SetError {
    SetError::NoTable { key: setting.key.clone(), part: part.to_owned(), what }
}

fn named(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Value(_) => "one value",
        Item::Table(_) => "a table: name a key in it",
        Item::ArrayOfTables(_) => "a list of tables: say which entry, counted from 0",
    }
}

/// Whether a key is one that its user names: a tag, a parameter of the database, a further resource.
fn is_free(schema: &Json, path: &[String]) -> bool {
    let mut at = schema;
    for part in path {
        let inner = &at["properties"][part];
        at = if inner.is_null() { &at["additionalProperties"] } else { inner };
        if !at.is_object() {
            return at == &Json::Bool(true);
        }
    }
    true
}

/// Whether a key is one of a pattern: `network.public.*.cidr`, `rule[].port`.
fn fits(pattern: &str, path: &[String]) -> bool {
    let parts = pattern.split('.').flat_map(|part| part.strip_suffix("[]").map_or_else(|| vec![part], |list| vec![list, "[]"]));
    let mut left = path.iter();
    for part in parts {
        let fits = match (part, left.next()) {
            // A list may be set as a whole.
            ("[]", None) => return true,
            ("[]", Some(number)) => number.parse::<usize>().is_ok(),
            ("*", Some(_)) => true,
            (part, Some(given)) => part == given,
            (_, None) => return true,
        };
        if !fits {
            return false;
        }
    }
    left.next().is_none()
}

/// The keys that are most like one that nobody knows, or end as it does.
fn near(key: &str, known: &[String]) -> Vec<String> {
    let end = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let far = |one: &String| strsim::damerau_levenshtein(one, key).min(strsim::damerau_levenshtein(&end(one), &end(key)) + 2);
    let most = (key.chars().count() / 3).max(2);
    let mut all: Vec<(usize, &String)> = known.iter().map(|one| (far(one), one)).filter(|(far, _)| *far <= most).collect();
    all.sort();
    all.into_iter().take(3).map(|(_, one)| one.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../environments/dev.toml");

    fn schema() -> Json {
        crate::schema(&bbws_kinds::all())
    }

    fn after(settings: &[&str]) -> Result<(String, Vec<Set>), SetError> {
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::read(text).unwrap()).collect();
        set(FILE, &settings, &schema())
    }

    /// The lines that differ, old and new.
    fn changed(settings: &[&str]) -> Vec<(String, String)> {
        let (text, _) = after(settings).unwrap();
        assert_eq!(text.lines().count(), FILE.lines().count());
        FILE.lines().zip(text.lines()).filter(|(old, new)| old != new).map(|(old, new)| (old.to_owned(), new.to_owned())).collect()
    }

    #[test]
    fn one_value_is_changed_and_nothing_else() {
        for (setting, old, new) in [
            ("rds.class=db.t3.small", "class               = \"db.t3.micro\"", "class               = \"db.t3.small\""),
            (
                "rds.storage=40",
                "storage             = 20      # GiB, gp3; it grows, never shrinks",
                "storage             = 40      # GiB, gp3; it grows, never shrinks",
            ),
            (
                "rds.engine_version=8.4",
                "engine_version      = \"8.0\"   # 8.0 has left standard support and costs Extended Support by the vCPU; 8.4 has not",
                "engine_version      = \"8.4\"   # 8.0 has left standard support and costs Extended Support by the vCPU; 8.4 has not",
            ),
            (
                "network.public.a.cidr=10.0.3.0/24",
                "a = { cidr = \"10.0.1.0/24\", zone = \"af-south-1a\" }",
                "a = { cidr = \"10.0.3.0/24\", zone = \"af-south-1a\" }",
            ),
            ("cdn.behaviour.1.path=/static/*", "path = \"/wp-includes/*\"", "path = \"/static/*\""),
            ("ecs.container_insights=false", "container_insights = true", "container_insights = false"),
        ] {
            assert_eq!(changed(&[setting]), [(old.to_owned(), new.to_owned())], "{setting}");
        }
    }

    #[test]
    fn a_text_is_a_text_where_one_is_wanted() {
        let (text, done) = after(&["account=111122223333", "cdn.price_class=PriceClass_100", "names.prefix=poc"]).unwrap();
        assert!(text.contains("account = \"111122223333\"") && text.contains("[names]\nprefix = \"poc\""), "{text}");
        let was: Vec<Option<&str>> = done.iter().map(|set| set.from.as_deref()).collect();
        assert_eq!(was, [Some("\"536580886816\""), Some("\"PriceClass_200\""), None]);
    }

    #[test]
    fn what_is_not_there_is_added_where_it_belongs() {
        let (text, _) =
            after(&["alb.from_cloudfront_only=true", "monitoring.emails=[\"ops@example.com\"]", "rds.parameters.max_connections=90"])
                .unwrap();
        let environment = |text: &str| text.parse::<DocumentMut>().unwrap();
        let new = environment(&text);
        assert_eq!(new["alb"]["from_cloudfront_only"].as_bool(), Some(true));
        assert_eq!(new["rds"]["parameters"]["max_connections"].as_integer(), Some(90));
        assert!(FILE.lines().filter(|line| line.contains('#')).all(|line| {
            let comment = line.split_once('#').map_or("", |(_, comment)| comment);
            text.contains(comment)
        }));
    }

    #[test]
    fn a_table_within_an_entry_of_a_list_is_not_overwritten() {
        let text = "[[rule]]\ndescription = \"a\"\n[rule.from]\ncidr = \"10.0.0.0/8\"\n";
        for (key, what) in [("rule.0.from=x", "a table"), ("rule.0.from.cidr=x", "within an entry of a list")] {
            let setting = Setting::read(key).unwrap();
            let mut document: DocumentMut = text.parse().unwrap();
            let refused = put(document.as_item_mut(), &setting, &schema()).unwrap_err().to_string();
            assert!(refused.contains(what), "{key}: {refused}");
            assert_eq!(document.to_string(), text, "{key}");
        }
    }

    #[test]
    fn keys_that_nobody_knows_are_answered_with_those_that_are_meant() {
        for (wrong, meant) in
            [("rds.clas=x", "rds.class"), ("retention_days=7", "logs.retention_days"), ("network.natt=one", "network.nat")]
        {
            match after(&[wrong]) {
                Err(SetError::Unknown { near, .. }) => assert!(near.iter().any(|key| key == meant), "{wrong}: {near:?}"),
                other => panic!("{wrong}: {other:?}"),
            }
        }
        for wrong in ["rds", "", "=x", "a b=1"] {
            assert!(matches!(Setting::read(wrong), Err(SetError::NoSetting(_))), "{wrong}");
        }
        assert!(matches!(after(&["account.x=1"]), Err(SetError::Unknown { .. })));
        assert!(matches!(after(&["cdn.behaviour.7.path=/x"]), Err(SetError::NoTable { .. })));
    }
}
