//! JSON values that keep the digits of their numbers and share what they have in common.
//!
//! Two things are asked of a state that travels through thousands of versions: that no number changes
//! on the way (`12345678901234567890` and `1.10` stay as written), and that keeping many versions of it
//! is cheap. So a [`Number`] is its text, and strings, arrays and objects are shared until one is changed.

mod compare;
mod merge;
mod parse;
mod scan;
mod serde_impls;
mod size;
mod value;
mod weigh;
mod write;

pub use compare::compare_numbers;
pub use merge::{merge, merge_text};
pub use parse::{JsonError, MAX_DEPTH, is_number};
pub(crate) use scan::as_index;
pub use scan::{Scalar, Step, Trail, select, trail};
pub use value::{Json, Number, Object};
pub use weigh::{MAX_VALUES, has_too_many_values};
