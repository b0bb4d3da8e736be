//! For people.

use bbws_operate::cost::{Cost, Line as BillLine, Sum, Usd, shares};

use super::{CostReport, SPECIFIED, reckoned};
use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::words::{count, listed};

/// Where amounts end, and where what is said of them begins.
const AMOUNT: usize = 52;
const REMARK: usize = AMOUNT + 4;

/// What the cluster of a file costs a month, by resource. `detail` tells how each line was reckoned, and each price's source.
#[must_use]
pub fn cost(report: &CostReport<'_>, style: Style, detail: bool) -> String {
    let mut page = Page::new();
    let head = format!("{} in {}", report.cluster, report.prices.region());
    page.push(Line::at(0).say(Role::Bold, head).text(": a month of 730 hours, in US dollars, without tax"));
    let estimates = report.wanted.sum().estimated != Usd::ZERO;
    if estimates {
        page.push(Line::at(0).say(Role::Dim, "~ rests on a price that was estimated"));
    }
    page.gap();
    parts(&mut page, report, style, detail);
    page.gap();
    let sum = report.wanted.sum();
    page.push(amount(Line::at(0).say(Role::Bold, "in all, whatever is used"), sum.monthly, sum.estimated != Usd::ZERO));
    if estimates {
        page.push(amount(Line::at(2).say(Role::Dim, "of that by estimated prices"), sum.estimated, false));
    }
    on_top(&mut page, report);
    deployed(&mut page, report);
    if report.specified {
        specified(&mut page, report, sum.monthly);
    }
    sources(&mut page, report, style, detail);
    page.render(style)
}

fn amount(line: Line, usd: Usd, estimate: bool) -> Line {
    let text = usd.to_string();
    line.pad(AMOUNT - columns(&text)).text(text).text(if estimate { " ~" } else { "" })
}

fn total(line: Line, lines: &[&BillLine]) -> Line {
    let sum = Sum::of(lines.iter().copied());
    if sum.monthly == Usd::ZERO {
        let word = if sum.unpriced.is_empty() { "by use" } else { "no price" };
        return line.pad(AMOUNT - word.len()).say(Role::Dim, word);
    }
    amount(line, sum.monthly, sum.estimated != Usd::ZERO)
}

fn parts(page: &mut Page, report: &CostReport<'_>, style: Style, detail: bool) {
    let times = if style.unicode { "×" } else { "x" };
    for (part, resources) in report.parts() {
        let all: Vec<&BillLine> = resources.iter().flat_map(|(_, lines)| lines.iter()).collect();
        page.push(total(Line::at(0).say(Role::Bold, part.name()), &all));
        // Many of a kind that cost the same are told in one line, but where all is told.
        let mut alike: Vec<(Vec<String>, &Vec<BillLine>)> = vec![];
        for (address, lines) in resources {
            let kind = |name: &str| name.split('.').next() == Some(address.kind());
            match alike.iter_mut().find(|(names, same)| !detail && kind(&names[0]) && *same == lines) {
                Some((names, _)) => names.push(address.to_string()),
                None => alike.push((vec![address.to_string()], lines)),
            }
        }
        for (names, lines) in alike {
            let kind = names[0].split('.').next().unwrap_or_default();
            let name = if names.len() == 1 { names[0].clone() } else { count(names.len(), kind) };
            let repeated: Vec<&BillLine> = names.iter().flat_map(|_| lines.iter()).collect();
            page.push(total(Line::at(2).text(name), &repeated));
            let fixed = lines.iter().filter(|line| line.monthly().is_some()).count();
            if detail || fixed > 1 {
                for line in lines.iter().filter(|line| detail || line.monthly().is_some()) {
                    one(page, line, times, detail);
                }
            }
        }
    }
}

fn one(page: &mut Page, line: &BillLine, times: &str, detail: bool) {
    let start = Line::at(6).hang(REMARK).say(Role::Dim, &line.item);
    page.push(match &line.cost {
        Cost::Monthly(usd, price) if detail => amount(start, *usd, price.estimate).pad(REMARK).say(Role::Dim, reckoned(line, price, times)),
        Cost::Monthly(usd, price) => amount(start, *usd, price.estimate),
        Cost::ByUse(price) => start.pad(AMOUNT - 6).say(Role::Dim, "by use").pad(REMARK).say(Role::Dim, price.to_string()),
        Cost::Unpriced => start.pad(AMOUNT - 8).say(Role::Warning, "no price"),
    });
}

fn on_top(page: &mut Page, report: &CostReport<'_>) {
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "by use, on top of that"));
    let mut missing = vec![];
    for (item, (line, of)) in report.on_top() {
        match &line.cost {
            Cost::ByUse(price) => {
                let mark = if price.estimate { " ~" } else { "" };
                let whose = if of.len() > 2 {
                    count(of.len(), "resource")
                } else {
                    of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                };
                page.push(Line::at(2).hang(REMARK).text(item).pad(34).text(format!("{price}{mark}")).say(Role::Dim, format!("  {whose}")));
            }
            Cost::Unpriced | Cost::Monthly(..) => missing.push(item),
        }
    }
    for price in report.beside() {
        let mark = if price.estimate { " ~" } else { "" };
        page.push(
            Line::at(2).hang(REMARK).text(&price.item).pad(34).text(format!("{price}{mark}")).say(Role::Dim, "  no resource of bbws"),
        );
    }
    if let Some((task, estimate)) = report.task() {
        let (vcpu, gb) = report.task;
        let mark = if estimate { " ~" } else { "" };
        page.push(Line::at(2).text(format!("A tenant's task of {vcpu} vCPU and {gb} GB that runs all month: {task}{mark}.")));
    }
    if !missing.is_empty() {
        let line = Line::at(0).say(Role::Warning, "No price is known of ");
        let line = line.text(format!("{}: the sum is too low by what they cost. ", listed(&missing)));
        page.push(line.text(format!("`bbws cost {}{} --refresh` asks AWS.", report.environment, report.flag)));
    }
}

fn deployed(page: &mut Page, report: &CostReport<'_>) {
    let Some(deployed) = report.deployed else { return };
    page.gap();
    let (now, then) = (deployed.sum().monthly, report.wanted.sum().monthly);
    page.push(amount(Line::at(0).say(Role::Bold, "what is recorded as deployed"), now, deployed.sum().estimated != Usd::ZERO));
    if now == then && report.changes().is_empty() {
        page.push(Line::at(2).text("the file costs the same"));
        return;
    }
    let text = (then - now).signed();
    page.push(Line::at(2).text("the file differs by").pad(AMOUNT - columns(&text)).text(text));
    for (address, now, then) in report.changes() {
        let text = (then - now).signed();
        page.push(Line::at(4).text(address.to_string()).pad(AMOUNT - columns(&text)).text(text));
    }
}

fn specified(page: &mut Page, report: &CostReport<'_>, monthly: Usd) {
    page.gap();
    let head = format!("The specification says about ${} a month. It is {monthly}", SPECIFIED.cents() / 100);
    page.push(Line::at(0).say(Role::Bold, head).text(", and this is why:"));
    for share in shares(report.wanted) {
        page.push(amount(Line::at(2).hang(REMARK).text(share.name), share.monthly, false).pad(REMARK).say(Role::Dim, share.remark));
    }
    page.push(Line::at(2).text("It does not say what its figure is made of."));
    let way = ["NAT gateways", "load balancer", "public IPv4 addresses"];
    let way: Usd = shares(report.wanted).iter().filter(|share| way.contains(&share.name)).map(|share| share.monthly).sum();
    if way > SPECIFIED {
        page.push(Line::at(2).text(format!("The way in and the way out of what it lists are {way} before there is a database.")));
    }
}

fn sources(page: &mut Page, report: &CostReport<'_>, style: Style, detail: bool) {
    page.gap();
    let all = report.sources();
    let items: usize = all.values().map(|source| source.items.len()).sum();
    let estimates: usize = all.values().map(super::Source::estimates).sum();
    let date = report.prices.date().map(|date| date.to_string()).unwrap_or_default();
    page.push(Line::at(0).say(Role::Bold, "prices").text(format!(" as of {date}: {items} used, {estimates} of them estimates")));
    for (name, source) in all {
        let told = format!("{}, {}: {}", name, source.date, source.about);
        page.push(Line::at(2).hang(4).say(Role::Dim, told));
        if detail {
            for (item, price) in &source.items {
                let mark = if price.estimate { "~ " } else { "" };
                let note = price
                    .note
                    .as_ref()
                    .map(|note| format!("; {}", if style.unicode { note.clone() } else { note.replace('×', "x") }))
                    .unwrap_or_default();
                page.push(Line::at(4).hang(8).say(Role::Dim, format!("{mark}{item}: {price}{note}")));
            }
        }
    }
    if let Some(months) = report.prices.stale(report.today) {
        let line = Line::at(0).say(Role::Warning, "Note: ");
        page.push(line.text(format!(
            "these prices are {months} months old; `bbws cost {}{} --refresh` asks AWS for its own.",
            report.environment, report.flag
        )));
    }
}
