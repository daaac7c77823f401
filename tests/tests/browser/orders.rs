//! A small shop to look at.

use rewind_tests::TestRedis;

/// The order that most tests open: five versions.
pub const ORDER: &str = "aggregate:Order:1001";

/// Three orders, a customer, and a topic of 250 events.
pub async fn fill(redis: &TestRedis) {
    for (id, event_type, data) in [
        (
            "1706185200000-0",
            "OrderCreated",
            r#"{"customer":{"name":"Ada","country":"GB"},"items":{"WIDGET":{"qty":2,"price":24.95}},"status":"created","total":49.90}"#,
        ),
        (
            "1706185260000-0",
            "ItemAdded",
            r#"{"items":{"GADGET":{"qty":1,"price":14.95}},"total":64.85}"#,
        ),
        ("1706185320000-0", "ItemRemoved", r#"{"items":{"WIDGET":null},"total":14.95}"#),
        (
            "1706185380000-0",
            "OrderPaid",
            r#"{"status":"paid","payment":{"id":12345678901234567890,"amount":14.95}}"#,
        ),
        ("1706271600000-0", "OrderShipped", r#"{"status":"shipped"}"#),
    ] {
        redis.add(ORDER, id, event_type, data).await;
    }
    for order in ["aggregate:Order:1002", "aggregate:Order:1003"] {
        redis.add(order, "1706185200000-0", "OrderCreated", r#"{"total":1}"#).await;
    }
    redis
        .add("aggregate:Customer:7", "1706185200000-0", "CustomerRegistered", r#"{"name":"Ada"}"#)
        .await;
    redis.add_many("events:orders", 250).await;
}
