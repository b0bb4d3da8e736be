//! A plan as pages tell it: rows of texts, made harmless by whoever writes them down.

use bbws_model::{Action, Away, CostDelta, Counts, FieldChange, Kinds, Mode, Plan, Reason, RiskKind, Step, Verb, is_map, leaves};
use bbws_operate::cost::Usd;
use serde_json::Value;

use super::item::{self, Item};
use super::{Detail, basis_text, details, reason, remarks, unchanged};
use crate::style::{Role, Style};
use crate::value::{shown, unknown};

/// How pages look at texts: nothing is painted, and nothing has to fit a screen.
pub(super) const PAGES: Style = Style { color: false, unicode: true, width: 200 };

/// What becomes of the service where a cluster is destroyed.
pub(super) const ENDS: &str = "and the service ends with it";

/// All that a page tells.
pub(super) struct Sheet<'a> {
    pub(super) headline: String,
    pub(super) harm: String,
    pub(super) also: Option<String>,
    pub(super) basis: String,
    pub(super) digest: String,
    pub(super) cost: Option<String>,
    pub(super) parts: Vec<(&'static str, Vec<Row<'a>>)>,
    pub(super) open: Option<String>,
}

/// What becomes of one resource.
pub(super) struct Row<'a> {
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
    /// The verb as a class: `add`, `change`, `replace`, `destroy`, `adopt`.
    pub(super) class: &'static str,
    pub(super) address: String,
    pub(super) mark: Option<&'static str>,
    pub(super) why: String,
    pub(super) details: String,
    /// Field, before, after.
    pub(super) fields: Vec<[String; 3]>,
    pub(super) risks: Vec<Danger<'a>>,
    pub(super) cost: Option<String>,
    /// In what order its steps go.
    pub(super) order: Vec<String>,
    /// Its steps, the first of which says most.
    pub(super) steps: Vec<&'a Step>,
}

/// One risk.
pub(super) struct Danger<'a> {
    pub(super) kind: RiskKind,
    /// `downtime, 1 to 2 minutes`.
    pub(super) what: String,
    pub(super) text: &'a str,
}

/// A risk's word, and for how long the service is away.
pub(super) fn what(kind: RiskKind, away: Option<Away>) -> String {
    let (word, _) = remarks::risk_word(kind);
    away.map_or_else(|| word.to_owned(), |away| format!("{word}, {away}"))
}

/// `+$12.40 a month (an estimate), and by use nat-gateway.gb`.
pub(super) fn cost(delta: &CostDelta) -> Option<String> {
    let mut told = vec![];
    let names = |all: &std::collections::BTreeSet<String>| crate::words::listed(&all.iter().collect::<Vec<_>>());
    // What has no price counts for nothing: the rest is no sum.
    let unpriced = !delta.unpriced.is_empty();
    if unpriced {
        told.push(format!("not known, without a price for {}", names(&delta.unpriced)));
    }
    if delta.cents != 0 {
        let estimate = if delta.estimate { " (an estimate)" } else { "" };
        let of = if unpriced { "the rest: " } else { "" };
        told.push(format!("{of}{} a month{estimate}", Usd::of_cents(delta.cents).signed()));
    }
    if !delta.by_use.is_empty() {
        told.push(format!("by use: {}", names(&delta.by_use)));
    }
    (!told.is_empty()).then(|| told.join("; "))
}

/// What all steps of an item do to the bill.
pub(super) fn cost_of(plan: &Plan, item: &Item<'_>) -> Option<String> {
    let costs = plan.costs.as_ref()?;
    let of = |step: &Step| costs.steps.get(&step.id);
    let mut delta = of(item.step).cloned().unwrap_or_default();
    if let Some(old) = item.old {
        // What the old object was billed by use, the new one is.
        delta.by_use.clear();
        if let Some(other) = of(old) {
            delta.cents += other.cents;
            delta.estimate |= other.estimate;
            delta.unpriced.extend(other.unpriced.iter().cloned());
        }
    }
    cost(&delta)
}

/// All in all, with the day of the prices.
pub(super) fn total(plan: &Plan) -> Option<String> {
    let costs = plan.costs.as_ref()?;
    let told = cost(&costs.total).unwrap_or_else(|| "as much as before".to_owned());
    Some(format!("{told}, at the prices of {}", costs.prices))
}

/// The sheet of a plan.
pub(super) fn sheet<'a>(plan: &'a Plan, kinds: &Kinds) -> Sheet<'a> {
    let counts = Counts::of(&plan.steps);
    let Counts { add, change, replace, destroy, data_loss, downtime, adopt, forget, backup } = counts;
    let headline = match (plan.is_empty(), plan.mode) {
        (true, Mode::Apply) => unchanged(plan),
        (true, Mode::Destroy) => format!("Nothing to destroy: {} has no resources", plan.basis.environment),
        (false, _) => format!("{add} to add, {change} to change, {replace} to replace, {destroy} to destroy"),
    };
    let harm = match (data_loss, downtime) {
        (loss, _) if plan.mode == Mode::Destroy => format!("{loss} can lose data, {ENDS}"),
        (0, 0) => "none can lose data or cause downtime".to_owned(),
        (loss, down) => format!("{loss} can lose data, {down} can cause downtime"),
    };
    let also = [(adopt, "to adopt"), (forget, "to forget"), (backup, "to back up first")];
    let also: Vec<String> = also.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let parts = item::by_part(plan, kinds).into_iter();
    Sheet {
        headline,
        harm,
        also: (!also.is_empty()).then(|| also.join(", ")),
        basis: basis_text(plan),
        digest: bbws_model::wire::plan::digest(plan).map(|digest| digest.0).unwrap_or_default(),
        cost: total(plan),
        parts: parts.map(|(part, items)| (part.name(), items.iter().map(|item| row(plan, item, kinds)).collect())).collect(),
        open: (!plan.open.is_empty()).then(|| remarks::unsettled(plan)),
    }
}

fn row<'a>(plan: &'a Plan, item: &Item<'a>, kinds: &Kinds) -> Row<'a> {
    let (sign, word, role) = item.verb();
    let class = match role {
        Role::Add => "add",
        Role::Change => "change",
        Role::Replace => "replace",
        Role::Destroy => "destroy",
        _ => "adopt",
    };
    Row {
        sign,
        word,
        class,
        address: item.address().to_string(),
        mark: item.mark(),
        why: reason(item, plan),
        details: details(item, kinds, PAGES, Detail::Telling).join(", "),
        fields: fields(item),
        risks: item
            .risks()
            .into_iter()
            .map(|risk| Danger { kind: risk.kind, what: what(risk.kind, risk.away), text: &risk.text })
            .collect(),
        cost: cost_of(plan, item),
        order: super::order::texts(plan, item),
        steps: [Some(item.step), item.old, item.backup].into_iter().flatten().collect(),
    }
}

/// What differs, or all of a spec that comes or goes.
fn fields(item: &Item<'_>) -> Vec<[String; 3]> {
    let known = |value: &Value| if unknown(value) { format!("{} (known after apply)", shown(value)) } else { shown(value) };
    match (&item.step.reason, &item.step.action) {
        (Reason::Changed(changes) | Reason::Replacing(changes), _) => changes.iter().flat_map(|change| differing(change, &known)).collect(),
        (_, Action::Create { want, .. }) => whole("", want).into_iter().map(|(path, value)| [path, String::new(), known(value)]).collect(),
        (_, Action::Delete { have, .. }) => whole("", have).into_iter().map(|(path, value)| [path, shown(value), String::new()]).collect(),
        (_, Action::Adopt { have, want, .. }) => {
            let all = leaves("", have, want).into_iter();
            all.map(|(path, from, to)| [path.trim_start_matches('.').to_owned(), shown(from), known(to)]).collect()
        }
        (_, Action::Update { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. }) => vec![],
    }
}

fn differing(change: &FieldChange, known: &impl Fn(&Value) -> String) -> Vec<[String; 3]> {
    let mut rows: Vec<[String; 3]> = match change.verb {
        Verb::WriteOnly => vec![[change.field.clone(), "not shown".into(), "a new value, never shown".into()]],
        Verb::Update | Verb::Replace | Verb::Forbid(_) => {
            leaves(&change.field, &change.from, &change.to).into_iter().map(|(path, from, to)| [path, shown(from), known(to)]).collect()
        }
    };
    if change.verb == Verb::Replace {
        rows.iter_mut().for_each(|row| row[2].push_str(" (forces a new object)"));
    }
    rows
}

/// The innermost fields of a spec, those that say nothing left out.
fn whole<'a>(path: &str, spec: &'a Value) -> Vec<(String, &'a Value)> {
    match spec {
        Value::Object(map) if is_map(spec) => {
            let below = |key: &String| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            map.iter().flat_map(|(key, value)| whole(&below(key), value)).collect()
        }
        value if crate::value::is_empty(value) => vec![],
        value => vec![(path.to_owned(), value)],
    }
}
