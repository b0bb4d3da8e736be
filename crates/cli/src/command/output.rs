//! `output`: what the cluster offers others.

use std::collections::BTreeMap;

use bbws_operate::standing;
use bbws_render::ErrorId;
use serde_json::Value;

use crate::args::{Global, OutputArgs};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// Prints them, or one of them.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &OutputArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.name.as_deref(), true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let outputs = &standing(&bbws_cluster::draft(&offline.environment, &offline.kinds).outputs, &state);
    let gone: Vec<&str> = outputs.iter().filter(|(name, value)| state.outputs[*name] != **value).map(|(name, _)| name.as_str()).collect();
    if picked.rest.is_none() && !gone.is_empty() {
        let (all, name, flag) = (gone.join(", "), &picked.name, offline.flag());
        ui.remark(format!("A run that was stopped has removed what these told of, and they are left out or shorter: {all}."));
        ui.remark(format!("What is left to do: bbws plan {name}{flag}"));
    }
    match &picked.rest {
        None if ui.json => ui.say(bbws_render::outputs_json(outputs)),
        None => {
            let style = ui.style();
            ui.say(bbws_render::outputs(outputs, style));
        }
        Some(name) => {
            let value = outputs.get(name).ok_or_else(|| unknown(name, outputs, &picked.name))?;
            let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if gone.contains(&name.as_str()) && is_nothing {
                let failure = Failure::error(ErrorId::Unknown, format!("what the output `{name}` of {} told of is gone", picked.name));
                let failure = failure.because("a run that was stopped, or ended halfway, has removed it");
                return Err(failure.advise(format!("see what is left: bbws state list {}{}", picked.name, offline.flag())));
            }
            ui.line(if ui.json { value.to_string() } else { bbws_render::output_value(value) });
        }
    }
    Ok(Exit::Done)
}

fn unknown(name: &str, outputs: &BTreeMap<String, Value>, environment: &str) -> Failure {
    let failure = Failure::error(ErrorId::Unknown, format!("{environment} has no output `{name}`"));
    if outputs.is_empty() {
        return failure.because("it has none: nothing is recorded of the cluster, which was destroyed or not applied yet");
    }
    let failure = failure.or_meant(name, outputs.keys().map(String::as_str));
    failure.advise("`bbws output ENV` lists all there are")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wrong_name_is_answered_with_the_right_one() {
        let outputs = BTreeMap::from([("vpc_id".to_owned(), json!("vpc-1")), ("acm_certificate_arn".to_owned(), Value::Null)]);
        assert_eq!(unknown("vpcid", &outputs, "dev").advice[0], "did you mean `vpc_id`?");
        assert!(unknown("vpc_id", &BTreeMap::new(), "dev").why.contains("destroyed"));
    }
}
