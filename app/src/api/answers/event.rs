//! One event.

use rewind_domain::{Event, StreamKey};
use serde::{Deserialize, Serialize};

/// An event, as much of it as one answer holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventAnswer {
    /// The stream that it is in.
    pub stream: StreamKey,
    /// The event. Values up to a mebibyte are whole.
    pub event: Event,
}
