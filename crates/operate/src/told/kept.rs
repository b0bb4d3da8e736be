//! Wishes that are met by more than they say: nothing is done about them, and the file is not what is there.

use bbws_engine::Picture;
use bbws_model::{Desired, Finding, Kinds, Scope, Severity};
use serde_json::Value;

/// How such a note says it.
const TELLS: &str = "and there it stays";

/// Of each resource that is looked at, the fields that stay as they are although the file says otherwise, and why.
#[must_use]
pub fn kept(desired: &Desired, picture: &Picture, kinds: &Kinds, scope: &Scope) -> Vec<Finding> {
    let mut notes = vec![];
    let asked = |at| (scope.target.is_empty() || scope.target.contains(at)) && !scope.exclude.contains(at);
    for (address, wanted) in desired.resources.iter().filter(|(address, _)| asked(address)) {
        let Some(Ok(Some(seen))) = picture.recorded.get(address) else { continue };
        let Some(Ok(diff)) = kinds.get(address.kind()).map(|kind| kind.diff(&seen.spec, &wanted.spec)) else { continue };
        // Another object has what is wanted of it.
        for one in diff.kept().iter().filter(|_| !diff.replaces()) {
            let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (have, want) = (told(&one.have), told(&one.want));
            let note = Finding::new(Severity::Note, format!("the file says {want} for `{}`, AWS has {have}, {TELLS}", one.field));
            let advice = format!("write {have} into the file: what is reckoned from it, costs and alarms, is of {want} until then");
            notes.push(note.at(address).seen(&*one.why).advise(advice));
        }
    }
    notes
}

/// Whether a note tells of such a wish.
#[must_use]
pub fn is_kept(note: &Finding) -> bool {
    note.summary.ends_with(TELLS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Phase, Seen, Wanted};
    use serde_json::json;

    #[test]
    fn a_database_that_is_larger_and_newer_than_the_file_says_is_told() {
        let kinds = bbws_kinds::all();
        let at: bbws_model::Address = "db-instance.main".parse().unwrap();
        let spec = |storage: u32, version: &str, max: Option<u32>| {
            json!({"name": "a", "class": "db.t3.micro", "engine_version": version, "storage_gib": storage, "max_storage_gib": max,
                "subnet_group": "g", "security_groups": [], "parameter_group": "p", "username": "admin",
                "password": {"secret": "s", "version": "v"}, "multi_az": false, "backup_days": 0, "backup_window": "01:00-02:00",
                "maintenance_window": "sun:03:00-sun:04:00"})
        };
        let told = |storage: u32, version: &str, max, target: &[&str]| {
            let normal =
                |spec: &Value| kinds.get("db-instance").unwrap().normal(spec).map_err(|p| format!("{}: {}", p.field, p.message)).unwrap();
            let mut desired = Desired::default();
            desired.resources.insert(at.clone(), Wanted::new(normal(&spec(storage, version, max))));
            let seen =
                Seen { id: "a".into(), spec: normal(&spec(40, "8.0.42", max)), outputs: Value::Null, phase: Phase::Ready, owner: None };
            let mut picture = Picture::default();
            picture.recorded.insert(at.clone(), Ok(Some(seen)));
            let scope = Scope { target: target.iter().map(|at| at.parse().unwrap()).collect(), ..Scope::default() };
            kept(&desired, &picture, &kinds, &scope)
        };
        for version in ["8.0", "8.0.42"] {
            assert_eq!(told(40, version, None, &[]), [], "{version}");
        }
        let both = told(20, "8.0.40", None, &[]);
        assert!(both.iter().all(is_kept));
        assert_eq!(both[0].summary, "the file says 8.0.40 for `engine_version`, AWS has 8.0.42, and there it stays");
        assert_eq!(both[1].summary, "the file says 20 for `storage_gib`, AWS has 40, and there it stays");
        assert!(told(20, "8.0", Some(100), &[])[0].evidence.contains("by itself"));
        assert_eq!(told(20, "8.0", None, &["vpc.main"]), []);
        assert_eq!(told(50, "8.0.43", None, &[]), [], "a plan does that");
    }
}
