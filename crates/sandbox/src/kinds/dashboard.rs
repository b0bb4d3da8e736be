//! CloudWatch dashboards. An account has one set of them, whatever region is asked.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::delete_dashboards::{DeleteDashboardsInput, DeleteDashboardsOutput};
use aws_sdk_cloudwatch::operation::get_dashboard::{GetDashboardInput, GetDashboardOutput};
use aws_sdk_cloudwatch::operation::put_dashboard::{PutDashboardInput, PutDashboardOutput};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::put_tag;

/// What kinds of widgets there are.
const WIDGETS: [&str; 7] = ["metric", "text", "log", "alarm", "explorer", "custom", "chart"];

/// One dashboard, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) body: String,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put_dashboard).on(get_dashboard).on(delete_dashboards)
}

/// Its ARN names no region.
pub(crate) fn arn(at: &At<'_>, name: &str) -> String {
    format!("arn:aws:cloudwatch::{}:dashboard/{name}", at.account)
}

fn invalid(text: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterInput", text)
}

fn absent(name: &str) -> Refusal {
    refuse(404, "ResourceNotFound", format!("Dashboard {name} does not exist"))
}

/// What CloudWatch refuses of a body. What it merely warns of, it keeps.
fn check(text: &str) -> Answer<()> {
    let body: Value = serde_json::from_str(text).map_err(|_| invalid("The dashboard body is invalid: it must be a JSON object"))?;
    let widgets =
        body["widgets"].as_array().ok_or_else(|| invalid("The dashboard body is invalid: Should have required property 'widgets'"))?;
    if widgets.len() > 500 {
        return Err(invalid("The dashboard body is invalid: more than 500 widgets"));
    }
    for (at, widget) in widgets.iter().enumerate() {
        let wrong =
            |what: &str| Err(invalid(format!("The dashboard body is invalid, there are 1 validation errors: /widgets/{at}: {what}")));
        if !widget["type"].as_str().is_some_and(|kind| WIDGETS.contains(&kind)) {
            return wrong("unknown type of widget");
        }
        if !widget["properties"].is_object() {
            return wrong("Should have required property 'properties'");
        }
        let place = ["x", "y", "width", "height"].map(|key| widget[key].as_u64());
        let [x, _, width, height] = place;
        if widget.get("x").is_some()
            && (x.zip(width).is_none_or(|(x, width)| width == 0 || x + width > 24) || height.is_none_or(|h| h == 0))
        {
            return wrong("does not fit in the grid of 24 columns");
        }
        let properties = &widget["properties"];
        let alarms = properties["alarms"].as_array();
        match widget["type"].as_str() {
            Some("metric") if properties["metrics"].as_array().is_none() && !properties["annotations"]["alarms"].is_array() => {
                return wrong("Should have required property 'metrics'");
            }
            Some("metric") if !properties["region"].is_string() => return wrong("Should have required property 'region'"),
            Some("alarm")
                if !alarms
                    .is_some_and(|all| all.len() <= 100 && all.iter().all(|arn| arn.as_str().is_some_and(|a| a.starts_with("arn:")))) =>
            {
                return wrong("Should have required property 'alarms'");
            }
            _ => {}
        }
    }
    Ok(())
}

fn put_dashboard(at: &mut At<'_>, input: &PutDashboardInput) -> Answer<PutDashboardOutput> {
    let name = input.dashboard_name().unwrap_or_default();
    if name.is_empty() || name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(invalid("The dashboard name is invalid"));
    }
    let body = input.dashboard_body().unwrap_or_default().to_owned();
    check(&body)?;
    // Tags count only while the dashboard is new.
    let tags = match at.global().dashboards.get(name) {
        Some(old) => old.tags.clone(),
        None => {
            let mut tags = BTreeMap::new();
            input.tags().iter().try_for_each(|tag| put_tag(&mut tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default()))?;
            tags
        }
    };
    at.global().dashboards.insert(name.to_owned(), Row { body, tags });
    Ok(PutDashboardOutput::builder().build())
}

fn get_dashboard(at: &mut At<'_>, input: &GetDashboardInput) -> Answer<GetDashboardOutput> {
    let name = input.dashboard_name().unwrap_or_default();
    let arn = arn(at, name);
    let row = at.global().dashboards.get(name).ok_or_else(|| absent(name))?;
    Ok(GetDashboardOutput::builder().dashboard_name(name).dashboard_arn(arn).dashboard_body(&row.body).build())
}

/// Either all of them go or none.
fn delete_dashboards(at: &mut At<'_>, input: &DeleteDashboardsInput) -> Answer<DeleteDashboardsOutput> {
    let names = input.dashboard_names();
    if let Some(unknown) = names.iter().find(|name| !at.global().dashboards.contains_key(*name)) {
        return Err(absent(unknown));
    }
    at.global().dashboards.retain(|name, _| !names.contains(name));
    Ok(DeleteDashboardsOutput::builder().build())
}
