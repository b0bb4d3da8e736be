//! Tables whose keys are names that the user chose.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use crate::RuleId;
use crate::decode::{Table, describe};

impl<'r, 't> Table<'r, 't> {
    /// Tables by name: `[network.public.a]`, `[network.public.b]`.
    pub(crate) fn named<R>(&self, key: &'static str, read: impl Fn(&str, &Table<'r, 't>) -> R) -> BTreeMap<String, R> {
        let pattern = |outer: &Table<'_, '_>| format!("{}.*", outer.pattern);
        self.table(key, |outer| {
            if outer.survey() {
                read("x", &Table::new(outer.reader, None, outer.path_of("x"), pattern(outer), outer.span));
            }
            let mut found = BTreeMap::new();
            for (key, value) in outer.entries.iter().flat_map(|entries| entries.iter()) {
                let name = key.get_ref().as_ref();
                let path = outer.path_of(name);
                outer.reader.put_key(&path, key.span().into());
                outer.asked.borrow_mut().insert(name.to_owned());
                outer.reader.put(&path, value.span().into());
                if let Some(entries) = outer.entries_of(&path, value) {
                    let inner = Table::new(outer.reader, Some(entries), path, pattern(outer), value.span().into());
                    found.insert(name.to_owned(), read(name, &inner));
                    inner.refuse_the_rest();
                }
            }
            found
        })
    }

    /// Texts by name, numbers and booleans taken for texts: `[tags]`, `[rds.parameters]`.
    pub(crate) fn texts(&self, key: &'static str) -> BTreeMap<String, String> {
        self.table(key, |table| {
            let mut found = BTreeMap::new();
            for (key, value) in table.entries.iter().flat_map(|entries| entries.iter()) {
                let name = key.get_ref().as_ref();
                table.reader.put_key(&table.path_of(name), key.span().into());
                table.asked.borrow_mut().insert(name.to_owned());
                table.reader.put(&table.path_of(name), value.span().into());
                match value.get_ref() {
                    DeValue::String(text) => found.insert(name.to_owned(), text.clone().into_owned()),
                    DeValue::Integer(number) => found.insert(name.to_owned(), number.to_string()),
                    DeValue::Boolean(yes) => found.insert(name.to_owned(), u8::from(*yes).to_string()),
                    other => {
                        table.refuse(
                            name,
                            RuleId::WrongType,
                            format!("a text is wanted here, not {}", describe(other)),
                            "put the value in quotes",
                        );
                        None
                    }
                };
            }
            found
        })
    }

    /// All that stands in this table, to be read by others.
    pub(crate) fn everything(&self) -> Vec<(&'t str, crate::Span, &'t Spanned<DeValue<'t>>)> {
        let entries = self.entries.iter().flat_map(|entries| entries.iter());
        entries
            .map(|(name, value)| {
                let span = name.span().into();
                let name = name.get_ref().as_ref();
                self.asked.borrow_mut().insert(name.to_owned());
                self.reader.put(&self.path_of(name), value.span().into());
                (name, span, value)
            })
            .collect()
    }

    /// Notes where a value deeper inside stands.
    pub(crate) fn put(&self, path: &str, span: crate::Span) {
        self.reader.put(path, span);
    }
}
