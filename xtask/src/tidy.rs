//! What keeps the tree readable: short files, no attics, no unfinished work, no emulator in a driver.

use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 500;
const ATTICS: [&str; 3] = ["util", "helpers", "common"];
const UNFINISHED: [&str; 3] = ["todo!(", "unimplemented!(", "#[ignore"];
const EMULATORS: [&str; 4] = ["moto", "ministack", "localstack", "winterbaume"];

/// Everything untidy in the sources.
pub(crate) fn wrong() -> Vec<String> {
    let root = crate::root();
    let mut files = vec![];
    for folder in ["crates", "fuzz/src", "xtask"] {
        sources(&root.join(folder), &mut files);
    }
    files.sort();
    files.iter().flat_map(|path| untidy(path.strip_prefix(&root).unwrap_or(path), &fs::read_to_string(path).unwrap_or_default())).collect()
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Tests in a file count half.
fn weight(text: &str) -> usize {
    let tests = text.lines().skip_while(|line| *line != "#[cfg(test)]").count();
    text.lines().count() - tests / 2
}

fn untidy(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display();
    let mut wrong = vec![];
    if weight(text) > MOST_LINES {
        wrong.push(format!("{shown}: {} lines (tests count half), more than {MOST_LINES}", weight(text)));
    }
    if path.file_stem().is_some_and(|stem| ATTICS.iter().any(|attic| stem == *attic)) {
        wrong.push(format!("{shown}: a module's name says what it holds"));
    }
    if !path.ends_with("tidy.rs") {
        let marks = UNFINISHED.iter().filter(|mark| text.contains(*mark));
        wrong.extend(marks.map(|mark| format!("{shown}: unfinished: {mark}")));
    }
    if path.starts_with("crates/aws") {
        let lower = text.to_lowercase();
        let named = EMULATORS.iter().filter(|name| lower.contains(*name));
        wrong.extend(named.map(|name| format!("{shown}: a driver speaks to AWS, not to {name}")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        assert_eq!(wrong(), Vec::<String>::new());
    }

    #[test]
    fn untidiness_is_told() {
        let told = |path: &str, text: &str| untidy(Path::new(path), text).len();
        assert_eq!(told("crates/a/src/util.rs", ""), 1);
        assert_eq!(told("crates/a/src/a.rs", &"x\n".repeat(501)), 1);
        assert_eq!(told("crates/a/src/a.rs", &format!("{}#[cfg(test)]\n{}", "x\n".repeat(400), "y\n".repeat(150))), 0);
        assert_eq!(told("crates/aws/src/a.rs", "// for moto"), 1);
        assert_eq!(told("crates/a/src/a.rs", "todo!()"), 1);
    }
}
