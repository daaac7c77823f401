//! Values of parameters that no page sends.

/// All of them.
pub fn values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect();
    values.push(b"\xff\xfe".to_vec());
    values.push(b"a\0b".to_vec());
    values.push(b"\\xff".to_vec());
    values.push(vec![b'x'; 20_000]);
    values.push("ä".repeat(10_000).into_bytes());
    values.push(vec![b'('; 2_000]);
    values.push(vec![b'['; 2_000]);
    values.push(vec![b'9'; 2_000]);
    values
}

const TEXTS: [&str; 37] = [
    "",
    "0",
    "-1",
    "1",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e9",
    "NaN",
    "0x10",
    " 1",
    "1-0",
    "0-0",
    "18446744073709551615-18446744073709551615",
    "1-0-0",
    "-",
    "+",
    "$",
    "*",
    "missing",
    "aggregate:Order:1",
    "aggregate:Order:",
    "text",
    "a\\",
    "\r\nX-Injected: 1",
    "\u{1b}[31m",
    "\u{202e}gpj",
    "../../etc/passwd",
    "{\"a\":",
    "[\"aggregate:\"]",
    "/a/~2",
    "state.",
    "=event.type ==",
    "data.total>",
    "stream=a&after=x",
    "<script>alert(1)</script>",
];

/// Queries that are not names and values, or say something twice.
pub const QUERIES: [&str; 22] = [
    "",
    "&",
    "&&&=&=",
    "=",
    "stream",
    "stream=%",
    "stream=%ZZ",
    "stream=%ff",
    "stream=a&stream=b",
    "stream=a&stream=b&limit=1&limit=2",
    "stream[]=a",
    "stream[0]=a",
    "stream[x]=a",
    "stream[x][y][z]=a",
    "stream[99999999999]=a",
    "limit[999999999]=1&stream=a",
    "[]=1",
    "[=1",
    "]=1",
    "stream=a;limit=1",
    "__proto__=1&constructor=2",
    "stream=a%00b",
];
