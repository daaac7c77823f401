//! Between [`Json`] and the values of the engine.
//!
//! # Tables
//!
//! Where one history spells the same number in several ways, [`Spellings`] know one of them only. An object or array with
//! a number of another spelling then carries a table: a text under a symbol of its own, which is JSON itself: for an object
//! the members in question, for an array the numbers in question with `null` between them. A number gets its digits from there as
//! long as it has the value that it had. Since the symbol is enumerable, `{...spread}` takes the table along, and since
//! it is no string, neither `Object.keys` nor `JSON.stringify` see it.
//!
//! # Notes
//!
//! What a script holds is a little more than the JSON that is made of it. So that a folding that resumes is as the one
//! that went on, all of it that may ever make a difference is noted beside the JSON: see [`Notes`].

mod notes;
mod read;
mod tables;
mod write;

pub(crate) use notes::Notes;
pub(crate) use read::{Names, Reader};
pub(crate) use tables::floats;
pub(crate) use write::{Writer, frozen};
