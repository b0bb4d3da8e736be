//! Where in the file each value stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::Span;

/// The place of every value that a file gives, by path: `rds.class`, `network.public.a.cidr`, `rule[0].port`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    spans: BTreeMap<String, Span>,
    /// Where names stand that the user chose: the keys of subnets, tags, resources.
    keys: BTreeMap<String, Span>,
    /// Paths whose value could not be read. What rests on them is not judged.
    unread: BTreeSet<String>,
}

impl Places {
    /// Where the value of this path stands; for one that the file leaves out, the nearest table around it.
    #[must_use]
    pub fn at(&self, path: &str) -> Span {
        upwards(path).find_map(|path| self.spans.get(path)).copied().unwrap_or_default()
    }

    /// Where the key of this path stands, if the user chose it; else where its value does.
    #[must_use]
    pub fn key_at(&self, path: &str) -> Span {
        self.keys.get(path).copied().unwrap_or_else(|| self.at(path))
    }

    /// Whether the file itself gives this path.
    #[must_use]
    pub fn given(&self, path: &str) -> bool {
        self.spans.contains_key(path)
    }

    /// Whether the value of this path, or of a table around it, could be read.
    pub(crate) fn readable(&self, path: &str) -> bool {
        upwards(path).all(|path| !self.unread.contains(path))
    }

    /// Whether everything below this path could be read.
    pub(crate) fn readable_below(&self, path: &str) -> bool {
        !self
            .unread
            .range(path.to_owned()..)
            .take_while(|below| below.starts_with(path))
            .any(|below| below[path.len()..].starts_with(['.', '[']))
    }

    pub(crate) fn put(&mut self, path: &str, span: Span) {
        self.spans.insert(path.to_owned(), span);
    }

    pub(crate) fn put_key(&mut self, path: &str, span: Span) {
        self.keys.insert(path.to_owned(), span);
    }

    pub(crate) fn unreadable(&mut self, path: &str) {
        self.unread.insert(path.to_owned());
    }
}

/// The path, and those around it: `rule[0].port`, `rule[0]`, `rule`.
fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rfind(['.', '[']).map(|at| &path[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_left_out_is_where_its_table_is() {
        let mut places = Places::default();
        places.put("rds", Span { start: 10, end: 15 });
        places.put("rds.class", Span { start: 20, end: 30 });
        assert_eq!(places.at("rds.class").start, 20);
        assert_eq!(places.at("rds.multi_az").start, 10);
        assert_eq!(places.at("efs.backup"), Span::default());
    }

    #[test]
    fn what_cannot_be_read_takes_its_parts_with_it() {
        let mut places = Places::default();
        places.unreadable("rule[1]");
        assert!(!places.readable("rule[1].cidr"));
        assert!(places.readable("rule[0].cidr") && places.readable("rule"));
        assert!(!places.readable_below("rule") && places.readable_below("rule[0]"));
    }
}
