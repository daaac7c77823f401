//! The components of the overview.

pub(crate) mod overview_lists;
pub(crate) mod rate_chart;
pub(crate) mod redis_strip;
