//! The features: a folder for each, with its page, which owns its requests and what of its state stands in the address bar; `state`, plain
//! values that are tested natively; and `views`, components that take plain data.

#![allow(
    unreachable_pub,
    reason = "the component macro makes `pub` items, however visible the component is"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

pub(crate) mod audit;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod folds;
pub(crate) mod groups;
pub(crate) mod live;
pub(crate) mod operations;
pub(crate) mod overview;
pub(crate) mod projections;
pub(crate) mod publish;
pub(crate) mod streams;
pub(crate) mod travel;
pub(crate) mod trim;
