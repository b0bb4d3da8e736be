//! What a cluster costs: for people, for a pull request, for programs.

mod document;
mod markdown;
mod text;

use std::collections::BTreeMap;

use bbws_model::{Address, Kinds};
use bbws_operate::cost::{Bill, Cost, Line, Price, Prices, Sum, Usd};
use jiff::civil::Date;

use crate::part::Part;

pub use document::cost_json;
pub use markdown::cost_markdown;
pub use text::cost;

/// What the specification says of a development cluster: about so much a month.
const SPECIFIED: Usd = Usd::of_cents(4500);

/// All that is told of a cluster's cost.
#[derive(Debug, Clone, Copy)]
pub struct CostReport<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// What a command needs to lead to the same world.
    pub flag: &'a str,
    /// The cluster's.
    pub cluster: &'a str,
    /// Whether the specification's figure is for such a one.
    pub specified: bool,
    /// The kinds, by which resources are told as parts.
    pub kinds: &'a Kinds,
    /// The prices.
    pub prices: &'a Prices,
    /// What the file adds up to.
    pub wanted: &'a Bill,
    /// What is deployed, where that is known.
    pub deployed: Option<&'a Bill>,
    /// The size of a tenant's task, in vCPU and GB.
    pub task: (f64, f64),
    /// Today.
    pub today: Date,
}

impl<'a> CostReport<'a> {
    /// The resources that are billed, by part.
    fn parts(&self) -> BTreeMap<Part, Vec<(&'a Address, &'a Vec<Line>)>> {
        let mut parts: BTreeMap<Part, Vec<_>> = BTreeMap::new();
        for (address, lines) in self.wanted.resources.iter().filter(|(_, lines)| !lines.is_empty()) {
            parts.entry(Part::of(address.kind(), self.kinds)).or_default().push((address, lines));
        }
        parts
    }

    /// What is billed by use, or has no price: who is.
    fn on_top(&self) -> BTreeMap<&'a str, (&'a Line, Vec<&'a Address>)> {
        let mut items: BTreeMap<&str, (&Line, Vec<&Address>)> = BTreeMap::new();
        for (address, lines) in &self.wanted.resources {
            for line in lines.iter().filter(|line| !matches!(line.cost, Cost::Monthly(..))) {
                items.entry(&line.item).or_insert_with(|| (line, vec![])).1.push(address);
            }
        }
        items
    }

    /// What comes with use and belongs to no resource of bbws.
    fn beside(&self) -> Vec<Price> {
        ["fargate.vcpu.hour", "fargate.gb.hour", "transfer.out", "transfer.zones"].iter().filter_map(|item| self.prices.of(item)).collect()
    }

    /// What one task of a tenant costs that runs all month.
    fn task(&self) -> Option<(Usd, bool)> {
        let (vcpu, gb) = (self.prices.of("fargate.vcpu.hour")?, self.prices.of("fargate.gb.hour")?);
        Some((Usd::of(730.0 * self.task.0, vcpu.usd) + Usd::of(730.0 * self.task.1, gb.usd), vcpu.estimate || gb.estimate))
    }

    /// The prices that are used, by source.
    fn sources(&self) -> BTreeMap<String, Source> {
        let mut sources: BTreeMap<String, Source> = BTreeMap::new();
        let beside = self.beside();
        for price in self.wanted.lines().filter_map(Line::price).chain(&beside) {
            let source = sources.entry(price.source.clone()).or_insert_with(|| Source {
                about: price.about.clone(),
                date: price.date,
                items: BTreeMap::new(),
            });
            source.items.insert(price.item.clone(), price.clone());
        }
        sources
    }

    /// What became of each resource's bill between what is deployed and the file; those that stay as they are are left out.
    fn changes(&self) -> Vec<(&'a Address, Usd, Usd)> {
        let Some(deployed) = self.deployed else { return vec![] };
        let all = deployed.resources.keys().chain(self.wanted.resources.keys()).collect::<std::collections::BTreeSet<_>>();
        let of = |bill: &Bill, address: &Address| bill.resources.get(address).map(|lines| Sum::of(lines).monthly).unwrap_or_default();
        let pairs = all.into_iter().map(|address| (address, of(deployed, address), of(self.wanted, address)));
        pairs.filter(|(_, now, then)| now != then).collect()
    }
}

/// A source of prices, and what it prices here.
struct Source {
    about: String,
    date: Date,
    items: BTreeMap<String, Price>,
}

impl Source {
    fn estimates(&self) -> usize {
        self.items.values().filter(|price| price.estimate).count()
    }
}

/// `730 × $0.057`.
fn reckoned(line: &Line, price: &Price, times: &str) -> String {
    format!("{} {times} {price}", line.quantity)
}
