//! What a cluster costs: the kinds say what is billed, a dated file what AWS takes for it.
//!
//! Amounts are whole cents of US dollars for a month of 730 hours. Each line of a bill is rounded by itself, so that what is shown
//! adds up to the sums that are shown. What is billed by use has no amount: how much it will be, no file says.

mod bill;
mod list;
mod prices;
mod share;
mod usd;

pub use bill::{Bill, Change, Cost, Line, Sum, change, change_of, lines};
pub use list::{ListError, Query, differs, query};
pub use prices::{FORMAT, Price, PriceFile, PriceFileError, Prices, STALE_MONTHS, Source};
pub use share::{Share, shares};
pub use usd::Usd;
