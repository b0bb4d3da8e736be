//! What is billed more and less, format 1.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan_parts::all;
use crate::StepId;

/// What is billed more and less.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeterDelta {
    /// What is billed so far, and no longer.
    less: Vec<Meter>,
    /// What will be billed.
    more: Vec<Meter>,
}

impl From<crate::MeterDelta> for MeterDelta {
    fn from(crate::MeterDelta { less, more }: crate::MeterDelta) -> Self {
        Self { less: all(less), more: all(more) }
    }
}

impl From<MeterDelta> for crate::MeterDelta {
    fn from(MeterDelta { less, more }: MeterDelta) -> Self {
        Self { less: all(less), more: all(more) }
    }
}

/// Something billed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Meter {
    /// What.
    item: String,
    /// How many units a month.
    quantity: f64,
    /// The unit.
    unit: Unit,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    Hours,
    GbMonth,
    Month,
    Usage,
}

impl From<crate::Meter> for Meter {
    fn from(meter: crate::Meter) -> Self {
        let unit = match meter.unit {
            crate::Unit::Hours => Unit::Hours,
            crate::Unit::GbMonth => Unit::GbMonth,
            crate::Unit::Month => Unit::Month,
            crate::Unit::Usage => Unit::Usage,
        };
        Self { item: meter.item, quantity: meter.quantity, unit }
    }
}

impl From<Meter> for crate::Meter {
    fn from(meter: Meter) -> Self {
        let unit = match meter.unit {
            Unit::Hours => crate::Unit::Hours,
            Unit::GbMonth => crate::Unit::GbMonth,
            Unit::Month => crate::Unit::Month,
            Unit::Usage => crate::Unit::Usage,
        };
        Self { item: meter.item, quantity: meter.quantity, unit }
    }
}

/// How a month's bill changes, in US dollars.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CostDelta {
    /// By so many cents.
    cents: i64,
    /// Whether a price behind that is an estimate.
    estimate: bool,
    /// What comes that is billed by use, not counted in it.
    by_use: BTreeSet<String>,
    /// What has no known price, not counted in it.
    unpriced: BTreeSet<String>,
}

impl From<crate::CostDelta> for CostDelta {
    fn from(crate::CostDelta { cents, estimate, by_use, unpriced }: crate::CostDelta) -> Self {
        Self { cents, estimate, by_use, unpriced }
    }
}

impl From<CostDelta> for crate::CostDelta {
    fn from(CostDelta { cents, estimate, by_use, unpriced }: CostDelta) -> Self {
        Self { cents, estimate, by_use, unpriced }
    }
}

/// What a plan does to the bill, at the prices of a day.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Costs {
    /// The day of the prices.
    prices: String,
    /// All in all.
    total: CostDelta,
    /// By the number of the step; those that change nothing are left out.
    steps: BTreeMap<StepId, CostDelta>,
}

impl From<crate::Costs> for Costs {
    fn from(crate::Costs { prices, total, steps }: crate::Costs) -> Self {
        Self { prices, total: total.into(), steps: steps.into_iter().map(|(id, delta)| (id, delta.into())).collect() }
    }
}

impl From<Costs> for crate::Costs {
    fn from(Costs { prices, total, steps }: Costs) -> Self {
        Self { prices, total: total.into(), steps: steps.into_iter().map(|(id, delta)| (id, delta.into())).collect() }
    }
}
