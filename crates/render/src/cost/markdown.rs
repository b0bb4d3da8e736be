//! For a pull request.

use bbws_operate::cost::{Cost, Sum, Usd, shares};

use super::{CostReport, SPECIFIED};
use crate::page::cell;

/// The same as Markdown.
#[must_use]
pub fn cost_markdown(report: &CostReport<'_>) -> String {
    let sum = report.wanted.sum();
    let mark = |estimated: Usd| if estimated == Usd::ZERO { "" } else { " ~" };
    let mut text = format!(
        "### Cost of {} in {}: {} a month{}\n\nA month of 730 hours, US dollars, without tax and without what is billed by use. ~ rests on a price that was estimated.\n\n| resource | monthly |\n|---|---:|\n",
        cell(report.cluster),
        cell(report.prices.region()),
        sum.monthly,
        mark(sum.estimated),
    );
    for (part, resources) in report.parts() {
        let of = Sum::of(resources.iter().flat_map(|(_, lines)| lines.iter()));
        let word = if of.monthly == Usd::ZERO { "by use".to_owned() } else { format!("**{}**{}", of.monthly, mark(of.estimated)) };
        text.push_str(&format!("| **{}** | {word} |\n", part.name()));
        for (address, lines) in resources {
            let of = Sum::of(lines);
            if of.monthly != Usd::ZERO {
                text.push_str(&format!("| `{address}` | {}{} |\n", of.monthly, mark(of.estimated)));
            }
        }
    }
    text.push_str(&format!("| **in all, whatever is used** | **{}**{} |\n", sum.monthly, mark(sum.estimated)));
    if let Some(deployed) = report.deployed {
        let now = deployed.sum().monthly;
        text.push_str(&format!("\nDeployed now: {now}; the file: {} ({}).\n", sum.monthly, (sum.monthly - now).signed()));
        if !report.changes().is_empty() {
            text.push_str("\n| changes | now | then | |\n|---|---:|---:|---:|\n");
        }
        for (address, now, then) in report.changes() {
            text.push_str(&format!("| `{address}` | {now} | {then} | {} |\n", (then - now).signed()));
        }
    }
    text.push_str("\n<details><summary>By use, on top of that</summary>\n\n| item | price | billed to |\n|---|---|---|\n");
    for (item, (line, of)) in report.on_top() {
        let price = match &line.cost {
            Cost::ByUse(price) => format!("{price}{}", if price.estimate { " ~" } else { "" }),
            Cost::Unpriced | Cost::Monthly(..) => "**no price is known**".into(),
        };
        let whose: Vec<String> = of.iter().map(|address| format!("`{address}`")).collect();
        text.push_str(&format!("| {} | {} | {} |\n", cell(item), cell(&price), whose.join(", ")));
    }
    for price in report.beside() {
        text.push_str(&format!(
            "| {} | {}{} | no resource of bbws |\n",
            cell(&price.item),
            cell(&price.to_string()),
            if price.estimate { " ~" } else { "" }
        ));
    }
    text.push_str("\n</details>\n");
    if report.specified {
        text.push_str(&format!(
            "\nThe specification says about ${} a month, and does not say what that is made of. It is {}:\n\n",
            SPECIFIED.cents() / 100,
            sum.monthly
        ));
        for share in shares(report.wanted) {
            text.push_str(&format!("- {} {}: {}\n", share.monthly, share.name, share.remark));
        }
    }
    let sources = report.sources();
    text.push_str(&format!(
        "\n<details><summary>Prices as of {}</summary>\n\n",
        report.prices.date().map(|date| date.to_string()).unwrap_or_default()
    ));
    for (name, source) in sources {
        text.push_str(&format!("- {}, {}: {}\n", cell(&name), source.date, cell(&source.about)));
    }
    text.push_str("\n</details>\n");
    if let Some(months) = report.prices.stale(report.today) {
        text.push_str(&format!("\n**Note:** these prices are {months} months old.\n"));
    }
    text
}
