//! Dead letters: listed, replayed and dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use redis::Value;
use rewind_dev::TestRedis;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::consume::{DeadLetters, Group, PendingQuery, ReplayTo, Replayed};
use rewind_store::{EventStore, IdRange, PageOrder, StoreError, WriteError};

use crate::consume::{GROUP, STREAM, consumer, id, pending_ids};

fn letters(redis: &TestRedis) -> DeadLetters {
    DeadLetters::new(&EventStore::new(redis.url()), STREAM, GROUP)
}

/// Has a consumer give up on everything that it is given. Returns the ids of all dead letters.
async fn give_up(redis: &TestRedis) -> Vec<EntryId> {
    let mut consumer = consumer(redis, "one");
    for delivery in consumer.next(100, None).await.unwrap().deliveries {
        assert_eq!(consumer.give_up(&delivery, "no").await, Ok(true));
        assert_eq!(consumer.give_up(&delivery, "no").await, Ok(false));
    }
    let found = letters(redis).list(None, 100).await.unwrap();
    found.into_iter().map(|letter| letter.id).collect()
}

#[tokio::test]
async fn a_dead_letter_is_replayed_to_its_stream_once_with_a_link_to_its_origin() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let dead = give_up(&redis).await;
    let letters = letters(&redis);
    assert_eq!(letters.key(), &StreamKey::from("{events:orders}:dead:billing"));
    let Replayed::Done(again) = letters.replay(dead[0], ReplayTo::Stream).await.unwrap() else {
        panic!("not replayed");
    };
    assert_eq!(letters.replay(dead[0], ReplayTo::Stream).await, Ok(Replayed::Absent));
    assert_eq!(letters.count().await, Ok(0));
    let mut consumer = consumer(&redis, "two");
    let batch = consumer.next(10, None).await.unwrap();
    assert_eq!(batch.ids(), [again]);
    let fields = batch.deliveries[0].fields();
    assert_eq!(fields.get("data"), Some(&br#"{"n":1}"#[..]));
    assert_eq!(fields.get("replay_of"), Some(&b"1-0"[..]));
    assert_eq!(fields.len(), 3);
}

#[tokio::test]
async fn a_user_without_scripts_replays_each_dead_letter_once_too() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2).await;
    let dead = give_up(&redis).await;
    redis.run("ACL SETUSER app on >secret ~* +@all -eval -evalsha").await;
    let url = format!("redis+unix://{}?user=app&pass=secret", redis.socket());
    let store = EventStore::new(url.parse().unwrap());
    let letters = DeadLetters::new(&store, STREAM, GROUP);
    let replays = |id| letters.replay(id, ReplayTo::Stream);
    let both = tokio::join!(replays(dead[0]), replays(dead[0]));
    let done = [&both.0, &both.1].into_iter().filter(|one| matches!(one, Ok(Replayed::Done(_))));
    assert_eq!(done.count(), 1, "{both:?}");
    let to_group = letters.replay(dead[1], ReplayTo::Group).await;
    assert_eq!(to_group, Ok(Replayed::Done(id(2))));
    assert_eq!(pending_ids(&redis).await, [id(2)]);
    assert_eq!(letters.count().await, Ok(0));
}

#[tokio::test]
async fn an_event_that_dies_again_keeps_the_link_to_the_first() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let letters = letters(&redis);
    for _ in 0..2 {
        let dead = give_up(&redis).await;
        assert!(matches!(letters.replay(dead[0], ReplayTo::Stream).await, Ok(Replayed::Done(_))));
    }
    let batch = consumer(&redis, "two").next(10, None).await.unwrap();
    assert_eq!(batch.deliveries[0].fields().get("replay_of"), Some(&b"1-0"[..]));
    assert_eq!(batch.deliveries[0].fields().len(), 3);
}

#[tokio::test]
async fn a_dead_letter_is_replayed_to_its_group_alone_under_its_own_id() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let dead = give_up(&redis).await;
    let letters = letters(&redis);
    assert_eq!(letters.replay(dead[0], ReplayTo::Group).await, Ok(Replayed::Done(id(1))));
    assert_eq!(redis.run("XLEN events:orders").await, Value::Int(3));
    let claimed = consumer(&redis, "two").claim_idle(Duration::from_secs(60), 10).await.unwrap();
    assert_eq!(claimed.ids(), [id(1)]);
    assert_eq!(claimed.deliveries[0].deliveries(), 1);

    redis.run("XDEL events:orders 2-0").await;
    assert_eq!(letters.replay(dead[1], ReplayTo::Group).await, Ok(Replayed::OriginGone));
    redis.run("XCLAIM events:orders billing two 0 3-0 FORCE JUSTID").await;
    assert_eq!(letters.replay(dead[2], ReplayTo::Group).await, Ok(Replayed::Pending));
    assert_eq!(letters.count().await, Ok(2));
    redis.run("XGROUP DESTROY events:orders billing").await;
    assert_eq!(
        letters.replay(dead[2], ReplayTo::Group).await,
        Err(WriteError::NotDone(StoreError::NoGroup))
    );
    assert_eq!(letters.count().await, Ok(2));
}

#[tokio::test]
async fn dead_letters_are_dropped_and_foreign_ones_are_not_replayed() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2).await;
    let dead = give_up(&redis).await;
    redis.run("XADD {events:orders}:dead:billing * type a data 1").await;
    let letters = letters(&redis);
    let all = letters.list(None, 10).await.unwrap();
    assert_eq!(all.iter().filter(|letter| letter.cause.is_none()).count(), 1);
    assert_eq!(letters.replay(all[2].id, ReplayTo::Stream).await, Ok(Replayed::Foreign));
    assert_eq!(letters.list(Some(all[0].id), 1).await.unwrap(), all[1..2]);
    assert_eq!(letters.drop_letters(&[dead[0], dead[1], id(7)]).await, Ok(2));
    assert_eq!(letters.drop_letters(&dead).await, Ok(0));
    assert_eq!(letters.count().await, Ok(1));
}

#[tokio::test]
async fn a_replay_that_cannot_be_done_whole_is_not_done_at_all() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let dead = give_up(&redis).await;
    redis.run("ACL SETUSER app on >secret ~* +@all -xdel").await;
    let url = format!("redis+unix://{}?user=app&pass=secret", redis.socket());
    let denied = DeadLetters::new(&EventStore::new(url.parse().unwrap()), STREAM, GROUP);
    assert!(denied.replay(dead[0], ReplayTo::Stream).await.is_err());
    redis.run("CONFIG SET maxmemory 1").await;
    let error = letters(&redis).replay(dead[0], ReplayTo::Stream).await.unwrap_err();
    assert!(!error.is_unknown() && error.to_string().contains("maxmemory"), "{error}");
    assert_eq!(redis.run("XLEN events:orders").await, Value::Int(1));
    assert_eq!(letters(&redis).count().await, Ok(1));
}

#[tokio::test]
async fn a_server_without_scripts_still_moves_entries_to_the_dead_letters_and_back() {
    let redis = TestRedis::start_with(&[
        "--save",
        "",
        "--rename-command",
        "EVAL",
        "",
        "--rename-command",
        "EVALSHA",
        "",
    ])
    .await;
    redis.add_many(STREAM, 2).await;
    let dead = give_up(&redis).await;
    assert!(pending_ids(&redis).await.is_empty());
    let letters = letters(&redis);
    let listed = letters.list(None, 10).await.unwrap();
    assert_eq!(listed[1].cause.as_ref().unwrap().origin, id(2));
    assert!(matches!(letters.replay(dead[0], ReplayTo::Stream).await, Ok(Replayed::Done(_))));
    assert_eq!(letters.replay(dead[0], ReplayTo::Stream).await, Ok(Replayed::Absent));
    assert_eq!(letters.count().await, Ok(1));
}

/// One step of a history.
#[derive(Clone, Debug)]
enum Step {
    Add,
    Consume { fails: bool },
    Replay { at: usize, to: ReplayTo },
    Drop { at: usize },
    Trim,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let to = prop_oneof![Just(ReplayTo::Stream), Just(ReplayTo::Group)];
    let step = prop_oneof![
        3 => Just(Step::Add),
        3 => any::<bool>().prop_map(|fails| Step::Consume { fails }),
        2 => (0_usize..4, to).prop_map(|(at, to)| Step::Replay { at, to }),
        1 => (0_usize..4).prop_map(|at| Step::Drop { at }),
        1 => Just(Step::Trim),
    ];
    prop::collection::vec(step, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_event_is_handled_dead_dropped_or_still_to_come(steps in steps()) {
        tokio::runtime::Runtime::new().unwrap().block_on(history(&steps));
    }
}

/// Plays a history, and checks after each step that every event is in exactly one place.
async fn history(steps: &[Step]) {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    let letters = letters(&redis);
    let (mut added, mut handled, mut dropped) = (0_u64, BTreeSet::new(), BTreeSet::new());
    for step in steps {
        match step {
            Step::Add => {
                added += 1;
                redis.run(&format!("XADD {STREAM} * type a data {added}")).await;
            }
            Step::Consume { fails } => {
                handle_one(&redis, *fails, &mut handled).await;
            }
            Step::Replay { at, to } => {
                let all = letters.list(None, 100).await.unwrap();
                if let Some(letter) = all.get(*at) {
                    letters.replay(letter.id, *to).await.unwrap();
                }
            }
            Step::Drop { at } => {
                let all = letters.list(None, 100).await.unwrap();
                if let Some(letter) = all.get(*at) {
                    dropped.insert(number(letter.fields.get("data")));
                    letters.drop_letters(&[letter.id]).await.unwrap();
                }
            }
            // What was handled goes from the beginning of the stream, and nothing else.
            Step::Trim => {
                let key = STREAM.into();
                let page = store.reads().page(&key, IdRange::default(), PageOrder::OldestFirst, 1);
                let Ok(page) = page.await else { continue };
                let first = page
                    .entries
                    .first()
                    .filter(|entry| handled.contains(&number(entry.fields.get("data"))));
                if let Some(entry) = first {
                    redis.run(&format!("XDEL {STREAM} {}", entry.id)).await;
                }
            }
        }
        let mut places = BTreeMap::<u64, Vec<&str>>::new();
        for n in &handled {
            places.entry(*n).or_default().push("handled");
        }
        for n in &dropped {
            places.entry(*n).or_default().push("dropped");
        }
        for letter in letters.list(None, 100).await.unwrap() {
            places.entry(number(letter.fields.get("data"))).or_default().push("dead");
        }
        let group = Group::new(&store, STREAM, GROUP);
        let pending = group.pending(&PendingQuery::default(), 100).await.unwrap_or_default();
        let delivered = group.info().await.map(|info| info.last_delivered_id);
        let page = store
            .reads()
            .page(&STREAM.into(), IdRange::default(), PageOrder::OldestFirst, 100)
            .await;
        for entry in page.map(|page| page.entries).unwrap_or_default() {
            let is_new = delivered.as_ref().map_or(true, |last| entry.id > *last);
            if is_new || pending.iter().any(|pending| pending.id == entry.id) {
                places.entry(number(entry.fields.get("data"))).or_default().push("to come");
            }
        }
        for n in 1..=added {
            let found = places.get(&n).cloned().unwrap_or_default();
            assert_eq!(found.len(), 1, "event {n} is {found:?} after {step:?} of {steps:?}");
        }
    }
}

async fn handle_one(redis: &TestRedis, fails: bool, handled: &mut BTreeSet<u64>) {
    let mut consumer = consumer(redis, "worker");
    let mut batch = consumer.claim_idle(Duration::from_secs(60), 1).await.unwrap_or_default();
    if batch.deliveries.is_empty() {
        batch = consumer.next(1, None).await.unwrap();
    }
    let Some(delivery) = batch.deliveries.first() else { return };
    if fails {
        assert_eq!(consumer.give_up(delivery, "no").await, Ok(true));
    } else {
        consumer.ack(&[delivery.id()]).await.unwrap();
        handled.insert(number(delivery.fields().get("data")));
    }
}

fn number(bytes: Option<&[u8]>) -> u64 {
    std::str::from_utf8(bytes.unwrap()).unwrap().parse().unwrap()
}
