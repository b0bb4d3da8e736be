//! The catalogue of errors: each with an id that stays, what it means, and what to do.

mod entries;
mod id;
mod page;
mod place;

pub use entries::About;
pub use id::ErrorId;
pub use page::errors_page;
pub use place::{At, Quota};
