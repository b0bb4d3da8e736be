//! A plan as one page: all in one file, which asks nobody for anything and runs nothing. The picture's steps are links, and what
//! they lead to opens by itself.

use std::fmt::Write as _;

use bbws_model::{Action, Kinds, Plan, Step};

use super::order::after;
use super::picture;
use super::sheet::{Row, Sheet, sheet};
use crate::diagram::escaped;
use crate::finding::severity;

/// The plan as an HTML page.
#[must_use]
pub fn plan_html(plan: &Plan, kinds: &Kinds) -> String {
    let sheet = sheet(plan, kinds);
    let environment = escaped(&plan.basis.environment);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>bbws plan for {environment}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
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

/// No colour says what no word says.
const STYLE: &str = "
:root{--ground:#fff;--ink:#1c2430;--dim:#5b6675;--line:#d5dbe3;--panel:#f5f7fa;--add:#1a7f37;--change:#8a5a00;--replace:#8250df;--destroy:#c4221f;--adopt:#0b6e99}
@media (prefers-color-scheme:dark){:root{--ground:#11161d;--ink:#e3e8ef;--dim:#98a4b3;--line:#303946;--panel:#1a212b;--add:#4cc26a;--change:#dfa63f;--replace:#b795ff;--destroy:#ff7b72;--adopt:#5cc5ee}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--ink)}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}h2::first-letter{text-transform:uppercase}
.headline{font-size:1.25rem;font-weight:600;margin:.3rem 0}p{margin:.3rem 0}.dim,footer{color:var(--dim)}
a{color:var(--adopt)}code,td,.step{font-family:ui-monospace,monospace;font-size:.85rem}
.dangers{border:2px solid var(--destroy);border-radius:8px;padding:0 1rem .6rem;margin-top:1rem}.dangers h2{margin-top:.7rem}
ul{margin:.2rem 0;padding-left:1.2rem}li{overflow-wrap:anywhere}
.picture{overflow:auto;max-height:75vh;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
svg text{font:12px ui-monospace,monospace;fill:var(--ink)}svg rect{fill:var(--ground);stroke-width:1.5}svg a:hover rect,svg a:focus rect{stroke-width:3}
rect.add{stroke:var(--add)}rect.change{stroke:var(--change)}rect.replace{stroke:var(--replace)}rect.destroy{stroke:var(--destroy)}rect.adopt{stroke:var(--adopt)}
.edge{fill:none;stroke:var(--dim);stroke-opacity:.45}
details{border:1px solid var(--line);border-radius:6px;margin:.35rem 0;background:var(--panel)}summary{cursor:pointer;padding:.4rem .7rem;overflow-wrap:anywhere}
.inner{padding:.2rem .9rem .8rem;border-top:1px solid var(--line)}.step{color:var(--dim);scroll-margin-top:40vh}.step:target{outline:2px solid var(--adopt)}
.verb{display:inline-block;min-width:6.5rem;font-weight:600}.add{color:var(--add)}.change{color:var(--change)}.replace{color:var(--replace)}.destroy{color:var(--destroy)}.adopt{color:var(--adopt)}
.risk,summary strong{color:var(--destroy)}.cost{float:right;color:var(--dim)}
table{border-collapse:collapse;width:100%;margin-top:.5rem;table-layout:fixed}th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{font-size:.85rem}th:first-child{width:26%}
footer{margin-top:2rem;font-size:.85rem;overflow-wrap:anywhere}
";
