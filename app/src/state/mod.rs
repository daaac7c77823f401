//! What the pages show, as plain values: addresses, lists, what is live. No signals and no browser, so that all of
//! it is tested natively.

pub(crate) mod address;
pub(crate) mod arrivals;
pub(crate) mod backoff;
pub(crate) mod changes;
pub(crate) mod columns;
pub(crate) mod draft;
pub(crate) mod event_difference;
pub(crate) mod event_ref;
pub(crate) mod events_address;
pub(crate) mod findings;
pub(crate) mod found;
pub(crate) mod found_list;
pub(crate) mod highlight;
pub(crate) mod histogram;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod live;
pub(crate) mod opened;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod rates;
pub(crate) mod scrolling;
pub(crate) mod shared;
pub(crate) mod side_by_side;
pub(crate) mod speed;
pub(crate) mod sse;
pub(crate) mod steps;
pub(crate) mod story;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod timeline;
pub(crate) mod topics;
pub(crate) mod tree_state;
pub(crate) mod typing;
pub(crate) mod window;
