//! `secret-value`: where the database is, added to the credentials of a secret once that is known.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Secret, pace};

/// The fields of a secret's value that are no secrets: where the database of its credentials is.
///
/// The secret's other fields are kept as they are. Deleting it takes only these fields out again; the secret itself is
/// not touched.
pub enum SecretValue {}

/// What may be declared of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct SecretValueSpec<S: Stage> {
    /// The secret.
    pub secret: S::Ref<Arn<Secret>>,
    /// The database's host name.
    pub host: S::Text,
    /// The port it listens on.
    #[serde(default = "mysql_port")]
    pub port: u16,
    /// What it is: `mysql`.
    #[serde(default = "mysql")]
    pub engine: String,
    /// The database in it, where there is one of note.
    pub dbname: Option<String>,
}

/// What it offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecretValueOutputs {
    /// The version of the secret that holds all of it. A later one holds what somebody else changed since.
    pub version_id: String,
}

fn mysql_port() -> u16 {
    3306
}

fn mysql() -> String {
    "mysql".into()
}

impl Kind for SecretValue {
    const NAME: &'static str = "secret-value";
    const FACTS: Facts = Facts {
        service: "secretsmanager",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["db-instance"],
        recovery: Recovery::Idempotent,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::SECRETS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
        create: &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        update: &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        delete: &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("version_id")];
    type Spec<S: Stage> = SecretValueSpec<S>;
    type Outputs = SecretValueOutputs;

    fn check(want: &SecretValueSpec<Written>) -> Vec<SpecProblem> {
        let SecretValueSpec { secret: _, host, port, engine, dbname } = want;
        let mut problems = vec![];
        let empty = [
            ("host", host.known() == Some("")),
            ("port", *port == 0),
            ("engine", engine.is_empty()),
            ("dbname", dbname.as_deref() == Some("")),
        ];
        for (field, _) in empty.into_iter().filter(|(_, empty)| *empty) {
            problems.push(SpecProblem::new(field, format!("`{field}` is empty: whoever reads the secret could not reach the database")));
        }
        problems
    }

    fn diff(have: &SecretValueSpec<Written>, want: &SecretValueSpec<Written>) -> Diff {
        let SecretValueSpec { secret, host, port, engine, dbname } = want;
        Diff::new()
            .replace("secret", &have.secret, secret)
            .update("host", &have.host, host)
            .update("port", &have.port, port)
            .update("engine", &have.engine, engine)
            .update("dbname", &have.dbname, dbname)
    }

    fn replacement(have: &SecretValueSpec<Written>, want: &SecretValueSpec<Written>) -> Replacement {
        if have.secret == want.secret { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &SecretValueSpec<Written>) -> Meters {
        Meters::free()
    }

    /// The mark stands on the secret; where the database is stands in its value.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none().each("secretsmanager:DescribeSecret", ids()).each("secretsmanager:GetSecretValue", ids())
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> SecretValueSpec<Written> {
        let mut whole =
            json!({"secret": {"$ref": "secret.rds", "output": "arn"}, "host": {"$ref": "db-instance.main", "output": "address"}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"secret": "arn:x"}), Verb::Replace),
            (json!({"host": "db.example"}), Verb::Update),
            (json!({"port": 3307}), Verb::Update),
            (json!({"engine": "mariadb"}), Verb::Update),
            (json!({"dbname": "wp"}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = SecretValue::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn a_password_has_no_field_here() {
        let wrong = typed::<SecretValueSpec<Written>>(&json!({"secret": "arn:x", "host": "h", "password": "p"})).unwrap_err();
        assert!(wrong.message.contains("unknown field `password`"), "{}", wrong.message);
    }

    #[test]
    fn an_empty_host_is_told() {
        assert_eq!(SecretValue::check(&spec(json!({"host": "", "port": 0}))).len(), 2);
        assert!(SecretValue::check(&spec(json!({}))).is_empty());
    }
}
