//! Plans as text.

use bbws_engine::Picture;
use bbws_model::{
    Action, Address, After, Counts, Finding, IntentId, MeterDelta, Mode, Ownership, Reason, Renamed, Risk, RiskKind, Seen, Severity, State,
    Step, StepId, Until, Verb, Wanted,
};
use bbws_render::{Detail, Style, plan, plan_html, plan_markdown};
use serde_json::{Value, json};

use crate::support::{FANCY, PLAIN, address, applied, cluster, edit, kinds, planned, to, with_steps};

fn text(of: &bbws_model::Plan) -> String {
    plan(of, &kinds(), PLAIN, Detail::Telling)
}

pub(crate) fn nothing_yet() -> (State, Picture) {
    let mut picture = Picture::default();
    let zone = applied(&cluster()).1.recorded[&address("hosted-zone.main")].clone();
    picture.unrecorded.insert(address("hosted-zone.main"), zone.map(|seen| seen.map(|seen| Seen { owner: None, ..seen })));
    (State::empty("3f2a9c41"), picture)
}

/// A cluster that is edited in several ways at once, and in which somebody was at work by hand.
fn edited() -> bbws_model::Plan {
    let (mut state, mut picture) = applied(&cluster());
    let mut want = cluster();
    edit(&mut want, "log-group.ecs", "retention_days", json!(14));
    edit(&mut want, "subnet.public-b", "cidr", json!("10.0.3.0/24"));
    edit(&mut want, "load-balancer.main", "idle_timeout_seconds", json!(120));
    edit(&mut want, "ecs-cluster.main", "capacity_providers", json!(["FARGATE"]));
    edit(&mut want, "ecs-cluster.main", "tags", json!({"Environment": "dev", "Name": "wp-dev-cluster", "Team": "the web team"}));
    want.remove(&address("bucket.cdn-logs"));
    // Gone behind our back, left by a run that was killed, and an old object that still has to go.
    picture.recorded.insert(address("route.private"), Ok(None));
    state.entries.get_mut(&address("route-table.public")).unwrap().reached = false;
    let lost = address("elastic-ip.nat-a");
    let seen = picture.recorded.remove(&lost).unwrap().unwrap().unwrap();
    let owner = Ownership { lineage: "3f2a9c41".into(), address: lost.clone(), intent: IntentId("I".into()) };
    picture.unrecorded.insert(lost.clone(), Ok(Some(Seen { owner: Some(owner), ..seen })));
    state.entries.remove(&lost);
    planned(want, &(state, picture), Mode::Apply)
}

#[test]
fn a_new_cluster() {
    insta::assert_snapshot!(text(&planned(cluster(), &nothing_yet(), Mode::Apply)));
}

#[test]
fn a_new_cluster_with_every_field() {
    let all = plan(&planned(cluster(), &nothing_yet(), Mode::Apply), &kinds(), PLAIN, Detail::All);
    insta::assert_snapshot!(all);
}

#[test]
fn edits_and_drift() {
    insta::assert_snapshot!(text(&edited()));
}

#[test]
fn edits_and_drift_with_signs_and_every_field() {
    insta::assert_snapshot!(plan(&edited(), &kinds(), FANCY, Detail::All));
}

#[test]
fn edits_and_drift_on_a_narrow_screen() {
    let text = plan(&edited(), &kinds(), Style { width: 60, ..FANCY }, Detail::Telling);
    insta::assert_snapshot!(text);
}

#[test]
fn a_cluster_that_goes() {
    insta::assert_snapshot!(text(&planned(cluster(), &applied(&cluster()), Mode::Destroy)));
}

#[test]
fn nothing_to_do() {
    let (apply, destroy) = (planned(cluster(), &applied(&cluster()), Mode::Apply), with_steps(Mode::Destroy, vec![]));
    insta::assert_snapshot!(format!("{}\n{}", text(&apply), text(&destroy)));
}

fn step(id: usize, of: &str, action: Action, reason: Reason) -> Step {
    Step {
        id: StepId(id),
        address: address(of),
        action,
        reason,
        risks: vec![],
        after: vec![],
        dependencies: vec![],
        pair: None,
        meters: MeterDelta::default(),
    }
}

fn change(field: &str, verb: Verb, from: Value, to: Value) -> bbws_model::FieldChange {
    bbws_model::FieldChange { field: field.into(), verb, from, to, risks: vec![], backup: false }
}

/// A database that is changed after a copy, a load balancer replaced under a fresh name, a rename, notes.
pub(crate) fn grave() -> bbws_model::Plan {
    let after = |step: usize| After { step: StepId(step), until: Until::Done };
    let risk = |kind, text: &str| Risk::new(kind, text);
    let class = change("class", Verb::Update, json!("db.t3.micro"), json!("db.t3.small"));
    let password = change("password", Verb::WriteOnly, json!({"version": "AAAA"}), to("secret.rds", "version_id"));
    let storage = change("storage_gib", Verb::Update, json!(20), json!(40));
    let scheme = change("internal", Verb::Replace, json!(true), json!(false));
    let update = Action::Update { id: "wp-dev-mysql".into(), have: json!({}), want: json!({}) };
    let backup = Action::Backup { kind: "db-snapshot".into(), want: json!({"of": "wp-dev-mysql", "name": "wp-dev-mysql-bbws-41"}) };
    let renamed = Some(Renamed { from: "wp-dev-alb".into(), to: "wp-dev-alb-2".into() });
    let mut steps = vec![
        step(0, "db-instance.main", backup, Reason::Precaution),
        step(
            1,
            "load-balancer.main",
            Action::Create { want: json!({"name": "wp-dev-alb-2"}), renamed },
            Reason::Replacing(vec![scheme.clone()]),
        ),
        step(
            2,
            "listener.http",
            Action::Update { id: "arn:l".into(), have: json!({}), want: json!({}) },
            Reason::Changed(vec![change("load_balancer", Verb::Update, json!("arn:old"), to("load-balancer.main", "active_arn"))]),
        ),
        step(3, "db-instance.main", update, Reason::Changed(vec![class, storage, password])),
        step(
            4,
            "load-balancer.main",
            Action::Delete { id: "arn:old".into(), have: json!({}), deposed: true },
            Reason::Replacing(vec![scheme]),
        ),
        step(5, "subnet.spare", Action::Rename { from: address("subnet.old") }, Reason::Asked),
        step(
            6,
            "file-system.old",
            Action::Delete { id: "fs-1".into(), have: json!({"encrypted": true}), deposed: false },
            Reason::Undeclared,
        ),
    ];
    steps[1].pair = Some(StepId(4));
    steps[4].pair = Some(StepId(1));
    steps[1].risks = vec![risk(RiskKind::Downtime, "its DNS name changes: what is not told of the new one loses the way")];
    steps[2].after = vec![After { step: StepId(1), until: Until::Known("active_arn".into()) }];
    steps[3].after = vec![after(0)];
    steps[3].risks = vec![risk(RiskKind::Downtime, "the database is away for some minutes while AWS changes its class")];
    steps[4].after = vec![after(1), after(2)];
    steps[6].risks = vec![risk(RiskKind::DataLoss, "all files in it are gone for good")];
    let mut plan = with_steps(Mode::Apply, steps);
    plan.notes = vec![
        Finding::new(Severity::Warning, "MySQL 8.0 has left standard support")
            .at(&address("db-instance.main"))
            .seen("engine version 8.0.39")
            .advise("set `rds.engine_version = \"8.4\"`"),
        Finding::new(Severity::Note, "the zone is not delegated yet: no certificate, no aliases"),
    ];
    plan.open = vec![IntentId("I-7".into())];
    plan
}

/// Rules and rights that come and go, more than are told below a plan.
pub(crate) fn open() -> bbws_model::Plan {
    let rule = |at: usize, risks: Vec<Risk>| {
        let delete = Action::Delete { id: "sgr-1".into(), have: json!({}), deposed: false };
        Step { risks, ..step(at, &format!("security-group-rule.r{at:02}"), delete, Reason::Undeclared) }
    };
    let security = |text: &str| Risk::new(RiskKind::Security, text);
    let mut steps: Vec<Step> =
        (0..11).map(|at| rule(at, vec![security(&format!("opens tcp {at} of security-group.alb to 10.0.0.0/16"))])).collect();
    steps.push(rule(11, vec![security("closes tcp 22 of security-group.alb to 41.0.0.0/24")]));
    steps.push(rule(12, vec![security("opens tcp 80 of security-group.alb to the whole internet (0.0.0.0/0)")]));
    let rights = ["gives role.ecs-task s3:GetObject on everything", "takes role.ecs-task s3:PutObject on b"];
    let update = Action::Update { id: "r".into(), have: json!({}), want: json!({}) };
    let asked = step(13, "role-policy.ecs-task", update, Reason::Asked);
    steps.push(Step { risks: rights.map(|text| Risk::new(RiskKind::Iam, text)).into(), ..asked });
    with_steps(Mode::Apply, steps)
}

#[test]
fn whom_a_plan_lets_in_is_said_below_it_the_widest_first() {
    let all = text(&open());
    insta::assert_snapshot!(all.split_once("\n\nWarning").unwrap().1);
    let more = plan(&open(), &kinds(), PLAIN, Detail::All);
    assert!(!more.split_once("\nWarning").unwrap().1.contains(" more at the steps"), "{more}");
}

#[test]
fn what_is_grave_is_marked() {
    insta::assert_snapshot!(text(&grave()));
}

#[test]
fn nothing_is_told_by_colour_alone() {
    let painted = plan(&grave(), &kinds(), Style { color: true, ..PLAIN }, Detail::Telling);
    let mut bare = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert!(painted.contains('\u{1b}'));
    assert_eq!(bare, text(&grave()));
}

#[test]
fn without_signs_a_plan_is_plain_ascii() {
    assert!(text(&grave()).is_ascii() && text(&edited()).is_ascii());
}

/// What must not be seen is in no text, whatever a kind puts into a change that can only be written.
#[test]
fn a_value_that_can_only_be_written_is_never_shown() {
    let change = change("password", Verb::WriteOnly, json!("hunter1"), json!("hunter2"));
    let update = Action::Update { id: "db".into(), have: json!({"password": "hunter1"}), want: json!({"password": "hunter2"}) };
    let of = with_steps(Mode::Apply, vec![step(0, "db-instance.main", update, Reason::Changed(vec![change]))]);
    for detail in [Detail::Telling, Detail::All] {
        let text = plan(&of, &kinds(), PLAIN, detail);
        assert!(!text.contains("hunter") && text.contains("password"), "{text}");
    }
}

#[test]
fn what_a_text_from_outside_holds_cannot_steer_the_terminal() {
    let change = change("description", Verb::Update, json!("\u{1b}[2J"), json!("a\nb"));
    let update = Action::Update { id: "x".into(), have: json!({}), want: json!({}) };
    let of = with_steps(Mode::Apply, vec![step(0, "role.a", update, Reason::Changed(vec![change]))]);
    assert!(!text(&of).contains('\u{1b}'));
}

#[test]
fn the_first_line_is_the_same_for_every_plan() {
    for plan in [grave(), edited(), planned(cluster(), &nothing_yet(), Mode::Apply)] {
        let text = text(&plan);
        let counts = Counts::of(&plan.steps);
        let four = format!(
            "Plan: {} to add, {} to change, {} to replace, {} to destroy (",
            counts.add, counts.change, counts.replace, counts.destroy
        );
        assert!(text.starts_with(&four), "{text}");
    }
}

#[test]
fn ten_thousand_steps_are_told_in_a_moment() {
    let want: std::collections::BTreeMap<Address, Wanted> =
        (0..10_000).map(|n| (address(&format!("vpc.n{n}")), Wanted::new(json!({"cidr": "10.0.0.0/16", "tags": {}})))).collect();
    let steps = want
        .iter()
        .enumerate()
        .map(|(n, (of, wanted))| step(n, &of.to_string(), Action::Create { want: wanted.spec.clone(), renamed: None }, Reason::Declared));
    let text = text(&with_steps(Mode::Apply, steps.collect()));
    assert_eq!(text.lines().filter(|line| line.contains("+ ")).count(), 10_000);
}

/// The same edits, with what they cost.
fn priced() -> bbws_model::Plan {
    let mut plan = edited();
    bbws_operate::told::complete(&mut plan, &kinds(), Some(&bbws_operate::cost::Prices::built_in("af-south-1").unwrap()));
    plan
}

#[test]
fn edits_with_what_they_cost_and_open() {
    insta::assert_snapshot!(text(&priced()));
}

#[test]
fn edits_as_markdown() {
    insta::assert_snapshot!(plan_markdown(&priced(), &kinds()));
}

#[test]
fn edits_as_a_page() {
    insta::assert_snapshot!(plan_html(&priced(), &kinds()));
}

/// Addresses and field names are bbws's; values, names and what AWS says are anybody's.
#[test]
fn hostile_texts_stay_texts_on_every_page() {
    let evil = "</details></table><script>alert(1)</script> | `x` [a](http://evil.example) @everybody #1 \u{1b}[31m\u{202e}\n# h";
    let mut want = cluster();
    edit(&mut want, "ecs-cluster.main", "tags", json!({"Environment": "dev", "Name": evil, "|`": "a"}));
    let mut plan = planned(want, &applied(&cluster()), Mode::Apply);
    plan.notes.push(Finding::new(Severity::Warning, evil).seen(evil).advise(evil));
    plan.steps[0].risks.push(Risk::new(RiskKind::Downtime, evil));
    plan.basis.region = evil.into();
    // What stands in code is shown as it is, whatever it is.
    for page in [without_code(&plan_markdown(&plan, &kinds())), plan_html(&plan, &kinds())] {
        assert!(!page.contains("<script>alert") && !page.contains('\u{1b}') && !page.contains('\u{202e}'), "{page}");
        assert_eq!(page.matches("</details>").count(), page.matches("<details>").count(), "{page}");
    }
    let markdown = plan_markdown(&plan, &kinds());
    let prose = without_code(&markdown);
    assert!(
        prose.contains("everybody") && !prose.contains("@everybody") && !prose.contains("[a](") && !prose.contains("http://"),
        "{prose}"
    );
    assert!(!markdown.lines().any(|line| line.starts_with("# h")), "{markdown}");
}

/// What of a Markdown text is not code: a run of backticks opens a piece of it, the next run as long closes it.
fn without_code(markdown: &str) -> String {
    let (mut prose, mut rest) = (String::new(), markdown);
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        prose.push_str(before);
        let run = from.len() - from.trim_start_matches('`').len();
        let (fence, inner) = from.split_at(run);
        if before.ends_with('\\') {
            rest = inner;
            continue;
        }
        let closes = |at: &usize| !inner[..*at].ends_with('`') && !inner[at + run..].starts_with('`');
        let end = inner.match_indices(fence).map(|(at, _)| at).find(closes).unwrap_or_else(|| panic!("not closed: {inner}"));
        rest = &inner[end + run..];
    }
    prose + rest
}

#[test]
fn a_comment_is_never_longer_than_one_may_be() {
    let (one, _) = (planned(cluster(), &nothing_yet(), Mode::Apply), ());
    let mut plan = one.clone();
    let step = one.steps.iter().find(|step| step.address.kind() == "subnet").unwrap();
    for number in 0..2_000 {
        let id = StepId(plan.steps.len());
        let mut more = Step { id, address: address(&format!("subnet.more-{number}")), after: vec![], ..step.clone() };
        more.risks = vec![Risk::new(RiskKind::Security, "x".repeat(200))];
        plan.steps.push(more);
    }
    plan.notes = (0..500).map(|n| Finding::new(Severity::Note, format!("note {n} {}", "y".repeat(300)))).collect();
    let markdown = plan_markdown(&plan, &kinds());
    assert!(markdown.len() < 65_536, "{}", markdown.len());
    for part in ["more-0", "and 1", "do not fit into a comment", "`bbws plan -v`", "</details>"] {
        assert!(markdown.contains(part), "{part}");
    }
    assert_eq!(markdown.matches("<details>").count(), markdown.matches("</details>").count());
    assert!(plan_html(&plan, &kinds()).contains("subnet.more-1999"), "a page has room for all of it");
}

#[test]
fn what_has_no_price_is_said_before_the_rest() {
    let mut plan = priced();
    let costs = plan.costs.as_mut().unwrap();
    costs.total.unpriced = ["rds.instance.db.t3.mircro.single-az".to_owned()].into();
    costs.total.cents = -1606;
    let told = text(&plan);
    let cost = "Cost: not known, without a price for rds.instance.db.t3.mircro.single-az; the rest: -$16.06 a month";
    let one_line = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains(cost), "{told}");
    assert!(plan_markdown(&plan, &kinds()).contains("**Cost:** not known, without a price for"));
}

#[test]
fn a_way_back_to_a_run_says_that_it_is_one() {
    let mut back = edited();
    back.basis.back_to = Some(bbws_model::RunId("01KB2J".into()));
    let told = text(&back);
    assert!(told.contains("; back to run 01KB2J") && told.contains("differs from what that run wanted in retention_days"), "{told}");
    assert!(told.contains("not wanted by that run") && !told.contains("the file"), "{told}");
    let mut nothing = planned(cluster(), &applied(&cluster()), Mode::Apply);
    let first = |plan: &bbws_model::Plan| text(plan).lines().next().unwrap().to_owned();
    assert_eq!(first(&nothing), "No changes: dev is what its file says.");
    nothing.basis.back_to.clone_from(&back.basis.back_to);
    assert_eq!(first(&nothing), "No changes: dev is what run 01KB2J wanted.");
}
