//! Events that are larger than what is read at once, in bytes or in fields.

use rewind_dev::TestRedis;
use rewind_domain::EntryId;
use rewind_store::aggregate::{Aggregate, AggregateStore, Expected};
use rewind_store::consume::{DeadLetters, ReplayTo, Replayed};
use rewind_store::{EventStore, NewEvent};

use crate::consume::{GROUP, STREAM, consumer};

/// More than one reply holds.
const HUGE: usize = 13 << 20;
/// Of which one reply holds few.
const LARGE: usize = 3 << 20;

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[tokio::test]
async fn the_events_of_an_aggregate_are_whole_however_large_they_are() {
    let redis = TestRedis::start().await;
    redis.add_many("probe", 1).await;
    if !redis.counts_added_entries("probe").await {
        return;
    }
    let store = AggregateStore::new(&EventStore::new(redis.url()));
    let order = Aggregate::new("Order", "1");
    let sizes = [LARGE, LARGE, HUGE, LARGE];
    for bytes in sizes {
        let event = NewEvent::new("Noted", &text(bytes)).unwrap();
        store.append(&order, &[event], Expected::Any).await.unwrap();
    }
    let mut read = Vec::new();
    while read.len() < sizes.len() {
        let page = store.events_after(&order, read.len() as u64, 10).await.unwrap();
        assert!(!page.events.is_empty());
        // Two quotes stand around it.
        let bytes = |data: &rewind_domain::Json| data.to_string().len() - 2;
        read.extend(page.events.iter().map(|event| bytes(&event.data)));
    }
    assert_eq!(read, sizes);
}

/// Gives up on the one event of the stream. Returns the dead letter.
async fn give_up(redis: &TestRedis) -> (DeadLetters, EntryId) {
    let mut consumer = consumer(redis, "one");
    let batch = consumer.next(1, None).await.unwrap();
    consumer.give_up(&batch.deliveries[0], "no").await.unwrap();
    let letters = DeadLetters::new(&EventStore::new(redis.url()), STREAM, GROUP);
    let found = letters.list(None, 10).await.unwrap();
    (letters, found[0].id)
}

#[tokio::test]
async fn a_dead_letter_is_listed_whole_however_large_it_is() {
    let redis = TestRedis::start().await;
    redis.add(STREAM, "1-0", "Noted", &text(HUGE)).await;
    let (letters, id) = give_up(&redis).await;
    let letter = letters.letter(id).await.unwrap().unwrap();
    assert_eq!(letter.fields.get("data").map(<[u8]>::len), Some(HUGE));
    assert_eq!(letter.cause.as_ref().unwrap().origin, EntryId::new(1, 0));
    assert_eq!(letters.list(None, 10).await.unwrap(), [letter]);
}

#[tokio::test]
async fn a_dead_letter_with_very_many_fields_is_replayed_once() {
    const FIELDS: usize = 20_000;
    let redis = TestRedis::start().await;
    for to in [ReplayTo::Stream, ReplayTo::Group] {
        let mut command = redis::cmd("XADD");
        command.arg(STREAM).arg("*");
        for n in 0..FIELDS {
            command.arg(format!("f{n}")).arg(n);
        }
        let mut connection = redis.connection().await;
        command.query_async::<redis::Value>(&mut connection).await.unwrap();
        let (letters, id) = give_up(&redis).await;
        assert!(matches!(letters.replay(id, to).await, Ok(Replayed::Done(_))), "{to:?}");
        assert_eq!(letters.replay(id, to).await, Ok(Replayed::Absent), "{to:?}");
        let mut again = consumer(&redis, "two");
        let batch = match to {
            ReplayTo::Stream => again.next(1, None).await.unwrap(),
            ReplayTo::Group => again.claim_idle(std::time::Duration::ZERO, 10).await.unwrap(),
        };
        let [delivery] = &batch.deliveries[..] else { panic!("{batch:?}") };
        let linked = usize::from(to == ReplayTo::Stream);
        assert_eq!(delivery.fields().len(), FIELDS + linked);
        again.ack(&[delivery.id()]).await.unwrap();
    }
}
