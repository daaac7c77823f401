//! The usage of `EventPublisher` in Python, line by line: orders are published, one by one and in a batch.
//!
//! `cargo run -p rewind-store --example publisher -- redis://127.0.0.1:6379`

#![allow(clippy::print_stdout, reason = "what it prints is all that it is for")]

use rewind_store::publish::{Limit, Publisher};
use rewind_store::{EventStore, IdempotencyKey, NewEvent};
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "type", content = "data")]
enum Order {
    #[serde(rename = "order.created")]
    Created { order_id: String, customer_id: String, items: Vec<Item>, total: f64 },
    #[serde(rename = "order.paid")]
    Paid { order_id: String, payment_id: String, amount: f64 },
}

#[derive(Serialize)]
struct Item {
    sku: String,
    qty: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // r = redis.Redis()
    // publisher = EventPublisher(r)
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let store = EventStore::new(url.parse()?);
    let orders = Publisher::new(&store, "events:orders");

    // publisher.publish('orders', 'order.created', {
    //     'order_id': '12345', 'customer_id': 'cust_001', 'items': [{'sku': 'WIDGET-01', 'qty': 2}], 'total': 49.99
    // })
    let created = NewEvent::typed(&Order::Created {
        order_id: "12345".into(),
        customer_id: "cust_001".into(),
        items: vec![Item { sku: "WIDGET-01".into(), qty: 2 }],
        total: 49.99,
    })?;
    println!("{}", orders.publish(&created).await?);

    // publisher.publish('orders', 'order.paid', {'order_id': '12345', 'payment_id': 'pay_abc123', 'amount': 49.99})
    let paid = NewEvent::typed(&Order::Paid {
        order_id: "12345".into(),
        payment_id: "pay_abc123".into(),
        amount: 49.99,
    })?;
    // A payment is published once, also where a reply is lost and it is asked again.
    let key = IdempotencyKey::new("pay_abc123");
    println!("{:?}", orders.publish_once(&key, &[paid]).await?);

    // publisher.publish_batch('orders', events) may be done in part; this is done whole or not at all.
    println!("{:?}", orders.publish_all(&[created.clone(), created.clone()]).await?);

    // publisher.publish('orders', 'order.created', data, maxlen=10000)
    let bounded = orders.with_limit(Limit::newest(10_000));
    println!("{}", bounded.publish(&created).await?);
    Ok(())
}
