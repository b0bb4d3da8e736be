//! `output`: what the cluster offers others.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::args::{Global, OutputArgs};
use crate::project::{Project, nearest};
use crate::session::Offline;
use crate::ui::{Ui, table};
use crate::{Exit, Failure, pace};

/// Prints them, or one of them.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &OutputArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.name.as_deref(), true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let outputs = &state.outputs;
    match &picked.rest {
        None if ui.json => ui.line(format!("{:#}", Value::from_iter(outputs.clone()))),
        None => ui.say(listed(outputs)),
        Some(name) => {
            let value = outputs.get(name).ok_or_else(|| unknown(name, outputs, &picked.name))?;
            ui.line(if ui.json { value.to_string() } else { bare(value) });
        }
    }
    Ok(Exit::Done)
}

fn unknown(name: &str, outputs: &BTreeMap<String, Value>, environment: &str) -> Failure {
    let failure = Failure::new(Exit::Error, format!("{environment} has no output `{name}`"));
    match nearest(name, outputs.keys().map(String::as_str)) {
        Some(near) => failure.advise(format!("did you mean `{near}`?")),
        None => failure.advise(format!("`bbws output {environment}` lists all there are")),
    }
}

/// All outputs, a line each; what does not apply is told as such.
pub(crate) fn listed(outputs: &BTreeMap<String, Value>) -> String {
    let shown: Vec<(&str, String)> =
        outputs.iter().map(|(name, value)| (name.as_str(), if value.is_null() { "-".to_owned() } else { bare(value) })).collect();
    let rows: Vec<[&str; 2]> = shown.iter().map(|(name, value)| [*name, value.as_str()]).collect();
    table(&rows, "  ")
}

/// A value as a shell wants it: a text without quotes, nothing for null.
fn bare(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_fit_for_a_shell() {
        assert_eq!(bare(&json!("vpc-1")), "vpc-1");
        assert_eq!(bare(&json!(["a", "b"])), r#"["a","b"]"#);
        assert_eq!(bare(&Value::Null), "");
        let outputs = BTreeMap::from([("vpc_id".to_owned(), json!("vpc-1")), ("acm_certificate_arn".to_owned(), Value::Null)]);
        assert_eq!(listed(&outputs), "  acm_certificate_arn  -\n  vpc_id               vpc-1\n");
        assert_eq!(unknown("vpcid", &outputs, "dev").advice, ["did you mean `vpc_id`?"]);
    }
}
