//! What is read of a Terraform state, and what is not.

use super::*;

fn read(text: &str) -> Result<TfState, TfError> {
    TfState::read(text.as_bytes().to_vec())
}

const STATE: &str = r#"{"version": 4, "terraform_version": "1.6.0", "serial": 3, "lineage": "x",
  "outputs": {"db_password": {"value": "canary-output-1", "type": "string", "sensitive": true}},
  "resources": [
    {"module": "module.data", "mode": "managed", "type": "aws_db_instance", "name": "main", "provider": "p", "instances": [
      {"schema_version": 2, "attributes": {"id": "db-ABC", "identifier": "poc-mysql", "password": "canary-pass-1", "username": "admin",
        "tags": {"Name": "x"}, "restore": [{"password": "canary-pass-2"}]}, "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]]}]},
    {"mode": "managed", "type": "aws_secretsmanager_secret_version", "name": "v", "instances": [
      {"attributes": {"id": "arn|v", "secret_id": "arn", "secret_string": "{\"username\":\"a\",\"password\":\"canary-pass-3\"}"}}]},
    {"mode": "managed", "type": "random_password", "name": "p", "instances": [{"attributes": {"id": "none", "result": "canary-pass-4", "bcrypt_hash": "canary-hash"}}]},
    {"mode": "data", "type": "aws_caller_identity", "name": "me", "instances": [{"attributes": {"id": "1"}}]},
    {"mode": "managed", "type": "aws_subnet", "name": "public", "instances": [
      {"index_key": 0, "attributes": {"id": "subnet-1", "cidr_block": "10.0.1.0/24"}, "sensitive_attributes": []},
      {"index_key": "b", "attributes": {"id": "subnet-2", "name": "canary-name"}, "sensitive_attributes": [[{"type": "get_attr", "value": "name"}]]},
      {"index_key": 0, "deposed": "00aa", "attributes": {"id": "subnet-0"}}]}]}"#;

#[test]
fn instances_have_terraforms_addresses() {
    let state = read(STATE).unwrap();
    let told: Vec<&str> = state.resources.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(
        told,
        [
            "module.data.aws_db_instance.main",
            "aws_secretsmanager_secret_version.v",
            "random_password.p",
            "data.aws_caller_identity.me",
            "aws_subnet.public[0]",
            "aws_subnet.public[\"b\"]"
        ]
    );
    assert_eq!((state.resources[4].name(), state.resources[4].text("id")), ("public", Some("subnet-1")));
}

#[test]
fn no_secret_is_kept_and_the_net_knows_them() {
    let told = format!("{:?}", read(STATE).unwrap());
    assert!(!told.contains("canary"), "{told}");
    for secret in ["canary-pass-1", "canary-pass-3", "canary-pass-4"] {
        assert_eq!(net::catch(secret), "<secret>");
    }
}

#[test]
fn other_files_say_what_they_are() {
    for (text, why) in [
        ("", "empty"),
        ("  \n", "empty"),
        ("PK\u{3}\u{4}", "a saved plan"),
        (r#"{"version": 3, "modules": []}"#, "format 3"),
        (r#"{"version": 5, "resources": []}"#, "format 5"),
        (r#"{"encrypted_data": "x", "encryption_version": "v0", "serial": 1, "lineage": "l"}"#, "encrypted"),
        (r#"{"format_version": "1.0", "values": {}}"#, "terraform show -json"),
        (r#"{"version": 3, "backend": {"type": "s3"}}"#, "where a state is kept"),
        (r#"{"a": 1}"#, "some other JSON"),
        ("resource \"aws_vpc\" {}", "is not JSON at line 1"),
        (&STATE[..STATE.len() / 2], "ends too early at line"),
        (r#"{"version": 4, "resources": {"a": "canary-form"}}"#, "not of the form"),
    ] {
        let told = read(text).unwrap_err().to_string();
        assert!(told.contains(why) && !told.contains("canary"), "{text}: {told}");
    }
}

#[test]
fn its_arns_tell_where_its_objects_are() {
    let state = read(
        r#"{"version": 4, "resources": [
          {"mode": "managed", "type": "aws_lb", "name": "a", "instances": [{"attributes": {"arn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1"}}]},
          {"mode": "managed", "type": "aws_iam_role", "name": "a", "instances": [{"attributes": {"arn": "arn:aws:iam::111122223333:role/x"}}]},
          {"mode": "managed", "type": "aws_s3_bucket", "name": "a", "instances": [{"attributes": {"arn": "arn:aws:s3:::x"}}]},
          {"mode": "data", "type": "aws_iam_role", "name": "b", "instances": [{"attributes": {"arn": "arn:aws:iam::444455556666:role/y"}}]}]}"#,
    )
    .unwrap();
    assert_eq!(state.places(), (["111122223333"].into(), ["eu-west-1"].into()));
}
