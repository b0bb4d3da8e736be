use std::collections::BTreeMap;

use bbws_model::Address;

use super::*;

/// One line of AWS's service authorization reference.
#[derive(Debug, serde::Deserialize)]
struct Line {
    /// The types of resources that the action is judged on, each with the form of its ARN.
    resources: BTreeMap<String, String>,
    /// Those that are judged with every request.
    required: Vec<String>,
    /// Those whose tags may be asked for.
    tagged: Vec<String>,
    /// Further condition keys.
    keys: Vec<String>,
}

fn reference() -> BTreeMap<String, Line> {
    serde_json::from_str(include_str!("../../tests/authorization.json")).unwrap()
}

/// Types of which AWS tells elsewhere that they can be tagged, and that the reference does not have.
const UNTOLD: [(&str, &str); 7] = [
    ("cloudfront:ListTagsForResource", "function/"),
    ("cloudfront:TagResource", "function/"),
    ("cloudfront:UntagResource", "function/"),
    ("cloudwatch:ListTagsForResource", "dashboard/"),
    ("cloudwatch:TagResource", "dashboard/"),
    ("cloudwatch:UntagResource", "dashboard/"),
    ("logs:DeleteDeliverySource", "delivery-source:"),
];

fn all_kinds(lineage: Option<&str>) -> Ground {
    let kinds = bbws_kinds::all();
    let resource = |name: &str| {
        let address: Address = format!("{name}.main").parse().unwrap();
        let mut spec = json!({ "name": format!("wp-x-{name}"), "kms_key": "arn:aws:kms:af-south-1:536580886816:key/k" });
        match name {
            "task-definition" => {
                let role = |name: &str| json!({"$ref": format!("role.{name}"), "output": "arn"});
                spec =
                    json!({"family": "wp-x-tasks", "execution_role": role("main"), "task_role": "arn:aws:iam::536580886816:role/theirs"});
            }
            "flow-log" => spec["role"] = json!({"$ref": "role.main", "output": "arn"}),
            "role-policy-attachment" => spec = json!({"policy": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
            "hosted-zone" => spec["name"] = "wpx.kimmyai.io".into(),
            "distribution" => spec = json!({"origins": {"a": {"headers": {"X": {"secret": "header"}}}}}),
            _ => {}
        }
        Resource { address, spec, id: lineage.map(|_| format!("{name}-1")) }
    };
    Ground {
        environment: "x".into(),
        account: "536580886816".parse().unwrap(),
        region: "af-south-1".into(),
        lineage: lineage.map(str::to_owned),
        state: Some(StatePlace {
            bucket: "states".into(),
            region: "eu-west-1".into(),
            key: Some("arn:aws:kms:eu-west-1:536580886816:key/s".into()),
            others: ["y".to_owned()].into(),
        }),
        approval_key: Some("arn:aws:kms:af-south-1:536580886816:key/a".into()),
        audit_group: Some("/audit".into()),
        fenced: true,
        resources: kinds.iter().map(|kind| resource(kind.name())).collect(),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(|| value.as_str().into_iter().collect(), |all| all.iter().filter_map(Value::as_str).collect())
}

fn statements(policies: &Policies) -> Vec<&Value> {
    policies.documents.iter().flat_map(|one| one.policy["Statement"].as_array().unwrap()).collect()
}

#[test]
fn each_action_of_each_kind_is_known_and_stands_in_the_reference() {
    let reference = reference();
    for kind in bbws_kinds::all().iter() {
        let needed = kind.permissions();
        for action in [needed.observe, needed.create, needed.update, needed.delete].concat() {
            assert!(scope(action).is_some(), "{}: nobody says how far {action} can be narrowed", kind.name());
            assert!(reference.contains_key(action), "{}: AWS has no action {action}", kind.name());
        }
    }
}

/// What each resource and each condition of a policy is worth is for AWS to say: an action is judged on its own types of
/// resources only, and a key that it does not know is never fulfilled.
#[test]
fn what_is_demanded_is_what_aws_looks_at() {
    let (reference, kinds) = (reference(), bbws_kinds::all());
    for (purpose, lineage) in Purpose::ALL.into_iter().flat_map(|purpose| [(purpose, None), (purpose, Some("01L"))]) {
        let policies = policies(&all_kinds(lineage), &kinds, purpose);
        let mut judged_on: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for statement in statements(&policies) {
            let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            for action in actions {
                let line = reference.get(action).unwrap_or_else(|| panic!("AWS has no action {action}"));
                judged_on.entry(action).or_default().extend(&resources);
                let kind_of = |arn: &str| {
                    let what = arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
                    let fits = |form: &String| what.starts_with(form.splitn(6, ':').nth(5).unwrap().split('*').next().unwrap());
                    line.resources.iter().find(|(_, form)| fits(form)).map(|(kind, _)| kind.as_str())
                };
                for arn in resources.iter().filter(|arn| **arn != "*") {
                    let untold = UNTOLD.iter().any(|(of, what)| *of == action && arn.contains(what));
                    // A statement holds several actions, and each is judged on its own types.
                    let sid = statement["Sid"].as_str().unwrap();
                    let shared = sid.starts_with("Ec2") || sid.starts_with("Named") || sid.starts_with("AnyName");
                    assert!(kind_of(arn).is_some() || untold || shared, "{action} is never judged on {arn}");
                }
                for key in statement["Condition"]
                    .as_object()
                    .into_iter()
                    .flat_map(|all| all.values())
                    .flat_map(|one| one.as_object().unwrap().keys())
                {
                    let of_resources = |kind: &str| {
                        resources.iter().filter_map(|arn| kind_of(arn)).all(|one| line.tagged.iter().any(|t| t == one)) && kind == "tags"
                    };
                    let known = match key.as_str() {
                        "aws:RequestedRegion" => true,
                        "aws:ResourceTag/bbws:lineage" => of_resources("tags"),
                        "aws:RequestTag/bbws:lineage" => line.keys.iter().any(|key| key == "aws:RequestTag/*"),
                        other => line.keys.iter().any(|key| key == other),
                    };
                    assert!(known, "{action} in {}: AWS does not know {key} there", statement["Sid"]);
                }
            }
        }
        for (action, resources) in judged_on {
            for kind in &reference[action].required {
                let form = reference[action].resources[kind].splitn(6, ':').nth(5).unwrap().split('*').next().unwrap();
                let met = resources.iter().any(|arn| *arn == "*" || arn.splitn(6, ':').nth(5).unwrap_or_default().starts_with(form));
                // AWS's answers name the source; its reference names the destination. Listeners are of one sort of load balancer.
                let or_else = action == "logs:DeleteDeliverySource" || ["listener/gwy", "listener/net"].contains(&kind.as_str());
                assert!(met || or_else, "{action} needs a resource of type {kind}: {resources:?}");
            }
        }
    }
}

#[test]
fn whoever_only_looks_may_change_nothing_and_others_only_what_their_task_is() {
    const HARMLESS: [&str; 4] = ["cloudtrail:LookupEvents", "iam:SimulatePrincipalPolicy", "kms:Decrypt", "sts:DecodeAuthorizationMessage"];
    const STATE: [&str; 3] = ["kms:GenerateDataKey", "s3:DeleteObject", "s3:PutObject"];
    for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Apply) {
        let policies = policies(&all_kinds(Some("01L")), &bbws_kinds::all(), purpose);
        let actions = statements(&policies).into_iter().flat_map(|one| texts(&one["Action"]));
        let changing: BTreeSet<&str> = actions.filter(|action| !only_looks(action) && !HARMLESS.contains(action)).collect();
        let may: BTreeSet<&str> = match purpose {
            Purpose::Plan | Purpose::Drift | Purpose::Orphans | Purpose::Cost => [].into(),
            Purpose::Approve => ["kms:GenerateDataKey", "kms:Sign", "s3:PutObject"].into(),
            Purpose::Rebuild => STATE.into(),
            Purpose::Import => STATE.into_iter().chain(changing.iter().copied().filter(|action| marks(action))).collect(),
            _ => STATE
                .into_iter()
                .chain(changing.iter().copied().filter(|action| action.contains("Bucket") || action.contains("Configuration")))
                .collect(),
        };
        assert_eq!(changing, may, "{}", purpose.word());
    }
}

/// The key of approvals divides those who approve from those who apply.
#[test]
fn whoever_approves_signs_and_makes_approvals_and_whoever_applies_verifies() {
    let find = |purpose: Purpose, action: &str| -> Vec<Value> {
        let policies = policies(&all_kinds(Some("01L")), &bbws_kinds::all(), purpose);
        statements(&policies).into_iter().filter(|one| texts(&one["Action"]).contains(&action)).cloned().collect()
    };
    let key = json!("arn:aws:kms:af-south-1:536580886816:key/a");
    assert_eq!(find(Purpose::Approve, "kms:Sign")[0]["Resource"], key);
    assert_eq!(find(Purpose::Apply, "kms:Verify")[0]["Resource"], key);
    assert!(find(Purpose::Approve, "kms:Verify").is_empty() && find(Purpose::Apply, "kms:Sign").is_empty());
    let puts = find(Purpose::Approve, "s3:PutObject");
    assert_eq!(puts.len(), 1);
    assert_eq!(puts[0]["Resource"], "arn:aws:s3:::states/x/approvals/*");
    assert_eq!(puts[0]["Condition"], json!({"Null": {"s3:if-none-match": "false"}}), "made, and never written over");
}

#[test]
fn a_known_lineage_and_known_ids_narrow_it() {
    let kinds = bbws_kinds::all();
    let text = |lineage| {
        let policies = policies(&all_kinds(lineage), &kinds, Purpose::Apply);
        (statements(&policies).into_iter().map(ToString::to_string).collect::<String>(), policies.notes)
    };
    let (before, notes) = text(None);
    assert!(before.contains(r#""Null":{"aws:ResourceTag/bbws:lineage":"false"}"#) && before.contains("hostedzone/*"));
    assert!(notes.iter().any(|note| note.contains("Print it again")), "{notes:?}");
    let (after, notes) = text(Some("01L"));
    assert!(after.contains(r#""aws:ResourceTag/bbws:lineage":"01L""#) && !after.contains("Null"));
    assert!(after.contains("hostedzone/hosted-zone-1") && after.contains(r#""ec2:Vpc":"arn:aws:ec2:af-south-1:536580886816:vpc/vpc-1""#));
    assert!(!notes.iter().any(|note| note.contains("Print it again")), "{notes:?}");
}

#[test]
fn roles_are_passed_to_exactly_those_who_get_them() {
    let policies = policies(&all_kinds(None), &bbws_kinds::all(), Purpose::Apply);
    let pass: Vec<&Value> = statements(&policies).into_iter().filter(|one| one["Action"] == "iam:PassRole").collect();
    let shown: Vec<(&Value, &Value)> = pass.iter().map(|one| (&one["Resource"], &one["Condition"])).collect();
    let role = |name: &str| format!("arn:aws:iam::536580886816:role/{name}");
    let to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
    assert_eq!(
        shown,
        [
            (&json!([role("theirs"), role("wp-x-role")]), &to("ecs-tasks.amazonaws.com")),
            (&json!(role("wp-x-role")), &to("vpc-flow-logs.amazonaws.com")),
        ]
    );
}

#[test]
fn every_document_fits_and_every_statement_has_its_reason() {
    let policies = policies(&all_kinds(None), &bbws_kinds::all(), Purpose::Apply);
    assert!(policies.documents.len() > 1 && policies.notes[0].contains("attach all"));
    for document in &policies.documents {
        assert!(document.characters <= MOST, "{}: {}", document.name, document.characters);
    }
    let sids: BTreeSet<&str> = statements(&policies).into_iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    let told: BTreeSet<&str> = policies.reasons.iter().map(|one| one.sid.as_str()).collect();
    assert_eq!(sids, told);
    assert!(policies.reasons.iter().all(|one| !one.why.is_empty()));
}

/// What the simulation is asked is what the policies themselves allow: a caller who has them is not told that anything lacks.
#[test]
fn our_own_policies_say_yes_to_all_that_is_asked_of_the_simulation() {
    let kinds = bbws_kinds::all();
    for lineage in [None, Some("01L")] {
        let ground = all_kinds(lineage);
        let policies = policies(&ground, &kinds, Purpose::Apply);
        let needed: BTreeSet<&str> = actions(&ground, &kinds, Purpose::Apply);
        let probes = probes(&policies, &needed);
        let asked: BTreeSet<&str> = probes.iter().flat_map(|probe| &probe.actions).map(String::as_str).collect();
        assert_eq!(asked, needed);
        let documents: Vec<&Value> = policies.documents.iter().map(|one| &one.policy).collect();
        for probe in &probes {
            for action in &probe.actions {
                let permit =
                    bbws_model::Permit { action: action.clone(), resource: probe.resource.clone(), context: probe.context.clone() };
                assert_eq!(bbws_model::permits(documents.iter().copied(), &permit), bbws_model::Verdict::Allowed, "{permit:?}");
            }
        }
    }
}

/// What is taken over or found again may be called otherwise than the file has it: only the value of a secret is read by name.
#[test]
fn an_import_may_look_at_and_mark_what_has_any_name() {
    let resources = |purpose: Purpose, action: &str| -> Vec<String> {
        let policies = policies(&all_kinds(None), &bbws_kinds::all(), purpose);
        let of = statements(&policies).into_iter().filter(|one| texts(&one["Action"]).contains(&action));
        of.flat_map(|one| texts(&one["Resource"]).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    for (action, arn) in [
        ("iam:GetRole", "arn:aws:iam::536580886816:role/*"),
        ("iam:TagRole", "arn:aws:iam::536580886816:role/*"),
        ("s3:GetBucketPolicy", "arn:aws:s3:::*"),
        ("s3:PutBucketTagging", "arn:aws:s3:::*"),
        ("rds:AddTagsToResource", "arn:aws:rds:af-south-1:536580886816:db:*"),
        ("logs:TagResource", "arn:aws:logs:af-south-1:536580886816:log-group:*"),
        ("elasticloadbalancing:AddTags", "arn:aws:elasticloadbalancing:af-south-1:536580886816:loadbalancer/app/*"),
        ("sns:TagResource", "arn:aws:sns:af-south-1:536580886816:*"),
        ("secretsmanager:DescribeSecret", "arn:aws:secretsmanager:af-south-1:536580886816:secret:*"),
        ("cloudwatch:TagResource", "arn:aws:cloudwatch:af-south-1:536580886816:alarm:*"),
        ("ecs:DescribeClusters", "arn:aws:ecs:af-south-1:536580886816:cluster/*"),
    ] {
        let found = resources(Purpose::Import, action);
        assert!(found.iter().any(|one| one == arn), "{action}: {found:?}");
        assert!(!resources(Purpose::Apply, action).iter().any(|one| one == arn), "{action}: an apply knows the names");
    }
    assert!(resources(Purpose::Rebuild, "iam:GetRole").contains(&"arn:aws:iam::536580886816:role/*".to_owned()));
    let values = resources(Purpose::Import, "secretsmanager:GetSecretValue");
    assert!(!values.is_empty() && !values.iter().any(|arn| arn.ends_with(":*")), "{values:?}");
}
