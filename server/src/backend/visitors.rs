//! The visitors of walks: one for each question that a history answers.

pub(crate) use super::bisect::Bisection;
pub(crate) use super::blame::AuthorSearch;
pub(crate) use super::history::Search;
pub(crate) use super::replay::Point;
pub(crate) use super::timeline::Survey;
pub(crate) use super::trial::Trial;
pub(crate) use super::window::Recorder;
