//! Who refers to whom, in what order things can be made, and which references go in a circle.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};

use bbws_model::{Address, Desired, Finding, Pointer, Severity, pointers};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;

/// The references between the wanted resources. Built anew for every question: node numbers mean nothing beyond it.
#[derive(Debug)]
pub struct Graph {
    order: Vec<Address>,
    needs: BTreeMap<Address, BTreeSet<Pointer>>,
}

impl Graph {
    /// The graph of what is wanted.
    ///
    /// # Errors
    /// Every reference to something that is not there, and a shortest circle of each group of resources that refer to
    /// each other.
    pub fn of(desired: &Desired) -> Result<Self, Vec<Finding>> {
        let needs: BTreeMap<Address, BTreeSet<Pointer>> =
            desired.resources.iter().map(|(a, wanted)| (a.clone(), pointers(&wanted.spec))).collect();
        let numbers: Numbers<'_> = needs.keys().enumerate().map(|(number, address)| (address, number)).collect();
        let mut wrong = vec![];
        for (address, to) in &needs {
            for pointer in to.iter().filter(|p| !numbers.contains_key(&p.to)) {
                wrong.push(dangling(address, pointer, &desired.resources[address].spec, needs.keys()));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let order = sorted(&needs, &numbers).map_err(|cycles| cycles.into_iter().map(|cycle| told(&cycle, desired)).collect::<Vec<_>>())?;
        Ok(Self { order, needs })
    }

    /// Every resource after all it refers to; among equals by address.
    #[must_use]
    pub fn order(&self) -> &[Address] {
        &self.order
    }

    /// The resources that a resource refers to, each once, by address.
    pub fn resources_needed(&self, address: &Address) -> impl Iterator<Item = &Address> {
        // Several outputs of one resource stand side by side.
        let mut last = None;
        self.needs(address).map(|pointer| &pointer.to).filter(move |to| last.replace(*to) != Some(*to))
    }

    /// What a resource refers to.
    pub fn needs(&self, address: &Address) -> impl Iterator<Item = &Pointer> {
        self.needs.get(address).into_iter().flatten()
    }
}

/// Each address's number in their order. Looked up only: nothing depends on the order of a hash map.
type Numbers<'a> = HashMap<&'a Address, usize>;

/// Kahn's way, smallest address first: one order for one input. What is left over stands in circles. Addresses are numbered
/// in their order, so that the way is walked by numbers.
fn sorted(needs: &BTreeMap<Address, BTreeSet<Pointer>>, numbers: &Numbers<'_>) -> Result<Vec<Address>, Vec<Vec<Address>>> {
    let addresses: Vec<&Address> = needs.keys().collect();
    let mut waiting = vec![0; addresses.len()];
    let mut dependants: Vec<Vec<usize>> = vec![vec![]; addresses.len()];
    for (number, to) in needs.values().enumerate() {
        // Several outputs of one resource stand side by side.
        let mut last = None;
        for other in to.iter().filter_map(|pointer| numbers.get(&pointer.to)) {
            if last.replace(*other) != Some(*other) {
                waiting[number] += 1;
                dependants[*other].push(number);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..addresses.len()).filter(|number| waiting[*number] == 0).map(Reverse).collect();
    let mut order = vec![];
    while let Some(Reverse(number)) = ready.pop() {
        order.push(addresses[number].clone());
        for dependant in &dependants[number] {
            waiting[*dependant] -= 1;
            if waiting[*dependant] == 0 {
                ready.push(Reverse(*dependant));
            }
        }
    }
    if order.len() == needs.len() { Ok(order) } else { Err(circles(needs)) }
}

/// A shortest circle of each group of resources that refer to each other. (`tarjan_scc` recurses: a long chain would
/// overflow the stack.)
fn circles(needs: &BTreeMap<Address, BTreeSet<Pointer>>) -> Vec<Vec<Address>> {
    let mut graph: DiGraph<&Address, ()> = DiGraph::new();
    let nodes: BTreeMap<&Address, NodeIndex> = needs.keys().map(|a| (a, graph.add_node(a))).collect();
    for (address, to) in needs {
        for other in to.iter().filter_map(|p| nodes.get(&p.to)) {
            graph.update_edge(nodes[address], *other, ());
        }
    }
    let mut found: Vec<Vec<Address>> = vec![];
    for group in kosaraju_scc(&graph) {
        let members: BTreeSet<&Address> = group.iter().map(|n| graph[*n]).collect();
        let circle = members.iter().filter_map(|start| shortest_back(start, &members, needs)).min_by_key(Vec::len);
        found.extend(circle);
    }
    found.sort();
    found
}

/// The shortest way from `start` back to it within the group, `start` at both ends.
fn shortest_back(start: &Address, members: &BTreeSet<&Address>, needs: &BTreeMap<Address, BTreeSet<Pointer>>) -> Option<Vec<Address>> {
    let mut from: BTreeMap<&Address, &Address> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(here) = queue.pop_front() {
        for next in needs.get(here)?.iter().map(|p| &p.to) {
            if next == start {
                let mut way = vec![start.clone(), here.clone()];
                let mut at = here;
                while at != start {
                    at = from[at];
                    way.push(at.clone());
                }
                way.reverse();
                return Some(way);
            }
            if members.contains(next) && !from.contains_key(next) {
                from.insert(next, here);
                queue.push_back(next);
            }
        }
    }
    None
}

fn told(circle: &[Address], desired: &Desired) -> Finding {
    let steps: Vec<String> = circle
        .windows(2)
        .map(|pair| {
            let field = desired.resources.get(&pair[0]).and_then(|w| field_of(&w.spec, &pair[1])).unwrap_or_default();
            format!("{} needs {} (in `{field}`)", pair[0], pair[1])
        })
        .collect();
    Finding::new(Severity::Error, "these resources refer to each other in a circle, so none can be made first")
        .at(&circle[0])
        .seen(steps.join(", "))
        .advise("take out one of these references")
}

fn dangling<'a>(address: &Address, pointer: &Pointer, spec: &Value, known: impl Iterator<Item = &'a Address>) -> Finding {
    let same: Vec<String> = known.filter(|a| a.kind() == pointer.to.kind()).map(ToString::to_string).collect();
    let advice = match same.is_empty() {
        true => format!("nothing of the kind `{}` is declared", pointer.to.kind()),
        false => format!("of this kind there is {}", same.join(", ")),
    };
    Finding::new(Severity::Error, format!("`{pointer}` refers to `{}`, which is not declared", pointer.to))
        .at(address)
        .seen(format!("in its field `{}`", field_of(spec, &pointer.to).unwrap_or_default()))
        .advise(advice)
}

/// The field of a spec in which a reference to `to` stands.
pub(crate) fn field_of(spec: &Value, to: &Address) -> Option<String> {
    let fields = spec.as_object()?;
    fields.iter().find(|(_, value)| pointers(value).iter().any(|p| p.to == *to)).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::Wanted;
    use serde_json::json;

    fn desired(edges: &[(&str, &[&str])]) -> Desired {
        let spec =
            |to: &[&str]| to.iter().enumerate().map(|(i, t)| (format!("f{i}"), json!({"$ref": t, "output": "id"}))).collect::<Value>();
        Desired { resources: edges.iter().map(|(a, to)| (a.parse().unwrap(), Wanted::new(spec(to)))).collect(), ..Desired::default() }
    }

    #[test]
    fn everything_stands_after_what_it_refers_to() {
        let graph = Graph::of(&desired(&[("a.c", &["a.b"]), ("a.b", &["a.z"]), ("a.z", &[]), ("a.a", &[])])).unwrap();
        let order: Vec<String> = graph.order().iter().map(ToString::to_string).collect();
        assert_eq!(order, ["a.a", "a.z", "a.b", "a.c"]);
        let needs: Vec<String> = graph.needs(&"a.c".parse().unwrap()).map(ToString::to_string).collect();
        assert_eq!(needs, ["${a.b.id}"]);
    }

    #[test]
    fn a_circle_is_told_with_the_fields_that_make_it() {
        let wrong =
            Graph::of(&desired(&[("a.x", &["a.free", "a.y"]), ("a.y", &["a.z"]), ("a.z", &["a.x", "a.y"]), ("a.free", &[])])).unwrap_err();
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].evidence, "a.y needs a.z (in `f0`), a.z needs a.y (in `f1`)");
    }

    #[test]
    fn one_that_refers_to_itself_is_a_circle() {
        let wrong = Graph::of(&desired(&[("a.x", &["a.x"])])).unwrap_err();
        assert_eq!(wrong[0].evidence, "a.x needs a.x (in `f0`)");
    }

    #[test]
    fn a_reference_to_nothing_is_told_with_what_there_is() {
        let wrong = Graph::of(&desired(&[("a.x", &["b.y"]), ("b.z", &[])])).unwrap_err();
        assert_eq!(
            (wrong[0].summary.as_str(), wrong[0].advice.as_str()),
            ("`${b.y.id}` refers to `b.y`, which is not declared", "of this kind there is b.z")
        );
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_is_ordered() {
        let names: Vec<String> = (0..100_000).map(|i| format!("a.n{i:06}")).collect();
        let spec = |i: usize| if i == 0 { json!({}) } else { json!({"f": {"$ref": names[i - 1], "output": "id"}}) };
        let resources = (0..names.len()).map(|i| (names[i].parse().unwrap(), Wanted::new(spec(i)))).collect();
        assert_eq!(Graph::of(&Desired { resources, ..Desired::default() }).unwrap().order().len(), names.len());
    }
}
