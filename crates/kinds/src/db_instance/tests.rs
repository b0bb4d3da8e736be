use super::*;
use bbws_model::{Verb, typed};
use serde_json::{Value, json};

fn spec(edit: Value) -> DbInstanceSpec<Written> {
    let mut whole = json!({
        "name": "dev-mysql", "class": "db.r5.large", "engine_version": "8.0.40", "storage_gib": 100,
        "subnet_group": {"$ref": "db-subnet-group.main", "output": "name"}, "security_groups": ["sg-1"],
        "parameter_group": {"$ref": "db-parameter-group.main", "output": "name"},
        "password": {"secret": {"$ref": "secret.rds", "output": "arn"}, "version": {"$ref": "secret.rds", "output": "version_id"}},
        "backup_days": 7, "kms_key": "arn:aws:kms:af-south-1:1:key/a",
    });
    whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
    typed(&whole).unwrap()
}

/// Field, verb, number of risks and whether a copy comes first, of all that differs.
fn told(have: Value, want: Value) -> Vec<(String, &'static str, usize, bool)> {
    let diff = DbInstance::diff(&spec(have), &spec(want));
    let verb = |verb: &Verb| match verb {
        Verb::Update => "update",
        Verb::Replace => "replace",
        Verb::Forbid(_) => "forbid",
        Verb::WriteOnly => "write-only",
    };
    diff.changes().iter().map(|c| (c.field.clone(), verb(&c.verb), c.risks.len(), c.backup)).collect()
}

#[test]
fn each_field_has_its_verb() {
    let table = [
        ("name", json!("other"), "forbid", 0, false),
        ("class", json!("db.r5.xlarge"), "update", 1, true),
        ("engine_version", json!("8.0.42"), "update", 1, true),
        ("engine_version", json!("8.4"), "update", 2, true),
        ("engine_version", json!("5.7"), "forbid", 0, false),
        ("storage_gib", json!(200), "update", 0, true),
        ("max_storage_gib", json!(500), "update", 0, false),
        ("storage_type", json!("gp2"), "update", 0, true),
        ("iops", json!(12000), "update", 0, false),
        ("throughput", json!(500), "update", 0, false),
        ("encrypted", json!(false), "forbid", 0, false),
        ("kms_key", json!("arn:aws:kms:af-south-1:1:key/b"), "forbid", 0, false),
        ("public", json!(true), "update", 1, false),
        ("subnet_group", json!("other"), "forbid", 0, false),
        ("security_groups", json!(["sg-2"]), "update", 1, false),
        ("port", json!(3307), "update", 1, false),
        ("parameter_group", json!("other"), "update", 1, false),
        ("username", json!("root2"), "forbid", 0, false),
        ("password", json!({"secret": "arn:x", "version": "v2"}), "write-only", 1, false),
        ("database", json!("wp"), "forbid", 0, false),
        ("multi_az", json!(true), "update", 0, false),
        ("backup_days", json!(14), "update", 0, false),
        ("backup_days", json!(1), "update", 1, false),
        ("backup_days", json!(0), "update", 1, true),
        ("backup_window", json!("02:00-03:00"), "update", 0, false),
        ("maintenance_window", json!("sat:03:00-sat:04:00"), "update", 0, false),
        ("deletion_protection", json!(true), "update", 0, false),
        ("copy_tags_to_snapshots", json!(false), "update", 0, false),
        ("auto_minor_upgrade", json!(false), "update", 0, false),
        ("extended_support", json!(false), "update", 1, false),
        ("log_exports", json!(["error", "slowquery"]), "update", 0, false),
        ("performance_insights", json!(true), "update", 0, false),
        ("iam_sign_in", json!(true), "update", 1, false),
        ("certificate_authority", json!("rds-ca-ecc384-g1"), "update", 1, false),
        ("tags", json!({"a": "b"}), "update", 0, false),
    ];
    for (field, value, verb, risks, backup) in table {
        assert_eq!(told(json!({}), json!({field: value})), [(field.to_owned(), verb, risks, backup)], "{field} {value}");
    }
    assert_eq!(told(json!({}), json!({"log_groups": ["/aws/rds/instance/dev-mysql/error"]})), [], "for the order only");
}

#[test]
fn a_wish_that_is_met_is_no_difference() {
    assert_eq!(told(json!({"engine_version": "8.0.42"}), json!({"engine_version": "8.0"})), []);
    assert_eq!(told(json!({"engine_version": "8.0.42"}), json!({})), [], "AWS installed a minor version by itself");
    assert_eq!(told(json!({"storage_gib": 140}), json!({})), [], "the storage grew");
    let undeclared = json!({"iops": 3000, "throughput": 125, "certificate_authority": "rds-ca-rsa2048-g1", "database": "wp"});
    assert_eq!(told(undeclared, json!({"kms_key": null})), [], "what is not declared has no opinion");
}

#[test]
fn giving_protection_up_is_a_risk() {
    let protected = json!({"deletion_protection": true, "multi_az": true});
    let given_up = told(protected, json!({}));
    assert_eq!(given_up, [("multi_az".to_owned(), "update", 1, false), ("deletion_protection".to_owned(), "update", 1, false)]);
}

#[test]
fn what_rds_would_refuse_is_told() {
    let fields = |edit| DbInstance::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
    let table = [
        ("name", json!("Dev-Mysql")),
        ("name", json!("a-name-of-more-than-sixty-three-characters-is-refused-by-rds-itself")),
        ("class", json!("t3.micro")),
        ("engine_version", json!("8")),
        ("storage_gib", json!(10)),
        ("max_storage_gib", json!(105)),
        ("storage_type", json!("gp2")),
        ("iops", json!(3000)),
        ("throughput", json!(500)),
        ("encrypted", json!(false)),
        ("kms_key", json!("alias/rds")),
        ("public", json!(true)),
        ("security_groups", json!([])),
        ("port", json!(80)),
        ("username", json!("rdsadmin")),
        ("backup_days", json!(36)),
        ("backup_window", json!("1-2")),
        ("maintenance_window", json!("sun:01:30-sun:02:30")),
    ];
    for (field, value) in table {
        assert_eq!(fields(json!({field: value})), [field], "{field} {value}");
    }
    assert_eq!(fields(json!({"class": "db.t3.micro", "performance_insights": true})), ["performance_insights"]);
    assert!(fields(json!({})).is_empty());
    assert!(fields(json!({"storage_gib": 400, "iops": 16000, "throughput": 1000})).is_empty());
}

#[test]
fn extended_support_is_billed_by_the_processor_and_the_standby() {
    let support = |edit| {
        let meters = DbInstance::meters(&spec(edit)).0;
        meters.iter().find(|m| m.item.contains("extended-support")).map(|m| m.quantity)
    };
    assert_eq!(support(json!({})), Some(1460.0));
    assert_eq!(support(json!({"multi_az": true})), Some(2920.0));
    assert_eq!(support(json!({"engine_version": "8.4"})), None);
    assert_eq!(support(json!({"extended_support": false})), None);
    assert_eq!(DbInstance::meters(&spec(json!({}))).0[0].item, "rds.instance.db.r5.large.single-az");
}

#[test]
fn what_gp3_has_by_itself_is_not_billed() {
    let items = |edit| {
        let meters = DbInstance::meters(&spec(edit)).0;
        meters.into_iter().filter(|m| m.item.contains("iops") || m.item.contains("throughput")).map(|m| m.quantity).collect::<Vec<_>>()
    };
    assert_eq!(items(json!({"storage_gib": 400, "iops": 12000, "throughput": 500})), [0.0; 0]);
    assert_eq!(items(json!({"storage_gib": 400, "iops": 16000, "throughput": 1000})), [4000.0, 500.0]);
}

#[test]
fn no_two_databases_leave_the_same_snapshot() {
    assert_eq!(final_snapshot("dev-mysql", "db-ABCDEF"), "dev-mysql-final-abcdef");
    assert_ne!(final_snapshot("dev-mysql", "db-ABCDEF"), final_snapshot("dev-mysql", "db-ABCDEG"));
    assert!(is_rds_name(&final_snapshot("dev-mysql", "db-ABCDEF0123456789ABCDEF0123"), 255));
}

#[test]
fn the_password_itself_has_no_field() {
    let mut whole = serde_json::to_value(spec(json!({}))).unwrap();
    whole["password"] = json!({"value": "hunter2"});
    assert!(typed::<DbInstanceSpec<Written>>(&whole).unwrap_err().field.starts_with("password"));
}
