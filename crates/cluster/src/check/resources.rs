//! Further resources: kinds, specs and references.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bbws_model::{Address, AnyKind, Pointer, pointers};
use serde_json::Value;

use super::{Fault, Judge};
use crate::decode::closest;
use crate::{Context, Environment, Resource, RuleId};

pub(super) fn check(env: &Environment, context: &Context<'_>, judge: &mut Judge<'_>) {
    if env.resources.0.is_empty() {
        return;
    }
    let blueprint = (context.blueprint)(env);
    for (address, resource) in &env.resources.0 {
        let Some(kind) = context.kinds.get(address.kind()) else {
            let names: Vec<&str> = context.kinds.iter().map(AnyKind::name).collect();
            let fix = closest(address.kind(), names.iter().copied())
                .map_or_else(|| format!("the kinds are {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            judge.raise(
                Fault::new(
                    RuleId::ResourceKind,
                    format!("resource.{}", address.kind()),
                    format!("bbws knows no kind `{}`", address.kind()),
                    fix,
                )
                .of_key(),
            );
            continue;
        };
        if blueprint.contains(address) {
            judge.raise(Fault::new(
                RuleId::ResourceTwice,
                resource.path.clone(),
                format!("the cluster has `{address}` already"),
                "take another name; the cluster's own resources are changed in their sections of this file",
            ));
        }
        // A kind refuses a reference that leads nowhere too, in its own words: once is enough.
        let mut sound = keys(kind, resource, judge);
        for pointer in pointers(&resource.spec) {
            sound &= reference(&pointer, address, resource, env, &blueprint, context, judge);
        }
        if sound {
            spec(kind, resource, judge);
        }
    }
    circles(env, judge);
}

/// Raises what goes in a circle: of none of these can be said which is made first. The cluster's own resources refer to none of
/// the file's, so each circle is one of the file's alone.
fn circles(env: &Environment, judge: &mut Judge<'_>) {
    let mut needs: BTreeMap<&Address, BTreeMap<Address, Pointer>> = BTreeMap::new();
    for (address, resource) in &env.resources.0 {
        let inside = |pointer: &Pointer| pointer.to != *address && env.resources.0.contains_key(&pointer.to);
        let own = pointers(&resource.spec).into_iter().filter(inside).map(|pointer| (pointer.to.clone(), pointer));
        needs.insert(address, own.collect());
    }
    let mut told = BTreeSet::new();
    for address in entangled(&needs) {
        let Some(circle) = back_to(address, &needs).filter(|_| !told.contains(address)) else { continue };
        told.extend(circle.iter().map(|(from, _)| (*from).clone()));
        let (from, to) = circle[0];
        let resource = &env.resources.0[from];
        let path = place_of(&resource.spec, to, &resource.path).unwrap_or_else(|| resource.path.clone());
        let way: Vec<String> = circle.iter().map(|(from, _)| from.to_string()).chain([from.to_string()]).collect();
        let message = "this reference is one of a circle, in which none can be made first";
        judge.raise(Fault::new(RuleId::Circle, path, message, format!("take one of its references out: {}", way.join(" → "))));
    }
}

/// Those that are left when all that can be made, one after the other, is made.
fn entangled<'a>(needs: &BTreeMap<&'a Address, BTreeMap<Address, Pointer>>) -> Vec<&'a Address> {
    let mut waits: BTreeMap<&Address, usize> = needs.iter().map(|(address, on)| (*address, on.len())).collect();
    let mut needed_by: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, on) in needs {
        on.keys().for_each(|to| needed_by.entry(to).or_default().push(address));
    }
    let mut free: Vec<&Address> = waits.iter().filter(|(_, on)| **on == 0).map(|(address, _)| *address).collect();
    while let Some(made) = free.pop() {
        for address in needed_by.get(made).into_iter().flatten() {
            if let Some(on) = waits.get_mut(address) {
                *on -= 1;
                if *on == 0 {
                    free.push(address);
                }
            }
        }
    }
    needs.keys().copied().filter(|address| waits[address] > 0).collect()
}

/// The shortest way from a resource along its references back to itself.
fn back_to<'a>(start: &'a Address, needs: &'a BTreeMap<&Address, BTreeMap<Address, Pointer>>) -> Option<Vec<(&'a Address, &'a Pointer)>> {
    let mut reached: BTreeMap<&Address, (&Address, &Pointer)> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(here) = next.pop_front() {
        for (to, pointer) in needs.get(here).into_iter().flatten() {
            if !reached.contains_key(to) {
                reached.insert(to, (here, pointer));
                next.push_back(to);
            }
        }
        if reached.contains_key(start) {
            break;
        }
    }
    let mut way = vec![*reached.get(start)?];
    while let Some((from, _)) = way.last().filter(|(from, _)| *from != start) {
        way.push(reached[from]);
    }
    way.reverse();
    Some(way)
}

/// What a spec of the kind may hold, and what it must.
fn fields(kind: &dyn AnyKind) -> (Vec<String>, Vec<String>) {
    let mut generator = schemars::generate::SchemaSettings::draft07().with(|s| s.inline_subschemas = true).into_generator();
    let schema = kind.schema(&mut generator).to_value();
    let may = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
    let must = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    (may, must)
}

fn takes(kind: &dyn AnyKind, fields: &[String]) -> String {
    format!("a {} takes {}", kind.name(), fields.join(", "))
}

/// All wrong and missing keys of a spec; whether there are none.
fn keys(kind: &dyn AnyKind, resource: &Resource, judge: &mut Judge<'_>) -> bool {
    let (may, must) = fields(kind);
    let Some(given) = resource.spec.as_object() else { return false };
    let unknown: Vec<&String> = given.keys().filter(|key| !may.is_empty() && !may.contains(key)).collect();
    let missing: Vec<&String> = must.iter().filter(|key| !given.contains_key(*key)).collect();
    for key in &unknown {
        let fix = closest(key, may.iter().map(String::as_str)).map_or_else(|| takes(kind, &may), |near| format!("did you mean `{near}`?"));
        let fault = Fault::new(RuleId::ResourceSpec, format!("{}.{key}", resource.path), format!("a {} has no `{key}`", kind.name()), fix);
        judge.raise(fault.of_key());
    }
    for key in &missing {
        judge.raise(Fault::new(
            RuleId::ResourceSpec,
            resource.path.clone(),
            format!("the {} does not say `{key}`", kind.name()),
            takes(kind, &may),
        ));
    }
    unknown.is_empty() && missing.is_empty()
}

/// The kind's own judgement, which stops at the first wrong type.
fn spec(kind: &dyn AnyKind, resource: &Resource, judge: &mut Judge<'_>) {
    for problem in kind.check(&resource.spec) {
        let path = if problem.field.is_empty() { resource.path.clone() } else { format!("{}.{}", resource.path, problem.field) };
        judge.raise(Fault::new(RuleId::ResourceSpec, path, problem.message, takes(kind, &fields(kind).0)));
    }
}

/// Judges one reference; whether it leads somewhere.
fn reference(
    pointer: &Pointer,
    from: &Address,
    resource: &Resource,
    env: &Environment,
    blueprint: &BTreeSet<Address>,
    context: &Context<'_>,
    judge: &mut Judge<'_>,
) -> bool {
    let path = place_of(&resource.spec, pointer, &resource.path).unwrap_or_else(|| resource.path.clone());
    if pointer.to == *from {
        judge.raise(Fault::new(
            RuleId::DanglingReference,
            path,
            format!("`{pointer}` refers to the resource that it stands in"),
            "refer to another resource",
        ));
        return false;
    }
    if !blueprint.contains(&pointer.to) && !env.resources.0.contains_key(&pointer.to) {
        let known: Vec<String> = blueprint.iter().chain(env.resources.0.keys()).map(ToString::to_string).collect();
        let wanted = pointer.to.to_string();
        let same: Vec<&str> = known.iter().map(String::as_str).filter(|k| k.starts_with(&format!("{}.", pointer.to.kind()))).collect();
        let fix = match closest(&wanted, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if same.is_empty() => format!("there is no {} in this environment", pointer.to.kind()),
            None => format!("there are {}", same.join(", ")),
        };
        judge.raise(Fault::new(RuleId::DanglingReference, path, format!("there is no `{wanted}` to refer to"), fix));
        return false;
    }
    let Some(kind) = context.kinds.get(pointer.to.kind()) else { return true };
    let outputs: Vec<&str> = kind.outputs().iter().map(|output| output.name).collect();
    if !outputs.contains(&pointer.output.as_str()) {
        let fix = closest(&pointer.output, outputs.iter().copied())
            .map_or_else(|| format!("it has {}", outputs.join(", ")), |near| format!("did you mean `{near}`?"));
        judge.raise(Fault::new(RuleId::UnknownOutput, path, format!("a {} has no output `{}`", pointer.to.kind(), pointer.output), fix));
        return false;
    }
    true
}

/// The path of the value that holds the reference.
fn place_of(value: &Value, pointer: &Pointer, path: &str) -> Option<String> {
    if *value == pointer.to_value() {
        return Some(path.to_owned());
    }
    match value {
        Value::Object(map) => match map.get("$text") {
            Some(Value::Array(parts)) => parts.contains(&pointer.to_value()).then(|| path.to_owned()),
            _ => map.iter().find_map(|(key, inner)| place_of(inner, pointer, &format!("{path}.{key}"))),
        },
        Value::Array(items) => items.iter().enumerate().find_map(|(at, inner)| place_of(inner, pointer, &format!("{path}[{at}]"))),
        _ => None,
    }
}
