//! Bills: what meters add up to at some prices, and how a plan changes them.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Kinds, Meter, MeterDelta, Plan, Unit};
use serde_json::Value;

use super::{Price, Prices, Usd};

/// What one line of a bill comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Cost {
    /// So much a month.
    Monthly(Usd, Price),
    /// As much as is used, at this price.
    ByUse(Price),
    /// It is billed, and no file says at what price.
    Unpriced,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is billed.
    pub item: String,
    /// How many units of it.
    pub quantity: f64,
    /// The unit.
    pub unit: Unit,
    /// What that comes to.
    pub cost: Cost,
}

impl Line {
    /// One meter at these prices.
    #[must_use]
    pub fn of(meter: &Meter, prices: &Prices) -> Self {
        let Meter { item, quantity, unit } = meter;
        let cost = match prices.of(item) {
            // A file that counts in another unit says nothing of this meter.
            Some(price) if price.unit == *unit && *unit == Unit::Usage => Cost::ByUse(price),
            Some(price) if price.unit == *unit => Cost::Monthly(Usd::of(*quantity, price.usd), price),
            Some(_) | None => Cost::Unpriced,
        };
        Self { item: item.clone(), quantity: *quantity, unit: *unit, cost }
    }

    /// What it comes to a month, where that is known.
    #[must_use]
    pub fn monthly(&self) -> Option<Usd> {
        match &self.cost {
            Cost::Monthly(usd, _) => Some(*usd),
            Cost::ByUse(_) | Cost::Unpriced => None,
        }
    }

    /// The price that it is reckoned with.
    #[must_use]
    pub fn price(&self) -> Option<&Price> {
        match &self.cost {
            Cost::Monthly(_, price) | Cost::ByUse(price) => Some(price),
            Cost::Unpriced => None,
        }
    }
}

/// Meters at these prices, line by line.
#[must_use]
pub fn lines(meters: &[Meter], prices: &Prices) -> Vec<Line> {
    meters.iter().map(|meter| Line::of(meter, prices)).collect()
}

/// What some lines add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// So much a month, whatever is used.
    pub monthly: Usd,
    /// How much of that rests on prices that are estimates.
    pub estimated: Usd,
    /// The items that are billed by use, which come on top.
    pub by_use: BTreeSet<String>,
    /// The items that have no price, which come on top too.
    pub unpriced: BTreeSet<String>,
}

impl Sum {
    /// What these lines add up to.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        let mut sum = Self::default();
        for line in lines {
            match &line.cost {
                Cost::Monthly(usd, price) => {
                    sum.monthly += *usd;
                    sum.estimated += if price.estimate { *usd } else { Usd::ZERO };
                }
                Cost::ByUse(_) => drop(sum.by_use.insert(line.item.clone())),
                Cost::Unpriced => drop(sum.unpriced.insert(line.item.clone())),
            }
        }
        sum
    }

    /// Whether nothing of it is billed.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.monthly == Usd::ZERO && self.by_use.is_empty() && self.unpriced.is_empty()
    }
}

/// What each of many resources is billed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// The lines by resource; those that are free have none.
    pub resources: BTreeMap<Address, Vec<Line>>,
}

impl Bill {
    /// The bill of resources with these meters.
    #[must_use]
    pub fn of(meters: impl IntoIterator<Item = (Address, Vec<Meter>)>, prices: &Prices) -> Self {
        let resources = meters.into_iter().map(|(address, meters)| (address, lines(&meters, prices))).collect();
        Self { resources }
    }

    /// The bill of resources with these specs. What is no spec of its kind is left out: a file is judged before it is billed,
    /// and a state's entries are what AWS has shown.
    #[must_use]
    pub fn of_specs<'a>(specs: impl IntoIterator<Item = (&'a Address, &'a Value)>, kinds: &Kinds, prices: &Prices) -> Self {
        let meters = |(address, spec): (&'a Address, &'a Value)| Some((address.clone(), kinds.get(address.kind())?.meters(spec).ok()?.0));
        Self::of(specs.into_iter().filter_map(meters), prices)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.resources.values().flatten()
    }

    /// What it adds up to.
    #[must_use]
    pub fn sum(&self) -> Sum {
        Sum::of(self.lines())
    }
}

/// How a bill changes: what goes, what comes. What stays as it is, is in neither.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// What is billed no longer.
    pub less: Vec<Line>,
    /// What is billed from then on.
    pub more: Vec<Line>,
}

impl Change {
    /// By how much the month gets dearer; negative where it gets cheaper.
    #[must_use]
    pub fn net(&self) -> Usd {
        Sum::of(&self.more).monthly - Sum::of(&self.less).monthly
    }

    /// Whether any price behind [`Self::net`] is an estimate.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        [&self.less, &self.more].into_iter().any(|lines| Sum::of(lines).estimated != Usd::ZERO)
    }

    /// What comes that is billed by use: [`Self::net`] does not count it.
    #[must_use]
    pub fn by_use(&self) -> BTreeSet<String> {
        Sum::of(&self.more).by_use
    }

    /// What has no price, either way: [`Self::net`] does not count it.
    #[must_use]
    pub fn unpriced(&self) -> BTreeSet<String> {
        [&self.less, &self.more].into_iter().flat_map(|lines| Sum::of(lines).unpriced).collect()
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.less.is_empty() && self.more.is_empty()
    }
}

/// How one step changes the bill.
#[must_use]
pub fn change_of(delta: &MeterDelta, prices: &Prices) -> Change {
    let mut less: Vec<&Meter> = delta.less.iter().collect();
    let mut more = vec![];
    for meter in &delta.more {
        match less.iter().position(|other| *other == meter) {
            Some(same) => drop(less.remove(same)),
            None => more.push(Line::of(meter, prices)),
        }
    }
    Change { less: less.into_iter().map(|meter| Line::of(meter, prices)).collect(), more }
}

/// How a plan changes the bill. What one step takes away and another brings again does not count: a replacement costs nothing.
#[must_use]
pub fn change(plan: &Plan, prices: &Prices) -> Change {
    let all = |side: fn(&MeterDelta) -> &Vec<Meter>| plan.steps.iter().flat_map(|step| side(&step.meters)).cloned().collect();
    change_of(&MeterDelta { less: all(|delta| &delta.less), more: all(|delta| &delta.more) }, prices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::Meters;

    fn prices() -> Prices {
        Prices::built_in("af-south-1").unwrap()
    }

    fn nat() -> Meters {
        Meters::free().and("nat-gateway.hour", 730.0, Unit::Hours).and("nat-gateway.gb", 0.0, Unit::Usage)
    }

    #[test]
    fn a_bill_adds_up_and_says_what_it_leaves_out() {
        let database = Meters::free().and("rds.instance.db.x9.vast.single-az", 730.0, Unit::Hours).and(
            "rds.storage.gp3.single-az",
            20.0,
            Unit::GbMonth,
        );
        let meters = [("nat-gateway.a", nat()), ("db-instance.main", database), ("vpc.main", Meters::free())];
        let bill = Bill::of(meters.map(|(address, meters)| (address.parse().unwrap(), meters.0)), &prices());
        let sum = bill.sum();
        assert_eq!((sum.monthly, sum.estimated), (Usd::of_cents(4161 + 302), Usd::of_cents(302)));
        assert_eq!(sum.by_use, BTreeSet::from(["nat-gateway.gb".to_owned()]));
        assert_eq!(sum.unpriced, BTreeSet::from(["rds.instance.db.x9.vast.single-az".to_owned()]));
        assert!(!sum.is_free() && Sum::of(&bill.resources[&"vpc.main".parse().unwrap()]).is_free());
    }

    #[test]
    fn a_price_of_another_unit_is_no_price() {
        assert_eq!(Line::of(&Meter { item: "nat-gateway.hour".into(), quantity: 1.0, unit: Unit::Month }, &prices()).cost, Cost::Unpriced);
    }

    #[test]
    fn a_change_is_what_comes_less_what_goes() {
        let class = |name: &str| {
            Meters::free()
                .and(format!("rds.instance.db.t3.{name}.single-az"), 730.0, Unit::Hours)
                .and("rds.backup.gb-month", 0.0, Unit::Usage)
                .0
        };
        let change = change_of(&MeterDelta { less: class("micro"), more: class("small") }, &prices());
        assert_eq!((change.net(), change.is_estimate()), (Usd::of_cents(3249 - 1606), true));
        assert!(change.by_use().is_empty(), "it was billed before as well");
        let back = change_of(&MeterDelta { less: class("small"), more: class("micro") }, &prices());
        assert_eq!(back.net().signed(), "-$16.43");
        let new = change_of(&MeterDelta { less: vec![], more: nat().0 }, &prices());
        assert_eq!((new.net(), new.is_estimate(), new.by_use().len()), (Usd::of_cents(4161), false, 1));
        assert!(change_of(&MeterDelta { less: nat().0, more: nat().0 }, &prices()).is_empty());
        let lost =
            change_of(&MeterDelta { less: vec![Meter { item: "x".into(), quantity: 1.0, unit: Unit::Month }], more: vec![] }, &prices());
        assert_eq!((lost.net(), lost.unpriced()), (Usd::ZERO, BTreeSet::from(["x".to_owned()])));
    }
}
