//! What a plan does to the bill, as the plan itself keeps it.

use bbws_model::{CostDelta, Costs, Plan};

use crate::cost::{Change, Prices, change, change_of};

/// What it does to the bill.
pub(super) fn of(plan: &Plan, prices: &Prices) -> Costs {
    let steps = plan.steps.iter().map(|step| (step.id, change_of(&step.meters, prices)));
    Costs {
        prices: prices.date().map(|date| date.to_string()).unwrap_or_default(),
        total: delta(&change(plan, prices)),
        steps: steps.filter(|(_, change)| !change.is_empty()).map(|(id, change)| (id, delta(&change))).collect(),
    }
}

fn delta(change: &Change) -> CostDelta {
    CostDelta { cents: change.net().cents(), estimate: change.is_estimate(), by_use: change.by_use(), unpriced: change.unpriced() }
}

#[cfg(test)]
mod tests {
    use super::super::{complete, tests::plan, tests::step};
    use super::*;
    use bbws_model::{Action, MeterDelta, Meters, StepId, Unit};
    use serde_json::json;

    #[test]
    fn a_plan_says_what_each_step_and_all_of_it_cost() {
        let nat = || Meters::free().and("nat-gateway.hour", 730.0, Unit::Hours).and("nat-gateway.gb", 0.0, Unit::Usage).0;
        let create = |id: usize, meters| {
            let action = Action::Create { want: json!({}), renamed: None };
            bbws_model::Step { id: StepId(id), meters, ..step("nat-gateway.a", action) }
        };
        let steps = vec![
            create(0, MeterDelta { less: vec![], more: nat() }),
            create(1, MeterDelta { less: nat(), more: vec![] }),
            create(2, MeterDelta::default()),
            create(3, MeterDelta { less: vec![], more: nat() }),
        ];
        let mut plan = plan(steps);
        let kinds = bbws_kinds::all();
        complete(&mut plan, &kinds, Some(&Prices::built_in("af-south-1").unwrap()));
        let costs = plan.costs.clone().unwrap();
        let cents: Vec<(usize, i64)> = costs.steps.iter().map(|(id, delta)| (id.0, delta.cents)).collect();
        assert_eq!((cents, costs.total.cents), (vec![(0, 4161), (1, -4161), (3, 4161)], 4161));
        assert_eq!(costs.total.by_use, ["nat-gateway.gb".to_owned()].into(), "what is billed by use comes on top");
        complete(&mut plan, &kinds, None);
        assert_eq!(plan.costs, None);
    }
}
