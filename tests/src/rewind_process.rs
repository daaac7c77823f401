//! A running Rewind in a process of its own, which can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::TestRedis;

/// Ports that the system does not give out by itself, so that the port stays free while the server is away.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// The binary that `REWIND_BIN` names.
///
/// # Panics
/// Where it names none.
pub fn rewind_binary() -> PathBuf {
    let binary = std::env::var_os("REWIND_BIN");
    binary.expect("`REWIND_BIN` names no `rewind`; run `cargo xtask test`, which builds it").into()
}

/// `rewind serve` on a port that it keeps when it is started again. It ends when this is dropped.
pub struct RewindProcess {
    binary: PathBuf,
    redis_url: String,
    address: SocketAddr,
    process: Option<Child>,
}

impl RewindProcess {
    /// Starts the binary that `REWIND_BIN` names.
    pub fn start(redis: &TestRedis) -> Self {
        let binary = rewind_binary();
        let address = free_address();
        let redis_url = redis.url_text();
        let mut server = Self { binary, redis_url, address, process: None };
        server.start_again();
        server
    }

    /// Starts it where it was before, and waits until it listens.
    pub fn start_again(&mut self) {
        let mut process = Command::new(&self.binary)
            .args(["serve", "--listen", &self.address.to_string()])
            .env("REWIND_REDIS_URL", &self.redis_url)
            .env("REWIND_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `{}`: {error}", self.binary.display()));
        let stdout = process.stdout.take().unwrap();
        self.process = Some(process);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(line.contains(&self.address.to_string()), "`rewind` says: {line}");
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for RewindProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_address() -> SocketAddr {
    let first = PORTS.start + u16::try_from(std::process::id() % 10_000).unwrap();
    let candidates = (first..PORTS.end).chain(PORTS.start..first);
    let mut addresses = candidates.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a port is free")
}
