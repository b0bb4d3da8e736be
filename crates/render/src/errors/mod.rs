//! The catalogue of errors: each with an id that stays, what it means, and what to do.

mod entries;
mod page;
mod place;

pub use entries::{About, ErrorId};
pub use page::errors_page;
pub use place::{At, Quota};
