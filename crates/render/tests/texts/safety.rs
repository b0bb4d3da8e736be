//! Refusals, warnings and questions.

use bbws_model::{Account, Mode, Owner, RunId, World};
use bbws_render::{
    Mismatch, Place, Refusal, account_mismatch, apply_question, destroy_question, fenced, locked, prod_refused, tenants_question, unlock,
    wrong_world,
};

use crate::plan::{grave, nothing_yet, open};
use crate::support::{PLAIN, address, applied, cluster, planned};

fn place(environment: &str, account: &str) -> Place {
    Place { environment: environment.into(), account: account.parse().unwrap(), profile: Some(format!("Tebogo-{environment}")) }
}

fn places() -> [Place; 3] {
    [place("dev", "536580886816"), place("prod", "093646564004"), place("sit", "815856636111")]
}

fn mismatch(asked: usize, found: &str, profile: Option<&str>) -> String {
    let (all, found): (_, Account) = (places(), found.parse().unwrap());
    let caller = format!("arn:aws:sts::{found}:assumed-role/admin/tebogo");
    let asked = &all[asked];
    account_mismatch(
        &Mismatch { asked, all: &all, found: &found, caller: &caller, profile, command: "apply", sandbox: false, flag: "" },
        PLAIN,
    )
}

#[test]
fn the_sandbox_names_no_command_of_aws() {
    let (all, found): (_, Account) = (places(), "536580886816".parse().unwrap());
    let caller = "arn:aws:sts::536580886816:assumed-role/admin/tebogo";
    let of = Mismatch {
        asked: &all[1],
        all: &all,
        found: &found,
        caller,
        profile: Some("Tebogo-prod"),
        command: "plan",
        sandbox: true,
        flag: " --sandbox-speed 60",
    };
    let text = account_mismatch(&of, PLAIN);
    for part in [
        "bbws plan dev --sandbox --sandbox-account 536580886816 --sandbox-speed 60",
        "bbws plan prod --sandbox --sandbox-account 093646564004 --sandbox-speed 60",
        "bbws plan sit --sandbox --sandbox-account 815856636111 --sandbox-speed 60",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!["sso", "AWS_", "Tebogo-dev", "use the credentials"].iter().any(|word| text.contains(word)), "{text}");
}

#[test]
fn the_wrong_account() {
    insta::assert_snapshot!(mismatch(1, "536580886816", Some("Tebogo-dev")));
}

#[test]
fn an_account_that_nobody_knows() {
    insta::assert_snapshot!(mismatch(0, "000000000001", None));
}

/// Whichever of the accounts the credentials belong to: all parts of the message are there.
#[test]
fn each_wrong_account_is_told_with_all_parts() {
    for asked in 0..3 {
        for found in 0..3 {
            if asked == found {
                continue;
            }
            let all = places();
            let text = mismatch(asked, all[found].account.as_str(), Some("x"));
            let third = &all[3 - asked - found];
            for part in [
                format!("you asked for {}", all[asked].environment),
                format!("expected account          {} ({})", all[asked].account, all[asked].environment),
                format!("actual account            {} ({})", all[found].account, all[found].environment),
                "profile in use            x".into(),
                "Impact: ".into(),
                format!("1. If you meant {}", all[found].environment),
                format!("2. If you meant {}", all[asked].environment),
                format!("3. If you meant {}", third.environment),
            ] {
                assert!(text.contains(&part), "{part}\n{text}");
            }
            assert!(text.lines().count() <= 12, "{text}");
        }
    }
}

#[test]
fn what_production_refuses() {
    let steps = Refusal::Steps(vec![(address("vpc.main"), "replace".into()), (address("db-instance.main"), "destroy".into())]);
    let told = [Refusal::NoApproval, Refusal::Import, Refusal::Unplanned("state rm".into()), Refusal::Destroy, steps]
        .map(|refusal| prod_refused("prod", ("", ""), &refusal, PLAIN));
    let flags = (" --sandbox --sandbox-principal deployer", " --sandbox --sandbox-principal approver");
    let there = [Refusal::NoApproval, Refusal::Unplanned("state rm".into())].map(|refusal| prod_refused("prod", flags, &refusal, PLAIN));
    insta::assert_snapshot!(told.into_iter().chain(there).collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_asked() {
    let plain = apply_question(&planned(cluster(), &nothing_yet(), Mode::Apply), PLAIN);
    let destroy = planned(cluster(), &applied(&cluster()), Mode::Destroy);
    let typed = destroy_question(&destroy, "wp-dev", PLAIN);
    for (number, told) in [(1, "One thing that is not bbws's stands on what"), (3, "3 things that are not bbws's stand on what")] {
        let asked = tenants_question(number, PLAIN);
        assert!(asked.text.starts_with(told) && asked.text.ends_with("Type their number to go on: "), "{}", asked.text);
        assert_eq!(asked.yes, number.to_string());
    }
    assert_eq!((plain.yes.as_str(), typed.yes.as_str()), ("yes", "wp-dev"));
    insta::assert_snapshot!(
        [plain.text, apply_question(&grave(), PLAIN).text, apply_question(&open(), PLAIN).text, typed.text].join("|\n\n")
    );
}

#[test]
fn a_state_of_another_world() {
    let endpoint = World::Endpoint("http://localhost:5000".into());
    let table = [(World::Sandbox, World::Aws), (World::Aws, World::Sandbox), (endpoint, World::Aws)];
    insta::assert_snapshot!(table.map(|(recorded, asked)| wrong_world("dev", &recorded, &asked, PLAIN)).join("\n"));
}

#[test]
fn an_environment_that_another_run_holds() {
    let owner = Owner {
        run: RunId("20261126-080000-k3f9".into()),
        user: "tebogo".into(),
        host: "laptop".into(),
        boot_id: "b".into(),
        pid_namespace: "n".into(),
        pid: 4711,
        pid_start: 1,
        command: "bbws apply dev".into(),
        ci: None,
        version: "0.1.0".into(),
    };
    let owner = Owner { ci: Some("https://ci.example/jobs/7".into()), ..owner };
    let (since, last) = ("2026-11-26T08:00:00Z".parse().ok(), "2026-11-26T08:03:10Z".parse().ok());
    let held = bbws_engine::Held { owner: owner.clone(), since, last, seq: 12 };
    let now = "2026-11-26T08:03:30Z".parse().unwrap();
    let narrow = bbws_render::Style { width: 80, ..PLAIN };
    assert!(locked(("dev", " --sandbox"), &held, now, narrow).lines().count() <= 12);
    insta::assert_snapshot!(
        [
            locked(("dev", " --sandbox"), &held, now, PLAIN),
            unlock("dev", &held, now, PLAIN),
            fenced(("dev", " --sandbox"), Some(&owner), PLAIN),
            fenced(("dev", " --sandbox"), None, PLAIN)
        ]
        .join("\n")
    );
}
