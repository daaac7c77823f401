//! The consumer of the reference, `billing-1` of the group `billing-service`, with this crate: handles the orders that are published to
//! `events:orders` until Ctrl-C.
//!
//! ```sh
//! REWIND_REDIS_URL=redis://127.0.0.1:6379 cargo run --package rewind-store --example consumer
//! ```

// An example says what it does where it can be seen.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;

use rewind_store::EventStore;
use rewind_store::consume::{Consumer, Delivery, RunOptions};
use serde::Deserialize;

/// The events that this consumer understands.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "data")]
enum Order {
    #[serde(rename = "order.created")]
    Created { order_id: String, total: f64 },
    #[serde(rename = "order.paid")]
    Paid { order_id: String, amount: f64 },
}

/// What the reference calls `process_event`. An error has the event tried again, and in the end makes it a dead letter.
async fn process_event(delivery: Arc<Delivery>) -> Result<(), String> {
    match delivery.typed::<Order>().map_err(|error| error.to_string())? {
        Order::Created { order_id, total } => println!("{order_id}: bills {total}"),
        Order::Paid { order_id, amount } => println!("{order_id}: was paid {amount}"),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REWIND_REDIS_URL").unwrap_or("redis://127.0.0.1:6379".to_owned());
    let store = EventStore::new(url.parse()?);
    let consumer = Consumer::new(&store, "events:orders", "billing-service", "billing-1");
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let report = consumer.run(RunOptions::default(), stop, process_event).await?;
    println!("{report:?}");
    Ok(())
}
