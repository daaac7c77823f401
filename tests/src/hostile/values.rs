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
