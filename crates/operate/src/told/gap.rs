//! For how long there is none of an object that somebody wants replaced, where the old one has to go before the new one comes. What
//! forces a replacement says so by itself: the kinds know what each field risks.

use bbws_model::{Action, Away, Kinds, Plan, Reason, Risk, RiskKind, Step};

/// Services whose objects carry the traffic of users, or their data: without one of those something is away.
const CARRY: [&str; 7] = ["cloudfront", "ec2", "ecs", "elasticfilesystem", "elasticloadbalancing", "rds", "route53"];

/// What a step risks by that.
pub(super) fn of(plan: &Plan, step: &Step, kinds: &Kinds) -> Option<Risk> {
    let (Action::Create { .. }, Reason::Asked, Some(old)) = (&step.action, &step.reason, step.pair) else { return None };
    let first = step.after.iter().any(|after| after.step == old) && plan.step(old).is_some();
    let facts = kinds.get(step.address.kind())?.facts();
    if !first || !CARRY.contains(&facts.service) {
        return None;
    }
    let expected = (facts.durations.delete + facts.durations.create).as_secs();
    let away = Some(Away { least: expected, most: expected * 2 });
    Some(Risk { away, ..Risk::new(RiskKind::Downtime, "between the old one and the new one there is none") })
}

#[cfg(test)]
mod tests {
    use super::super::{complete, tests::plan, tests::step};
    use super::*;
    use bbws_model::{After, StepId, Until};
    use serde_json::json;

    #[test]
    fn a_replacement_that_was_asked_for_tells_how_long_there_is_none() {
        let told = |address: &str, old_first: bool, reason: Reason| {
            let delete = step(address, Action::Delete { id: "x".into(), have: json!({}), deposed: false });
            let create = step(address, Action::Create { want: json!({}), renamed: None });
            let after = |step| vec![After { step: StepId(step), until: Until::Done }];
            let (old, new) = if old_first { (0, 1) } else { (1, 0) };
            let delete = Step { id: StepId(old), pair: Some(StepId(new)), after: if old_first { vec![] } else { after(new) }, ..delete };
            let create =
                Step { id: StepId(new), pair: Some(StepId(old)), after: if old_first { after(old) } else { vec![] }, reason, ..create };
            let mut plan = plan(if old_first { vec![delete, create] } else { vec![create, delete] });
            complete(&mut plan, &bbws_kinds::all(), None);
            plan.steps[new].risks.iter().map(|risk| format!("{} {}", risk.away.unwrap(), risk.text)).collect::<Vec<_>>()
        };
        assert_eq!(told("nat-gateway.a", true, Reason::Asked), ["3 to 6 minutes between the old one and the new one there is none"]);
        assert!(told("nat-gateway.a", false, Reason::Asked).is_empty());
        assert!(told("metric-alarm.a", true, Reason::Asked).is_empty(), "nobody's request waits for an alarm");
        assert!(told("nat-gateway.a", true, Reason::Declared).is_empty());
    }
}
