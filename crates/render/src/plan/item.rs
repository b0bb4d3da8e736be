//! Steps put together as people think of them: a replacement and its two halves, a change and the copy made before it.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Action, Address, Kinds, Plan, Risk, RiskKind, Step, StepId};

use crate::part::Part;
use crate::style::Role;

/// What becomes of one resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// The step that says most: of a replacement, the one that makes the new object.
    pub step: &'a Step,
    /// Of a replacement, the step that removes the old object.
    pub old: Option<&'a Step>,
    /// The copy of its data that is made first.
    pub backup: Option<&'a Step>,
}

impl<'a> Item<'a> {
    pub(super) fn address(&self) -> &'a Address {
        &self.step.address
    }

    /// Whether the old object goes before the new one comes.
    pub(super) fn old_first(&self) -> bool {
        self.old.is_some_and(|old| self.step.after.iter().any(|a| a.step == old.id))
    }

    /// Sign, word and colour.
    pub(super) fn verb(&self) -> (&'static str, &'static str, Role) {
        match &self.step.action {
            Action::Create { .. } if self.old.is_some() && self.old_first() => ("-/+", "replace", Role::Replace),
            Action::Create { .. } if self.old.is_some() => ("+/-", "replace", Role::Replace),
            Action::Create { .. } => ("+", "create", Role::Add),
            Action::Update { .. } => ("~", "change", Role::Change),
            Action::Delete { .. } => ("-", "destroy", Role::Destroy),
            Action::Adopt { .. } => ("=", "adopt", Role::Adopt),
            Action::Forget { .. } => (".", "forget", Role::Adopt),
            Action::Rename { .. } => (">", "rename", Role::Adopt),
            Action::Backup { .. } => ("*", "back up", Role::Adopt),
        }
    }

    /// What it may do to people, each once.
    pub(super) fn risks(&self) -> Vec<&'a Risk> {
        let mut risks: Vec<&Risk> = self.step.risks.iter().chain(self.old.iter().flat_map(|old| &old.risks)).collect();
        risks.sort();
        risks.dedup();
        risks
    }

    /// What must not be overlooked, in capitals: no colour is needed to see it.
    pub(super) fn mark(&self) -> Option<&'static str> {
        let can = |kind| self.risks().iter().any(|r| r.kind == kind);
        match (can(RiskKind::DataLoss), can(RiskKind::Downtime)) {
            (true, true) => Some("CAN LOSE DATA, DOWNTIME"),
            (true, false) => Some("CAN LOSE DATA"),
            (false, true) => Some("DOWNTIME"),
            (false, false) => None,
        }
    }
}

/// The items of a plan by part; within a part kind by kind in the order of the steps, then by address.
pub(super) fn by_part<'a>(plan: &'a Plan, kinds: &Kinds) -> BTreeMap<Part, Vec<Item<'a>>> {
    let mut first: BTreeMap<&str, StepId> = BTreeMap::new();
    for step in &plan.steps {
        first.entry(step.address.kind()).or_insert(step.id);
    }
    let mut parts: BTreeMap<Part, Vec<Item<'a>>> = BTreeMap::new();
    for item in items(plan) {
        parts.entry(Part::of(item.address().kind(), kinds)).or_default().push(item);
    }
    for items in parts.values_mut() {
        items.sort_by_key(|item| (first.get(item.address().kind()).copied(), item.address(), item.step.id));
    }
    parts
}

fn items(plan: &Plan) -> Vec<Item<'_>> {
    let is_backup = |step: &Step| matches!(step.action, Action::Backup { .. });
    let first = |step: &Step| step.after.iter().filter_map(|a| plan.step(a.step)).find(|s| is_backup(s) && s.address == step.address);
    let mut items = vec![];
    let mut told = BTreeSet::new();
    for step in plan.steps.iter().filter(|step| !is_backup(step)) {
        if matches!(step.action, Action::Delete { .. }) && step.pair.is_some() {
            continue;
        }
        let old = step.pair.and_then(|pair| plan.step(pair));
        let backup = first(step).or_else(|| old.and_then(first));
        told.extend(backup.map(|b| b.id));
        items.push(Item { step, old, backup });
    }
    items.extend(plan.steps.iter().filter(|s| is_backup(s) && !told.contains(&s.id)).map(|step| Item { step, old: None, backup: None }));
    items
}
