//! What Redis holds while hostile questions are asked.

use rewind_tests::TestRedis;

/// How many events an aggregate has that is asked for plainly.
pub const ORDER_EVENTS: u64 = 20;
/// How many large events there are, and how large each is, in bytes.
const HEAVY_EVENTS: u64 = 20;
const HEAVY_BYTES: usize = 2_000_000;

/// Fills Redis with sound events, large ones, odd ones, and keys that are no streams.
pub async fn fill(redis: &TestRedis) {
    redis.add_many("aggregate:Order:1", ORDER_EVENTS).await;
    redis.add_many("events:orders", 3_000).await;
    for n in 1..200 {
        redis.add_many(&format!("aggregate:Many:{n}"), 3).await;
    }
    let text = format!(r#"{{"text":"{}"}}"#, "x".repeat(HEAVY_BYTES));
    for n in 1..=HEAVY_EVENTS {
        redis.add("events:heavy", &format!("{n}-0"), "Heavy", &text).await;
    }
    for (n, payload) in odd_payloads().iter().enumerate() {
        redis.add("aggregate:Odd:1", &format!("{}-0", n + 1), "Odd", payload).await;
    }
    redis.run("SET session:1 x").await;
}

/// Payloads that are no JSON, too much of it, or on the edge of it.
fn odd_payloads() -> Vec<String> {
    vec![
        "{".to_owned(),
        "[".repeat(100_000),
        format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000)),
        format!("{{\"n\":{}}}", "9".repeat(100_000)),
        r#"{"n":1e999999999}"#.to_owned(),
        r#"{"n":-0.000000000000000000000000000000000000000001}"#.to_owned(),
        r#"{"\u0000":"\ud800","__proto__":{"a":1},"constructor":1}"#.to_owned(),
        "{\"a\":1,\"a\":2}".to_owned(),
        "\u{202e}\u{feff}".to_owned(),
        format!("{{{}\"z\":1}}", (0..20_000).map(|n| format!("\"k{n}\":1,")).collect::<String>()),
        "H4sIAAAAAAAAA+3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA".to_owned(),
    ]
}
