//! `cargo xtask dev`: the server, and Trunk before it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rewind_tests::{TestRedis, cargo, eventually, rewind_binary, workspace};

use crate::browser::Browser;
use crate::orders;

/// How long the pages may take to be built, where nobody has built them before.
const BUILD_PATIENCE: Duration = Duration::from_secs(600);

const STREAM: &str = "/events?stream=aggregate%3AOrder%3A1001";

/// A running `cargo xtask dev`.
struct Dev {
    process: Child,
    server: SocketAddr,
    trunk: SocketAddr,
}

impl Dev {
    /// Starts it, and waits until there are pages.
    async fn start(redis: &TestRedis) -> Self {
        let [server, trunk] = free_addresses();
        let process = cargo()
            .args(["xtask", "dev", "--listen", &server.to_string()])
            .args(["--trunk-port", &trunk.port().to_string()])
            .env("REWIND_REDIS_URL", redis.url_text())
            .env("REWIND_BIN", rewind_binary())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut dev = Self { process, server, trunk };
        let start = Instant::now();
        while reqwest::get(dev.url()).await.map_or(true, |answer| !answer.status().is_success()) {
            assert_eq!(dev.process.try_wait().unwrap(), None, "`cargo xtask dev` has ended");
            assert!(start.elapsed() < BUILD_PATIENCE, "there are no pages");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        dev
    }

    fn url(&self) -> String {
        format!("http://{}", self.trunk)
    }

    /// How a call is answered that a browser makes for a page.
    async fn status_for(&self, site: &str, origin: &str) -> u16 {
        let call = reqwest::Client::new()
            .get(format!("{}/api/about", self.url()))
            .header("sec-fetch-site", site)
            .header("origin", origin);
        call.send().await.unwrap().status().as_u16()
    }

    /// Ends it as a Ctrl-C at the terminal does.
    fn interrupt(&self) {
        let group = format!("-{}", self.process.id());
        Command::new("kill").args(["-INT", "--", &group]).status().unwrap();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|status| status.is_none()) {
            self.interrupt();
            let _ = self.process.wait();
        }
    }
}

/// Addresses at which nobody listens.
fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    // All at once, or they might be the same.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

#[tokio::test]
async fn pages_that_trunk_serves_work_follow_changes_and_end_with_ctrl_c() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let mut dev = Dev::start(&redis).await;
    let browser = Browser::start_at(dev.url()).await;

    browser.open("/streams").await;
    browser.count("[data-testid=stream-row]", 5).await;

    // Live events come through the proxy as they happen.
    browser.open(STREAM).await;
    browser.see("[data-testid=live-status][data-state=live]").await;
    redis.add(orders::ORDER, "1800000000001-0", "NoteAdded", r#"{"note":1}"#).await;
    browser.see("[data-testid=event-row][data-id='1800000000001-0']").await;

    // A call that names the origin of the page is answered; what another site asks is still refused.
    assert_eq!(dev.status_for("same-origin", &dev.url()).await, 200);
    assert_eq!(dev.status_for("cross-site", "http://evil.example").await, 403);

    // Saving a style brings the page again.
    browser.evaluate("window.isBefore = true").await;
    let style = workspace().join("style/main.css");
    std::fs::write(&style, std::fs::read(&style).unwrap()).unwrap();
    eventually("the page was loaded again", || async {
        (browser.evaluate("window.isBefore ?? null").await.is_null()).then_some(())
    })
    .await;
    browser.see("[data-testid=event-row][data-id='1800000000001-0']").await;

    browser.close().await;
    dev.interrupt();
    assert!(dev.process.wait().unwrap().success());
    for address in [dev.server, dev.trunk] {
        assert!(TcpStream::connect(address).is_err(), "something still listens at {address}");
    }
}
