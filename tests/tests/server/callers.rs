//! Who asks: local callers, those whom a proxy names, and those who only say so.

use rewind_domain::caller::Permission;
use rewind_server::config::AccessConfig;
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

const USER: &str = "X-Forwarded-User";
const GROUPS: &str = "X-Forwarded-Groups";

/// A server that takes this machine for a proxy.
async fn behind_a_proxy(permissions: &[Permission]) -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_access(AccessConfig {
        permissions: permissions.to_vec(),
        proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..AccessConfig::default()
    })
    .await;
    (redis, app)
}

/// What a request with these headers is answered.
async fn answer(request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> (u16, Value) {
    let with = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let response = headers.iter().fold(request, with).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn without_configuration_the_caller_is_local() {
    let redis = TestRedis::start().await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_access(AccessConfig::default()).await;
    let about = app.ok("/api/about").await;
    assert_eq!(about["caller"], json!({"kind": "local", "permissions": ["discovery"]}));
}

#[tokio::test]
async fn a_trusted_proxy_says_who_the_caller_is() {
    let (_redis, app) = behind_a_proxy(&[Permission::Folds]).await;
    let about = |headers: &'static [(&str, &str)]| {
        let request = app.request("/api/about");
        async move { answer(request, headers).await.1["caller"].clone() }
    };
    let ada = about(&[(USER, "ada"), (GROUPS, "ops, dev")]).await;
    assert_eq!(
        ada,
        json!({"kind": "user", "name": "ada", "groups": ["ops", "dev"], "permissions": ["folds"]})
    );
    assert_eq!(about(&[]).await, json!({"kind": "anonymous", "permissions": []}));
}

#[tokio::test]
async fn who_is_no_trusted_proxy_is_refused_with_such_headers_on_every_path() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for path in ["/api/about", "/api/live?all", "/api/find?all", "/healthz", "/"] {
        for name in [USER, GROUPS] {
            let (status, error) = answer(app.request(path), &[(name, "root")]).await;
            assert_eq!((status, &error["error"]["code"]), (403, &json!("origin_forbidden")));
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains("--trusted-proxy 127.0.0.1"), "{message}");
        }
    }
}

#[tokio::test]
async fn the_headers_have_the_names_that_the_configuration_gives_them() {
    let redis = TestRedis::start().await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_access(AccessConfig {
        proxies: vec!["127.0.0.1".parse().unwrap()],
        user_header: "remote-user".parse().unwrap(),
        groups_header: "remote-groups".parse().unwrap(),
        ..AccessConfig::default()
    })
    .await;
    let headers = [("Remote-User", "ada"), ("Remote-Groups", "ops"), (USER, "eve")];
    let (_, about) = answer(app.request("/api/about"), &headers).await;
    assert_eq!(about["caller"]["name"], "ada");
    assert_eq!(about["caller"]["groups"], json!(["ops"]));
}

#[tokio::test]
async fn what_one_may_not_do_is_refused_with_the_permission_that_it_needs() {
    let (_redis, app) = behind_a_proxy(&[]).await;
    let url = format!("{}/api/discovery", app.url());
    for action in ["pause", "resume", "restart"] {
        let request = reqwest::Client::new().post(&url).json(&json!({"action": action}));
        let (status, error) = answer(request, &[(USER, "ada")]).await;
        assert_eq!((status, &error["error"]["code"]), (403, &json!("permission_denied")));
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains("`--allow discovery`"), "{message}");
    }
    let (_redis, app) = behind_a_proxy(&[Permission::Discovery]).await;
    let url = format!("{}/api/discovery", app.url());
    let ask = || reqwest::Client::new().post(&url).json(&json!({"action": "pause"}));
    assert_eq!(answer(ask(), &[(USER, "ada")]).await.0, 200);
    // Nobody without a name may do anything but read.
    assert_eq!(answer(ask(), &[]).await.0, 403);
}

#[tokio::test]
async fn somebody_without_a_name_is_told_that_a_name_is_missing() {
    let (_redis, app) = behind_a_proxy(&[Permission::Discovery]).await;
    let url = format!("{}/api/discovery", app.url());
    let request = reqwest::Client::new().post(url).json(&json!({"action": "pause"}));
    let (_, error) = answer(request, &[]).await;
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("whom the proxy names"), "{message}");
    let long = "x".repeat(5_000);
    assert_eq!(answer(app.request("/api/about"), &[(USER, &long)]).await.0, 403);
}
