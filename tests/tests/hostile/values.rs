//! What hostile people put into parameters, scripts, filters and bodies.

use rewind_tests::Random;

/// Streams that are there, and keys that are not what they seem.
pub const STREAMS: [&str; 10] = [
    "aggregate:Order:1",
    "aggregate:Odd:1",
    "events:heavy",
    "events:orders",
    "events:orders#Order:1",
    "session:1",
    "missing",
    "",
    "a:\u{202e}exe.png",
    "aggregate:Order:\\xff\\x00",
];

/// Calls that take parameters, each with those that it knows.
pub const CALLS: [(&str, &[&str]); 20] = [
    ("/api/overview", &["since", "tag"]),
    ("/api/streams", &["prefix", "cursor", "limit"]),
    ("/api/catalog", &["category", "search", "sort", "offset", "limit"]),
    ("/api/categories", &["open", "closed", "offset", "limit"]),
    ("/api/events", &["stream", "order", "after", "before", "version", "limit"]),
    ("/api/event", &["stream", "id"]),
    ("/api/value", &["stream", "id", "field", "at"]),
    ("/api/related", &["stream", "id", "cursor", "in"]),
    ("/api/index", &["stream", "buckets", "from", "to"]),
    ("/api/find", &["stream", "filter", "order", "after", "before", "limit", "position"]),
    ("/api/find", &["category", "filter", "limit", "position"]),
    ("/api/export", &["stream", "filter", "format", "columns", "ticket"]),
    ("/api/export_status", &["ticket"]),
    ("/api/replay", &["stream", "version", "id", "time_ms"]),
    ("/api/window", &["stream", "version", "id", "time_ms", "limit"]),
    ("/api/diff", &["stream", "from", "to"]),
    ("/api/blame", &["stream", "version", "ignore"]),
    ("/api/history", &["stream", "path", "type", "after", "before", "order", "limit"]),
    ("/api/bisect", &["stream", "expression"]),
    ("/api/timeline", &["stream", "buckets"]),
];

/// Calls that take a body.
pub const POSTS: [&str; 6] = [
    "/api/rates",
    "/api/discovery",
    "/api/cancel_export",
    "/api/try_fold",
    "/api/save_fold",
    "/api/nothing",
];

/// Values that parameters are given.
const VALUES: [&str; 30] = [
    "",
    "0",
    "-1",
    "1",
    "500",
    "1000",
    "1001",
    "18446744073709551615",
    "18446744073709551616",
    "1e9",
    "NaN",
    "0-0",
    "5-0",
    "1-18446744073709551615",
    "18446744073709551615-18446744073709551615",
    "9-",
    "-",
    "+",
    "$",
    "asc",
    "desc",
    "csv",
    "null",
    "[\"",
    "[[[[[[[[[[[[",
    "{}",
    "../../etc/passwd",
    "a\r\nX-Injected: 1",
    "\u{0}",
    "\u{202e}\u{2066}\u{7f}\u{9b}",
];

/// Expressions that take long in ways of their own, or are none.
const EXPRESSIONS: [&str; 20] = [
    "String(10n**300000n)==1",
    "(()=>{for(;;);})()",
    "(()=>{for(;;)String(10n**300000n)})()",
    "(()=>{let n=3n;for(;;)n*=n})()",
    "('a'+'\\u0301\\u0327'.repeat(1e6)).normalize('NFD')==1",
    "Array(3e5).fill('a'.repeat(1e4)).sort()[0]==1",
    "/^(a+)+$/.test('a'.repeat(40)+'b')",
    "/(.*)*x/.test('a'.repeat(1e5))",
    "[].lastIndexOf.call({length:2**53-1},1)>0",
    "[].indexOf.call({length:2**53-1},1)>0",
    "(()=>{let a=[1];for(let i=0;i<40;i++)a=[a,a];return JSON.stringify(a)})()==1",
    "(()=>{let a=[];a.length=4e9;return new Set(a).size})()==1",
    "(function f(){return f()})()",
    "'a'.repeat(2**29).length==1",
    "event.data.missing.member",
    "state.total>0",
    "while(1){}",
    "((((",
    "`${",
    "\u{202e}0",
];

/// Sources of folds, likewise.
const SOURCES: [&str; 12] = [
    "for(;;)String(10n**300000n);",
    "while(true){}",
    "export default {on:{$any(s,e){for(;;);}}}",
    "export default {on:{$any(s,e){String(10n**300000n);}}}",
    "export default {initial(){for(;;);}}",
    "export default {initial:()=>({get a(){for(;;);}})}",
    "export default {on:{$any(s,e){s.a=(s.a||'x')+(s.a||'x');}}}",
    "export default {on:{$any(s,e){(function f(){f()})();}}}",
    "export default {on:{$any(s,e){s.n=(s.n||0)+1;}}}",
    "export default 1",
    "import x from 'y'",
    "",
];

/// Terms of filters.
const TERMS: [&str; 12] = [
    "type:*",
    "type:Changed",
    "data.n>2",
    "data.items[].sku:\"x\"",
    "data[[[",
    "-has:data.n",
    "time>=2012-01-14T10",
    "time:9999999999999999999",
    "id:5-0..3-0",
    "event.version>3",
    "\"",
    "\u{0}",
];

/// One of these.
pub fn one_of<'a>(random: &mut Random, values: &[&'a str]) -> &'a str {
    values[usize::try_from(random.below(values.len() as u64)).unwrap()]
}

/// A value for a parameter: mostly one that fits it, so that questions get somewhere.
pub fn parameter(random: &mut Random, name: &str) -> String {
    match (name, random.below(10)) {
        (_, 0) => one_of(random, &VALUES).to_owned(),
        (_, 1) => one_of(random, &VALUES).repeat(1 + random.below(2_000) as usize),
        ("stream" | "in", _) => one_of(random, &STREAMS).to_owned(),
        ("filter", 2..=4) => format!("={}", expression(random)),
        ("filter", _) => {
            (0..=random.below(3)).map(|_| one_of(random, &TERMS)).collect::<Vec<_>>().join(" ")
        }
        ("expression", _) => expression(random).to_owned(),
        ("id" | "after" | "before", 2..=5) => format!("{}-0", random.below(30)),
        ("limit" | "version" | "from" | "to" | "at", 2..=6) => random.below(1_200).to_string(),
        ("path", 2..=6) => "/n".to_owned(),
        _ => one_of(random, &VALUES).to_owned(),
    }
}

/// An expression.
pub fn expression(random: &mut Random) -> &'static str {
    one_of(random, &EXPRESSIONS)
}

/// The source of a fold.
pub fn source(random: &mut Random) -> &'static str {
    one_of(random, &SOURCES)
}
