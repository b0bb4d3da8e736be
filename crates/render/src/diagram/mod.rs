//! Diagrams of a cluster: as it is wanted, or as it is recorded.

mod draw;
mod page;
mod scene;
mod svg;
mod text;

pub(crate) use svg::escaped;

use std::collections::BTreeMap;

use bbws_model::{Address, Desired, Kinds, State, pointers};
use serde_json::Value;

/// The resources of a cluster and what leads from one to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagram {
    nodes: BTreeMap<Address, Node>,
}

/// One resource.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    spec: Value,
    /// What AWS calls it, where it exists.
    id: Option<String>,
    links: Vec<Link>,
}

/// That a field of a spec refers to another resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    to: Address,
    field: String,
}

impl Diagram {
    /// Of what is wanted.
    #[must_use]
    pub fn of_desired(desired: &Desired) -> Self {
        let node = |spec: &Value| {
            let fields = spec.as_object().into_iter().flatten();
            let links = fields.flat_map(|(field, value)| pointers(value).into_iter().map(|p| Link { to: p.to, field: field.clone() }));
            Node { spec: spec.clone(), id: None, links: sorted(links) }
        };
        Self { nodes: desired.resources.iter().map(|(address, wanted)| (address.clone(), node(&wanted.spec))).collect() }
    }

    /// Of what is recorded. A field leads to a resource where it holds its id or one of its outputs.
    #[must_use]
    pub fn of_state(state: &State) -> Self {
        let nodes = state.entries.iter().map(|(address, entry)| {
            let links = entry.dependencies.iter().map(|to| {
                let names = state.entries.get(to).map(|other| names(other.id.as_str(), &other.outputs)).unwrap_or_default();
                let fields = entry.spec.as_object().into_iter().flatten();
                let field = fields.filter(|(_, value)| holds(value, &names)).map(|(field, _)| field.clone()).next().unwrap_or_default();
                Link { to: to.clone(), field }
            });
            (address.clone(), Node { spec: entry.spec.clone(), id: Some(entry.id.to_string()), links: sorted(links) })
        });
        Self { nodes: nodes.collect() }
    }

    /// For Graphviz.
    #[must_use]
    pub fn dot(&self, kinds: &Kinds) -> String {
        text::dot(self, kinds)
    }

    /// For Markdown pages.
    #[must_use]
    pub fn mermaid(&self, kinds: &Kinds) -> String {
        text::mermaid(self, kinds)
    }

    /// A picture for people: the VPC as a box, its zones as columns, what stands where, and the ways of the traffic.
    #[must_use]
    pub fn svg(&self, title: &str, kinds: &Kinds) -> String {
        draw::picture(self, title, kinds)
    }

    /// The picture as a page, on which each resource can be opened.
    #[must_use]
    pub fn html(&self, title: &str, kinds: &Kinds) -> String {
        page::page(self, title, kinds)
    }

    /// The resources that this one refers to in any of these fields.
    fn towards<'a>(&'a self, from: &Address, kind: &'a str) -> impl Iterator<Item = &'a Address> {
        let links = self.nodes.get(from).map(|node| node.links.as_slice()).unwrap_or_default();
        links.iter().map(|link| &link.to).filter(move |to| to.kind() == kind && self.nodes.contains_key(*to))
    }

    /// The resources of a kind.
    fn kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a Address, &'a Node)> {
        self.nodes.iter().filter(move |(address, _)| address.kind() == kind)
    }
}

impl Node {
    fn text(&self, field: &str) -> Option<&str> {
        self.spec.get(field).and_then(Value::as_str)
    }

    fn flag(&self, field: &str) -> bool {
        self.spec.get(field).and_then(Value::as_bool).unwrap_or_default()
    }
}

fn sorted(links: impl Iterator<Item = Link>) -> Vec<Link> {
    let mut links: Vec<Link> = links.collect();
    links.sort();
    links.dedup();
    links
}

/// The id, and every text among the outputs that can stand for the resource.
fn names(id: &str, outputs: &Value) -> Vec<String> {
    let texts = outputs.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    texts.chain([id]).filter(|text| text.len() > 3).map(str::to_owned).collect()
}

fn holds(value: &Value, names: &[String]) -> bool {
    match value {
        Value::String(text) => names.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, names)),
        Value::Object(map) => map.values().any(|value| holds(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
