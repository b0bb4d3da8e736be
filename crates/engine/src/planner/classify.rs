//! What becomes of one resource.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Address, Entry, FieldChange, Finding, NameRule, Order, Phase, PhysicalId, Pointer, Reason, Renamed, Seen, Severity, SpecProblem, Verb,
    is_protected, pointers, resolve,
};
use serde_json::Value;

use super::{Request, Sources};
use crate::outputs::known_in;
use crate::{Found, Graph};

/// The field of a spec that only people read.
const DESCRIPTION: &str = "description";

/// What is found of a resource that could not be read: the picture has the error.
pub const UNREAD: &str = "it could not be read";

/// What becomes of one resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Nothing: it is as wanted. Its outputs are known.
    Stays { outputs: Value },
    /// It is made.
    Make { want: Value, renamed: Option<Renamed>, reason: Reason },
    /// It is taken under management.
    Adopt { id: PhysicalId, have: Value, want: Value, existing: bool, outputs: Value },
    /// It is changed in place.
    Change { id: PhysicalId, have: Value, want: Value, reason: Reason, outputs: Value },
    /// A new object takes its place.
    Replace { id: PhysicalId, have: Value, want: Value, renamed: Option<Renamed>, order: Order, why: Reason },
    /// It is removed.
    Remove { id: PhysicalId, have: Value },
    /// It is managed no longer; the object stays, or is gone already.
    Forget { reason: String },
}

impl Verdict {
    /// The outputs that others may rely on while the plan is made; none where the object is new.
    pub(super) fn outputs(&self) -> Option<&Value> {
        match self {
            Self::Stays { outputs } | Self::Change { outputs, .. } | Self::Adopt { outputs, .. } => Some(outputs),
            Self::Make { .. } | Self::Replace { .. } | Self::Remove { .. } | Self::Forget { .. } => None,
        }
    }
}

/// What becomes of a wanted resource, given what becomes of all it refers to.
pub(super) fn wanted(
    from: Sources<'_>,
    request: &Request,
    address: &Address,
    graph: &Graph,
    verdicts: &BTreeMap<Address, Verdict>,
) -> Result<Verdict, Vec<Finding>> {
    let error = |summary: String| vec![Finding::new(Severity::Error, summary).at(address)];
    let kind = from.kinds.get(address.kind()).ok_or_else(|| error(format!("there is no kind `{}`", address.kind())))?;
    let (declared, entry) = (&from.desired.resources[address], from.state.entries.get(address));
    let (mut want, renamed) = named(&declared.spec, entry, kind.facts().name);
    let found = if entry.is_some() { from.picture.recorded.get(address) } else { from.picture.unrecorded.get(address) };
    let mut seen = look(address, found)?;
    let new = seen.filter(|_| entry.is_none());
    if let Some(other) = new.and_then(|it| from.state.recorded_elsewhere(address.kind(), (&it.id, &it.spec), address)) {
        // It is the other's, and its mark may still say otherwise: a move leaves that to the next apply.
        if declared.existing || kind.facts().recovery.is_keyed() {
            return Err(vec![
                Finding::new(Severity::Error, format!("it is recorded as {other} already"))
                    .at(address)
                    .advise(format!("give it another key, or give the recorded one this address: bbws state mv ENV {other} {address}")),
            ]);
        }
        seen = None;
    }
    let Some(seen) = seen else {
        if declared.existing {
            let advice = "create it first, or take `existing = true` out of the file";
            return Err(vec![
                Finding::new(Severity::Error, "the file says that this exists already, but it was not found").at(address).advise(advice),
            ]);
        }
        let reason = if entry.is_some() { Reason::Missing } else { Reason::Declared };
        return Ok(Verdict::Make { want, renamed, reason });
    };
    let ours = owned(from, address, seen, entry, declared.existing)?;
    if entry.is_none() {
        return Ok(Verdict::Adopt {
            id: seen.id.clone(),
            have: seen.spec.clone(),
            want,
            existing: declared.existing,
            outputs: seen.outputs.clone(),
        });
    }
    let known = |pointer: &Pointer| match verdicts.get(&pointer.to) {
        Some(verdict) => known_in(verdict.outputs()?, &pointer.output),
        // No plan is made of it, and it is there: what refers to it is judged all the same.
        None => known_in(&from.picture.recorded.get(&pointer.to)?.as_ref().ok()?.as_ref()?.outputs, &pointer.output),
    };
    let mut resolved = resolve(&want, &known);
    let misfit = |p: SpecProblem| error(format!("the spec does not fit its kind at `{}`: {}", p.field, p.message));
    // Two equal documents differ in no field: reading both into their types would only show the same.
    let same = seen.spec == resolved;
    let mut changes = if same { vec![] } else { kind.diff(&seen.spec, &resolved).map_err(misfit)?.into_changes() };
    // What refers to something that could not be read may be as wanted: that finding stands in the way already, and what is
    // not known makes no other.
    let unjudged = |pointer: &Pointer| from.desired.resources.contains_key(&pointer.to) && !verdicts.contains_key(&pointer.to);
    changes.retain(|change| !pointers(&change.to).iter().any(unjudged));
    if changes.iter().any(|change| keeps(entry, change)) {
        let text = seen.spec.get(DESCRIPTION).cloned().unwrap_or_default();
        (want[DESCRIPTION], resolved[DESCRIPTION]) = (text.clone(), text);
        changes.retain(|change| !keeps(entry, change));
    }
    let forbidden: Vec<Finding> = changes.iter().filter_map(|change| forbidden(address, change)).collect();
    if !forbidden.is_empty() {
        return Err(forbidden);
    }
    let asked = request.replace.contains(address);
    if asked && kind.facts().holds_data {
        let finding = Finding::new(Severity::Error, "it holds data: a plan never replaces it").at(address);
        return Err(vec![finding.advise("copy or move what is in it first, then take it out of the file and declare another")]);
    }
    let kept = kind.facts().holds_data || kind.facts().backbone || kind.facts().carries;
    let failed = if kept { None } else { failed(seen) };
    if asked || failed.is_some() || changes.iter().any(|c| c.verb == Verb::Replace) {
        let replacement = kind.replacement(&seen.spec, &resolved).map_err(misfit)?;
        let (want, renamed) = match kind.facts().name {
            Some(rule) if replacement.fresh_name || held_by_former(&want, entry, rule) => fresh(&declared.spec, &seen.spec, entry, rule),
            _ => (want, renamed),
        };
        changes.extend(failed);
        // What forces it says more than that it was asked for.
        let forced = changes.iter().any(|c| c.verb == Verb::Replace);
        return Ok(Verdict::Replace {
            id: seen.id.clone(),
            have: seen.spec.clone(),
            want,
            renamed,
            order: replacement.order,
            why: if forced { Reason::Replacing(changes) } else { Reason::Asked },
        });
    }
    let (id, have, outputs) = (seen.id.clone(), seen.spec.clone(), seen.outputs.clone());
    if !ours {
        changes.push(own_change("bbws's ownership tags"));
    }
    // What is recorded as protected stays so until a run gives that up; somebody else may have switched it off at AWS.
    if changes.is_empty() && entry.is_some_and(|entry| entry.protected) && !is_protected(&resolved) {
        changes.push(FieldChange { from: true.into(), to: false.into(), ..own_change("deletion_protection") });
    }
    if !changes.is_empty() {
        return Ok(Verdict::Change { id, have, want, reason: Reason::Changed(changes), outputs });
    }
    if let Some(reason) = unready(seen, entry.is_none_or(|entry| entry.reached)) {
        return Ok(Verdict::Change { id, have, want, reason, outputs });
    }
    if entry.is_some_and(|e| !e.dependencies.iter().eq(graph.resources_needed(address))) {
        return Ok(Verdict::Change { id, have, want, reason: Reason::References, outputs });
    }
    Ok(Verdict::Stays { outputs })
}

/// What becomes of a recorded resource that is not wanted.
pub(super) fn undeclared(from: Sources<'_>, address: &Address) -> Result<Verdict, Vec<Finding>> {
    let entry = &from.state.entries[address];
    if entry.existing {
        return Ok(Verdict::Forget { reason: "it existed before bbws, which does not delete it".into() });
    }
    let Some(seen) = look(address, from.picture.recorded.get(address))? else {
        // Forgetting it would forget its former objects too, and those have still to go. What was never seen ready may only
        // be out of sight yet: removing it looks for longer.
        return Ok(match entry.deposed.is_empty() && entry.reached {
            true => Verdict::Forget { reason: "it is gone already".into() },
            false => Verdict::Remove { id: entry.id.clone(), have: entry.spec.clone() },
        });
    };
    owned(from, address, seen, Some(entry), false)?;
    Ok(Verdict::Remove { id: seen.id.clone(), have: seen.spec.clone() })
}

/// A failed look is never an absence.
fn look<'a>(address: &Address, found: Option<&'a Found>) -> Result<Option<&'a Seen>, Vec<Finding>> {
    match found {
        None => Ok(None),
        Some(Ok(seen)) => Ok(seen.as_ref()),
        Some(Err(error)) => {
            let advice = "nothing is planned on a guess: mend the cause and plan again";
            Err(vec![Finding::new(Severity::Error, UNREAD).at(address).seen(error.to_string()).advise(advice)])
        }
    }
}

/// Whether the object bears our mark. One that bears another's, or none and is not recorded, is not touched.
fn owned(from: Sources<'_>, address: &Address, seen: &Seen, entry: Option<&Entry>, existing: bool) -> Result<bool, Vec<Finding>> {
    match &seen.owner {
        Some(owner) if owner.lineage == from.state.lineage && owner.address == *address => Ok(true),
        // Renaming and adopting leave an older address in the tags.
        Some(owner) if owner.lineage == from.state.lineage && entry.is_some() => Ok(false),
        None if entry.is_some() || existing => Ok(existing),
        owner => {
            let whose =
                owner.as_ref().map_or("bears no mark of bbws".into(), |o| format!("belongs to {} of the state {}", o.address, o.lineage));
            Err(vec![
                Finding::new(Severity::Error, format!("{} exists already and is not ours", seen.id))
                    .at(address)
                    .seen(format!("it {whose}"))
                    .advise(format!("import it (`bbws import ENV {address} {}`), or choose another name", seen.id)),
            ])
        }
    }
}

fn forbidden(address: &Address, change: &FieldChange) -> Option<Finding> {
    let Verb::Forbid(way) = &change.verb else { return None };
    let finding = Finding::new(Severity::Error, format!("`{}` must not be changed by a plan: data would be lost", change.field));
    Some(finding.at(address).seen(format!("it is {}, the file says {}", change.from, change.to)).advise(way.clone()))
}

fn own_change(what: &str) -> FieldChange {
    FieldChange { field: what.to_owned(), verb: Verb::Update, from: Value::Null, to: Value::Null, risks: vec![], backup: false }
}

/// Why what is as wanted still needs a step, if it does: a run has to bring it to its end, or to wait for AWS.
fn unready(seen: &Seen, reached: bool) -> Option<Reason> {
    match &seen.phase {
        Phase::Failed(why) => Some(Reason::Failing(why.clone())),
        _ if !reached => Some(Reason::Unfinished),
        Phase::Pending(why) => Some(Reason::Settling(why.clone())),
        Phase::Leaving => Some(Reason::Settling("it is leaving".into())),
        Phase::Ready => None,
    }
}

/// What will never be ready is replaced. Not so what holds data, or what others stand on: what is in
/// it, or on it, is worth more than a run that succeeds.
fn failed(seen: &Seen) -> Option<FieldChange> {
    let Phase::Failed(why) = &seen.phase else { return None };
    let (from, to) = (format!("failed: {why}").into(), "ready".into());
    Some(FieldChange { field: "its state".into(), verb: Verb::Replace, from, to, risks: vec![], backup: false })
}

/// Whether an object keeps what it has, whatever the file says. Some descriptions are for ever, and nobody wants another object
/// for the sake of a text: what bbws did not make keeps its own.
#[must_use]
pub fn keeps(entry: Option<&Entry>, change: &FieldChange) -> bool {
    entry.is_some_and(|entry| entry.intent.is_none()) && change.field == DESCRIPTION && change.verb == Verb::Replace
}

/// The written spec under the name that the object got instead of the declared one, and that it got another.
#[must_use]
pub fn named(spec: &Value, entry: Option<&Entry>, rule: Option<NameRule>) -> (Value, Option<Renamed>) {
    let mut spec = spec.clone();
    if let (Some(rule), Some(renamed)) = (rule, entry.and_then(|e| e.renamed.as_ref()))
        && spec.get(rule.field).and_then(Value::as_str) == Some(renamed.from.as_str())
    {
        spec[rule.field] = renamed.to.clone().into();
        return (spec, Some(renamed.clone()));
    }
    (spec, None)
}

/// Whether a former object still has the name that is wanted.
fn held_by_former(want: &Value, entry: Option<&Entry>, rule: NameRule) -> bool {
    entry.is_some_and(|entry| entry.deposed.iter().any(|old| old.spec.get(rule.field) == want.get(rule.field)))
}

/// The written spec under the next free name: `alb`, `alb-2`, `alb-3`. A changed name is free by itself, but for those that
/// former objects still have.
fn fresh(declared: &Value, have: &Value, entry: Option<&Entry>, rule: NameRule) -> (Value, Option<Renamed>) {
    let text = |spec: &Value| spec.get(rule.field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let former = entry.into_iter().flat_map(|e| &e.deposed).map(|old| text(&old.spec));
    let (base, taken): (String, BTreeSet<String>) = (text(declared), former.chain([text(have)]).collect());
    let mut number = 1;
    let mut name = base.clone();
    while taken.contains(&name) {
        number += 1;
        let suffix = format!("-{number}");
        let kept: String = base.chars().take(rule.max.saturating_sub(suffix.len())).collect();
        name = format!("{kept}{suffix}");
    }
    let mut spec = declared.clone();
    let renamed = (name != base).then(|| Renamed { from: base, to: name.clone() });
    spec[rule.field] = name.into();
    (spec, renamed)
}
