//! Texts as users get them, kept in files beside the tests: whoever changes one sees what it says now.

use crate::support::Place;

/// No text is longer: an error is read where there is no time.
const LINES: usize = 12;

/// The texts of one test, one below the other.
#[derive(Default)]
pub(crate) struct Kept(String);

impl Kept {
    /// Keeps a text under a head. What is another in each run (ids, times, digests, the folder) is made the same.
    #[track_caller]
    pub(crate) fn keep(&mut self, place: &Place, what: &str, text: &str) {
        let text = text.trim_matches('\n');
        assert!(text.lines().count() <= LINES, "{what}: {} lines\n{text}", text.lines().count());
        let folder = format!("{}/", place.path("").display().to_string().trim_end_matches('/'));
        let lines: Vec<String> = same(&text.replace(&folder, "")).lines().map(|line| line.trim_end().to_owned()).collect();
        self.0.push_str(&format!("# {what}\n\n{}\n\n", lines.join("\n")));
    }

    /// Demands that the texts are those of the file.
    pub(crate) fn demand(self, name: &str) {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, self.0);
        });
    }
}

/// The text with each paragraph on one line: where times stand in it, it is not broken at the same place each time.
pub(crate) fn unbroken(text: &str) -> String {
    let lines = |part: &str| part.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    text.split("\n\n").map(lines).collect::<Vec<_>>().join("\n\n")
}

/// The text with words in the place of what is another in each run.
fn same(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(part) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())];
        let word = word.trim_end_matches(['-', ':', '.']);
        let word = if word.is_empty() { &rest[..1] } else { word };
        out.push_str(&stand_in(word));
        rest = &rest[word.len()..];
    }
    out.push_str(rest);
    out
}

fn stand_in(word: &str) -> String {
    let all = |word: &str, is: fn(char) -> bool| word.chars().all(is);
    let mixed = |word: &str| word.contains(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_ascii_alphabetic());
    let hex = |word: &str| word.len() >= 8 && all(word, |c| c.is_ascii_digit() || ('a'..='f').contains(&c)) && mixed(word);
    // Serials, and lines of files that grow.
    if let Some((file, _)) = word.split_once(".toml:") {
        format!("{file}.toml:<line>")
    } else if word.len() >= 3 && all(word, |c| c.is_ascii_digit()) && !word.starts_with("20") && word.len() < 12 {
        "<number>".into()
    } else if word.len() == 26 && all(word, |c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        "<ulid>".into()
    } else if word.len() == 36 && word.matches('-').count() == 4 && !word.contains(|c: char| !c.is_ascii_hexdigit() && c != '-') {
        "<request>".into()
    } else if word.starts_with("20") && word.contains('T') && word.ends_with('Z') {
        "<time>".into()
    } else if hex(word) {
        "<hex>".into()
    } else if let Some((sort, _)) = word.rsplit_once('-').filter(|(_, id)| hex(id)) {
        format!("{sort}-<hex>")
    } else {
        word.to_owned()
    }
}

#[test]
fn what_differs_from_run_to_run_is_made_the_same_and_nothing_else() {
    let told = "run 01KB2Z0000000000000000RUN2 at 2026-11-26T08:00:00Z: vpc-0c713504d6cc4fdd4 at line 2161 (5f3a0b6e-7c9d-4a52-9f0e-1a2b3c4d5e6f), 93d9f0a1b2c3….";
    assert_eq!(same(told), "run <ulid> at <time>: vpc-<hex> at line <number> (<request>), <hex>….");
    for whole in ["db-instance.main of 536580886816 in af-south-1: E-DENIED.", "--target log-group.ecs -o dev.plan", "2026-11-26"] {
        assert_eq!(same(whole), whole);
    }
    assert_eq!(same("[environments/dev.toml:125:18], serial 141"), "[environments/dev.toml:<line>], serial <number>");
}

/// Each refusal that the docs tell of names its error and the test that provokes it.
#[test]
fn the_refusals_in_the_docs_have_an_error_and_a_test_each() {
    let read = |path: &str| {
        let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let (page, errors) = (read("docs/plan.md"), read("docs/errors.md"));
    let rows: Vec<Vec<&str>> =
        page.lines().filter(|line| line.contains("](errors.md#e-")).map(|line| line.split('|').map(str::trim).collect()).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let [_, what, id, test, _] = row.as_slice() else { panic!("{row:?}") };
        let id = id.split('`').nth(1).unwrap_or_default();
        assert!(errors.contains(&format!("`{id}`")), "{what}: there is no error {id}");
        let (file, name) = test.trim_matches('`').split_once("::").unwrap_or_else(|| panic!("{what}: {test}"));
        assert!(read(&format!("tests/{file}.rs")).contains(&format!("#[test]\nfn {name}()")), "{what}: there is no test {test}");
    }
}
