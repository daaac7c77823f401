//! The usage of `EventProjection` in Python, line by line: order statistics, kept up to date.
//!
//! `cargo run -p rewind-store --example projection -- redis://127.0.0.1:6379`

#![allow(clippy::print_stdout, reason = "what it prints is all that it is for")]

use rewind_domain::Event;
use rewind_store::EventStore;
use rewind_store::project::{Changes, Handlers, Projection};
use serde::Deserialize;

// def handle_order_created(data):
//     r.hincrby('stats:orders', 'total_count', 1)
//     r.hincrbyfloat('stats:orders', 'total_value', data['total'])
#[derive(Deserialize)]
struct OrderCreated {
    total: f64,
}

fn order_created(changes: &mut Changes, OrderCreated { total }: OrderCreated) {
    changes.increment("stats:orders", "total_count", 1);
    changes.increment_float("stats:orders", "total_value", total);
}

// def handle_order_shipped(data):
//     r.hincrby('stats:orders', 'shipped_count', 1)
fn order_shipped(changes: &mut Changes, _: &Event) {
    changes.increment("stats:orders", "shipped_count", 1);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let store = EventStore::new(url.parse()?);

    // handlers = {'order.created': handle_order_created, 'order.shipped': handle_order_shipped}
    let handlers =
        Handlers::new().on("order.created", order_created).on_event("order.shipped", order_shipped);

    // projection = EventProjection(r, 'order-stats')
    let mut projection = Projection::changes("order-stats", handlers).stream("events:orders");

    // projection.rebuild('events:orders', handlers): here beside what there is, which it replaces in one step.
    let progress = projection.rebuild(&store, |_| {}).await?;
    println!("{} events were handled", progress.handled);

    // projection.get_checkpoint()
    let status = store.reads().projection("order-stats").await?;
    println!("the checkpoint is {:?}", status.and_then(|status| status.checkpoint));

    // What the reference leaves to others: new events, as they come, until the process is ended.
    projection.run(&store, std::future::pending()).await?;
    Ok(())
}
