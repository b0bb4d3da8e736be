//! The steps of a plan as a picture: from left to right in the order in which they can go, each a link to what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bbws_model::{Action, Plan, Step};

use super::sheet::PAGES;
use crate::diagram::escaped;
use crate::page::cut;

const WIDE: usize = 272;
const HIGH: usize = 26;
const GAP: usize = 64;
const ROW: usize = 36;
const EDGE: usize = 12;
/// So many characters of an address fit into a box.
const LETTERS: usize = 32;
/// A picture of more steps shows nobody anything.
const MOST: usize = 1_000;

/// The picture; none of a plan that has too many steps for one, or none.
pub(super) fn svg(plan: &Plan) -> Option<String> {
    if plan.is_empty() || plan.steps.len() > MOST {
        return None;
    }
    let before = nearest(plan);
    let places = places(&before);
    let (columns, rows) = places.iter().fold((0, 0), |(c, r), (column, row)| (c.max(*column), r.max(*row)));
    let at = |(column, row): (usize, usize)| (EDGE + column * (WIDE + GAP), EDGE + row * ROW);
    let (wide, high) = at((columns + 1, rows + 1));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{high}\" viewBox=\"0 0 {0} {high}\" role=\"img\" aria-label=\"the steps in their order\">\n",
        wide - GAP + EDGE
    );
    for (to, all) in before.iter().enumerate() {
        let (x, y) = at(places[to]);
        for from in all {
            let (left, top) = at(places[*from]);
            let (x1, y1, x2, y2) = (left + WIDE, top + HIGH / 2, x, y + HIGH / 2);
            let bend = (x2 - x1) / 2;
            let _ = writeln!(out, "<path class=\"edge\" d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\"/>", x1 + bend, x2 - bend);
        }
    }
    for (step, place) in plan.steps.iter().zip(&places) {
        let (x, y) = at(*place);
        let (class, sign) = look(step);
        let mark = if step.risks.is_empty() { "" } else { " !" };
        let (name, whole) = (escaped(&cut(&step.address.to_string(), LETTERS, PAGES)), escaped(&step.address.to_string()));
        let _ = writeln!(
            out,
            "<a href=\"#s{0}\"><title>#{0} {whole}</title><rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDE}\" height=\"{HIGH}\" rx=\"5\"/><text x=\"{1}\" y=\"{2}\">{sign} {name}{mark}</text></a>",
            step.id.0,
            x + 8,
            y + 17
        );
    }
    out.push_str("</svg>\n");
    Some(out)
}

/// A step's class and sign.
fn look(step: &Step) -> (&'static str, &'static str) {
    match (&step.action, step.pair) {
        (Action::Create { .. }, None) => ("add", "+"),
        (Action::Create { .. }, Some(_)) => ("replace", "+"),
        (Action::Update { .. }, _) => ("change", "~"),
        (Action::Delete { .. }, None) => ("destroy", "-"),
        (Action::Delete { .. }, Some(_)) => ("replace", "-"),
        (Action::Adopt { .. }, _) => ("adopt", "="),
        (Action::Forget { .. }, _) => ("adopt", "."),
        (Action::Rename { .. }, _) => ("adopt", ">"),
        (Action::Backup { .. }, _) => ("adopt", "*"),
    }
}

/// What each step comes right after: not what another of those comes after anyhow.
fn nearest(plan: &Plan) -> Vec<BTreeSet<usize>> {
    let mut all: Vec<BTreeSet<usize>> = vec![];
    let mut nearest = vec![];
    for step in &plan.steps {
        let before: BTreeSet<usize> = step.after.iter().map(|after| after.step.0).filter(|n| *n < all.len()).collect();
        let farther: BTreeSet<usize> = before.iter().flat_map(|n| all[*n].iter().copied()).collect();
        nearest.push(before.difference(&farther).copied().collect());
        all.push(before.union(&farther).copied().collect());
    }
    nearest
}

/// Column and row of each step: as far left as it can be, beside what it comes after.
fn places(before: &[BTreeSet<usize>]) -> Vec<(usize, usize)> {
    let mut columns: Vec<usize> = vec![];
    for all in before {
        columns.push(all.iter().map(|n| columns[*n] + 1).max().unwrap_or_default());
    }
    let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (step, column) in columns.iter().enumerate() {
        of.entry(*column).or_default().push(step);
    }
    let mut rows = vec![0; before.len()];
    for steps in of.values_mut() {
        // Tenths, so that what lies between two rows keeps its place between them.
        let middle = |step: &usize| before[*step].iter().map(|n| rows[*n] * 10).sum::<usize>() / before[*step].len().max(1);
        steps.sort_by_cached_key(|step| (middle(step), *step));
        for (row, step) in steps.iter().enumerate() {
            rows[*step] = row;
        }
    }
    columns.into_iter().zip(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stand_right_of_what_they_come_after_and_never_on_one_another() {
        let before: Vec<BTreeSet<usize>> = vec![[].into(), [].into(), [0].into(), [1].into(), [0, 3].into()];
        let places = places(&before);
        for (step, all) in before.iter().enumerate() {
            assert!(all.iter().all(|other| places[*other].0 < places[step].0), "{step}");
        }
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), places.len());
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]);
    }
}
