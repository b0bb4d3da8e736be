//! A plan as Markdown, for a comment on a pull request: a table of what happens, the rest folded away, and never longer than such a
//! comment may be. Texts of others stand in it as texts: none makes a link, calls a person or ends the table.

use bbws_model::{Kinds, Plan, RiskKind};

use super::sheet::{Row, sheet};
use crate::finding::severity;
use crate::page::clean;
use crate::words::count;

/// GitHub takes 65,536 characters for a comment; others put something around it.
const MOST: usize = 64_000;
/// The table of steps takes no more, so that the risks and the first details have room.
const TABLE: usize = 32_000;
/// The longest value that is told whole.
const VALUE: usize = 600;

/// The plan as Markdown.
#[must_use]
pub fn plan_markdown(plan: &Plan, kinds: &Kinds) -> String {
    let sheet = sheet(plan, kinds);
    let rows: Vec<&Row<'_>> = sheet.parts.iter().flat_map(|(_, rows)| rows).collect();
    let mut out = String::new();
    out.push_str(&format!("### bbws plan for {}: {}\n\n", prose(&plan.basis.environment), prose(&sheet.headline)));
    if !plan.is_empty() {
        out.push_str(&format!("**{}**", prose(&sheet.harm)));
        out.push_str(&sheet.also.as_ref().map(|also| format!(" · also {}", prose(also))).unwrap_or_default());
        out.push_str("\n\n");
    }
    out.push_str(&format!("{}  \nplan {}\n\n", prose(&sheet.basis), code(&sheet.digest)));
    if let Some(cost) = &sheet.cost {
        out.push_str(&format!("**Cost:** {}\n\n", prose(cost)));
    }
    dangers(&mut out, &rows);
    table(&mut out, &rows);
    notes(&mut out, plan, sheet.open.as_deref());
    let (mut left, mut told) = (0, 0);
    for row in &rows {
        let block = details(row);
        // Once one does not fit, a shorter one that follows would only confuse.
        if left > 0 || out.len() + block.len() > MOST {
            left += 1;
        } else if !block.is_empty() {
            out.push_str(&block);
            told += 1;
        }
    }
    if left > 0 {
        let of = count(rows.len(), "resource");
        out.push_str(&format!(
            "_The details of {left} of {of} do not fit into a comment (those of {told} do): `bbws plan -v` or `--html` has all._\n"
        ));
    }
    out
}

/// What must not be overlooked, the worst first.
fn dangers(out: &mut String, rows: &[&Row<'_>]) {
    for (kinds, alert) in
        [(&[RiskKind::DataLoss, RiskKind::Downtime][..], "CAUTION"), (&[RiskKind::Security, RiskKind::Iam][..], "WARNING")]
    {
        let mut lines = vec![];
        for kind in kinds {
            for row in rows {
                let of = row.risks.iter().filter(|risk| risk.kind == *kind);
                lines.extend(of.map(|risk| format!("> - **{}**, {}: {}\n", prose(&risk.what), code(&row.address), prose(risk.text))));
            }
        }
        if lines.is_empty() {
            continue;
        }
        let all = lines.len();
        out.push_str(&format!("> [!{alert}]\n"));
        let mut shown = 0;
        for line in lines {
            if out.len() + line.len() > MOST / 4 && shown > 0 {
                break;
            }
            out.push_str(&line);
            shown += 1;
        }
        if shown < all {
            out.push_str(&format!("> - and {} more\n", all - shown));
        }
        out.push('\n');
    }
}

fn table(out: &mut String, rows: &[&Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    out.push_str("| | resource | why | a month |\n|---|---|---|---|\n");
    for (place, row) in rows.iter().enumerate() {
        let mark = row.mark.map(|mark| format!("**{}** ", prose(mark))).unwrap_or_default();
        let cost = row.cost.as_deref().map(prose).unwrap_or_default();
        let line = format!("| {} {} | {} | {mark}{} | {cost} |\n", prose(row.sign), row.word, cell(&row.address), prose(&row.why));
        if out.len() + line.len() > TABLE {
            out.push_str(&format!("| | and {} more | | |\n", rows.len() - place));
            break;
        }
        out.push_str(&line);
    }
    out.push('\n');
}

fn notes(out: &mut String, plan: &Plan, open: Option<&str>) {
    for note in &plan.notes {
        let (word, _) = severity(note.severity);
        let at = note.address.as_ref().map(|at| format!("{}: ", code(&at.to_string()))).unwrap_or_default();
        let line = format!("**{word}:** {at}{} {}\n\n", prose(&note.summary), prose(&note.advice));
        if out.len() + line.len() < MOST * 3 / 4 {
            out.push_str(&line);
        }
    }
    if let Some(open) = open {
        out.push_str(&format!("**Note:** {}\n\n", prose(open)));
    }
}

/// What one step does, folded away. Nothing where the table says it all.
fn details(row: &Row<'_>) -> String {
    let mut inner = String::new();
    for risk in &row.risks {
        inner.push_str(&format!("- **{}**: {}\n", prose(&risk.what), prose(risk.text)));
    }
    for order in &row.order {
        inner.push_str(&format!("- {}\n", prose(order)));
    }
    if !row.fields.is_empty() {
        inner.push_str("\n| field | before | after |\n|---|---|---|\n");
        for [field, before, after] in &row.fields {
            let value = |text: &str| if text.is_empty() { String::new() } else { cell(&short(text)) };
            inner.push_str(&format!("| {} | {} | {} |\n", cell(field), value(before), value(after)));
        }
    }
    if inner.is_empty() {
        return inner;
    }
    // A summary is HTML, and its text is too.
    let summary = format!("{} {} <b>{}</b> {}", html(row.sign), row.word, html(&row.address), html(&row.why));
    format!("<details><summary>{summary}</summary>\n\n{inner}\n</details>\n\n")
}

fn short(text: &str) -> String {
    crate::page::cut(text, VALUE, super::sheet::PAGES)
}

/// A text of HTML, in which nothing is a mention, a reference or an address either.
fn html(text: &str) -> String {
    written(text, |_| false)
}

/// Prose: what Markdown would take for markup is told as it is. It never begins a line.
fn prose(text: &str) -> String {
    written(text, |c| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$'))
}

/// A text with its signs of HTML and these others made harmless. GitHub makes links of `@name`, `#1`, `http://…` and `www.…` wherever
/// they stand: a comment in between keeps them apart.
fn written(text: &str, escape: impl Fn(char) -> bool) -> String {
    let text = clean(text);
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => {
                out.extend(escape(c).then_some('\\'));
                out.push(c);
            }
        }
        let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
        let links = match c {
            '@' | '#' => true,
            ':' => after.starts_with("//"),
            '.' => before.len() >= 3 && before.is_char_boundary(before.len() - 3) && before[before.len() - 3..].eq_ignore_ascii_case("www"),
            _ => false,
        };
        if links {
            out.push_str("<!-- -->");
        }
    }
    out
}

/// A piece of code: whatever it holds, it does not end it.
fn code(text: &str) -> String {
    let text = clean(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// The same within a table, where a bar would end the cell even there.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_are_told_as_they_are() {
        let table = [
            ("</details><script>", "&lt;/details&gt;&lt;script&gt;"),
            ("[x](http://e)", "\\[x\\](http:<!-- -->//e)"),
            ("@team #1 www.e.org", "@<!-- -->team \\#<!-- -->1 www.<!-- -->e.org"),
            ("a|b\n# c", "a\\|b \\#<!-- --> c"),
            ("**b** `c`", "\\*\\*b\\*\\* \\`c\\`"),
        ];
        for (text, told) in table {
            assert_eq!(prose(text), told);
        }
        assert_eq!((code("a`b").as_str(), code("``").as_str(), code("x").as_str()), ("`` a`b ``", "``` `` ```", "`x`"));
        assert_eq!(cell("a|b`"), "`` a\\|b` ``");
        assert_eq!(html("<b>@me</b>"), "&lt;b&gt;@<!-- -->me&lt;/b&gt;");
        assert!(!code("a\u{1b}[31m\nb").contains(['\u{1b}', '\n']));
    }
}
