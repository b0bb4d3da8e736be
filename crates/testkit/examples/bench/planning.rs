//! Planning of synthetic resources: to make them all, and, when they are there, to find that nothing is to be done, and to
//! remove them all.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Picture, plan};
use bbws_model::{Desired, Entry, IntentId, Kinds, Mode, Ownership, Phase, Plan, Scope, Seen, State, Wanted, World, pointers};
use serde_json::{Value, json};

/// A resource in ten is what the next nine stand on, and each of those on the one before too.
fn resources(count: usize) -> Desired {
    let kinds = bbws_testkit::kinds();
    let resource = |n: usize| {
        let to = |other: usize| json!({"$ref": format!("tag.r{other:06}"), "output": "id"});
        let ground = n / 10 * 10;
        let needs: Vec<Value> = if n == ground { vec![] } else { BTreeSet::from([ground, n - 1]).into_iter().map(to).collect() };
        let needs = if n == ground && n > 0 { vec![to(0)] } else { needs };
        let spec = kinds.get("tag").unwrap().normal(&json!({"name": format!("n{n}"), "needs": needs})).unwrap();
        (format!("tag.r{n:06}").parse().unwrap(), Wanted::new(spec))
    };
    Desired { resources: (0..count).map(resource).collect(), ..Desired::default() }
}

fn id(address: &bbws_model::Address) -> String {
    format!("id-{}", address.name())
}

/// All of it as it is once it is made: recorded, and there.
fn there(desired: &Desired) -> (State, Picture) {
    let (mut state, mut picture) = (State::empty("bench"), Picture::default());
    for (address, wanted) in &desired.resources {
        let spec = bbws_model::resolve(&wanted.spec, &|pointer| Some(id(&pointer.to).into()));
        let (name, intent) = (id(address), IntentId("01".into()));
        let outputs = json!({"id": name, "endpoint": "e"});
        let owner = Ownership { lineage: "bench".into(), address: address.clone(), intent: intent.clone() };
        let seen = Seen { id: name.as_str().into(), spec: spec.clone(), outputs: outputs.clone(), phase: Phase::Ready, owner: Some(owner) };
        let dependencies = pointers(&wanted.spec).into_iter().map(|p| p.to).collect::<BTreeSet<_>>().into_iter().collect();
        let entry = Entry {
            id: name.as_str().into(),
            spec,
            outputs,
            dependencies,
            reached: true,
            intent: Some(intent),
            existing: false,
            protected: false,
            renamed: None,
            deposed: vec![],
        };
        state.entries.insert(address.clone(), entry);
        picture.recorded.insert(address.clone(), Ok(Some(seen)));
    }
    (state, picture)
}

fn ask(mode: Mode) -> Ask {
    Ask {
        environment: "bench".into(),
        mode,
        scope: Scope::default(),
        account: "536580886816".parse().unwrap(),
        region: "af-south-1".into(),
        world: World::Sandbox,
        engine: "0".into(),
    }
}

/// How long this thread has had a processor, in seconds: what others do on the machine does not count.
fn processor_time() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// The most memory that the process has had, in KiB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Measures each number of resources in a process of its own, and tells how the cost grows from one to the next.
pub(crate) fn growth(counts: &[&str], mut tell: impl FnMut(String)) {
    let mut before: Option<Value> = None;
    for count in counts {
        let told = Command::new(std::env::current_exe().unwrap()).args(["planning-one", count]).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let cost: Value = serde_json::from_slice(&told.stdout).unwrap();
        let number = |cost: &Value, path: &str| cost.pointer(path).and_then(Value::as_f64).unwrap();
        let grown = |path: &str| {
            before.as_ref().map_or(String::new(), |before| format!(" ({:.1} times)", number(&cost, path) / number(before, path)))
        };
        let plans: Vec<String> = ["make", "nothing to do", "remove"]
            .iter()
            .map(|what| {
                let path = |field: &str| format!("/plans/{what}/{field}");
                let (seconds, steps, after) = (path("seconds"), path("steps"), path("after"));
                format!(
                    "{what} {:.3} s{}, {} steps, {} edges",
                    number(&cost, &seconds),
                    grown(&seconds),
                    number(&cost, &steps),
                    number(&cost, &after)
                )
            })
            .collect();
        let build = if cost["optimised"] == true { "optimised" } else { "not optimised" };
        let memory = number(&cost, "/memory_kib") / 1024.0;
        tell(format!("{count} resources ({build}): {}; {memory:.0} MiB{}", plans.join("; "), grown("/memory_kib")));
        before = Some(cost);
    }
}

/// What planning so many resources costs.
pub(crate) fn cost(count: usize) -> Value {
    let (kinds, desired): (Kinds, Desired) = (bbws_testkit::kinds(), resources(count));
    let (state, picture) = there(&desired);
    let (nothing, none) = (State::empty("bench"), Picture::default());
    let before = most_memory();
    let timed = |state: &State, picture: &Picture, mode| {
        let began = processor_time();
        let plan: Plan = plan(Sources { kinds: &kinds, desired: &desired, state, picture }, &ask(mode)).unwrap();
        (processor_time() - began, plan.steps.len(), plan.steps.iter().map(|step| step.after.len()).sum::<usize>())
    };
    let all = [
        ("make", timed(&nothing, &none, Mode::Apply)),
        ("nothing to do", timed(&state, &picture, Mode::Apply)),
        ("remove", timed(&state, &picture, Mode::Destroy)),
    ];
    let told: BTreeMap<&str, Value> = all
        .into_iter()
        .map(|(what, (seconds, steps, order))| (what, json!({"seconds": seconds, "steps": steps, "after": order})))
        .collect();
    json!({"resources": count, "plans": told, "memory_kib": most_memory() - before, "optimised": !cfg!(debug_assertions)})
}
