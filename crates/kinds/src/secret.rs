//! `secret`: a container of Secrets Manager with a user name and a generated password, stored before anything uses them.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Unit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A secret and its generated credentials.
///
/// AWS keeps a deleted secret for its recovery window, and its name with it. Such a secret counts as gone; creating one
/// of ours again restores it with the value it had. Somebody else's shows itself as leaving, so that the name is known
/// to be taken.
pub enum Secret {}

/// What may be declared of a secret. Its value is never among it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Its name, up to 512 of `a-zA-Z0-9/_+=.@-`.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The KMS key that encrypts it, by its ARN. None: the account's own `aws/secretsmanager`.
    pub kms_key: Option<String>,
    /// Whether a user name and a password are generated into it while it has no value. Without, somebody else fills it.
    #[serde(default = "yes")]
    pub generate: bool,
    /// The user name that goes in beside the generated password. AWS does not show it with the secret.
    #[serde(default = "admin")]
    pub username: String,
    /// How many days it can be restored after it was deleted, 7 to 30. It counts when it is deleted; AWS does not keep it.
    #[serde(default = "month")]
    pub recovery_window_days: u8,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a secret offers others: where it is, never what it holds. All of it is known once it has its value, so that nobody
/// reads it before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecretOutputs {
    /// Its ARN. It ends with six letters of chance, which a secret of the same name would not have again.
    pub arn: Arn<Secret>,
    /// Its name.
    pub name: Name<Secret>,
    /// The version that holds the generated credentials. Adding host and port makes a newer version but not newer
    /// credentials, so this one stays. For a secret that others fill: its current version.
    pub version_id: Option<String>,
}

fn yes() -> bool {
    true
}

fn admin() -> String {
    "admin".into()
}

fn month() -> u8 {
    30
}

/// User names that MySQL on RDS does not take.
const RESERVED_NAMES: [&str; 4] = ["mysql", "rdsadmin", "rdsrepladmin", "root"];

/// Whether RDS takes this as the name of a master user of MySQL.
pub(crate) fn is_master_name(name: &str) -> bool {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() <= 16;
    fits && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !RESERVED_NAMES.contains(&name.to_lowercase().as_str())
}

impl Kind for Secret {
    const NAME: &'static str = "secret";
    const FACTS: Facts = Facts {
        service: "secretsmanager",
        id_prefix: "arn:",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(3, 2, 2, 10),
        pace: pace::SECRETS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["secretsmanager:DescribeSecret"],
        create: &["secretsmanager:CreateSecret", "secretsmanager:RestoreSecret", "secretsmanager:TagResource"],
        update: &[
            "secretsmanager:GetRandomPassword",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
        ],
        delete: &["secretsmanager:DeleteSecret"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("arn"), OutputFact::ready("name"), OutputFact::ready("version_id")];
    type Spec<S: Stage> = SecretSpec;
    type Outputs = SecretOutputs;

    fn check(want: &SecretSpec) -> Vec<SpecProblem> {
        let SecretSpec { name, description, kms_key, generate, username, recovery_window_days, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
            wrong("name", format!("`{name}` is no secret's name: up to 512 of a-z A-Z 0-9 / _ + = . @ -"));
        }
        let tail = name.rsplit('-').next().unwrap_or_default();
        if name.contains('-') && tail.len() == 6 && tail.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
            wrong(
                "name",
                format!("`{name}` ends like an ARN (`-` and six characters): AWS may take one secret for another; choose another end"),
            );
        }
        if description.len() > 2048 {
            wrong("description", "at most 2048 characters".into());
        }
        if kms_key.as_ref().is_some_and(|key| !key.starts_with("arn:")) {
            wrong("kms_key", "give the KMS key by its full ARN; AWS answers with that".into());
        }
        if *generate && RESERVED_NAMES.contains(&username.to_lowercase().as_str()) {
            wrong("username", format!("MySQL on RDS keeps the name `{username}` for itself: choose another, such as `admin`"));
        } else if *generate && !is_master_name(username) {
            wrong("username", format!("`{username}` is no master user name of a database: 1 to 16 letters, digits or `_`, a letter first"));
        }
        if !(7..=30).contains(recovery_window_days) {
            wrong("recovery_window_days", format!("AWS takes 7 to 30 days, not {recovery_window_days}"));
        }
        problems
    }

    fn diff(have: &SecretSpec, want: &SecretSpec) -> Diff {
        let SecretSpec { name, description, kms_key, generate, username, recovery_window_days, tags } = want;
        let diff = Diff::new()
            .forbid("name", &have.name, name, "a secret cannot be renamed, and a new one would have new credentials: declare a second secret, move the database to it, then remove this one")
            .update("description", &have.description, description)
            .update("kms_key", &have.kms_key, kms_key)
            // A value that is there is never generated again.
            .accepts("generate", have.generate || !generate, &have.generate, generate);
        // The name went in with the password; without a generated value it means nothing.
        let diff = if *generate && have.generate {
            diff.forbid(
                "username",
                &have.username,
                username,
                "credentials are never generated again: change the user in the database and in the secret's value, then here",
            )
        } else {
            diff
        };
        diff.update("recovery_window_days", &have.recovery_window_days, recovery_window_days).update("tags", &have.tags, tags)
    }

    /// A name is taken until the old secret is gone.
    fn replacement(have: &SecretSpec, want: &SecretSpec) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &SecretSpec) -> Meters {
        Meters::free().and("secretsmanager.secret", 1.0, Unit::Month)
    }

    /// The list of all secrets may lag by five minutes, so each is described.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().each("secretsmanager:DescribeSecret", of.iter().map(|it| it.id.as_str()))
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

    fn spec(edit: serde_json::Value) -> SecretSpec {
        let mut whole = json!({"name": "dev-rds-master-credentials"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let verbs =
            |have, want| Secret::diff(&spec(have), &spec(want)).into_changes().into_iter().map(|c| (c.field, c.verb)).collect::<Vec<_>>();
        for field in ["name", "username"] {
            let told = verbs(json!({}), json!({field: "other"}));
            assert!(matches!(told.as_slice(), [(name, Verb::Forbid(_))] if name == field), "{told:?}");
        }
        for (field, value) in
            [("description", json!("d")), ("kms_key", json!("arn:k")), ("recovery_window_days", json!(7)), ("tags", json!({"a": "b"}))]
        {
            assert_eq!(verbs(json!({}), json!({field: value})), [(field.to_owned(), Verb::Update)]);
        }
    }

    #[test]
    fn a_value_that_is_there_is_left() {
        let empty = json!({"generate": false});
        assert_eq!(Secret::diff(&spec(empty.clone()), &spec(json!({}))).changes()[0].field, "generate", "an empty secret is filled");
        assert!(Secret::diff(&spec(json!({})), &spec(empty)).is_empty(), "a value that others put in is none of our business");
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let fields = |edit| Secret::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "a b"})), ["name"]);
        assert_eq!(fields(json!({"name": "dev-AbCdE1"})), ["name"]);
        assert_eq!(fields(json!({"username": "root"})), ["username"]);
        assert_eq!(fields(json!({"username": "a name"})), ["username"]);
        assert_eq!(fields(json!({"recovery_window_days": 0})), ["recovery_window_days"]);
        assert!(fields(json!({})).is_empty());
    }
}
