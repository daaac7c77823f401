//! The usage of `AggregateEventStore` in Python, line by line: an order is made and changed, each time at the version that was seen.
//!
//! `cargo run -p rewind-store --example aggregate -- redis://127.0.0.1:6379`

#![allow(clippy::print_stdout, reason = "what it prints is all that it is for")]

use rewind_store::aggregate::{Aggregate, AggregateStore, AppendError, Expected};
use rewind_store::{EventStore, NewEvent};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // store = AggregateEventStore(r)
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let store = AggregateStore::new(&EventStore::new(url.parse()?));
    let order = Aggregate::new("Order", "12345");

    // store.append_event('Order', '12345', 'OrderCreated', {
    //     'customer_id': 'cust_001', 'items': [{'sku': 'WIDGET', 'qty': 2}]
    // }, expected_version=0)
    let data = json!({"customer_id": "cust_001", "items": [{"sku": "WIDGET", "qty": 2}]});
    let created = NewEvent::new("OrderCreated", &data)?;
    match store.append(&order, &[created], Expected::Version(0)).await {
        Ok(appended) => println!("{appended:?}"),
        // Who comes second is told what it did not see.
        Err(AppendError::Conflict(conflict)) => {
            println!("{conflict}; {} events were missed", conflict.missed.len());
        }
        Err(error) => return Err(error.into()),
    }

    // store.append_event('Order', '12345', 'ItemAdded', {'sku': 'GADGET', 'qty': 1}, expected_version=1)
    let added = NewEvent::new("ItemAdded", &json!({"sku": "GADGET", "qty": 1}))?;
    let version = store.version(&order).await?;
    println!("{:?}", store.append(&order, &[added], Expected::Version(version)).await?);

    // store.get_events('Order', '12345', after_version=1)
    let page = store.events_after(&order, 1, 100).await?;
    for event in &page.events {
        println!("{:?} {:?} {}", event.version, event.event_type, event.data);
    }

    // store.get_version('Order', '12345')
    println!("{}", store.version(&order).await?);
    Ok(())
}
