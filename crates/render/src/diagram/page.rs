//! The picture of a cluster as one page: all in one file, which asks nobody for anything and runs nothing. Below the picture each
//! resource can be opened, and leads to those it refers to and that refer to it.

use std::fmt::Write as _;

use bbws_model::{Address, Kinds};

use super::text::by_part;
use super::{Diagram, Node, escaped};
use crate::html;
use crate::value::alone;
use crate::words::count;

pub(super) fn page(diagram: &Diagram, title: &str, kinds: &Kinds) -> String {
    let mut out = html::opening(&format!("bbws: {title}"), "");
    let number = count(diagram.nodes.len(), "resource");
    let _ = writeln!(out, "<header>\n<h1>{}</h1>\n<p class=\"dim\">{number}</p>\n</header>", escaped(title));
    let svg = diagram.svg(title, kinds);
    // What stands before the picture itself belongs to a file of its own.
    let svg = svg.find("<svg").map_or(svg.as_str(), |at| &svg[at..]);
    let _ = writeln!(out, "<div class=\"picture\" tabindex=\"0\">\n{svg}</div>");
    for (part, nodes) in by_part(diagram, kinds) {
        let _ = writeln!(out, "<section><h2>{}</h2>", escaped(part.name()));
        nodes.iter().for_each(|(address, node)| details(&mut out, diagram, address, node));
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn details(out: &mut String, diagram: &Diagram, address: &Address, node: &Node) {
    let id = node.id.as_ref().map(|id| format!(" <span class=\"dim\">{}</span>", escaped(id))).unwrap_or_default();
    let _ = writeln!(out, "<details><summary><b>{}</b>{id}</summary>\n<div class=\"inner\">", escaped(&address.to_string()));
    // A link into what is folded away unfolds it.
    let _ = writeln!(out, "<p class=\"step\" id=\"{}\">{}</p>", anchor(address), escaped(&address.to_string()));
    let to: Vec<&Address> = node.links.iter().map(|link| &link.to).collect();
    let from = diagram.nodes.iter().filter(|(_, other)| other.links.iter().any(|link| link.to == *address)).map(|(from, _)| from);
    leading(out, diagram, "refers to", to.into_iter());
    leading(out, diagram, "is referred to by", from);
    let fields = node.spec.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let rows: Vec<String> =
        fields.map(|(field, value)| format!("<tr><td>{}</td><td>{}</td></tr>", escaped(field), escaped(&alone(value)))).collect();
    if !rows.is_empty() {
        let _ =
            writeln!(out, "<table><thead><tr><th>field</th><th>value</th></tr></thead>\n<tbody>\n{}\n</tbody></table>", rows.join("\n"));
    }
    out.push_str("</div></details>\n");
}

fn leading<'a>(out: &mut String, diagram: &Diagram, what: &str, addresses: impl Iterator<Item = &'a Address>) {
    let link = |address: &Address| {
        let text = escaped(&address.to_string());
        // What is referred to and not there has no place to lead to.
        if diagram.nodes.contains_key(address) { format!("<a href=\"#{}\">{text}</a>", anchor(address)) } else { text }
    };
    let mut links: Vec<String> = addresses.map(link).collect();
    links.dedup();
    if !links.is_empty() {
        let _ = writeln!(out, "<p>{what} {}</p>", links.join(", "));
    }
}

/// An address has no letter that an id of HTML could not have.
fn anchor(address: &Address) -> String {
    escaped(&format!("r-{address}"))
}
