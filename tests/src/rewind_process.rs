//! A running Rewind in a process of its own, which can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::{TestRedis, rewind_binary};

/// Ports that the system does not give out by itself, so that the port stays free while the server is away.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// `rewind serve` on a port that it keeps when it is started again. It ends when this is dropped.
pub struct RewindProcess {
    binary: PathBuf,
    redis_url: String,
    address: SocketAddr,
    arguments: Vec<String>,
    log: Option<PathBuf>,
    process: Option<Child>,
}

/// What a process takes of the machine's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Right now.
    pub resident: u64,
    /// At most.
    pub peak: u64,
}

impl RewindProcess {
    /// Starts the binary of the working copy.
    pub fn start(redis: &TestRedis) -> Self {
        Self::start_with(&redis.url_text(), &[], None)
    }

    /// Starts it with any Redis and further arguments, and has it log into a file.
    pub fn start_with(redis_url: &str, arguments: &[&str], log: Option<PathBuf>) -> Self {
        let mut server = Self {
            binary: rewind_binary(),
            redis_url: redis_url.to_owned(),
            address: free_address(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            log,
            process: None,
        };
        server.start_again();
        server
    }

    /// Starts it in a shell that lets it open so few files.
    pub fn start_with_open_files(redis: &TestRedis, files: u32) -> Self {
        let mut server = Self {
            binary: "sh".into(),
            redis_url: redis.url_text(),
            address: free_address(),
            arguments: Vec::new(),
            log: None,
            process: None,
        };
        let address = server.address;
        let script = format!("ulimit -n {files}; exec \"$0\" serve --listen {address}");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(rewind_binary());
        server.run(command);
        server
    }

    /// Starts it where it was before, and waits until it listens.
    pub fn start_again(&mut self) {
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--listen", &self.address.to_string()]).args(&self.arguments);
        self.run(command);
    }

    fn run(&mut self, mut command: Command) {
        match &self.log {
            None => command.env("REWIND_LOG", "off"),
            Some(log) => {
                command.env("REWIND_LOG", "debug").stderr(std::fs::File::create(log).unwrap())
            }
        };
        let mut process = command
            .env("REWIND_REDIS_URL", &self.redis_url)
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

    /// Sends it a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let id = process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended by itself, and returns how long that took and how it ended.
    pub fn ended(&mut self) -> (Duration, ExitStatus) {
        let since = Instant::now();
        let process = self.process.as_mut().expect("it runs");
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                self.process = None;
                return (since.elapsed(), status);
            }
            assert!(since.elapsed() < Duration::from_secs(60), "`rewind` does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What its process takes of the machine's memory.
    ///
    /// # Panics
    /// Where the system does not say that in `/proc`.
    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let bytes = |name: &str| {
            let rest = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            let kibibytes: u64 = rest.trim().trim_end_matches(" kB").parse().unwrap();
            kibibytes * 1024
        };
        Memory { resident: bytes("VmRSS:"), peak: bytes("VmHWM:") }
    }

    /// The numbers of the processes that it has started and that run.
    ///
    /// # Panics
    /// Where the system does not say that in `/proc`.
    pub fn children(&self) -> Vec<u32> {
        let tasks = std::fs::read_dir(self.proc("task")).unwrap();
        let children = tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        let children: Vec<String> = children.collect();
        children
            .iter()
            .flat_map(|text| text.split_whitespace())
            .filter_map(|id| id.parse().ok())
            .collect()
    }

    /// Has the peak of its memory counted from now on.
    ///
    /// # Panics
    /// Where the system does not do that in `/proc`.
    pub fn forget_peak(&self) {
        std::fs::write(self.proc("clear_refs"), "5").unwrap();
    }

    fn proc(&self, file: &str) -> PathBuf {
        let id = self.process.as_ref().unwrap().id();
        format!("/proc/{id}/{file}").into()
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

/// A port that nothing listens on, another one at each call: tests run side by side, and each asks before its server listens.
fn free_address() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    let next = || {
        let place = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        SocketAddr::from(([127, 0, 0, 1], PORTS.start + place % (PORTS.end - PORTS.start)))
    };
    let mut addresses = std::iter::repeat_with(next).take(PORTS.len());
    addresses.find(|address| TcpListener::bind(address).is_ok()).expect("a port is free")
}
