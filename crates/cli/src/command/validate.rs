//! `validate`: is the environment file right?

use bbws_cluster::{Environment, Problem, Problems, show};
use bbws_model::Severity;
use serde_json::{Value, json};

use crate::args::Where;
use crate::project::{Judged, Project};
use crate::ui::Ui;
use crate::{Exit, Failure};

/// Judges the file, and shows all that is wrong with it.
pub(crate) fn run(ui: &mut Ui, project: &Project, place: &Where) -> Result<Exit, Failure> {
    let name = project.pick(place.env.as_deref(), None, false)?.name;
    let Judged { result, .. } = project.judge(&name, &bbws_kinds::all(), &bbws_cluster::addresses)?;
    let (right, problems) = match &result {
        Ok(loaded) => (true, &loaded.warnings),
        Err(problems) => (false, problems),
    };
    if ui.json {
        ui.line(document(&name, right, problems).to_string());
        return Ok(if right { Exit::Done } else { Exit::Error });
    }
    if !problems.list.is_empty() {
        let look = ui.look;
        ui.say(show(problems, look));
    }
    match &result {
        Ok(loaded) => ui.line(verdict(&loaded.environment, &problems.file, problems.list.len())),
        Err(_) => return Ok(Exit::Error),
    }
    Ok(Exit::Done)
}

/// What the file is about, in one line: a person sees at a glance whether it is the one that was meant.
fn verdict(environment: &Environment, file: &str, warnings: usize) -> String {
    let warned = match warnings {
        0 => String::new(),
        1 => ", with one warning".to_owned(),
        n => format!(", with {n} warnings"),
    };
    let Environment { account, region, dns, .. } = environment;
    format!("{file} is right{warned}: cluster {} in {account}, {region}, at {}", environment.names.cluster, dns.domain)
}

fn document(name: &str, right: bool, problems: &Problems) -> Value {
    let list: Vec<Value> = problems.list.iter().map(|problem| entry(problem, &problems.text)).collect();
    json!({ "format": 1, "environment": name, "file": problems.file, "valid": right, "problems": list })
}

fn entry(problem: &Problem, text: &str) -> Value {
    let (line, column) = problem.span.line_and_column(text);
    json!({
        "rule": problem.rule.to_string(),
        "severity": if problem.severity == Severity::Error { "error" } else { "warning" },
        "line": line,
        "column": column,
        "text": problem.span.of(text),
        "message": problem.message,
        "fix": problem.fix,
    })
}
