//! The edges of the browser that the features need: its address bar, its clock, its connections. Nothing outside of this
//! folder and of event handlers names `web_sys`.

pub(crate) mod availability;
pub(crate) mod clipboard;
pub(crate) mod clock;
pub(crate) mod copying;
pub(crate) mod download;
pub(crate) mod draft;
pub(crate) mod drafts;
pub(crate) mod frame_stream;
pub(crate) mod frames;
pub(crate) mod idle;
pub(crate) mod keyboard;
pub(crate) mod live_connection;
pub(crate) mod location;
pub(crate) mod places;
pub(crate) mod polling;
pub(crate) mod press;
pub(crate) mod remote;
pub(crate) mod resize;
pub(crate) mod retries;
pub(crate) mod rights;
pub(crate) mod stillness;
pub(crate) mod stroke;
pub(crate) mod text_area;
pub(crate) mod theme;
pub(crate) mod title;
pub(crate) mod typing;
pub(crate) mod viewport;
pub(crate) mod zone;
