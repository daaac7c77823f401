//! A search and a live line that carries on where it ends: together they have everything, once.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::FromRedisValue as _;
use rewind_tests::{LiveLine, TestApp, TestRedis};

/// The streams that writers append to.
const STREAMS: usize = 30;
/// How often it is looked whether anything falls through the seam.
const ROUNDS: usize = 12;
/// How much the writers write at most: a search has to find all of it.
const MOST_WRITTEN: usize = 9_000;
/// How much a search finds at most: as many as may be asked for.
const MOST_FOUND: usize = 10_000;

/// An event: its stream and its id.
type Place = (String, String);

fn place(data: &serde_json::Value) -> Place {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&data["stream"]), text(&data["event"]["id"]))
}

/// What a search finds, and where a line goes on.
async fn find(app: &TestApp, query: &str) -> (Vec<Place>, Option<String>) {
    let mut line =
        LiveLine::open(app.request(&format!("/api/find?limit={MOST_FOUND}&{query}"))).await;
    let begun = line.next_named("begun").await.data;
    let mut found = Vec::new();
    loop {
        let frame = line.next().await.expect("a search ends with `done`");
        match frame.name.as_str() {
            "found" => found.push(place(&frame.data)),
            "done" => {
                assert_eq!(frame.data["reason"], "exhausted", "the search left out events");
                return (found, begun["live_after"].as_str().map(str::to_owned));
            }
            _ => {}
        }
    }
}

async fn follow(app: &TestApp, query: &str, after: &str) -> LiveLine {
    // What `form_urlencoded` leaves alone does not matter here: ids, keys, `@`, `,` and percent signs.
    let after = after.replace('%', "%25");
    app.live(&format!("{query}&after={after}")).await
}

#[tokio::test]
async fn a_line_after_a_search_brings_what_is_added_and_nothing_that_was_found() {
    let redis = TestRedis::start().await;
    // Streams that number their entries themselves, and one whose entries are from the future.
    for (stream, id) in
        [("c:a", "1-0"), ("c:b", "7-0"), ("c:b", "9-0"), ("c:f", "99999999999999-0")]
    {
        redis.add(stream, id, "Paid", "{}").await;
    }
    let app = TestApp::start(&redis).await;
    for query in
        ["stream=c:b&stream=c:a", "category=c", "stream=c:b", "all", "category=c&filter=type:Paid"]
    {
        let (found, after) = find(&app, query).await;
        assert!(found.len() >= 2, "{query}: {found:?}");
        let query = query.replace("stream=c:b&stream=c:a", "stream=c:a&stream=c:b");
        let mut line = follow(&app, &query, &after.unwrap()).await;
        line.next_named("status").await;
        assert!(line.is_silent().await, "{query}");
        let id = redis.run("XADD c:b * type Paid").await;
        let id = String::from_redis_value(id).unwrap();
        assert_eq!(place(&line.next_named("entry").await.data), ("c:b".to_owned(), id), "{query}");
    }
}

#[tokio::test]
async fn nothing_falls_between_a_search_and_the_line_after_it_while_writers_write() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (mut connection, is_over) = (redis.connection().await, Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut written = Vec::<Place>::new();
            while !is_over.load(Ordering::Relaxed) && written.len() < MOST_WRITTEN {
                let stream = format!("c:{}", written.len() % STREAMS);
                let id: String = redis::cmd("XADD")
                    .arg(&stream)
                    .arg("*")
                    .arg("type")
                    .arg("Paid")
                    .query_async(&mut connection)
                    .await
                    .unwrap();
                written.push((stream, id));
            }
            written
        })
    };
    let named: String = (0..STREAMS).map(|n| format!("&stream=c:{n}")).collect();
    let mut named: Vec<&str> = named[1..].split('&').collect();
    named.sort_unstable();
    let named = named.join("&");
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        let query = if round % 2 == 0 { "category=c" } else { &named };
        // Named streams have to be there.
        if round == 1 {
            while find(&app, "category=c").await.0.len() < STREAMS {}
        }
        let (found, after) = find(&app, query).await;
        seen.push((round, found, follow(&app, query, &after.unwrap()).await));
    }
    is_over.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    for (round, found, mut line) in seen {
        let mut missing: HashSet<&Place> = written.iter().collect();
        let mut twice = Vec::new();
        let mut take = |place: &Place| {
            if !missing.remove(place) {
                twice.push(place.clone());
            }
            missing.is_empty()
        };
        let mut is_complete = found.iter().fold(false, |_, place| take(place));
        while !is_complete {
            // Panics where something is missing, since nothing comes any more then.
            is_complete = take(&place(&line.next_named("entry").await.data));
        }
        if round % 2 == 1 {
            // Of streams by name nothing comes twice either.
            assert!(line.has_no_more_entries().await, "round {round}");
            assert!(twice.is_empty(), "round {round}: {twice:?}");
        }
    }
}
