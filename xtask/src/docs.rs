//! The pages in `docs/` that are made from the code: each crate writes its own, by the test that otherwise compares it.

/// The crates that have such pages, with the names of the tests that write them.
const PAGES: [(&str, &str); 2] = [("bbws-model", "the_page_in_docs"), ("bbws-render", "the_page_in_docs")];

/// Writes them.
pub(crate) fn run() -> Vec<String> {
    let written = PAGES.iter().filter_map(|(package, test)| {
        let mut command = crate::bench::cargo();
        command.args(["test", "--quiet", "-p", package, "--lib", "--", test]).env("BBWS_WRITE_DOCS", "1");
        match command.status() {
            Ok(status) if status.success() => None,
            Ok(status) => Some(format!("{package}: {status}")),
            Err(error) => Some(format!("{package}: {error}")),
        }
    });
    written.collect()
}
