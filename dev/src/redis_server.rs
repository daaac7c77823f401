//! A real Redis server, private to one test.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use rewind_store::StoreUrl;
use tempfile::TempDir;

/// A Redis server on a Unix socket in a folder of its own. It ends, and the folder goes, when this is dropped.
pub struct TestRedis {
    folder: TempDir,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl TestRedis {
    /// Starts a server that keeps nothing on disk.
    pub async fn start() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "no"]).await
    }

    /// Starts a server that keeps everything on disk, so that it is still there after [`TestRedis::kill`] and
    /// [`TestRedis::start_again`].
    pub async fn start_persistent() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// Starts a server with these arguments.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("rewind-").tempdir().unwrap();
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut server = Self { folder, arguments, process: None };
        server.start_again().await;
        server
    }

    /// Starts the server again on the same data.
    pub async fn start_again(&mut self) {
        let program =
            std::env::var("REWIND_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let process = Command::new(&program)
            .args(["--port", "0", "--unixsocket", &self.socket(), "--dir"])
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot start `{program}`: {error}; run `cargo xtask test`, which installs it"
                )
            });
        self.process = Some(process);
        let start = Instant::now();
        while !self.answers().await {
            assert!(start.elapsed() < Duration::from_secs(30), "`{program}` does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Where it is, as text.
    pub fn url_text(&self) -> String {
        format!("redis+unix://{}", self.socket())
    }

    /// Where it is.
    pub fn url(&self) -> StoreUrl {
        self.url_text().parse().unwrap()
    }

    /// A connection, to arrange what a test needs.
    pub async fn connection(&self) -> MultiplexedConnection {
        self.connect().await.unwrap()
    }

    /// Runs one command given as a line of words.
    pub async fn run(&self, line: &str) -> redis::Value {
        let mut words = line.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.query_async(&mut self.connection().await).await.unwrap()
    }

    /// Adds an event in the default layout under a chosen id.
    pub async fn add(&self, stream: &str, id: &str, event_type: &str, data: &str) {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg(id).arg("type").arg(event_type).arg("data").arg(data);
        let _: String = command.query_async(&mut self.connection().await).await.unwrap();
    }

    /// Adds `count` events, `1-0` to `count-0`, each of which sets `n` to its number.
    pub async fn add_many(&self, stream: &str, count: u64) {
        let mut connection = self.connection().await;
        for from in (1..=count).step_by(5_000) {
            let mut pipeline = redis::pipe();
            for n in from..(from + 5_000).min(count + 1) {
                let data = format!(r#"{{"n":{n}}}"#);
                pipeline
                    .cmd("XADD")
                    .arg(stream)
                    .arg(format!("{n}-0"))
                    .arg("type")
                    .arg("Counted")
                    .arg("data")
                    .arg(data)
                    .ignore();
            }
            pipeline.exec_async(&mut connection).await.unwrap();
        }
    }

    /// The folder in which it works.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the server counts the entries that were ever added to a stream, which Redis does from version 7 on.
    pub async fn counts_added_entries(&self, stream: &str) -> bool {
        let reply = self.run(&format!("XINFO STREAM {stream}")).await;
        format!("{reply:?}").contains("entries-added")
    }

    /// The path of its socket.
    pub fn socket(&self) -> String {
        self.folder.path().join("s").to_str().unwrap().to_owned()
    }

    async fn answers(&self) -> bool {
        let Ok(mut connection) = self.connect().await else { return false };
        match redis::cmd("PING").exec_async(&mut connection).await {
            Ok(()) => true,
            // A server without this command is there as well.
            Err(error) => error.detail().is_some_and(|detail| detail.contains("unknown command")),
        }
    }

    async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let config =
            redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
        redis::Client::open(self.url_text())?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
