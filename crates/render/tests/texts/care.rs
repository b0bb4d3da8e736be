//! The past of the state, and its care, as text.

use bbws_engine::log::{Cure, Damage, Survey};
use bbws_engine::{Entered, Marked, Past, difference};
use bbws_model::{IntentId, Mode, Owner, Ownership, RunId, State, Tags};
use bbws_render::{history, history_of_run, orphans, survey};
use serde_json::json;

use crate::support::{PLAIN, address, applied, cluster};

fn owner() -> Owner {
    Owner {
        run: RunId("01KB0000000000000000000001".into()),
        user: "thandi".into(),
        host: "laptop".into(),
        boot_id: String::new(),
        pid_namespace: String::new(),
        pid: 4711,
        pid_start: 1,
        command: "bbws apply dev".into(),
        ci: None,
        version: "0.1.0".into(),
    }
}

pub(crate) fn past() -> Past {
    let (old, _) = applied(&cluster());
    let mut new = old.clone();
    new.entries.remove(&address("route.private"));
    new.entries.get_mut(&address("log-group.ecs")).unwrap().spec["retention_days"] = json!(14);
    new.outputs.insert("vpc_id".into(), json!("vpc-1"));
    let changed = difference(&old, &new);
    let at = "2026-11-26T08:00:00.123Z".parse().unwrap();
    let slot = |seq, records: &[&str], changed| Entered {
        seq,
        serial: 9,
        at,
        records: records.iter().map(ToString::to_string).collect(),
        changed,
    };
    let slots = vec![slot(7, &["takes the environment"], Default::default()), slot(8, &["log-group.ecs is as wanted"], changed.clone())];
    Past {
        run: RunId("01KB0000000000000000000001".into()),
        owner: Some(owner()),
        plan: None,
        mode: Some(Mode::Apply),
        set: None,
        approved: None,
        glass: None,
        outcome: Some("done".into()),
        serial_before: 8,
        slots,
        changed,
    }
}

#[test]
fn what_held_a_log_for_its_care_is_no_apply() {
    for (command, what) in [
        ("/usr/bin/bbws state gc dev --yes", "state gc"),
        ("bbws state unlock dev --sandbox", "state unlock"),
        ("bbws drift dev --accept log-group.ecs", "drift"),
        ("bbws import dev vpc.main vpc-1", "import"),
        ("bbws apply dev state", "apply"),
        ("bbws --sandbox state gc", "apply"),
    ] {
        let past = Past { owner: Some(Owner { command: command.into(), ..owner() }), ..past() };
        let told = history(&[past], PLAIN);
        assert!(told.contains(&format!("  {what} by thandi on laptop: done")), "{command}: {told}");
    }
}

#[test]
fn the_runs_of_a_log() {
    let torn = Past { outcome: None, owner: None, mode: None, set: Some("as after slot 3".into()), ..past() };
    insta::assert_snapshot!(history(&[past(), torn], PLAIN));
    assert_eq!(history(&[], PLAIN), "The log tells of no run.\n");
}

#[test]
fn one_run_slot_by_slot() {
    insta::assert_snapshot!(history_of_run(&past(), PLAIN));
}

#[test]
fn damage_and_its_cures() {
    let damage = |key: &str, cause: &str, cure| Damage { key: key.into(), cause: cause.into(), cure };
    let mut found = Survey { state: Some(State::empty("L")), slots: 9, first: 3, checkpoints: 1, damage: vec![] };
    let whole = survey(&found, PLAIN);
    found.damage = vec![
        damage("log/00000000000000000004.json", "it is missing", Cure::Version(vec![])),
        damage("log/00000000000000000005.json", "it holds slot 6", Cure::Covered { by: "state.json".into() }),
        damage("state.json", "it was edited or damaged", Cure::Derived(Some(vec![]))),
    ];
    let recovered = survey(&found, PLAIN);
    found.damage.push(damage("log/00000000000000000007.json", "it is missing", Cure::Lost));
    insta::assert_snapshot!([whole, recovered, survey(&found, PLAIN)].join("\n---\n"));
}

#[test]
fn orphans_with_what_they_were() {
    let owner = Ownership { lineage: "L".into(), address: address("vpc.main"), intent: IntentId("01I".into()) };
    let found = vec![("vpc".to_owned(), Marked { id: "vpc-0\u{1b}[31m".into(), owner, tags: Tags::default() })];
    let unlisted = ["role".to_owned(), "topic".to_owned()];
    let told = [None, Some("bbws apply dev")].map(|settles| orphans(&found, &unlisted, settles, PLAIN));
    insta::assert_snapshot!(told.join("\n"));
}
