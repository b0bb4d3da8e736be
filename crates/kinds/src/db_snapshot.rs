//! `db-snapshot`: a copy of what a database holds.

use bbws_model::{
    Arn, BackupRule, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Phase, Reads, Recorded,
    Recovery, Replacement, Severity, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::db_parameter_group::{is_rds_name, rds_name_rule};
use crate::{DbInstance, pace};

/// A copy of what a database holds, under a name. It outlives the database, and stays until somebody deletes it.
pub enum DbSnapshot {}

/// What may be declared of a DB snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct DbSnapshotSpec<S: Stage> {
    /// Its name, up to 255 of `a-z0-9-`, a letter first; unique in the region.
    pub name: String,
    /// The database it is a copy of.
    pub instance: S::Ref<Name<DbInstance>>,
    /// Its tags, beside those that RDS copies from the database.
    #[serde(default)]
    pub tags: Tags,
}

/// What a DB snapshot offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbSnapshotOutputs {
    /// Its name, known once the copy is complete.
    pub name: Name<DbSnapshot>,
    /// Its ARN.
    pub arn: Arn<DbSnapshot>,
    /// The full MySQL version of what it holds.
    pub engine_version: String,
    /// GiB of storage that a database restored from it has at least.
    pub storage_gib: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// How a database is copied before something may harm what it holds. Deleting one leaves its last copy by itself.
pub(crate) const BACKUP: BackupRule =
    BackupRule { kind: DbSnapshot::NAME, spec: |of, name| json!({"name": name, "instance": of}), left_by_delete: Some("final_snapshot") };

impl Kind for DbSnapshot {
    const NAME: &'static str = "db-snapshot";
    const FACTS: Facts = Facts {
        service: "rds",
        id_prefix: "",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["db-instance"],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(240, 5, 15, 180),
        pace: pace::RDS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["rds:DescribeDBSnapshots"],
        create: &["rds:CreateDBSnapshot", "rds:AddTagsToResource"],
        update: &["rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
        delete: &["rds:DeleteDBSnapshot"],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        OutputFact::ready("name"),
        OutputFact::created("arn"),
        OutputFact::created("engine_version"),
        OutputFact::created("storage_gib"),
        OutputFact::created("encrypted"),
    ];
    type Spec<S: Stage> = DbSnapshotSpec<S>;
    type Outputs = DbSnapshotOutputs;

    fn check(want: &DbSnapshotSpec<Written>) -> Vec<SpecProblem> {
        let DbSnapshotSpec { name, instance: _, tags: _ } = want;
        if is_rds_name(name, 255) {
            return vec![];
        }
        vec![SpecProblem::new("name", format!("`{name}` is no DB snapshot's name: {}", rds_name_rule(255)))]
    }

    fn diff(have: &DbSnapshotSpec<Written>, want: &DbSnapshotSpec<Written>) -> Diff {
        const WAY: &str = "a copy stays what it is: declare a second one, and remove this one when nobody needs it";
        let DbSnapshotSpec { name, instance, tags } = want;
        Diff::new().forbid("name", &have.name, name, WAY).forbid("instance", &have.instance, instance, WAY).update("tags", &have.tags, tags)
    }

    fn replacement(_: &DbSnapshotSpec<Written>, _: &DbSnapshotSpec<Written>) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(_: &DbSnapshotSpec<Written>) -> Meters {
        Meters::usage_only("rds.backup.gb-month")
    }

    /// The list has the tags.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().batched("rds:DescribeDBSnapshots", 50, of.iter().map(|it| it.id.as_str()))
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => {
                let finding = Finding::new(Severity::Error, format!("the DB snapshot {} has failed", seen.spec.name)).seen(why);
                vec![finding.advise("it holds nothing: delete it, and take another")]
            }
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, erase, typed};

    fn spec(edit: serde_json::Value) -> DbSnapshotSpec<Written> {
        let mut whole = json!({"name": "dev-mysql-bbws-7", "instance": "dev-mysql"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn a_copy_stays_what_it_is() {
        let verbs = |edit| DbSnapshot::diff(&spec(json!({})), &spec(edit)).into_changes().into_iter().map(|c| c.verb).collect::<Vec<_>>();
        for edit in [json!({"name": "other"}), json!({"instance": "other"})] {
            assert!(matches!(verbs(edit).as_slice(), [Verb::Forbid(_)]));
        }
        assert_eq!(verbs(json!({"tags": {"a": "b"}})), [Verb::Update]);
    }

    #[test]
    fn the_copy_of_a_step_is_a_spec_of_this_kind() {
        let want = (BACKUP.spec)("dev-mysql", "dev-mysql-bbws-7");
        assert_eq!(erase::<DbSnapshot>().check(&want), []);
        assert_eq!(typed::<DbSnapshotSpec<Written>>(&want).unwrap(), spec(json!({})));
    }

    #[test]
    fn a_name_that_rds_refuses_is_told() {
        for name in ["", "rds:auto", "a--b", "a-", "7days"] {
            assert_eq!(DbSnapshot::check(&spec(json!({"name": name})))[0].field, "name", "{name}");
        }
        assert!(DbSnapshot::check(&spec(json!({}))).is_empty());
    }
}
