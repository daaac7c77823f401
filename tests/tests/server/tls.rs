//! Redis with TLS: all that is asked of it goes that way, and what is wrong is said.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rewind_server::config::RedisOptions;
use rewind_store::Store;
use rewind_tests::{TestApp, TestRedis, rewind_binary};
use tempfile::TempDir;

/// An authority, and the files of those whom it vouches for.
struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    /// Makes `{name}.pem` and `{name}.key` for these host names.
    fn vouch(&self, name: &str, hosts: &[&str], is_expired: bool) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }
}

/// A Redis with TLS at a port of its own.
struct TlsRedis {
    redis: TestRedis,
    port: u16,
}

impl TlsRedis {
    /// Starts it with the certificate `server` of the authority.
    async fn start(authority: &Authority, asks_clients: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let asks = if asks_clients { "yes" } else { "no" };
        let redis = TestRedis::start_with(&[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &text(authority.path("server.pem")),
            "--tls-key-file",
            &text(authority.path("server.key")),
            "--tls-ca-cert-file",
            &text(authority.path("ca.pem")),
            "--tls-auth-clients",
            asks,
        ])
        .await;
        Self { redis, port }
    }

    fn options(&self, ca: Option<PathBuf>) -> RedisOptions {
        RedisOptions {
            redis_url: Some(format!("rediss://localhost:{}", self.port)),
            redis_ca: ca,
            ..RedisOptions::default()
        }
    }
}

fn authority_for(hosts: &[&str], is_expired: bool) -> Authority {
    let authority = Authority::new();
    authority.vouch("server", hosts, is_expired);
    authority
}

/// What is said where this Redis cannot be read.
async fn refusal(options: &RedisOptions) -> String {
    let store = Store::new(options.url().unwrap());
    let short = store.ping().await.unwrap_err().to_string();
    // What reads many entries has connections of another kind, and they say the same.
    let watching = store.watcher().await.err().unwrap().to_string();
    assert_eq!(short, watching);
    short
}

#[tokio::test]
async fn everything_is_read_over_tls() {
    let authority = authority_for(&["localhost"], false);
    let server = TlsRedis::start(&authority, false).await;
    server.redis.add_many("aggregate:Order:1", 300).await;
    let options = server.options(Some(authority.path("ca.pem")));
    let app = TestApp::start_on(options.url().unwrap()).await;

    let page = app.ok("/api/events?stream=aggregate:Order:1&version=200&limit=1").await;
    assert_eq!(page["events"][0]["version"], 200);
    let state = app.ok("/api/replay?stream=aggregate:Order:1&version=150").await;
    assert_eq!(state["state"]["n"], 150);
    let streams = app.ok("/api/streams").await;
    assert_eq!(streams["streams"][0]["key"], "aggregate:Order:1");

    let mut one = app.live("stream=aggregate:Order:1&after=300-0").await;
    let mut all = app.live("category=aggregate").await;
    server.redis.add("aggregate:Order:1", "301-0", "Counted", r#"{"n":301}"#).await;
    assert_eq!(one.next_ids(1).await, ["301-0"]);
    assert_eq!(all.next_ids(1).await, ["301-0"]);

    let output = Command::new(rewind_binary())
        .args(["export", "aggregate:Order:1", "--redis-ca"])
        .arg(authority.path("ca.pem"))
        .env("REWIND_REDIS_URL", options.redis_url.unwrap())
        .output()
        .unwrap();
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 301);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks_for_one() {
    let authority = authority_for(&["localhost"], false);
    authority.vouch("client", &[], false);
    let server = TlsRedis::start(&authority, true).await;
    let bare = server.options(Some(authority.path("ca.pem")));
    let error = refusal(&bare).await;
    assert!(error.contains("`--redis-cert` and `--redis-key`"), "{error}");

    let with = |authority: &Authority| RedisOptions {
        redis_cert: Some(authority.path("client.pem")),
        redis_key: Some(authority.path("client.key")),
        ..bare.clone()
    };
    let store = Store::new(with(&authority).url().unwrap());
    store.ping().await.unwrap();
    store.watcher().await.unwrap();

    let other = authority_for(&[], false);
    other.vouch("client", &[], false);
    let error = refusal(&with(&other)).await;
    assert!(error.contains("does not accept the certificate of `--redis-cert`"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_to_be_believed_is_not_read_and_the_reason_is_said() {
    let good = authority_for(&["localhost"], false);
    let stranger = TlsRedis::start(&good, false).await;
    // Neither the system nor another authority knows it.
    let other = Authority::new();
    for ca in [None, Some(other.path("ca.pem"))] {
        let error = refusal(&stranger.options(ca)).await;
        assert!(error.contains("`--redis-ca`"), "{error}");
    }

    let expired = authority_for(&["localhost"], true);
    let server = TlsRedis::start(&expired, false).await;
    let error = refusal(&server.options(Some(expired.path("ca.pem")))).await;
    assert!(error.contains("its certificate has expired"), "{error}");

    // The certificate that `openssl req -x509` makes is that of an authority.
    let own = Authority::new();
    std::fs::copy(own.path("ca.pem"), own.path("server.pem")).unwrap();
    std::fs::write(own.path("server.key"), own.issuer.key().serialize_pem()).unwrap();
    let server = TlsRedis::start(&own, false).await;
    let error = refusal(&server.options(Some(own.path("ca.pem")))).await;
    assert!(error.contains("basicConstraints=CA:FALSE"), "{error}");

    let elsewhere = authority_for(&["redis.example", "cache.example"], false);
    let server = TlsRedis::start(&elsewhere, false).await;
    let error = refusal(&server.options(Some(elsewhere.path("ca.pem")))).await;
    assert!(
        error.contains("not for `localhost` but for `redis.example`, `cache.example`"),
        "{error}"
    );
}

#[tokio::test]
async fn tls_and_no_tls_do_not_meet_and_both_sides_say_so() {
    let authority = authority_for(&["localhost"], false);
    let server = TlsRedis::start(&authority, false).await;
    let plain = RedisOptions {
        redis_url: Some(format!("redis://localhost:{}", server.port)),
        ..RedisOptions::default()
    };
    let error = refusal(&plain).await;
    assert!(error.contains("`rediss://`"), "{error}");

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _plain = TestRedis::start_with(&["--bind", "127.0.0.1", "--port", &port.to_string()]).await;
    let tls = RedisOptions {
        redis_url: Some(format!("rediss://localhost:{port}")),
        redis_ca: Some(authority.path("ca.pem")),
        ..RedisOptions::default()
    };
    let error = refusal(&tls).await;
    assert!(error.contains("if it does not speak TLS at this port"), "{error}");
}

#[tokio::test]
async fn certificates_that_are_renewed_are_used_without_a_restart() {
    let authority = authority_for(&["localhost"], false);
    let server = TlsRedis::start(&authority, false).await;
    let other = Authority::new();
    let file = authority.path("trusted.pem");
    std::fs::copy(other.path("ca.pem"), &file).unwrap();
    let store = Store::new(server.options(Some(file.clone())).url().unwrap());
    assert!(store.ping().await.is_err());

    // Half a file is not used, and a whole one is.
    write_later(&file, "-----BEGIN CERTIFICATE-----\nAAAA");
    assert!(store.watcher().await.is_err());
    write_later(&file, &std::fs::read_to_string(authority.path("ca.pem")).unwrap());
    store.watcher().await.unwrap();
}

/// Writes a file whose time is another one than before, however coarse the file system's clock is.
fn write_later(path: &Path, text: &str) {
    let before = path.metadata().unwrap().modified().unwrap();
    std::fs::write(path, text).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(before + std::time::Duration::from_secs(2)).unwrap();
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named_at_the_start() {
    let authority = authority_for(&["localhost"], false);
    authority.vouch("client", &[], false);
    let text = |file: &str, content: &str| {
        std::fs::write(authority.path(file), content).unwrap();
        authority.path(file)
    };
    let ca = |path: PathBuf| RedisOptions { redis_ca: Some(path), ..RedisOptions::default() };
    let pair = |certificate: PathBuf, key: PathBuf| RedisOptions {
        redis_cert: Some(certificate),
        redis_key: Some(key),
        ..RedisOptions::default()
    };
    let client = authority.path("client.pem");
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    let cases = [
        (ca("/nowhere/ca.pem".into()), "`--redis-ca /nowhere/ca.pem` cannot be read: No such file"),
        (ca(text("empty.pem", "")), "there is no certificate in PEM form"),
        (ca(authority.path("client.key")), "there is no certificate in PEM form"),
        (pair(client.clone(), client.clone()), "there is no private key in PEM form"),
        (pair(client.clone(), text("locked.key", encrypted)), "it is encrypted"),
        (pair(client, authority.path("server.key")), "do not fit together"),
    ];
    for (options, expected) in cases {
        let options = RedisOptions { redis_url: Some("rediss://localhost".into()), ..options };
        let error = options.url().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
