//! How much can be asked for.

/// How many events a page has by default.
pub const DEFAULT_PAGE_EVENTS: u64 = 100;
/// How many events a page can have: about what a browser draws without a pause.
pub const MAX_PAGE_EVENTS: u64 = 1_000;
/// How many streams are looked for in one call by default.
pub const DEFAULT_PAGE_STREAMS: u64 = 500;
/// How many streams can be asked for in one call.
pub const MAX_PAGE_STREAMS: u64 = 5_000;
/// How many rows of the list of streams, or of the tree of categories, are told by default.
pub const DEFAULT_CATALOG_ROWS: u64 = 100;
/// How many rows can be asked for in one call: more than the largest screen has room for.
pub const MAX_CATALOG_ROWS: u64 = 500;
/// Of how many streams rates can be asked for in one call: more than the largest list has at hand.
pub const MAX_RATED_STREAMS: usize = 500;
/// How many categories can be named as open or closed in one call, which have to fit into a URL.
pub const MAX_OPENED_CATEGORIES: usize = 200;
/// How many versions a window has by default.
pub const DEFAULT_WINDOW_VERSIONS: u64 = 200;
/// How many versions a window can have.
pub const MAX_WINDOW_VERSIONS: u64 = 1_000;
/// How many events of a value's history are told by default.
pub const DEFAULT_HISTORY_ENTRIES: u64 = 100;
/// How many events of a value's history can be asked for in one call.
pub const MAX_HISTORY_ENTRIES: u64 = 1_000;
/// Into how many parts a timeline is divided by default.
pub const DEFAULT_TIMELINE_BUCKETS: u64 = 240;
/// Into how many parts a timeline can be divided: more than a screen has room for.
pub const MAX_TIMELINE_BUCKETS: u64 = 2_000;
/// Into how many parts a histogram is divided by default.
pub const DEFAULT_HISTOGRAM_BUCKETS: u64 = 120;
/// Into how many parts a histogram can be divided: more than a screen has room for.
pub const MAX_HISTOGRAM_BUCKETS: u64 = 2_000;
/// How long the source of a fold can be, in bytes.
pub const MAX_FOLD_BYTES: usize = 256 * 1024;
/// How long an expression can be, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 8 * 1024;
