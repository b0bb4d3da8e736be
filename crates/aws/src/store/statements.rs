//! The statements that a state bucket's policy must have. All of them deny: to add one never opens anything.

use bbws_model::PolicyDocument;
use serde_json::{Value, json};

use super::Place;

/// What of the log's layout is only ever made, never written over.
const MADE_ONCE: [&str; 3] = ["log", "checkpoints", "approvals"];

fn wanted(place: &Place) -> Vec<Value> {
    let bucket = format!("arn:aws:s3:::{}", place.bucket);
    let objects = format!("{bucket}/*");
    let deny = |sid: &str, action: Value, resource: Value, condition: Value| json!({"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition});
    let made_once: Vec<String> = MADE_ONCE.iter().map(|part| format!("{bucket}/*/{part}/*")).collect();
    let header = "s3:x-amz-server-side-encryption";
    let key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let mut all = vec![
        deny("BbwsTlsOnly", json!("s3:*"), json!([bucket, objects]), json!({"Bool": {"aws:SecureTransport": "false"}})),
        deny("BbwsTls12", json!("s3:*"), json!([bucket, objects]), json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}})),
        deny("BbwsMadeOnce", json!("s3:PutObject"), json!(made_once), json!({"Null": {"s3:if-none-match": "true"}})),
        // A request that names no encryption gets the bucket's own.
        deny(
            "BbwsKmsOnly",
            json!("s3:PutObject"),
            json!(objects),
            json!({"Null": {(header): "false"}, "StringNotEquals": {(header): ["aws:kms", "aws:kms:dsse"]}}),
        ),
        // The state's own deletes hide, and destroy nothing; what was hidden can be brought back. An administrator who must
        // destroy a version takes this statement away first.
        json!({"Sid": "BbwsKeepVersions", "Effect": "Deny", "Principal": "*",
            "Action": ["s3:DeleteBucket", "s3:DeleteObjectVersion"], "Resource": [bucket, objects]}),
    ];
    // Whoever applies must not be able to write the approval as well.
    if !place.approvers.is_empty() {
        let approvals = format!("{bucket}/{}/approvals/*", place.environment);
        all.push(deny(
            "BbwsApprovers",
            json!("s3:PutObject"),
            json!(approvals),
            json!({"ArnNotLike": {"aws:PrincipalArn": place.approvers}}),
        ));
    }
    // A request may name an alias or the key behind it: only a key itself can be compared.
    if let Some(arn) = place.kms_key.as_ref().filter(|arn| arn.contains(":key/")) {
        let condition = json!({"Null": {(key): "false"}, "StringNotEquals": {(key): arn}});
        all.push(deny("BbwsKeyOnly", json!("s3:PutObject"), json!(objects), condition));
    }
    all
}

fn statements(policy: Option<&PolicyDocument>) -> Vec<Value> {
    match policy.map(|policy| &policy.value()["Statement"]) {
        None | Some(Value::Null) => vec![],
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
    }
}

/// Compares without the name: policies are equal if they say the same.
fn says(statement: &Value) -> PolicyDocument {
    let mut bare = statement.clone();
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("Sid");
    }
    PolicyDocument::new(json!({ "Statement": [bare] }))
}

/// What a policy does not say yet.
pub(super) fn missing(place: &Place, have: Option<&PolicyDocument>) -> Vec<Value> {
    let have: Vec<PolicyDocument> = statements(have).iter().map(says).collect();
    wanted(place).into_iter().filter(|one| !have.contains(&says(one))).collect()
}

/// The policy with what it does not say yet. All that it says stays.
pub(super) fn whole(place: &Place, have: Option<&PolicyDocument>) -> PolicyDocument {
    let mut all = statements(have);
    for mut one in missing(place, have) {
        let name = one["Sid"].as_str().unwrap_or_default().to_owned();
        let taken = |name: &str| all.iter().any(|other| other["Sid"] == name);
        let free = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}{n}"))).find(|name| !taken(name));
        one["Sid"] = free.unwrap_or(name).into();
        all.push(one);
    }
    let version = have.map_or(Value::Null, |policy| policy.value()["Version"].clone());
    let version = if version.is_null() { json!("2012-10-17") } else { version };
    PolicyDocument::new(json!({"Version": version, "Statement": all}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(kms_key: Option<&str>) -> Place {
        let owner = "536580886816".parse().unwrap();
        Place { bucket: "b".into(), owner, environment: "dev".into(), kms_key: kms_key.map(str::to_owned), approvers: vec![] }
    }

    #[test]
    fn a_policy_is_added_to_and_never_taken_from() {
        let place = place(Some("arn:aws:kms:af-south-1:536580886816:key/k"));
        let fresh = whole(&place, None);
        assert_eq!(statements(Some(&fresh)).len(), 6);
        assert_eq!(missing(&place, Some(&fresh)), Vec::<Value>::new());
        assert_eq!(missing(&place, Some(&PolicyDocument::parse(&fresh.to_text()).unwrap())), Vec::<Value>::new(), "as AWS gives it back");

        let theirs = json!({"Sid": "BbwsTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}});
        let mixed = whole(&place, Some(&PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": theirs}))));
        let all = statements(Some(&mixed));
        assert!(all.contains(&theirs) && all.len() == 7, "{all:?}");
        assert!(all.iter().any(|one| one["Sid"] == "BbwsTlsOnly2"), "each name once");
        assert_eq!(whole(&place, Some(&mixed)), mixed);
    }

    #[test]
    fn who_may_approve_is_part_of_it_and_each_environment_has_its_own() {
        let place = Place { approvers: vec!["arn:aws:iam::536580886816:role/approver".into()], ..place(None) };
        let fence = wanted(&place).into_iter().find(|one| one["Sid"] == "BbwsApprovers").unwrap();
        assert_eq!(fence["Resource"], "arn:aws:s3:::b/dev/approvals/*");
        let sit = Place { environment: "sit".into(), ..place.clone() };
        let both = whole(&sit, Some(&whole(&place, None)));
        assert!(missing(&place, Some(&both)).is_empty() && missing(&sit, Some(&both)).is_empty());
        let others = Place { approvers: vec!["arn:aws:iam::536580886816:role/other".into()], ..place };
        assert_eq!(missing(&others, Some(&both)).len(), 1, "other approvers are another fence");
    }

    #[test]
    fn only_a_key_is_compared_not_an_alias() {
        assert_eq!(wanted(&place(None)).len(), 5);
        assert_eq!(wanted(&place(Some("arn:aws:kms:af-south-1:536580886816:alias/state"))).len(), 5);
    }
}
