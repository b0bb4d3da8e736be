//! What a resource is billed by. How much that costs is not known here: prices are dated data.

use serde::{Deserialize, Serialize};

/// The unit a meter counts in, per month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Hours of existence; a month has 730.
    Hours,
    /// Gigabytes kept for a month.
    GbMonth,
    /// Things kept for a month: zones, secrets, alarms, health checks.
    Month,
    /// Billed by use, which the environment file does not say.
    Usage,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    /// What is billed, as the price file names it: `rds.instance.db.t3.micro.single-az`.
    pub item: String,
    /// How many units of it there are.
    pub quantity: f64,
    /// The unit.
    pub unit: Unit,
}

/// All that one resource is billed by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Meters(pub Vec<Meter>);

impl Meters {
    /// Nothing is billed.
    #[must_use]
    pub fn free() -> Self {
        Self(vec![])
    }

    /// Billed by use only.
    #[must_use]
    pub fn usage_only(item: &str) -> Self {
        Self::free().and(item, 0.0, Unit::Usage)
    }

    /// Adds one line.
    #[must_use]
    pub fn and(mut self, item: impl Into<String>, quantity: f64, unit: Unit) -> Self {
        self.0.push(Meter { item: item.into(), quantity, unit });
        self
    }
}
