//! What is wanted: random clusters and edits of them.

use bbws_model::Desired;
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use crate::bench::{to, wanted};

const COLOURS: [&str; 4] = ["", "red", "green", "blue"];

/// One of these.
pub(super) fn pick<'a, T>(random: &mut impl Rng, of: &'a [T]) -> &'a T {
    &of[random.random_range(0..of.len())]
}

/// What may be declared at one place of the graph; it refers to earlier places only.
fn spec(random: &mut impl Rng, place: usize, before: &[String]) -> Value {
    let mut needs = vec![];
    for other in before {
        if random.random_bool(0.3) {
            needs.push(to(other, pick::<&str>(random, &["id", "id", "endpoint"])));
        }
    }
    json!({"name": format!("n{place}"), "colour": pick(random, &COLOURS), "shape": pick(random, &["", "", "", "round"]), "needs": needs})
}

/// A cluster of up to so many resources of these kinds.
pub(super) fn cluster(random: &mut impl Rng, sorts: &[&str], most: usize) -> Desired {
    let mut addresses: Vec<String> = vec![];
    let mut resources = vec![];
    for place in 0..random.random_range(1..=most) {
        let address = format!("{}.r{place}", pick(random, sorts));
        resources.push((address.clone(), spec(random, place, &addresses)));
        addresses.push(address);
    }
    let resources: Vec<(&str, Value)> = resources.iter().map(|(a, s)| (a.as_str(), s.clone())).collect();
    wanted(&resources)
}

/// The same cluster with some fields changed, some resources gone and some added.
pub(super) fn edited(random: &mut impl Rng, of: &Desired) -> Desired {
    let mut edited = of.clone();
    let addresses: Vec<_> = edited.resources.keys().cloned().collect();
    for address in addresses {
        let held = edited.resources.values().any(|w| bbws_model::pointers(&w.spec).iter().any(|p| p.to == address));
        match random.random_range(0..6) {
            0 if !held => drop(edited.resources.remove(&address)),
            1 => edited.resources.get_mut(&address).unwrap().spec["colour"] = json!(pick(random, &COLOURS)),
            2 => edited.resources.get_mut(&address).unwrap().spec["shape"] = json!(pick(random, &["", "round", "square"])),
            3 => edited.resources.get_mut(&address).unwrap().spec["needs"] = json!([]),
            _ => {}
        }
    }
    if random.random_bool(0.3) {
        let new = format!("tag.x{}", random.random_range(0..3));
        edited.resources.extend(wanted(&[(&new, json!({"name": new, "colour": "red"}))]).resources);
    }
    edited
}
