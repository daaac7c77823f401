//! What the lists of events show, as plain values.

pub(crate) mod arrivals;
pub(crate) mod findings;
pub(crate) mod found_list;
pub(crate) mod histogram;
pub(crate) mod version_window;
