//! Every call, with parameters that it answers to where there is a stream `aggregate:Order:1` with an entry `1-0`.

/// A call by its path.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its path.
    pub path: &'static str,
    /// Parameters with which it succeeds.
    pub good: &'static [(&'static str, &'static str)],
    /// The names of all that it takes.
    pub parameters: &'static [&'static str],
    /// Whether its answer goes on until nobody listens.
    pub is_stream: bool,
}

const STREAM: (&str, &str) = ("stream", "aggregate:Order:1");
const ID: (&str, &str) = ("id", "1-0");

const fn call(
    path: &'static str,
    good: &'static [(&'static str, &'static str)],
    parameters: &'static [&'static str],
) -> Call {
    Call { path, good, parameters, is_stream: false }
}

/// The calls by `GET`.
pub const GET_CALLS: [Call; 25] = [
    call("/api/about", &[], &[]),
    call("/api/overview", &[], &["since", "tag"]),
    call("/api/streams", &[], &["prefix", "cursor", "limit"]),
    call("/api/catalog", &[], &["category", "search", "sort", "offset", "limit"]),
    call("/api/categories", &[], &["open", "closed", "offset", "limit"]),
    call("/api/events", &[STREAM], &["stream", "after", "before", "limit", "order", "version"]),
    call("/api/event", &[STREAM, ID], &["stream", "id"]),
    call("/api/value", &[STREAM, ID, ("at", "0")], &["stream", "id", "field", "at"]),
    call("/api/related", &[STREAM, ID], &["stream", "id", "cursor", "in"]),
    call("/api/index", &[STREAM], &["stream", "buckets", "from", "to"]),
    call("/api/replay", &[STREAM], &["stream", "version", "id", "time_ms"]),
    call("/api/window", &[STREAM], &["stream", "version", "id", "time_ms", "limit"]),
    call("/api/diff", &[STREAM], &["stream", "from", "to"]),
    call("/api/blame", &[STREAM], &["stream", "version", "id", "time_ms", "ignore"]),
    call(
        "/api/history",
        &[STREAM, ("path", "/total")],
        &["stream", "path", "type", "after", "before", "order", "limit"],
    ),
    call("/api/bisect", &[STREAM, ("expression", "state.total > 1")], &["stream", "expression"]),
    call("/api/timeline", &[STREAM], &["stream", "buckets"]),
    call("/api/fold", &[STREAM], &["stream"]),
    call("/api/export_status", &[("ticket", "0123456789abcdefghij0123")], &["ticket"]),
    call("/healthz", &[], &[]),
    call("/readyz", &[], &[]),
    call("/metrics", &[], &[]),
    Call {
        path: "/api/find",
        good: &[STREAM],
        parameters: &[
            "stream", "category", "all", "filter", "after", "before", "position", "limit", "order",
        ],
        is_stream: true,
    },
    Call {
        path: "/api/export",
        good: &[STREAM],
        parameters: &[
            "stream", "category", "filter", "after", "before", "order", "format", "columns",
            "ticket",
        ],
        is_stream: true,
    },
    Call {
        path: "/api/live",
        good: &[STREAM],
        parameters: &["stream", "category", "all", "after", "filter", "watch"],
        is_stream: true,
    },
];

/// The calls by `POST`, with a body that each answers to.
pub const POST_CALLS: [(&str, &str); 5] = [
    ("/api/rates", r#"{"streams":["aggregate:Order:1"]}"#),
    ("/api/discovery", r#"{"action":"resume"}"#),
    ("/api/cancel_export", r#"{"ticket":"0123456789abcdefghij9999"}"#),
    ("/api/try_fold", r#"{"stream":"aggregate:Order:1","source":"export default { on: {} };"}"#),
    ("/api/save_fold", r#"{"stream":"aggregate:Order:1","source":"export default { on: {} };"}"#),
];

impl Call {
    /// Its path with parameters, each percent-encoded.
    pub fn with<'p>(&self, parameters: impl IntoIterator<Item = (&'p str, &'p [u8])>) -> String {
        let mut path = self.path.to_owned();
        for (at, (name, value)) in parameters.into_iter().enumerate() {
            path.push(if at == 0 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            for byte in value {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        path
    }

    /// Its path with parameters with which it succeeds.
    pub fn good(&self) -> String {
        self.with(self.good.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    /// The same with one of them replaced, or added.
    pub fn good_but(&self, name: &str, value: &[u8]) -> String {
        let others = self.good.iter().filter(|(good, _)| *good != name);
        let others = others.map(|(good, value)| (*good, value.as_bytes()));
        self.with(others.chain([(name, value)]))
    }
}
