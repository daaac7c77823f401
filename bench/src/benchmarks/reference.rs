//! The library beside the Python classes that it takes the place of, each as its own documents use it, on the same data.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rewind_dev::Reference;
use rewind_domain::aggregate_pattern::Aggregate;
use rewind_store::aggregate::{AggregateStore, Expected};
use rewind_store::consume::Consumer;
use rewind_store::project::{Handlers, Projection, reset};
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, NewEvent};
use serde_json::{Value as Json, json};

use super::Setting;
use crate::bare::BareClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::stats::{Pair, Summary};

/// How much of the time of the Python classes the library may take.
const MAX_RATIO: f64 = 0.2;
/// How many events are published, consumed and projected.
const EVENTS: usize = 20_000;
/// How many are appended.
const APPENDED: usize = 5_000;
/// How many are published, and consumed, at a time.
const BATCH: usize = 100;
const STREAM: &str = "events:reference";
const NAME: &str = "bench-reference";
const TYPE: &str = "order.paid";

/// Publishes, consumes, appends and projects with the classes of the reference, and prints the seconds that each took.
const PROGRAM: &str = "
events, appended, batch = EVENTS, APPENDED, BATCH
data = {'order_id': '12345', 'payment_id': 'pay_abc123', 'amount': 49.99}
took = {}
def timed(name, do):
    begun = time.perf_counter()
    do()
    took[name] = time.perf_counter() - begun

publisher = EventPublisher(r)
def publish():
    for n in range(appended):
        publisher.publish('reference', 'order.paid', data)
timed('publish', publish)
r.delete('events:reference')
def publish_batches():
    for n in range(events // batch):
        publisher.publish_batch('reference', [('order.paid', data)] * batch)
timed('publish_batch', publish_batches)

consumer = EventConsumer(r, 'events:reference', 'python', 'one')
def consume():
    while found := consumer.consume(count=batch, block=1):
        consumer.acknowledge([event['id'] for event in found])
timed('consume', consume)

store = AggregateEventStore(r)
def append():
    for version in range(appended):
        store.append_event('Reference', 'python', 'order.paid', data, expected_version=version)
timed('append', append)

total = [0.0]
def paid(data):
    total[0] += data['amount']
timed('project', lambda: EventProjection(r, 'bench-python').rebuild('events:reference', {'order.paid': paid}))
print(json.dumps(took))
";

/// Measures each of the parts that both have.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let Some(reference) = Reference::find() else {
        report.add(Row::skipped("beside the reference's Python", "it or its Python is not here"));
        return Ok(());
    };
    let url = setting.redis.url();
    let mut bare = BareClient::connect(url).await?;
    let program =
        PROGRAM.replace("EVENTS, APPENDED, BATCH", &format!("{EVENTS}, {APPENDED}, {BATCH}"));
    let mut pairs: HashMap<&str, Vec<Pair>> = HashMap::new();
    for _ in 0..setting.effort.pick(3, 1) {
        clear(&mut bare).await?;
        let told = reference.run_at(url, &program).await;
        let python: HashMap<String, f64> =
            serde_json::from_str(&told).with_context(|| format!("Python said {told}"))?;
        clear(&mut bare).await?;
        for (part, rewind) in ours(url).await? {
            let bare = *python.get(part).with_context(|| format!("Python did not {part}"))?;
            pairs.entry(part).or_default().push(Pair { rewind, bare });
        }
    }
    clear(&mut bare).await?;
    for (part, what) in [
        ("publish", format!("publishing {APPENDED} events one after the other")),
        ("publish_batch", format!("publishing {EVENTS} events, {BATCH} in a batch")),
        ("consume", format!("consuming and acknowledging {EVENTS} events, {BATCH} at a time")),
        ("append", format!("appending {APPENDED} events with an expected version")),
        ("project", format!("projecting {EVENTS} events")),
    ] {
        let summary = Summary::of(pairs.get(part).map_or(&[], Vec::as_slice))?;
        let what = format!("{what}, against the reference's Python");
        report.add(Row::compared(&what, Unit::Time, &summary, Aim::Ratio(MAX_RATIO)));
    }
    Ok(())
}

/// The seconds that each part took with the library.
async fn ours(url: &str) -> Result<[(&'static str, f64); 5]> {
    let store = EventStore::new(url.parse()?);
    let event = NewEvent::new(TYPE, &data())?;
    let publisher = Publisher::new(&store, STREAM);
    let start = Instant::now();
    for _ in 0..APPENDED {
        publisher.publish(&event).await?;
    }
    let publish = start.elapsed().as_secs_f64();
    BareClient::connect(url).await?.delete(STREAM).await?;

    let batch = vec![event.clone(); BATCH];
    let start = Instant::now();
    for _ in 0..EVENTS / BATCH {
        publisher.publish_all(&batch).await?;
    }
    let publish_batch = start.elapsed().as_secs_f64();

    let mut consumer = Consumer::new(&store, STREAM, "rewind", "one");
    let start = Instant::now();
    let mut consumed = 0;
    loop {
        let batch = consumer.next(BATCH, None).await?;
        if batch.is_empty() {
            break;
        }
        consumed += consumer.ack(&batch.ids()).await?;
    }
    let consume = start.elapsed().as_secs_f64();

    let aggregates = AggregateStore::new(&store);
    let aggregate = Aggregate::new("Reference", "rewind");
    let events = [event];
    let start = Instant::now();
    for version in 0..APPENDED as u64 {
        aggregates.append(&aggregate, &events, Expected::Version(version)).await?;
    }
    let append = start.elapsed().as_secs_f64();

    reset(&store, NAME).await?;
    let paid = |total: &mut f64, data: Json| *total += data["amount"].as_f64().unwrap_or_default();
    let mut projection =
        Projection::state(NAME, || 0.0, Handlers::new().on(TYPE, paid)).stream(STREAM);
    let start = Instant::now();
    let progress = projection.catch_up(&store).await?;
    let project = start.elapsed().as_secs_f64();
    reset(&store, NAME).await?;
    if (consumed, progress.events) != (EVENTS as u64, EVENTS as u64) {
        bail!("{consumed} of {EVENTS} events were consumed, {} projected", progress.events);
    }
    Ok([
        ("publish", publish),
        ("publish_batch", publish_batch),
        ("consume", consume),
        ("append", append),
        ("project", project),
    ])
}

fn data() -> Json {
    json!({ "order_id": "12345", "payment_id": "pay_abc123", "amount": 49.99 })
}

async fn clear(bare: &mut BareClient) -> Result<()> {
    for key in [
        STREAM,
        "aggregate:Reference:python",
        "aggregate:Reference:rewind",
        "projection:bench-python:checkpoint",
    ] {
        bare.delete(key).await?;
    }
    Ok(())
}
