//! The rules that every order keeps, checked from its events alone.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::sample::entry::Entry;

/// Fails on the first order that breaks a rule.
pub(crate) fn check(entries: &[Entry]) {
    let mut orders: HashMap<&str, Value> = HashMap::new();
    let mut customers = HashSet::new();
    for entry in entries {
        let line: Value = serde_json::from_str(&entry.line()).unwrap();
        let data: Value = serde_json::from_str(line["fields"]["data"].as_str().unwrap()).unwrap();
        let kind = entry.field("type").unwrap();
        if let Some(customer) = entry.stream.strip_prefix("aggregate:Customer:") {
            assert_eq!(customers.insert(customer), kind == "CustomerRegistered", "{line}");
        } else if entry.stream.starts_with("aggregate:Order:") {
            let state = orders.entry(&entry.stream).or_insert(Value::Null);
            let before = state["status"].as_str().unwrap_or("").to_owned();
            let allowed: &[&str] = match kind {
                "OrderCreated" => &[""],
                "ItemAdded" | "ItemRemoved" | "OrderPaid" => &["open"],
                "OrderShipped" => &["paid"],
                "OrderDelivered" => &["shipped"],
                "OrderCancelled" => &["open", "paid"],
                "OrderRefunded" => &["cancelled", "delivered"],
                other => panic!("`{other}` is not known"),
            };
            assert!(allowed.contains(&&*before), "{kind} after `{before}`: {line}");
            merge(state, &data);
            check_state(kind, state);
            let customer = state["customer"]["id"].as_str().unwrap();
            assert!(customers.contains(customer), "{customer} has not registered: {line}");
        } else {
            assert_eq!(entry.stream, "events:orders");
            let order = format!("aggregate:Order:{}", data["order_id"].as_str().unwrap());
            assert!(orders.contains_key(&*order), "published before it happened: {line}");
        }
        check_amounts_have_two_decimals(entry.field("data").unwrap());
    }
}

/// The default fold.
fn merge(state: &mut Value, data: &Value) {
    match (state, data) {
        (Value::Object(state), Value::Object(data)) => {
            for (name, value) in data {
                merge(state.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (state, data) => *state = data.clone(),
    }
}

fn check_state(kind: &str, state: &Value) {
    let items = state["items"].as_object().unwrap();
    let pieces = items.values().map(|item| item["quantity"].as_u64().unwrap()).sum::<u64>();
    assert!(pieces > 0, "an order of nothing: {state}");
    let sum = items
        .values()
        .map(|item| cents(&item["price"]) * item["quantity"].as_u64().unwrap())
        .sum::<u64>();
    assert_eq!(cents(&state["total"]), sum + cents(&state["shipping"]["price"]), "{state}");
    match kind {
        "OrderPaid" => assert_eq!(cents(&state["payment"]["amount"]), cents(&state["total"])),
        "OrderRefunded" => {
            assert!(state["payment"].is_object(), "money back that was never paid: {state}");
            let (refund, total) = (cents(&state["refund"]["amount"]), cents(&state["total"]));
            let full = state["status"] == "refunded";
            assert!(refund > 0 && refund <= total && full == (refund == total), "{state}");
        }
        _ => {}
    }
}

fn cents(amount: &Value) -> u64 {
    let text = format!("{:.2}", amount.as_f64().unwrap());
    text.replace('.', "").parse().unwrap()
}

fn check_amounts_have_two_decimals(data: &str) {
    for name in ["\"total\":", "\"price\":", "\"amount\":"] {
        for (at, _) in data.match_indices(name) {
            let rest = &data[at + name.len()..];
            let amount = &rest[..rest.find([',', '}']).unwrap()];
            let (_, decimals) = amount.split_once('.').unwrap();
            assert!(decimals.len() == 2, "`{amount}` in {data}");
        }
    }
}
