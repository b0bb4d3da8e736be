//! A plan as one page: all in one file, which asks nobody for anything and runs nothing. The picture's steps are links, and what
//! they lead to opens by itself.

use std::fmt::Write as _;

use bbws_model::{Action, Kinds, Plan, Step};

use super::order::after;
use super::picture;
use super::sheet::{Row, Sheet, sheet};
use crate::diagram::escaped;
use crate::finding::severity;
use crate::html;

/// The plan as an HTML page.
#[must_use]
pub fn plan_html(plan: &Plan, kinds: &Kinds) -> String {
    let sheet = sheet(plan, kinds);
    let mut out = html::opening(&format!("bbws plan for {}", plan.basis.environment), STYLE);
    head(&mut out, plan, &sheet);
    let rows: Vec<&Row<'_>> = sheet.parts.iter().flat_map(|(_, rows)| rows).collect();
    dangers(&mut out, &rows);
    notes(&mut out, plan, sheet.open.as_deref());
    if let Some(svg) = picture::svg(plan) {
        let _ = writeln!(out, "<section><h2>Order of steps</h2>\n<div class=\"picture\" tabindex=\"0\">\n{svg}</div></section>");
    }
    for (part, rows) in &sheet.parts {
        let _ = writeln!(out, "<section><h2>{}</h2>", escaped(part));
        rows.iter().for_each(|row| details(&mut out, plan, row));
        out.push_str("</section>\n");
    }
    let _ = writeln!(
        out,
        "<footer>plan <code>{}</code><br>made by bbws {}</footer>\n</body>\n</html>",
        sheet.digest,
        escaped(&plan.basis.engine)
    );
    out
}

fn head(out: &mut String, plan: &Plan, sheet: &Sheet<'_>) {
    let _ = writeln!(out, "<header>\n<h1>bbws plan for {}</h1>", escaped(&plan.basis.environment));
    let _ = writeln!(out, "<p class=\"headline\">{}</p>", escaped(&sheet.headline));
    if !plan.is_empty() {
        let also = sheet.also.as_ref().map(|also| format!("; also {also}")).unwrap_or_default();
        let _ = writeln!(out, "<p>{}{}</p>", escaped(&sheet.harm), escaped(&also));
    }
    if let Some(cost) = &sheet.cost {
        let _ = writeln!(out, "<p>Cost: {}</p>", escaped(cost));
    }
    let _ = writeln!(out, "<p class=\"dim\">{}</p>\n</header>", escaped(&sheet.basis));
}

fn dangers(out: &mut String, rows: &[&Row<'_>]) {
    let mut all: Vec<_> = rows.iter().flat_map(|row| row.risks.iter().map(move |risk| (risk.kind, *row, risk))).collect();
    all.sort_by_key(|(kind, ..)| *kind);
    if all.is_empty() {
        return;
    }
    out.push_str("<section class=\"dangers\"><h2>What to look at</h2>\n<ul>\n");
    for (_, row, risk) in all {
        let (to, at) = (link(row), escaped(&row.address));
        let _ = writeln!(out, "<li><b>{}</b> <a href=\"{to}\">{at}</a>: {}</li>", escaped(&risk.what), escaped(risk.text));
    }
    out.push_str("</ul></section>\n");
}

fn link(row: &Row<'_>) -> String {
    row.steps.first().map(|step| format!("#s{}", step.id.0)).unwrap_or_default()
}

fn notes(out: &mut String, plan: &Plan, open: Option<&str>) {
    if plan.notes.is_empty() && open.is_none() {
        return;
    }
    out.push_str("<section><h2>Notes</h2>\n<ul>\n");
    for note in &plan.notes {
        let (word, _) = severity(note.severity);
        let at = note.address.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
        let _ = writeln!(
            out,
            "<li><b>{word}</b> {}{} {} {}</li>",
            escaped(&at),
            escaped(&note.summary),
            escaped(&note.evidence),
            escaped(&note.advice)
        );
    }
    if let Some(open) = open {
        let _ = writeln!(out, "<li>{}</li>", escaped(open));
    }
    out.push_str("</ul></section>\n");
}

fn details(out: &mut String, plan: &Plan, row: &Row<'_>) {
    let mark = row.mark.map(|mark| format!(" <strong>!! {mark}</strong>")).unwrap_or_default();
    let cost = row.cost.as_ref().map(|cost| format!(" <span class=\"cost\">{}</span>", escaped(cost))).unwrap_or_default();
    let _ = writeln!(
        out,
        "<details><summary><span class=\"verb {}\">{} {}</span> <b>{}</b>{mark} <span class=\"dim\">{}</span>{cost}</summary>\n<div class=\"inner\">",
        row.class,
        escaped(row.sign),
        row.word,
        escaped(&row.address),
        escaped(&row.why)
    );
    // A link into what is folded away unfolds it.
    for step in &row.steps {
        let _ = writeln!(out, "<p class=\"step\" id=\"s{}\">{}</p>", step.id.0, escaped(&order(plan, step)));
    }
    if !row.details.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", escaped(&row.details));
    }
    for risk in &row.risks {
        let _ = writeln!(out, "<p class=\"risk\">! {}: {}</p>", escaped(&risk.what), escaped(risk.text));
    }
    for text in &row.order {
        let _ = writeln!(out, "<p>{}</p>", escaped(text));
    }
    if !row.fields.is_empty() {
        out.push_str("<table><thead><tr><th>field</th><th>before</th><th>after</th></tr></thead>\n<tbody>\n");
        for [field, before, after] in &row.fields {
            let _ = writeln!(out, "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", escaped(field), escaped(before), escaped(after));
        }
        out.push_str("</tbody></table>\n");
    }
    out.push_str("</div></details>\n");
}

/// What a step does, and after which others it comes.
fn order(plan: &Plan, step: &Step) -> String {
    let what = match &step.action {
        Action::Create { .. } => "makes the object",
        Action::Update { .. } => "changes the object",
        Action::Delete { .. } => "removes the object",
        Action::Adopt { .. } => "takes the object under management",
        Action::Forget { .. } => "forgets the object, which stays",
        Action::Rename { .. } => "gives the object another address",
        Action::Backup { .. } => "copies the data",
    };
    let firsts: Vec<String> = step.after.iter().map(|first| after(plan, first.step, &first.until)).collect();
    let when = if firsts.is_empty() { "at once".to_owned() } else { format!("after {}", firsts.join(", ")) };
    format!("Step {} {what}, {when}.", step.id)
}

/// The looks of the picture. No colour says what no word says.
const STYLE: &str = "svg text{font:12px ui-monospace,monospace;fill:var(--ink)}svg rect{fill:var(--ground);stroke-width:1.5}svg a:hover rect,svg a:focus rect{stroke-width:3}
rect.add{stroke:var(--add)}rect.change{stroke:var(--change)}rect.replace{stroke:var(--replace)}rect.destroy{stroke:var(--destroy)}rect.adopt{stroke:var(--adopt)}
.edge{fill:none;stroke:var(--dim);stroke-opacity:.45}
";
