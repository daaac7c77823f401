//! `GET /healthz`, `GET /readyz`, `GET /api/about`, and Redis being away.

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::json;

#[tokio::test]
async fn readiness_follows_redis_and_health_does_not() {
    let mut redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    assert_eq!(app.ok("/healthz").await["status"], "ok");
    assert_eq!(app.ok("/readyz").await["status"], "ok");

    redis.kill();
    assert_eq!(app.ok("/healthz").await["status"], "ok");
    let (status, code, message) = app.error("/readyz").await;
    assert_eq!((status, code.as_str()), (503, "redis_unavailable"));
    assert!(message.contains(&redis.url_text()), "{message}");
    let (status, code, _) = app.error("/api/events?stream=any").await;
    assert_eq!((status, code.as_str()), (503, "redis_unavailable"));

    redis.start_again().await;
    eventually("the server is ready again", || async {
        (app.get("/readyz").await.0 == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn about_names_the_redis_without_its_password() {
    let redis = TestRedis::start().await;
    redis.run("ACL SETUSER viewer on >s3cret ~* +@all").await;
    let address = redis.url_text();
    let path = address.strip_prefix("redis+unix://").unwrap();
    let with_password = format!("redis+unix://{path}?user=viewer&pass=s3cret");
    let app = TestApp::start_on(with_password.parse().unwrap()).await;

    let about = app.ok("/api/about").await;
    assert_eq!(about["redis_address"], json!(address));
    assert!(about["redis_version"].as_str().unwrap().contains(' '), "{about}");

    redis.run("ACL SETUSER viewer resetpass >other").await;
    redis.run("CLIENT KILL USER viewer").await;
    let (_, code, message) = app.error("/api/streams").await;
    assert_eq!(code, "redis_forbidden");
    assert!(!message.contains("s3cret"), "{message}");
}
