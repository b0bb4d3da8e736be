//! Runs of the past, and the bundle of a failed one.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::{Deed, Trace};
use bbws_model::{
    Address, Class, CloudError, Commit, Counts, Desired, Digest, Event, Mode, Outcome, Owner, Principal, RunId, RunRecord, Stamped, StepId,
    World, net,
};
use bbws_render::{Bundle, RunStory, bundle, run_json, run_told, runs, runs_json};

use crate::support::{PLAIN, address, applied, cluster, planned};

fn begun() -> jiff::Timestamp {
    "2026-11-26T08:00:00Z".parse().unwrap()
}

fn owner(run: &RunId) -> Owner {
    Owner {
        run: run.clone(),
        user: "tebogo".into(),
        host: "laptop-of-tebogo".into(),
        boot_id: "b".into(),
        pid_namespace: "n".into(),
        pid: 4711,
        pid_start: 1,
        command: "bbws apply dev".into(),
        ci: Some("https://ci.example/jobs/7".into()),
        version: "0.1.0".into(),
    }
}

fn record(run: &str) -> RunRecord {
    let run = RunId(run.into());
    RunRecord {
        owner: owner(&run),
        run,
        environment: "dev".into(),
        mode: Mode::Apply,
        at: begun(),
        commit: Some(Commit { id: "2a3fce0c9d1e".into(), branch: Some("main".into()), dirty: true }),
        world: World::Sandbox,
        account: "536580886816".parse().unwrap(),
        region: "af-south-1".into(),
        plan: Digest::of(b"plan"),
        configuration: Digest::of(b"configuration"),
        narrowed: true,
        back_to: Some(RunId("01KB2X".into())),
        wanted: Desired::default(),
    }
}

fn error(message: &str) -> CloudError {
    let code = "VpcLimitExceeded".to_owned();
    CloudError { code, request_id: Some("5f3a0b6e".into()), ..CloudError::own("ec2:CreateVpc", Class::Limit, message) }
}

fn events(message: &str) -> Vec<Stamped> {
    let at = |secs: u64, event: Event| Stamped { at: begun() + Duration::from_secs(secs), elapsed: Duration::from_secs(secs), event };
    let (first, second) = (StepId(0), StepId(1));
    let started = |step, of: &str, verb: &str| {
        let (address, verb, expected) = (address(of), verb.to_owned(), Duration::from_secs(4));
        Event::StepStarted { step, address, verb, expected }
    };
    let took = Duration::from_secs(3);
    vec![
        at(0, Event::RunStarted { environment: "dev".into(), run: RunId("01KB2Z".into()), mode: Mode::Apply }),
        at(1, started(first, "log-group.ecs", "update")),
        at(2, started(second, "vpc.main", "create")),
        at(4, Event::StepFinished { step: first, address: address("log-group.ecs"), took, aws: Duration::from_millis(2900) }),
        at(5, Event::StepFailed { step: second, address: address("vpc.main"), error: error(message) }),
        at(5, Event::StepSkipped { step: StepId(2), address: address("subnet.public-a"), because: Some(second) }),
        at(6, Event::RunFinished { outcome: Outcome::Failed, counts: Counts::default(), took: 2 * took, own: Duration::from_millis(90) }),
    ]
}

/// What the log has of a run that was killed.
fn killed() -> RunStory {
    let run = RunId("01KB2Y".into());
    let deed = |of: &str, verb, ended: Option<u64>, refused: Option<&str>| Deed {
        address: address(of),
        verb,
        began: begun() + Duration::from_secs(1),
        ended: ended.map(|secs| begun() + Duration::from_secs(secs)),
        refused: refused.map(str::to_owned),
    };
    let trace = Trace {
        run: run.clone(),
        owner: Some(owner(&run)),
        mode: Some(Mode::Apply),
        plan: Some(Digest::of(b"plan")),
        began: begun(),
        last: begun() + Duration::from_secs(90),
        outcome: None,
        deeds: vec![
            deed("vpc.main", "create", Some(3), None),
            deed("db-instance.main", "create", None, None),
            deed("role.ecs-task", "create", None, Some("EntityAlreadyExists")),
        ],
        remarks: vec!["approved by arn:aws:sts::093646564004:assumed-role/lead/thandi".into()],
    };
    RunStory { run, record: None, events: vec![], trace: Some(trace) }
}

fn failed() -> RunStory {
    RunStory { run: RunId("01KB2Z".into()), record: Some(record("01KB2Z")), events: events("The maximum is reached."), trace: None }
}

#[test]
fn all_runs_and_each_of_them() {
    let stories = [failed(), killed()];
    let each: Vec<String> = stories.iter().map(|story| run_told(story, "dev", " --sandbox", PLAIN)).collect();
    insta::assert_snapshot!(format!("{}\n---\n{}\n{}", runs(&stories, PLAIN), each.join("\n---\n"), runs(&[], PLAIN)));
}

#[test]
fn runs_for_programs() {
    insta::assert_snapshot!(format!("{:#}", run_json(&failed())));
    assert_eq!(runs_json(&[failed(), killed()])["runs"][1]["outcome"], "not closed");
}

#[test]
fn a_bundle_holds_what_helps_and_no_secret_account_or_name() {
    net::remember("bundle-canary/7");
    let events = events("it is bundle-canary/7 of arn:aws:sts::536580886816:assumed-role/admin/tebogo on laptop-of-tebogo");
    let mut plan = planned(cluster(), &applied(&cluster()), Mode::Destroy);
    plan.basis.by = Some(Principal::of("arn:aws:sts::536580886816:assumed-role/admin/tebogo", Some("tebogo@example.com".into())));
    let failed: Vec<(Address, CloudError)> = vec![(address("vpc.main"), error("password bundle-canary/7"))];
    let calls: BTreeMap<String, usize> = [("ec2:CreateVpc".to_owned(), 1)].into();
    let names = ["arn:aws:sts::536580886816:assumed-role/admin/tebogo".to_owned()];
    let (record, (state, _)) = (record("01KB2Z"), applied(&cluster()));
    let text = bundle(&Bundle {
        record: &record,
        outcome: Some(Outcome::Failed),
        plan: &plan,
        state: &state,
        failed: &failed,
        calls: &calls,
        events: &events,
        names: &names,
    });
    for word in ["canary", "536580886816", "tebogo", "laptop"] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
    for word in ["VpcLimitExceeded", "5f3a0b6e", "E-LIMIT", "\"version\":\"0.1.0\"", "<account>", "<caller>", "step-failed", "\"serial\""] {
        assert!(text.contains(word), "{word} in\n{text}");
    }
    let whole = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(text.lines().count() > 8 && text.lines().all(whole), "{text}");
}
