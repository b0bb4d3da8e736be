//! `docs/errors.md`, made from the catalogue.

use super::ErrorId;

/// The page.
#[must_use]
pub fn errors_page() -> String {
    let mut page = "# Errors\n\n\
        <!-- Made from crates/render/src/errors/ by `cargo xtask docs`: edit that. -->\n\n\
        Each error of bbws has an id, which never changes its meaning. It is `id` in `--json`, and stands in brackets in the text; but for \
        `E-USAGE`, `E-REFUSED`, `E-LATER`, `E-INTERRUPTED` and `E-OTHER`, which say no more than the exit code does.\n\
        What is repeated \"three times\" was sent once before: four attempts in all, so that the first one, on a connection that has to be \
        made, is none of the three.\n\
        A text says what happened, why, and what to do, with the operation, the address and AWS's request id where there are any.\n\n\
        | id | what happened | why | what to do |\n|---|---|---|---|\n"
        .to_owned();
    for id in ErrorId::ALL {
        let about = id.about();
        page.push_str(&format!(
            "| <a id=\"{}\"></a>`{}` | {} | {} | {} |\n",
            about.id.to_lowercase(),
            about.id,
            about.what,
            about.why,
            about.fix
        ));
    }
    page.push_str(
        "\nA run that has failed writes a bundle: events, plan, versions and request ids in one file of lines that anybody can read, \
         below `bundles` in the folder of the states. No secret is in it, no account's number and no name of a person or machine. \
         Its path is printed; give the file to whoever is to help.\n",
    );
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_ids_that_stand_in_no_text_are_named() {
        let page = errors_page();
        let head = page.split("\n\n|").next().unwrap();
        for id in ErrorId::ALL {
            assert_eq!(head.contains(&format!("`{id}`")), !id.is_telling(), "{id}");
        }
    }

    /// `BBWS_WRITE_DOCS=1` writes the page instead, as `cargo xtask docs` does.
    #[test]
    fn the_page_in_docs_is_the_catalogue() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
        if std::env::var_os("BBWS_WRITE_DOCS").is_some() {
            std::fs::write(&path, errors_page()).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == errors_page(), "docs/errors.md is out of date: cargo xtask docs");
    }
}
