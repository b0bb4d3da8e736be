//! Amounts of money.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Serialize, Serializer};

/// An amount of US dollars, in whole cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many cents.
    #[must_use]
    pub const fn of_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// So many units at a price, rounded to a cent.
    #[must_use]
    pub fn of(quantity: f64, price: f64) -> Self {
        // Prices have up to ten digits behind the point; a bill of more than i64 cents stays the largest there is.
        Self((quantity * price * 100.0).round() as i64)
    }

    /// In cents.
    #[must_use]
    pub fn cents(self) -> i64 {
        self.0
    }

    /// In dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// With its sign, for a change: `+$3.65`, `-$3.65`, `$0.00`.
    #[must_use]
    pub fn signed(self) -> String {
        if self.0 > 0 { format!("+{self}") } else { self.to_string() }
    }
}

/// `$1,234.50`, `-$3.65`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{}${grouped}.{cents:02}", if self.0 < 0 { "-" } else { "" }))
    }
}

/// In dollars, as programs expect it.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_read_them() {
        let table =
            [(0, "$0.00"), (5, "$0.05"), (1_240, "$12.40"), (123_456_789, "$1,234,567.89"), (-365, "-$3.65"), (100_000, "$1,000.00")];
        for (cents, text) in table {
            assert_eq!(Usd::of_cents(cents).to_string(), text);
        }
        assert_eq!([365, -365, 0].map(|cents| Usd::of_cents(cents).signed()), ["+$3.65", "-$3.65", "$0.00"]);
        assert_eq!(format!("{:>10}", Usd::of_cents(365)), "     $3.65");
    }

    #[test]
    fn a_line_is_rounded_to_a_cent() {
        assert_eq!(Usd::of(730.0, 0.057), Usd::of_cents(4161));
        assert_eq!(Usd::of(20.0, 0.151), Usd::of_cents(302));
        assert_eq!(Usd::of(730.0, 0.0445), Usd::of_cents(3249));
        assert_eq!(Usd::of(f64::MAX, 10.0), Usd::of_cents(i64::MAX));
    }
}
