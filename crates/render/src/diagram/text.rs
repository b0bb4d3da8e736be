//! Diagrams for other programs to lay out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bbws_model::{Address, Kinds};

use super::{Diagram, Node};
use crate::page::clean;
use crate::part::Part;

/// The resources by the parts of a cluster.
pub(super) fn by_part<'a>(diagram: &'a Diagram, kinds: &Kinds) -> BTreeMap<Part, Vec<(&'a Address, &'a Node)>> {
    let mut parts: BTreeMap<Part, Vec<_>> = BTreeMap::new();
    for (address, node) in &diagram.nodes {
        parts.entry(Part::of(address.kind(), kinds)).or_default().push((address, node));
    }
    parts
}

/// In Graphviz's language.
pub(super) fn dot(diagram: &Diagram, kinds: &Kinds) -> String {
    let quoted = |text: &str| format!("\"{}\"", clean(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::from("digraph cluster {\n  rankdir = LR;\n  node [shape = box, style = rounded, fontname = \"sans-serif\"];\n");
    // Writing to a text cannot fail.
    for (place, (part, nodes)) in by_part(diagram, kinds).into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{place} {{\n    label = {};", quoted(part.name()));
        for (address, node) in nodes {
            let label = node.id.as_ref().map_or_else(|| address.to_string(), |id| format!("{address}\n{id}"));
            let label = label.split('\n').map(|line| quoted(line).trim_matches('"').to_owned()).collect::<Vec<_>>().join("\\n");
            let _ = writeln!(out, "    {} [label = \"{label}\"];", quoted(&address.to_string()));
        }
        out.push_str("  }\n");
    }
    for (address, node) in &diagram.nodes {
        for link in &node.links {
            let (from, to) = (quoted(&address.to_string()), quoted(&link.to.to_string()));
            let _ = writeln!(out, "  {from} -> {to} [label = {}];", quoted(&link.field));
        }
    }
    out.push_str("}\n");
    out
}

/// In Mermaid's language.
pub(super) fn mermaid(diagram: &Diagram, kinds: &Kinds) -> String {
    let quoted =
        |text: &str| format!("\"{}\"", clean(text).replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;"));
    let numbers: BTreeMap<&Address, usize> = diagram.nodes.keys().enumerate().map(|(place, address)| (address, place)).collect();
    let mut out = String::from("flowchart LR\n");
    for (place, (part, nodes)) in by_part(diagram, kinds).into_iter().enumerate() {
        let _ = writeln!(out, "  subgraph p{place}[{}]", quoted(part.name()));
        for (address, node) in nodes {
            let label = node.id.as_ref().map_or_else(|| address.to_string(), |id| format!("{address}, {id}"));
            let _ = writeln!(out, "    n{}[{}]", numbers[address], quoted(&label));
        }
        out.push_str("  end\n");
    }
    for (address, node) in &diagram.nodes {
        for to in node.links.iter().filter_map(|link| numbers.get(&link.to)) {
            let _ = writeln!(out, "  n{} --> n{to}", numbers[address]);
        }
    }
    out
}
