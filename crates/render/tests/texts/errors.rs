//! Every class of error as a failed run tells it: operation, address, cause, next command, in twelve lines at most.

use std::time::Duration;

use bbws_model::{Address, Class, CloudError, Counts, Event, Mode, Outcome, RunId, Stamped, StepId};
use bbws_render::{At, ErrorId, Quota, Style, Summary, advice};

use crate::support::{PLAIN, address};

/// An error of AWS, and where it comes.
struct Case {
    address: Address,
    verb: &'static str,
    error: CloudError,
    name: Option<&'static str>,
    quota: Option<Quota>,
}

fn case(at: &str, verb: &'static str, (operation, class): (&str, Class), code: &str, message: &str) -> Case {
    let error = CloudError {
        operation: operation.into(),
        class,
        code: code.into(),
        message: message.into(),
        request_id: Some("5f3a0b6e-7c9d-4a52-9f0e-1a2b3c4d5e6f".into()),
    };
    Case { address: address(at), verb, error, name: None, quota: None }
}

fn own(at: &str, verb: &'static str, (operation, class): (&str, Class), message: &str) -> Case {
    Case { error: CloudError::own(operation, class, message), ..case(at, verb, (operation, class), "", message) }
}

/// What AWS answers, as it words it.
fn cases() -> Vec<Case> {
    let denied = "You are not authorized to perform this operation. User: arn:aws:sts::536580886816:assumed-role/bbws-ci/run-42 is not \
                  authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:af-south-1:536580886816:vpc/* because no identity-based \
                  policy allows the ec2:CreateVpc action. Encoded authorization failure message: ";
    let blob = "x".repeat(900);
    vec![
        case("vpc.main", "create", ("ec2:CreateVpc", Class::Throttled), "RequestLimitExceeded", "Request limit exceeded."),
        own(
            "db-instance.main",
            "create",
            ("rds:DescribeDBInstances", Class::Transient),
            "dispatch failure: io error: client error (Connect): tcp connect error: Connection timed out (os error 110)",
        ),
        case("vpc.main", "create", ("ec2:DescribeVpcs", Class::Transient), "InternalError", "An internal error has occurred"),
        own(
            "db-instance.main",
            "create",
            ("rds:CreateDBInstance", Class::Ambiguous),
            "timeout has occurred: error has occurred: timeout: operation attempt timeout (single attempt) occurred after 60s",
        ),
        own("vpc.main", "create", ("ec2:CreateVpc", Class::Withheld), "the lease on the environment is 31 s old"),
        case(
            "subnet.public-a",
            "create",
            ("ec2:CreateSubnet", Class::NotVisibleYet),
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        ),
        case(
            "subnet.public-a",
            "create",
            ("ec2:CreateSubnet", Class::Absent),
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-0fef12bc5bbdd20a4' does not exist",
        ),
        own(
            "security-group.alb",
            "create",
            ("security-group", Class::Exists),
            "sg-0dd1a87b16d7529be exists already and bears no mark of bbws: import it, or choose another name",
        ),
        Case {
            name: Some("wp-ecs-task"),
            ..case(
                "role.ecs-task",
                "create",
                ("iam:CreateRole", Class::Exists),
                "EntityAlreadyExists",
                "Role with name wp-ecs-task already exists.",
            )
        },
        Case {
            name: Some("wp-dev-cdn-logs"),
            ..case(
                "bucket.cdn-logs",
                "create",
                ("s3:CreateBucket", Class::Exists),
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system.",
            )
        },
        case(
            "db-instance.main",
            "update",
            ("rds:ModifyDBInstance", Class::Conflict),
            "InvalidDBInstanceState",
            "Database instance is not in available state.",
        ),
        case(
            "security-group.rds",
            "delete",
            ("ec2:DeleteSecurityGroup", Class::Dependency),
            "DependencyViolation",
            "resource sg-021d817ed626804fb has a dependent object",
        ),
        Case {
            quota: Some(Quota { used: 5, of: Some(5) }),
            ..case(
                "vpc.main",
                "create",
                ("ec2:CreateVpc", Class::Limit),
                "VpcLimitExceeded",
                "The maximum number of VPCs has been reached.",
            )
        },
        case("role.ecs-task", "create", ("iam:CreateRole", Class::Limit), "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        case("log-group.ecs", "create", ("logs:CreateLogGroup", Class::Limit), "LimitExceededException", "Resource limit exceeded."),
        case("vpc.main", "create", ("ec2:CreateVpc", Class::Denied), "UnauthorizedOperation", &format!("{denied}{blob}")),
        case(
            "task-definition.db-init",
            "create",
            ("ecs:RegisterTaskDefinition", Class::Denied),
            "AccessDeniedException",
            "User: arn:aws:sts::536580886816:assumed-role/bbws-ci/run-42 is not authorized to perform: iam:PassRole on resource: \
             arn:aws:iam::536580886816:role/wp-dev-ecs-execution because no identity-based policy allows the iam:PassRole action",
        ),
        case(
            "bucket.alb-logs",
            "create",
            ("s3:CreateBucket", Class::Denied),
            "AccessDenied",
            "User: arn:aws:iam::536580886816:user/tebogo is not authorized to perform: s3:CreateBucket with an explicit deny in a service control policy",
        ),
        case(
            "vpc.main",
            "create",
            ("ec2:CreateVpc", Class::Denied),
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn",
        ),
        case("vpc.main", "create", ("ec2:CreateVpc", Class::Credentials), "RequestExpired", "Request has expired."),
        case(
            "bucket.cdn-logs",
            "create",
            ("s3:CreateBucket", Class::Credentials),
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        case("vpc.main", "create", ("ec2:CreateVpc", Class::AccountState), "OptInRequired", "You are not subscribed to this service."),
        case(
            "load-balancer.main",
            "create",
            ("elasticloadbalancing:CreateLoadBalancer", Class::AccountState),
            "OperationNotPermitted",
            "This AWS account currently does not support creating load balancers. For more information, please contact AWS Support.",
        ),
        case(
            "elastic-ip.nat-a",
            "create",
            ("ec2:AllocateAddress", Class::Capacity),
            "InsufficientAddressCapacity",
            "Not enough addresses.",
        ),
        case(
            "db-instance.main",
            "create",
            ("rds:CreateDBInstance", Class::Invalid),
            "InvalidParameterCombination",
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass=db.t3.micro, Engine=mysql",
        ),
        case(
            "db-instance.main",
            "delete",
            ("rds:DeleteDBInstance", Class::Denied),
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ),
        Case {
            error: CloudError {
                code: CloudError::STILL_PENDING.into(),
                request_id: None,
                ..CloudError::own(
                    "certificate",
                    Class::Transient,
                    "it is still `pending: AWS looks for the validation of *.wpdev.kimmyai.io: _a1.wpdev.kimmyai.io CNAME \
                     _b2.acm-validations.aws` after 90 minutes",
                )
            },
            ..case("certificate.cdn", "create", ("certificate", Class::Transient), "", "")
        },
    ]
}

/// The end of a run in which this step fails.
fn run(case: &Case, style: Style) -> String {
    let at = |secs: u64, event: Event| {
        let begun: jiff::Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        Stamped { at: begun + Duration::from_secs(secs), elapsed: Duration::from_secs(secs), event }
    };
    let (step, run) = (StepId(0), RunId("01KB2Z0000000000000000RUN2".into()));
    let counts = Counts::default();
    let mut summary = Summary::new();
    summary.knows("af-south-1", case.name.iter().map(|name| (case.address.clone(), (*name).to_owned())).collect());
    summary.can_go_back_to(RunId("01KB2Y0000000000000000RUN1".into()));
    if let Some(quota) = case.quota {
        summary.has_used(case.address.clone(), quota);
    }
    let (verb, expected) = (case.verb.to_owned(), Duration::from_secs(4));
    for event in [
        Event::RunStarted { environment: "dev".into(), run, mode: Mode::Apply },
        Event::StepStarted { step, address: case.address.clone(), verb, expected },
        Event::StepFailed { step, address: case.address.clone(), error: case.error.clone() },
        Event::RunFinished { outcome: Outcome::Failed, counts, took: Duration::from_secs(3), own: Duration::from_millis(20) },
    ] {
        summary.fold(&at(3, event));
    }
    summary.text(style)
}

/// The part that tells the error.
fn error(case: &Case, style: Style) -> String {
    let text = run(case, style);
    text.split("\n\n").next().unwrap_or_default().to_owned()
}

#[test]
fn every_error_as_it_is_told() {
    let all: Vec<String> = cases().iter().map(|case| error(case, PLAIN)).collect();
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn how_to_go_on_and_back() {
    insta::assert_snapshot!(run(&cases()[12], PLAIN));
}

#[test]
fn every_error_names_operation_address_cause_and_next_command_in_twelve_lines() {
    for case in cases() {
        for width in [80, 110, 140] {
            let text = error(&case, Style { width, ..PLAIN });
            let lines = text.lines().count();
            assert!(lines <= 12, "{lines} lines at {width} columns:\n{text}");
            let id = ErrorId::of(&case.error).about().id;
            for part in [case.address.to_string().as_str(), &case.error.operation, id, "bbws "] {
                assert!(text.contains(part), "{part} in\n{text}");
            }
            let cause = if case.error.code.is_empty() { &case.error.message[..12] } else { case.error.code.as_str() };
            assert!(text.contains(cause), "{cause} in\n{text}");
            assert!(!text.contains("xxxxxxxxxx"), "the blob is private:\n{text}");
        }
    }
}

/// Every error of the catalogue that a call can end with stands among the cases.
#[test]
fn no_class_is_left_out() {
    let told: std::collections::BTreeSet<ErrorId> = cases().iter().map(|case| ErrorId::of(&case.error)).collect();
    let of_calls = ErrorId::ALL.iter().take_while(|id| **id != ErrorId::Account);
    let missing: Vec<&ErrorId> = of_calls.filter(|id| !told.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_not_known_is_left_to_be_filled_in() {
    let told = advice(&CloudError::own("iam:CreateRole", Class::Exists, ""), &At::default()).join("\n");
    assert!(told.contains("bbws import ENV ADDRESS ID"), "{told}");
}
