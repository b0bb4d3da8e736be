//! What the code takes AWS to do and nobody has confirmed: each with what it costs to be wrong, and a cheap test.

mod list;

pub use list::ALL;

/// How a fact can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// bbws itself reads something, changes nothing and pays nothing.
    Read,
    /// A person does this; it changes nothing.
    Look(&'static str),
    /// A person does this; it makes something, at this cost.
    Make(&'static str, &'static str),
}

/// A fact about AWS that no document or account that we have seen confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption {
    /// Its name, which stays: `elb-none-is-an-error`.
    pub id: &'static str,
    /// The service.
    pub service: &'static str,
    /// What is taken for true.
    pub fact: &'static str,
    /// What happens if it is not.
    pub otherwise: &'static str,
    /// Where the code relies on it, from the workspace's root.
    pub relied_on_in: &'static str,
    /// How to try it.
    pub test: Test,
}

/// What a test showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It is as assumed.
    Confirmed(String),
    /// It is not.
    Refuted(String),
    /// The account has nothing that it could be seen at, or it may not be asked.
    Unknown(String),
}

/// The assumption of this name.
#[must_use]
pub fn named(id: &str) -> Option<&'static Assumption> {
    ALL.iter().find(|one| one.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own_and_stands_where_it_says() {
        let ids: BTreeSet<&str> = ALL.iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), ALL.len());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for one in ALL {
            assert!(one.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{}", one.id);
            assert!(root.join(one.relied_on_in).is_file(), "{}: {}", one.id, one.relied_on_in);
            assert!(one.fact.ends_with('.') && one.otherwise.ends_with('.'), "{}", one.id);
        }
    }

    /// A mark in the code without a line here would be an assumption that nobody is told of.
    #[test]
    fn every_file_that_marks_something_as_unconfirmed_is_here() {
        fn walk(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.extension().is_some_and(|end| end == "rs")
                    && std::fs::read_to_string(&path).unwrap().contains("(unconfirmed)")
                {
                    found.push(path);
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = vec![];
        for of in ["crates/aws/src", "crates/kinds/src", "crates/engine/src"] {
            walk(&root.join(of), &mut found);
        }
        assert!(!found.is_empty());
        for path in found {
            let inside = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            assert!(ALL.iter().any(|one| one.relied_on_in == inside), "{inside} marks something as unconfirmed, and no assumption says so");
        }
    }
}
