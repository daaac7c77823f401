//! What comes on a connection.

use std::rc::Rc;

use crate::api::ApiError;
use rewind_domain::sse::Frame;

/// What is heard on a connection.
pub(crate) enum Heard {
    /// Frames came.
    Frames(Vec<Frame>),
    /// It is no more; with what the server said to that, if anything.
    Lost(Option<ApiError>),
}

/// Gets what is heard.
pub(crate) type Listener = Rc<dyn Fn(Heard)>;
