//! Projections beside the Python of the reference: both on one checkpoint.

use rewind_dev::{Reference, TestRedis};
use rewind_store::EventStore;

use crate::project::{order_stats, text};

/// Publishes this many orders, each with a total of 0.5, of which every fourth is shipped.
const PUBLISH: &str = "
publisher = EventPublisher(r)
for n in range(int('{count}')):
    publisher.publish('orders', 'order.created', {'order_id': str(n), 'total': 0.5})
    if n % 4 == 0:
        publisher.publish('orders', 'order.shipped', {'order_id': str(n)})
";

/// The usage of the reference, which goes on from the checkpoint where it has one.
const GO_ON: &str = "
projection = EventProjection(r, 'order-stats')
def created(data):
    r.hincrby('stats:orders', 'total_count', 1)
    r.hincrbyfloat('stats:orders', 'total_value', data['total'])
def shipped(data):
    r.hincrby('stats:orders', 'shipped_count', 1)
handlers = {'order.created': created, 'order.shipped': shipped}
last = projection.get_checkpoint().decode()
for event_id, fields in r.xrange('events:orders', '(' + last, '+'):
    handlers[fields[b'type'].decode()](json.loads(fields[b'data']))
    projection.save_checkpoint(event_id)
";

async fn publish(reference: &Reference, redis: &TestRedis, count: u32) {
    reference.run(redis, &PUBLISH.replace("{count}", &count.to_string())).await;
}

async fn stats(redis: &TestRedis) -> [String; 3] {
    [
        text(redis, "HGET stats:orders total_count").await,
        text(redis, "HGET stats:orders total_value").await,
        text(redis, "HGET stats:orders shipped_count").await,
    ]
}

#[tokio::test]
async fn the_reference_and_this_go_on_from_each_others_checkpoint() {
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    publish(&reference, &redis, 40).await;
    let progress = order_stats().catch_up(&store).await.unwrap();
    assert_eq!(
        (progress.handled, stats(&redis).await),
        (50, ["40", "20", "10"].map(str::to_owned))
    );
    publish(&reference, &redis, 8).await;
    reference.run(&redis, GO_ON).await;
    assert_eq!(stats(&redis).await, ["48", "24", "12"].map(str::to_owned));
    publish(&reference, &redis, 4).await;
    let progress = order_stats().catch_up(&store).await.unwrap();
    assert_eq!((progress.handled, progress.lag), (5, Some(0)));
    assert_eq!(stats(&redis).await, ["52", "26", "13"].map(str::to_owned));
    let checkpoint = text(&redis, "GET projection:order-stats:checkpoint").await;
    let seen = reference
        .run(&redis, "print(EventProjection(r, 'order-stats').get_checkpoint().decode())")
        .await;
    assert_eq!(seen.trim(), checkpoint);
}

#[tokio::test]
async fn what_the_reference_counted_is_rebuilt_right() {
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    publish(&reference, &redis, 20).await;
    let rebuild = GO_ON.split("last =").next().unwrap().to_owned()
        + "print(projection.rebuild('events:orders', handlers), projection.rebuild('events:orders', handlers))";
    // It counts everything twice when it rebuilds twice.
    assert_eq!(reference.run(&redis, &rebuild).await.trim(), "25 25");
    assert_eq!(stats(&redis).await[0], "40");
    order_stats().rebuild(&store, |_| {}).await.unwrap();
    assert_eq!(stats(&redis).await, ["20", "10", "5"].map(str::to_owned));
    let progress = order_stats().catch_up(&store).await.unwrap();
    assert_eq!(progress.handled, 0);
}
