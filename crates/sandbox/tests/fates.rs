//! What the real SDK makes of each fate of a call, and what outlives the process.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bbws_aws::{Aws, Told, whoami};
use bbws_model::Class;
use bbws_sandbox::{CloudFile, Effect, Fate, Sandbox, Seen, refuse};

const ACCOUNT: &str = "536580886816";

fn aws(sandbox: &Sandbox) -> Aws {
    let aws = Aws::new(Arc::new(sandbox.clone()), "af-south-1");
    aws.gate().open();
    aws
}

async fn create(aws: &Aws) -> Result<(), bbws_model::CloudError> {
    aws.write.ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.told("ec2:CreateVpc").map(drop)
}

fn vpcs(sandbox: &Sandbox) -> usize {
    sandbox.sim().cloud().things().iter().filter(|thing| thing.kind == "vpc").count()
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_ambiguous_whatever_took_effect_and_nothing_is_sent_twice() {
    for seen in [Seen::TimedOut, Seen::Closed, Seen::Reset, Seen::Unreachable, Seen::Garbled, Seen::Cut, Seen::Silence] {
        for (effect, made) in [(Effect::Now, 1), (Effect::Never, 0)] {
            let sandbox = Sandbox::in_memory(ACCOUNT);
            let (aws, shown) = (aws(&sandbox), seen.clone());
            let fate = Fate { effect: effect.clone(), seen: shown, ..Fate::default() };
            sandbox.sim().set_weather(move |_| fate.clone());
            let error = create(&aws).await.unwrap_err();
            assert_eq!(
                (error.class, vpcs(&sandbox), sandbox.sim().calls().len()),
                (Class::Ambiguous, made, 1),
                "{seen:?} {effect:?}: {error}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_error_is_ambiguous_and_a_coded_refusal_is_certain() {
    let table = [
        (refuse(500, "InternalError", ""), Class::Ambiguous),
        (refuse(503, "RequestLimitExceeded", ""), Class::Throttled),
        (refuse(400, "VpcLimitExceeded", ""), Class::Limit),
    ];
    for (refusal, class) in table {
        let sandbox = Sandbox::in_memory(ACCOUNT);
        let (aws, code) = (aws(&sandbox), refusal.code);
        sandbox.sim().set_weather(move |_| Fate { effect: Effect::Never, seen: Seen::Refused(refusal.clone()), ..Fate::default() });
        let error = create(&aws).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str(), sandbox.sim().calls().len()), (class, code, 1));
        assert!(error.request_id.is_some(), "an answered call has its request id");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_takes_place_when_it_is_due() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let aws = aws(&sandbox);
    sandbox.sim().set_weather(|_| Fate { effect: Effect::Late(Duration::from_secs(45)), seen: Seen::TimedOut, ..Fate::default() });
    create(&aws).await.unwrap_err();
    assert_eq!(vpcs(&sandbox), 0);
    tokio::time::sleep(Duration::from_secs(46)).await;
    assert_eq!(vpcs(&sandbox), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_by_the_sdk() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let aws = aws(&sandbox);
    sandbox.sim().set_weather(|call| match call.attempt {
        1 => Fate { seen: Seen::Refused(refuse(503, "Unavailable", "")), ..Fate::default() },
        _ => Fate::default(),
    });
    assert_eq!(whoami(&aws.read).await.unwrap().account.as_str(), ACCOUNT);
    assert_eq!(sandbox.sim().calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_mutates_through_a_shut_gate_or_a_reading_client() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let aws = Aws::new(Arc::new(sandbox.clone()), "af-south-1");
    let shut = create(&aws).await.unwrap_err();
    assert_eq!((shut.class, shut.message.as_str()), (Class::Invalid, "the account has not been checked yet"));
    aws.gate().open();
    let reading = aws.read.ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.told("ec2:CreateVpc").unwrap_err();
    assert!(reading.message.contains("may only read"), "{reading}");
    assert_eq!((sandbox.sim().calls().len(), vpcs(&sandbox)), (0, 0), "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_simulated_says_so_and_reaches_no_network() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let error = aws(&sandbox).read.ec2.describe_images().send().await.told("ec2:DescribeImages").unwrap_err();
    assert!(error.message.contains("sandbox: not simulated: EC2.DescribeImages"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn two_users_of_one_file_share_the_cloud_and_it_outlives_both() {
    let dir = tempfile::tempdir().unwrap();
    let (file, now) = (CloudFile::new(dir.path()), SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    let open = || Sandbox::in_file(ACCOUNT, file.clone(), now, 1.0).unwrap();
    let (one, other) = (open(), open());
    create(&aws(&one)).await.unwrap();
    create(&aws(&other)).await.unwrap();
    let there = aws(&one).read.ec2.describe_vpcs().send().await.unwrap();
    assert_eq!(there.vpcs().len(), 2, "each sees what the other made");
    drop((one, other));
    assert_eq!(vpcs(&open()), 2);
    let outcomes: Vec<_> = file.calls().unwrap().into_iter().map(|call| (call.operation, call.outcome)).collect();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[0], ("CreateVpc".into(), "ok".into()));
    std::fs::write(dir.path().join("cloud.json"), b"{").unwrap();
    assert!(file.load().unwrap_err().to_string().contains("bbws sandbox reset"), "a damaged file says what to do");
    file.reset().unwrap();
    assert_eq!(vpcs(&open()), 0);
}

#[tokio::test(start_paused = true)]
async fn time_that_passed_until_a_read_has_passed_for_the_next_process_too() {
    let dir = tempfile::tempdir().unwrap();
    let (file, now) = (CloudFile::new(dir.path()), SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    let open = || Sandbox::in_file(ACCOUNT, file.clone(), now, 1.0).unwrap();
    let sandbox = open();
    create(&aws(&sandbox)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    aws(&sandbox).read.ec2.describe_vpcs().send().await.unwrap();
    assert!(open().sim().clock().seconds() >= 1_767_225_600 + 600);
}
