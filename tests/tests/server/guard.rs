//! Who may call, and what may be done with the answers.

use rewind_tests::{TestApp, TestRedis};

#[tokio::test]
async fn a_request_by_another_name_is_refused_whatever_it_asks() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for path in ["/", "/healthz", "/api/streams", "/api/live?stream=a"] {
        let response = app.request(path).header("host", "evil.example").send().await.unwrap();
        assert_eq!(response.status(), 403, "{path}");
        assert!(response.headers().contains_key("content-security-policy"), "{path}");
        let text = response.text().await.unwrap();
        assert!(text.contains("origin_forbidden") && text.contains("--allow-host"), "{text}");
    }
    let response = app.request("/healthz").header("host", "rewind.test").send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for (name, value) in
        [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let response = app.request("/api/streams").header(name, value).send().await.unwrap();
        assert_eq!(response.status(), 403, "{name}: {value}");
    }
    let own = app.request("/api/streams").header("origin", app.url()).send().await.unwrap();
    assert_eq!(own.status(), 200);
    assert!(!own.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_answer_forbids_being_sniffed_framed_and_kept() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for path in ["/api/streams", "/api/events?stream=none", "/healthz"] {
        let response = app.request(path).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cache-control"), "no-store");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_browser_that_comes_by_a_link_is_answered_and_not_sent_back() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let request =
        app.request("/api/streams").header("accept", "text/html").header("referer", app.url());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_unknown_call_and_an_unknown_method_say_so() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let (status, code, message) = app.error("/api/evnts").await;
    assert_eq!((status, code.as_str()), (404, "not_found"));
    assert!(message.contains("/api/evnts"), "{message}");
    let post =
        reqwest::Client::new().post(format!("{}/api/events", app.url())).send().await.unwrap();
    assert_eq!(post.status(), 405);
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Created", "{}").await;
    let app = TestApp::start(&redis).await;
    for path in
        ["/api/events?stream=s", "/api/events?stream=none", "/api/find?stream=s", "/healthz", "/"]
    {
        let given = app.request(path).header("x-request-id", "from-a-proxy").send().await.unwrap();
        assert_eq!(given.headers()["x-request-id"], "from-a-proxy", "{path}");
        let made = app.request(path).send().await.unwrap();
        assert!(made.headers()["x-request-id"].len() > 16, "{path}");
    }
}
