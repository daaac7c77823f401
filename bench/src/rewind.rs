//! The server under test.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::child::Program;
use crate::data;
use crate::http_client::HttpClient;
use crate::redis_server::RedisServer;

/// How long it may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A running `rewind serve`. It ends when this is dropped.
pub(crate) struct Rewind {
    binary: PathBuf,
    address: SocketAddr,
    program: Program,
}

/// What a process takes of the machine's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Right now.
    pub(crate) resident: u64,
    /// At most since it was started.
    pub(crate) peak: u64,
}

impl Rewind {
    /// Starts `binary` in front of `redis`, as it comes: with a folder of folds, and without any options that would tune it.
    pub(crate) async fn start(binary: &Path, redis: &RedisServer, folder: &Path) -> Result<Self> {
        let folds = folder.join("folds");
        fs::create_dir_all(&folds)?;
        fs::write(folds.join(format!("{}.js", data::SCRIPTED_TYPE)), data::SCRIPTED_FOLD)?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--redis-url", redis.url()]);
        command.arg("--folds").arg(&folds);
        let program = Program::start("rewind", &mut command, folder)?;
        let address = program.wait_for_line(START_TIMEOUT, |line| {
            line.rsplit_once("http://")?.1.trim().parse::<SocketAddr>().ok()
        })?;
        let rewind = Self { binary: binary.to_owned(), address, program };
        rewind.client().await?.get("/readyz").await.with_context(|| rewind.program.last_words())?;
        Ok(rewind)
    }

    /// The program.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    /// Whether its process has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        self.program.has_ended()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it.
    pub(crate) async fn client(&self) -> Result<HttpClient> {
        HttpClient::connect(self.address).await
    }

    /// Whether the front end is in this binary.
    pub(crate) async fn has_front_end(&self) -> Result<bool> {
        Ok(self.client().await?.get("/").await.is_ok())
    }

    /// What it calls itself.
    pub(crate) fn version(&self) -> Result<String> {
        let output = Command::new(&self.binary).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// How long its process has worked so far; `None` if the system does not tell.
    pub(crate) fn processor_time(&self) -> Result<Option<Duration>> {
        if !Path::new("/proc/self/schedstat").exists() {
            return Ok(None);
        }
        let tasks = format!("/proc/{}/task", self.program.id());
        let mut nanos = 0;
        for task in fs::read_dir(&tasks).with_context(|| self.program.last_words())? {
            let path = task?.path().join("schedstat");
            let text = fs::read_to_string(&path)?;
            let worked = text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
            nanos += worked.with_context(|| format!("`{}` does not tell", path.display()))?;
        }
        Ok(Some(Duration::from_nanos(nanos)))
    }

    /// Has the most that its process took counted from now on, where the system can.
    pub(crate) fn forget_peak(&self) {
        // Elsewhere the peak stays what it was, and less growth is seen.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.program.id()), "5");
    }

    /// What its process takes; `None` if the system does not tell.
    pub(crate) fn memory(&self) -> Result<Option<Memory>> {
        if !Path::new("/proc/self/status").exists() {
            return Ok(None);
        }
        let path = format!("/proc/{}/status", self.program.id());
        let status = fs::read_to_string(&path)
            .with_context(|| format!("Rewind has ended; {}", self.program.last_words()))?;
        match memory(&status) {
            Some(memory) => Ok(Some(memory)),
            None => bail!("`{path}` does not tell the memory"),
        }
    }
}

fn memory(status: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some(Memory { resident: bytes("VmRSS")?, peak: bytes("VmHWM")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_status_of_a_process() {
        let status = "Name:\trewind\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(memory(status), Some(Memory { resident: 10_485_760, peak: 20_971_520 }));
        assert_eq!(memory("Name:\trewind\n"), None);
    }
}
