//! The usage of `trim_stream` and `get_stream_info` in Python, line by line.
//!
//! `cargo run -p rewind-store --example maintenance -- redis://127.0.0.1:6379`

#![allow(clippy::print_stdout, reason = "what it prints is all that it is for")]

use rewind_store::EventStore;
use rewind_store::inspect::inspect;
use rewind_store::publish::Precision;
use rewind_store::trim::{TrimBy, preview, trim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let store = EventStore::new(url.parse()?);
    let orders = "events:orders".into();

    // trim_stream(r, 'events:orders', max_len=100000)
    let planned = preview(store.reads(), &orders, TrimBy::Length(100_000)).await?;
    println!("{} events go, {} stay", planned.removed, planned.kept);
    if planned.losses.is_empty() {
        trim(&store, &orders, TrimBy::From(planned.keep_from), Precision::AtLeast).await?;
    } else {
        println!("groups would lose events: {:?}", planned.losses);
    }

    // info = get_stream_info(r, 'events:orders')
    // print(f"Stream length: {info['length']}")
    let info = inspect(store.reads(), &orders).await?;
    println!("Stream length: {}", info.length);

    // for group in info['consumer_groups']:
    //     print(f"Group {group['name']}: {group['pending']} pending messages")
    for group in &info.groups {
        let name = String::from_utf8_lossy(&group.name);
        println!("Group {name}: {} pending messages, {:?} behind", group.pending, group.lag);
    }
    Ok(())
}
