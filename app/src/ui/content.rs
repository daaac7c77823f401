//! The part of the document that changes from page to page.

/// Its id.
pub(crate) const CONTENT_ID: &str = "content";
