//! For programs.

use bbws_operate::cost::{Bill, Cost, Line, Price, Sum, shares};
use serde_json::{Value, json};

use super::{CostReport, SPECIFIED};

/// The same as JSON.
#[must_use]
pub fn cost_json(report: &CostReport<'_>) -> String {
    let part = |(part, resources): (crate::part::Part, Vec<_>)| {
        let lines = resources.iter().flat_map(|(_, lines): &(_, &Vec<Line>)| lines.iter());
        let of = |(address, lines): &(&bbws_model::Address, &Vec<Line>)| {
            let lines: Vec<Value> = lines.iter().map(line).collect();
            json!({"address": address, "lines": lines})
        };
        json!({"part": part.name(), "sum": sum(&Sum::of(lines)), "resources": resources.iter().map(of).collect::<Vec<_>>()})
    };
    let change = |(address, now, then): (&bbws_model::Address, _, _)| json!({"address": address, "deployed": now, "wanted": then});
    let document = json!({
        "format": 1,
        "environment": report.environment,
        "region": report.prices.region(),
        "currency": "USD",
        "hours": 730,
        "prices": {"date": report.prices.date(), "months_old": report.prices.stale(report.today)},
        "wanted": sum(&report.wanted.sum()),
        "deployed": report.deployed.map(Bill::sum).as_ref().map(sum),
        "changes": report.changes().into_iter().map(change).collect::<Vec<_>>(),
        "parts": report.parts().into_iter().map(part).collect::<Vec<_>>(),
        "shares": shares(report.wanted).iter().map(|share| json!({"name": share.name, "monthly": share.monthly, "remark": share.remark})).collect::<Vec<_>>(),
        "specified": report.specified.then_some(SPECIFIED),
        "beside": report.beside().iter().map(price).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn sum(sum: &Sum) -> Value {
    json!({"monthly": sum.monthly, "estimated": sum.estimated, "by_use": sum.by_use, "unpriced": sum.unpriced})
}

fn line(line: &Line) -> Value {
    let billed = match &line.cost {
        Cost::Monthly(..) => "monthly",
        Cost::ByUse(_) => "by-use",
        Cost::Unpriced => "unpriced",
    };
    json!({
        "item": line.item,
        "quantity": line.quantity,
        "unit": line.unit,
        "billed": billed,
        "monthly": line.monthly(),
        "price": line.price().map(price),
    })
}

fn price(price: &Price) -> Value {
    json!({
        "item": price.item,
        "usd": price.usd,
        "per": price.per,
        "region": price.region,
        "estimate": price.estimate,
        "source": price.source,
        "date": price.date,
        "about": price.about,
        "note": price.note,
    })
}
