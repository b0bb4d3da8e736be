//! The state as text.

use bbws_model::{Backup, Deposed, Intent, IntentId, Op, OpenIntent, Renamed, State};
use bbws_render::{state_list, state_show, state_show_all};
use serde_json::json;

use crate::support::{PLAIN, address, applied, cluster};

/// A state with all that can be special.
fn special() -> State {
    let (mut state, _) = applied(&cluster());
    let balancer = state.entries.get_mut(&address("load-balancer.main")).unwrap();
    balancer.renamed = Some(Renamed { from: "wp-dev-alb".into(), to: "wp-dev-alb-2".into() });
    balancer.deposed = vec![Deposed { id: "arn:old".into(), spec: json!({}), dependencies: vec![], intent: None }];
    state.entries.get_mut(&address("nat-gateway.a")).unwrap().reached = false;
    state.backups = vec![Backup { address: address("vpc.main"), id: "copy-1".into() }];
    let intent = Intent {
        id: IntentId("I-9".into()),
        address: address("vpc.main"),
        kind: "vpc".into(),
        op: Op::Delete { id: "vpc-1".into() },
        token: String::new(),
        dependencies: vec![],
        replaces: false,
        renamed: None,
    };
    state.open.insert(
        intent.id.clone(),
        OpenIntent { intent, seq: 4, at: "2026-11-26T08:00:00Z".parse().unwrap(), writer: None, repeated: false },
    );
    state
}

#[test]
fn the_list() {
    insta::assert_snapshot!(state_list(&special(), PLAIN));
    assert_eq!(state_list(&State::empty("L"), PLAIN), "The state holds no resources.\n");
}

#[test]
fn one_resource() {
    let show = |of: &str| state_show(&special(), &address(of), PLAIN).unwrap();
    insta::assert_snapshot!(["vpc.main", "load-balancer.main", "role.ecs-task"].map(show).join("\n"));
    assert_eq!(state_show(&special(), &address("vpc.other"), PLAIN), None);
}

#[test]
fn all_resources_are_all_shown() {
    let text = state_show_all(&special(), PLAIN);
    for (of, entry) in &special().entries {
        assert!(text.contains(&format!("{of}\n  id            {}", entry.id)), "{of}");
    }
}
