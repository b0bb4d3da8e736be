//! Imports and careful edits of the state, as text and for programs.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::Sighted;
use bbws_model::{Class, CloudError, Finding, IntentId, Ownership, PhysicalId, Severity};
use bbws_operate::import::{Becomes, Certainty, Discovered, Owned, Told, Unclear, Unlisted};
use bbws_operate::{Forgotten, Move};
use bbws_render::{Import, forgetting, moving};

use crate::support::{PLAIN, address, applied, cluster, kinds};

fn told(terraform: &str, becomes: Becomes) -> Told {
    Told { terraform: terraform.into(), becomes }
}

#[test]
fn an_import_before_it_is_agreed_to() {
    let (state, picture) = applied(&cluster());
    let seen = |at: &str| picture.recorded[&address(at)].clone().unwrap().unwrap();
    let found = ["vpc.main", "ecs-cluster.main", "log-group.ecs"].map(|at| (address(at), seen(at))).into();
    let findings = vec![
        Finding::new(Severity::Error, "vpc-9 belongs to another state of bbws")
            .at(&address("subnet.public-a"))
            .advise("forget it there first"),
    ];
    let sighted = Sighted { found, missing: ["role.ecs-task", "certificate.cdn", "dashboard.main"].map(address).into(), findings, state };
    let resource = |at: &str, certainty| Becomes::Resource { address: address(at), id: Some(PhysicalId::from("x")), certainty };
    let list = [
        told("module.vpc.aws_vpc.this[0]", resource("vpc.main", Certainty::Certain)),
        told("aws_ecs_cluster.main", resource("ecs-cluster.main", Certainty::Likely)),
        told("aws_s3_bucket_versioning.logs", Becomes::Part("bucket")),
        told("aws_lb_target_group.banana", Becomes::Left("belongs to the tenants".into())),
        told("aws_kms_alias.a\u{1b}[31m", Becomes::Unknown),
    ];
    let certainty =
        BTreeMap::from([(address("log-group.ecs"), (Certainty::Unsure, "found by its name, but no plan changes its kms_key".to_owned()))]);
    let stands = [Finding::new(Severity::Error, "`name` must not be changed by a plan").at(&address("log-group.ecs"))];
    let edits = ["[names] prefix = \"poc\"".to_owned()];
    let two = [("vpc-1", "Name poc, cidr 10.0.0.0/16"), ("vpc-2", "cidr 10.0.0.0/16")].map(|(id, about)| (id.into(), about.to_owned()));
    let unclear = Unclear { address: address("vpc.other"), why: "each of them has the CIDR 10.0.0.0/16".into(), candidates: two.into() };
    let owner = Ownership { lineage: "01OTHER".into(), address: address("vpc.main"), intent: IntentId(String::new()) };
    let owned = Owned { address: address("vpc.other"), id: "vpc-9".into(), owner };
    let denied = CloudError {
        code: "AccessDeniedException".into(),
        ..CloudError::own("acm:ListCertificates", Class::Denied, "no policy allows it")
    };
    let unlisted = vec![Unlisted { kind: "certificate".into(), error: denied }];
    let discovered = Discovered {
        unclear: vec![unclear],
        owned: vec![owned],
        unlisted,
        in_doubt: [address("certificate.cdn")].into(),
        ..Discovered::default()
    };
    let waiting = BTreeSet::from([address("subnet.other")]);
    let import = Import {
        told: &list,
        certainty: &certainty,
        discovered: Some(&discovered),
        waiting: &waiting,
        environment: "dev",
        flag: "",
        sighted: &sighted,
        edits: &edits,
        afterwards: Err(&stands),
    };
    insta::assert_snapshot!(format!("{}\n---\n{:#}", import.text(&kinds(), PLAIN), import.json()));
}

#[test]
fn edits_of_the_state_say_what_they_lead_to() {
    let planned = Move {
        from: address("log-group.extra"),
        to: address("log-group.audit"),
        id: "/extra".into(),
        holders: vec![address("role-policy.ecs-task")],
        old_declared: true,
        new_declared: false,
    };
    let fine = Move { old_declared: false, new_declared: true, holders: vec![], ..planned.clone() };
    let forgotten =
        [("log-group.extra", true), ("vpc.main", false)].map(|(at, declared)| Forgotten { address: address(at), id: "x".into(), declared });
    insta::assert_snapshot!([moving(&planned, PLAIN), moving(&fine, PLAIN), forgetting(&forgotten, PLAIN)].join("---\n"));
}
