//! The Redis server that both sides read from.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::bare::BareClient;
use crate::child::Program;

/// How long an empty server may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks at a server that is starting.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running Redis server that keeps nothing on disk. It ends when this is dropped.
pub(crate) struct RedisServer {
    url: String,
    program: Program,
}

impl RedisServer {
    /// Starts `server` on a free loopback port: TCP, since that is how servers are reached in practice.
    pub(crate) async fn start(server: &Path, folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(server);
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            // A fork to save the data would disturb the measurements.
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--dir")
            .arg(folder);
        let program = Program::start("redis-server", &mut command, folder)?;
        let mut redis = Self { url: format!("redis://127.0.0.1:{port}"), program };
        redis.wait_until_ready().await?;
        Ok(redis)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it calls itself.
    pub(crate) async fn version(&self) -> Result<String> {
        let info = BareClient::connect(&self.url).await?.server_info().await?;
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name));
        match (field("valkey_version:"), field("redis_version:")) {
            (Some(version), _) => Ok(format!("Valkey {}", version.trim())),
            (None, Some(version)) => Ok(format!("Redis {}", version.trim())),
            (None, None) => Ok("Redis of an unknown version".to_owned()),
        }
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            self.program.check()?;
            match BareClient::connect(&self.url).await {
                Ok(_) => return Ok(()),
                Err(_) if Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
                Err(error) => bail!("the Redis server does not answer: {error:#}"),
            }
        }
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?.port())
}
