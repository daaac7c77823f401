//! Live: new events, pushed to whoever watches.
//!
//! The [`Hub`] knows what is watched. One task and one connection wait for all watched streams at once, however many viewers there
//! are; a category has a follower, which hears which of its streams changed. Both read what is new as pages, which tell too
//! whether anything was trimmed before it, make a frame of each entry once, and put it into a bounded channel.
//!
//! A viewer, one for each `GET /api/live`, first subscribes, then reads from Redis what it missed, then passes on what is in the channel,
//! without what it has passed on already. It takes more only when its line takes more; one that is too slow for its
//! channel reads from Redis again: the log is still there.
//!
//! | what | file |
//! |---|---|
//! | who watches what, and how much of it there may be | `hub`, `seats` |
//! | what is new: in streams, in a category | `reader`; `category`, `follower`, `merge`, `reached` |
//! | what is missing, what begins again | `position`, `followed`, `remade` |
//! | which of it a viewer gets | `selection` |
//! | what entries are | `batch` |
//! | from there to the viewers, and to the browser | `channel`, `frame`; `line`, `viewer`, `category_viewer` |

mod batch;
mod category;
mod category_position;
mod category_viewer;
mod channel;
mod counters;
mod error;
mod followed;
mod follower;
mod frame;
mod hub;
mod line;
mod merge;
mod position;
mod reader;
mod remade;
mod selection;
mod viewer;
mod viewer_slots;
mod watches;

pub use category_position::{CategoryPosition, CategoryPositionError};
pub use category_viewer::CategoryViewer;
pub use counters::LiveFigures;
pub use error::LiveError;
pub(crate) use frame::positions_text;
pub use hub::Hub;
pub use viewer::{Viewer, Watched};
pub use viewer_slots::{LiveLimits, ViewerSlot};
