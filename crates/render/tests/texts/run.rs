//! Runs: plain lines, frames, summaries.

use std::time::Duration;

use bbws_model::{Class, CloudError, Counts, Event, Mode, Outcome, Phase, RunId, Stamped, StepId, Why};
use bbws_render::{At, Lines, Progress, Style, Summary, advice};

use crate::support::{FANCY, PLAIN, address};

fn at(secs: u64, event: Event) -> Stamped {
    let begun: jiff::Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
    Stamped { at: begun + Duration::from_secs(secs), elapsed: Duration::from_secs(secs), event }
}

fn started(secs: u64, step: usize, of: &str, verb: &str, expected: u64) -> Stamped {
    at(secs, Event::StepStarted { step: StepId(step), address: address(of), verb: verb.into(), expected: Duration::from_secs(expected) })
}

fn waiting(secs: u64, step: usize, of: &str, why: &str, waited: u64) -> Stamped {
    at(
        secs,
        Event::StepWaiting {
            step: StepId(step),
            address: address(of),
            phase: Phase::Pending(why.into()),
            waited: Duration::from_secs(waited),
        },
    )
}

fn finished(secs: u64, step: usize, of: &str, took: u64) -> Stamped {
    at(
        secs,
        Event::StepFinished { step: StepId(step), address: address(of), took: Duration::from_secs(took), aws: Duration::from_secs(took) },
    )
}

fn limit() -> CloudError {
    CloudError {
        operation: "ec2:AllocateAddress".into(),
        class: Class::Limit,
        code: "AddressLimitExceeded".into(),
        message: "The maximum number of addresses has been reached.".into(),
        request_id: Some("5f3a0b6e-7c9d-4a52-9f0e-1a2b3c4d5e6f".into()),
    }
}

fn denied() -> CloudError {
    CloudError {
        operation: "ecs:RegisterTaskDefinition".into(),
        class: Class::Denied,
        code: "AccessDeniedException".into(),
        message: "User: arn:aws:sts::536580886816:assumed-role/ci/run is not authorized to perform: iam:PassRole on resource: \
                  arn:aws:iam::536580886816:role/wp-dev-ecs-task because no identity-based policy allows the iam:PassRole action"
            .into(),
        request_id: Some("r-2".into()),
    }
}

/// A run in which an address cannot be had and a role not be passed.
fn failing() -> Vec<Stamped> {
    let counts = Counts { add: 7, change: 1, ..Counts::default() };
    let done = Counts { add: 3, change: 1, ..Counts::default() };
    vec![
        at(0, Event::RunStarted { environment: "dev".into(), run: RunId("20261126-080000-k3f9".into()), mode: Mode::Apply }),
        at(1, Event::Observed { resources: 98, calls: 41 }),
        at(1, Event::Planned { counts }),
        started(1, 0, "vpc.main", "create", 4),
        started(1, 1, "elastic-ip.nat-a", "create", 2),
        started(1, 7, "log-group.ecs", "update", 1),
        at(
            2,
            Event::StepRetrying {
                step: StepId(7),
                address: address("log-group.ecs"),
                error: CloudError {
                    code: "ThrottlingException".into(),
                    ..CloudError::own("logs:PutRetentionPolicy", Class::Throttled, "Rate exceeded")
                },
                after: Duration::from_secs(2),
            },
        ),
        at(3, Event::StepFailed { step: StepId(1), address: address("elastic-ip.nat-a"), error: limit() }),
        at(3, Event::StepSkipped { step: StepId(4), address: address("nat-gateway.a"), because: Some(StepId(1)) }),
        at(3, Event::StepSkipped { step: StepId(5), address: address("route.private"), because: Some(StepId(1)) }),
        at(4, Event::StateSaved { seq: 9, serial: 3 }),
        finished(5, 0, "vpc.main", 4),
        finished(5, 7, "log-group.ecs", 4),
        started(5, 2, "load-balancer.main", "create", 120),
        started(5, 3, "task-definition.db-init", "create", 2),
        at(6, Event::StepFailed { step: StepId(3), address: address("task-definition.db-init"), error: denied() }),
        waiting(10, 2, "load-balancer.main", "AWS provisions it", 5),
        waiting(15, 2, "load-balancer.main", "AWS provisions it", 10),
        waiting(75, 2, "load-balancer.main", "AWS provisions it", 70),
        waiting(80, 2, "load-balancer.main", "its listeners are made", 75),
        finished(132, 2, "load-balancer.main", 127),
        at(
            133,
            Event::RunFinished { outcome: Outcome::Failed, counts: done, took: Duration::from_secs(133), own: Duration::from_millis(900) },
        ),
    ]
}

fn lines(events: &[Stamped]) -> String {
    let mut lines = Lines::new();
    events.iter().filter_map(|event| lines.line(event)).collect::<Vec<_>>().join("\n")
}

fn summary(events: &[Stamped], style: Style) -> String {
    let mut summary = Summary::new();
    events.iter().for_each(|event| summary.fold(event));
    summary.text(style)
}

fn frame(events: &[Stamped], steps: usize, secs: u64, style: Style, height: usize) -> String {
    let mut progress = Progress::new(steps);
    events.iter().filter(|event| event.elapsed.as_secs() <= secs).for_each(|event| progress.fold(event));
    let lines = progress.frame(Duration::from_secs(secs), style, height);
    assert!(lines.len() <= height);
    if !style.color {
        assert!(lines.iter().all(|line| line.chars().count() <= style.width), "{lines:#?}");
    }
    lines.join("\n")
}

#[test]
fn a_failing_run_line_by_line() {
    insta::assert_snapshot!(lines(&failing()));
}

#[test]
fn a_failing_run_in_the_end() {
    insta::assert_snapshot!(summary(&failing(), PLAIN));
}

#[test]
fn a_good_run_in_the_end() {
    let counts = Counts { add: 96, replace: 1, backup: 1, ..Counts::default() };
    let events = [
        at(0, Event::RunStarted { environment: "dev".into(), run: RunId("r".into()), mode: Mode::Apply }),
        at(700, Event::RunFinished { outcome: Outcome::Done, counts, took: Duration::from_secs(700), own: Duration::from_millis(3200) }),
    ];
    insta::assert_snapshot!(summary(&events, FANCY));
}

#[test]
fn a_run_that_was_stopped() {
    let stopped = Counts { destroy: 1, ..Counts::default() };
    let events = [
        at(0, Event::RunStarted { environment: "dev".into(), run: RunId("r".into()), mode: Mode::Destroy }),
        started(0, 0, "route.private", "delete", 2),
        at(1, Event::Stopping { why: Why::Drain }),
        at(1, Event::StepSkipped { step: StepId(1), address: address("vpc.main"), because: None }),
        finished(2, 0, "route.private", 2),
        at(2, Event::RunFinished { outcome: Outcome::Stopped, counts: stopped, took: Duration::from_secs(2), own: Duration::ZERO }),
    ];
    insta::assert_snapshot!(format!("{}\n\n{}\n\n{}", lines(&events), frame(&events, 2, 1, PLAIN, 10), summary(&events, PLAIN)));
}

#[test]
fn a_run_that_another_took_over_and_one_without_an_end() {
    let begun = at(0, Event::RunStarted { environment: "dev".into(), run: RunId("r".into()), mode: Mode::Apply });
    let end = Event::RunFinished { outcome: Outcome::Fenced, counts: Counts::default(), took: Duration::from_secs(2), own: Duration::ZERO };
    let fenced = [begun.clone(), at(1, Event::Stopping { why: Why::Fenced }), at(2, end)];
    insta::assert_snapshot!(format!("{}\n{}", summary(&fenced, PLAIN), summary(&[begun], PLAIN)));
}

#[test]
fn frames_of_every_size() {
    let mut shown = String::new();
    for (width, height) in [(100, 24), (60, 4), (30, 3), (24, 2), (12, 1)] {
        let style = Style { width, ..FANCY };
        shown.push_str(&format!("{width} x {height}\n{}\n\n", frame(&failing(), 8, 82, style, height)));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_busy_frame_says_how_many_it_hides() {
    let events: Vec<Stamped> = (0..40).map(|n| started(1, n, &format!("subnet.n{n:02}"), "create", 4)).collect();
    insta::assert_snapshot!(frame(&events, 40, 9, Style { width: 60, ..PLAIN }, 8));
}

#[test]
fn there_is_advice_for_every_class() {
    let classes = [
        Class::Throttled,
        Class::Transient,
        Class::Ambiguous,
        Class::Withheld,
        Class::NotVisibleYet,
        Class::Absent,
        Class::Exists,
        Class::Conflict,
        Class::Dependency,
        Class::Limit,
        Class::Denied,
        Class::Credentials,
        Class::AccountState,
        Class::Capacity,
        Class::Invalid,
    ];
    let told =
        classes.map(|class| format!("{class}: {}", advice(&CloudError::own("ec2:CreateVpc", class, ""), &At::default()).join("\n    ")));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_aws_says_in_so_many_words_has_its_own_advice() {
    let table = [
        ("OptInRequired", ""),
        ("VpcLimitExceeded", ""),
        ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        ("OperationNotPermitted", "This AWS account currently does not support creating load balancers."),
        ("InvalidSubnet", "VPC vpc-1 has no internet gateway"),
        ("BucketAlreadyExists", ""),
        ("RequestTimeTooSkewed", ""),
        ("SignatureDoesNotMatch", "Signature expired: 20261126T080000Z is now earlier than"),
        ("ExpiredToken", ""),
        ("ClientException", "CannotPullContainerError: pull image manifest has been retried"),
        ("AccessDenied", "User: arn:a is not authorized to perform: s3:CreateBucket with an explicit deny in a service control policy"),
    ];
    let told = table.map(|(code, message)| {
        let error = CloudError { code: code.into(), ..CloudError::own("x:Y", Class::Denied, message) };
        format!("{code}: {}", advice(&error, &At::default()).join("\n    "))
    });
    insta::assert_snapshot!(told.join("\n"));
}

/// The sorts of policies that AWS names, in its words.
#[test]
fn a_denial_says_whose_policy_it_is() {
    const SORTS: [&str; 7] = [
        "identity-based policy",
        "permissions boundary",
        "session policy",
        "resource-based policy",
        "service control policy",
        "resource control policy",
        "VPC endpoint policy",
    ];
    let why = SORTS.into_iter().flat_map(|sort| {
        let with = if sort.starts_with('i') { "an" } else { "a" };
        [format!("because no {sort} allows the s3:PutObject action"), format!("with an explicit deny in {with} {sort}")]
    });
    let told: Vec<String> = why
        .map(|why| {
            let who = "arn:aws:sts::536580886816:assumed-role/bbws-ci/run-42";
            let message = format!("User: {who} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k\" {why}");
            let error = CloudError { code: "AccessDenied".into(), ..CloudError::own("s3:PutObject", Class::Denied, message) };
            format!("{why}:\n    {}", advice(&error, &At::default()).join("\n    "))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_protected_is_no_lack_of_rights() {
    let table = [
        (
            "rds:DeleteDBInstance",
            "",
            "the database `dev-mysql` is protected against deletion: set `deletion_protection = false` on it",
            "[rds]",
        ),
        (
            "rds:DeleteDBInstance",
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection",
            "[rds]",
        ),
        (
            "elasticloadbalancing:DeleteLoadBalancer",
            "OperationNotPermitted",
            "Load balancer 'arn:lb' cannot be deleted because deletion protection is enabled",
            "[alb]",
        ),
    ];
    for (operation, code, message, section) in table {
        let error = CloudError { code: code.into(), ..CloudError::own(operation, Class::Denied, message) };
        let told = advice(&error, &At::default()).join(" ");
        assert!(told.contains(section) && told.contains("`deletion_protection = false`"), "{told}");
        assert!(!told.contains("policy") && !told.contains("may not do"), "{told}");
    }
}
