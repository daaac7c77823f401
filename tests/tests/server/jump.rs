//! `GET /api/events?version=`: jumps to any event of a stream.

use rewind_tests::{TestApp, TestRedis};
use serde_json::Value;

/// Enough that the middle is far from both ends.
const EVENTS: u64 = 6_000;

/// The version of each event, and the number that is in its data.
fn numbers(page: &Value) -> Vec<(u64, u64)> {
    let number =
        |event: &Value| (event["version"].as_u64().unwrap(), event["data"]["n"].as_u64().unwrap());
    page["events"].as_array().unwrap().iter().map(number).collect()
}

/// As `numbers` has it where events are what their versions say.
fn versions(versions: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    versions.map(|version| (version, version)).collect()
}

#[tokio::test]
async fn a_page_begins_at_any_version_in_either_order() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    redis.run("XTRIM s MAXLEN 5500").await;
    let app = TestApp::start(&redis).await;
    for version in [501, 502, 600, 1_525, 2_000, 3_333, 4_096, 5_000, 5_998, 6_000] {
        let page =
            app.ok(&format!("/api/events?stream=s&order=asc&limit=100&version={version}")).await;
        let last = (version + 99).min(EVENTS);
        assert_eq!(numbers(&page), versions(version..=last));
        let next = (last < EVENTS).then(|| format!("{last}-0"));
        assert_eq!(page["next"].as_str(), next.as_deref());
        let prev = (version > 501).then(|| format!("{version}-0"));
        assert_eq!(page["prev"].as_str(), prev.as_deref());

        let page = app.ok(&format!("/api/events?stream=s&limit=1000&version={version}")).await;
        let last = version.saturating_sub(999).max(501);
        assert_eq!(numbers(&page), versions((last..=version).rev()));
        let next = (last > 501).then(|| format!("{last}-0"));
        assert_eq!(page["next"].as_str(), next.as_deref());
        let prev = (version < EVENTS).then(|| format!("{version}-0"));
        assert_eq!(page["prev"].as_str(), prev.as_deref());
    }
}

#[tokio::test]
async fn pages_in_a_stream_have_versions_once_it_is_indexed() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    redis.run("XTRIM s MAXLEN 5500").await;
    let app = TestApp::start(&redis).await;
    let first_version = async |query: &str| {
        let page = app.ok(&format!("/api/events?stream=s&limit=10&{query}")).await;
        page["events"][0]["version"].as_u64()
    };
    assert_eq!(first_version("order=asc&after=3000-0").await, None);
    app.ok("/api/events?stream=s&version=3000").await;
    for n in [510, 1_023, 1_024, 1_025, 3_000, 5_900] {
        assert_eq!(first_version(&format!("order=asc&after={n}-0")).await, Some(n + 1));
        assert_eq!(first_version(&format!("order=asc&after={n}-7")).await, Some(n + 1));
        assert_eq!(first_version(&format!("before={n}-0")).await, Some(n - 1));
    }
    // What was added since is told as well.
    redis.run("XADD s 7000-0 type Late").await;
    assert_eq!(first_version("order=asc&after=4000-0").await, Some(4_001));
}

#[tokio::test]
async fn a_version_that_is_not_there_is_told_from_one_that_is_no_more() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 20).await;
    redis.run("XTRIM s MAXLEN 5").await;
    let app = TestApp::start(&redis).await;
    for (version, part) in
        [(21, "its latest is 20"), (15, "the first is 16"), (3, "were trimmed"), (0, "trimmed")]
    {
        let (status, code, message) =
            app.error(&format!("/api/events?stream=s&version={version}")).await;
        assert_eq!((status, code.as_str()), (404, "version_not_found"));
        assert!(message.contains(part), "{version}: {message}");
    }
    let (status, code, message) = app.error("/api/events?stream=s&version=17&after=3-0").await;
    assert_eq!((status, code.as_str()), (400, "bad_parameter"));
    assert!(message.contains("`version`"), "{message}");
}

#[tokio::test]
async fn without_room_for_an_index_versions_near_the_ends_are_found_and_others_not() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let app = TestApp::start_without_indexes(&redis).await;
    for version in [1, 900, 5_100, 6_000] {
        let page = app.ok(&format!("/api/events?stream=s&limit=1&version={version}")).await;
        assert_eq!(numbers(&page), versions(version..=version));
    }
    let (status, code, message) = app.error("/api/events?stream=s&limit=1&version=3000").await;
    assert_eq!((status, code.as_str()), (503, "not_indexed"));
    assert!(message.contains("`--index-mb`"), "{message}");
}

#[tokio::test]
async fn jumps_are_right_while_the_stream_is_added_to_and_trimmed() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let app = TestApp::start(&redis).await;
    let writing = async {
        for n in 1..=60 {
            let version = EVENTS + n;
            redis.add("s", &format!("{version}-0"), "T", &format!(r#"{{"n":{version}}}"#)).await;
            redis.run(&format!("XTRIM s MAXLEN {}", EVENTS - n * 37)).await;
        }
    };
    let reading = async {
        for round in 0..60 {
            // Versions that are not trimmed by then.
            let version = 3_000 + round * 41;
            let order = if round % 2 == 0 { "asc" } else { "desc" };
            let page = app
                .ok(&format!("/api/events?stream=s&limit=20&order={order}&version={version}"))
                .await;
            let seen = numbers(&page);
            assert_eq!(seen[0], (version, version));
            assert!(seen.iter().all(|(version, number)| version == number), "{seen:?}");
        }
    };
    futures::join!(writing, reading);
}

#[tokio::test]
async fn a_jump_into_a_stream_with_deleted_entries_counts_what_is_there() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let app = TestApp::start(&redis).await;
    app.ok("/api/events?stream=s&version=3000").await;
    redis.run("XDEL s 2000-0 2001-0").await;
    let page = app.ok("/api/events?stream=s&limit=1&version=3000").await;
    // As from either end: two are gone, so that those before them count as two versions later.
    assert_eq!(numbers(&page), [(3_000, 3_000)]);
    let page = app.ok("/api/events?stream=s&limit=1&version=1500").await;
    assert_eq!(numbers(&page), [(1_500, 1_498)]);
    assert_eq!(page["stream"]["incomplete"]["reason"], "deleted");
}
