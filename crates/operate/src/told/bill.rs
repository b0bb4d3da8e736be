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
    use super::super::{complete, tests::step};
    use super::*;
    use bbws_model::{Action, Basis, Digest, MeterDelta, Meters, Mode, Plan, StepId, Unit, World};
    use serde_json::json;

    #[test]
    fn a_plan_says_what_each_step_and_all_of_it_cost() {
        let nat = || Meters::free().and("nat-gateway.hour", 730.0, Unit::Hours).and("nat-gateway.gb", 0.0, Unit::Usage).0;
        let create = |id: usize, meters| {
            let action = Action::Create { want: json!({}), renamed: None };
            bbws_model::Step { id: StepId(id), meters, ..step("nat-gateway.a", action) }
        };
        let digest = Digest::of(b"");
        let basis = Basis {
            environment: "dev".into(),
            lineage: "L".into(),
            serial: 1,
            head: digest.clone(),
            configuration: digest.clone(),
            observed: digest,
            account: "093646564004".parse().unwrap(),
            region: "af-south-1".into(),
            world: World::Sandbox,
            engine: "0".into(),
            wanted: Default::default(),
            seen: Default::default(),
        };
        let steps = vec![
            create(0, MeterDelta { less: vec![], more: nat() }),
            create(1, MeterDelta { less: nat(), more: vec![] }),
            create(2, MeterDelta::default()),
            create(3, MeterDelta { less: vec![], more: nat() }),
        ];
        let (scope, notes, outputs) = (Default::default(), vec![], Default::default());
        let mut plan = Plan { mode: Mode::Apply, scope, basis, steps, notes, outputs, open: vec![], costs: None };
        complete(&mut plan, Some(&Prices::built_in("af-south-1").unwrap()));
        let costs = plan.costs.clone().unwrap();
        let cents: Vec<(usize, i64)> = costs.steps.iter().map(|(id, delta)| (id.0, delta.cents)).collect();
        assert_eq!((cents, costs.total.cents), (vec![(0, 4161), (1, -4161), (3, 4161)], 4161));
        assert_eq!(costs.total.by_use, ["nat-gateway.gb".to_owned()].into(), "what is billed by use comes on top");
        complete(&mut plan, None);
        assert_eq!(plan.costs, None);
    }
}
