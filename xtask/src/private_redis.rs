//! The private Redis: a server of one's own for trying Rewind out, with its data in the working
//! copy and reachable through a Unix socket only.
//!
//! It runs while `cargo xtask run` does. It is kept out of the terminal's reach, so that a Ctrl-C
//! ends the server first and Redis after it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::process::terminate;
use crate::resp::{Connection, Reply};
use crate::steps::Step;

/// The address of a Unix socket holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
const LONGEST_SOCKET_PATH: usize = 103;

/// How long an empty server may take to answer. Loading data does not count.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// From here on someone who waits wants to know what for.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

/// How long a server may take to write down what it has.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two looks at a server that is starting or stopping.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running private Redis. It ends when this is dropped.
pub(crate) struct PrivateRedis {
    socket: PathBuf,
    log: PathBuf,
    /// None for a server that an earlier run left behind.
    child: Option<Child>,
    stopped: bool,
    /// Two servers on the same files would destroy them. The lock goes with the process, however
    /// it ends.
    _lock: File,
}

impl PrivateRedis {
    /// Starts `server` on the files in `data`, or takes over one that still runs there.
    pub(crate) fn start(server: &Path, data: &Path, step: &mut Step) -> Result<Self> {
        fs::create_dir_all(data).with_context(|| format!("cannot create `{}`", data.display()))?;
        let lock = lock(data)?;
        let socket = socket_path(data)?;
        let log = data.join("redis.log");
        let mut redis = Self { socket, log, child: None, stopped: false, _lock: lock };
        if Connection::open(&redis.socket).is_ok() {
            step.outcome(format!("took over the one on `{}`", redis.socket.display()));
        } else {
            redis.child = Some(redis.spawn(server, data)?);
            step.outcome(format!("on `{}`", redis.socket.display()));
        }
        redis.wait_until_ready(step)?;
        Ok(redis)
    }

    /// The URL under which Rewind finds it.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", percent_encode(&self.socket))
    }

    /// The socket that it listens on.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// How many keys it holds.
    pub(crate) fn key_count(&self) -> Result<u64> {
        match Connection::open(&self.socket).and_then(|mut redis| redis.call(&["DBSIZE"])) {
            Ok(Reply::Integer(count)) => Ok(count),
            other => bail!("the private Redis does not tell its number of keys: {other:?}"),
        }
    }

    /// An error if it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        let Some(child) = &mut self.child else { return Ok(()) };
        match child.try_wait().context("cannot look after the private Redis")? {
            None => Ok(()),
            Some(status) => {
                self.stopped = true;
                Err(self.ended(status))
            }
        }
    }

    /// Ends it, with everything on disk.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.shut_down()
    }

    fn spawn(&self, server: &Path, data: &Path) -> Result<Child> {
        let log = File::create(&self.log)
            .with_context(|| format!("cannot write `{}`", self.log.display()))?;
        let errors = log.try_clone().context("cannot share the log file")?;
        Command::new(server)
            // No port: nobody else on the machine or the network can reach it.
            .args(["--port", "0", "--unixsocketperm", "700", "--unixsocket"])
            .arg(&self.socket)
            .arg("--dir")
            .arg(data)
            .args(["--appendonly", "yes", "--save", "", "--daemonize", "no"])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", server.display()))
    }

    fn wait_until_ready(&mut self, step: &Step) -> Result<()> {
        let mut say_at = Some(Instant::now() + WORTH_A_WORD);
        let mut deadline = Instant::now() + START_TIMEOUT;
        loop {
            self.check()?;
            let answer = Connection::open(&self.socket).and_then(|mut redis| redis.call(&["PING"]));
            match answer {
                Ok(Reply::Text(_)) => return Ok(()),
                Ok(Reply::Error(error)) if error.starts_with("LOADING") => {
                    if say_at.take_if(|at| *at < Instant::now()).is_some() {
                        step.say("loading its data");
                    }
                    deadline = Instant::now() + START_TIMEOUT;
                }
                Ok(other) => bail!("the private Redis answers to a ping with {other:?}"),
                Err(_) if Instant::now() < deadline => {}
                Err(error) => {
                    return Err(anyhow!(error).context(format!(
                        "the private Redis does not answer on `{}`: see `{}`",
                        self.socket.display(),
                        self.log.display()
                    )));
                }
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn shut_down(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.stopped, true) {
            return Ok(());
        }
        // A command instead of a signal, since it also reaches a server that was taken over. The
        // server hangs up instead of answering.
        let asked = Connection::open(&self.socket).and_then(|mut redis| redis.call(&["SHUTDOWN"]));
        match (asked, &self.child) {
            (Ok(Reply::Error(error)), None) => {
                bail!("the private Redis does not stop: {error}");
            }
            (Ok(Reply::Error(_)) | Err(_), Some(child)) => terminate(child),
            _ => {}
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                if let Some(child) = &mut self.child {
                    child.kill().context("cannot end the private Redis")?;
                    child.wait().context("cannot wait for the private Redis")?;
                }
                bail!(
                    "the private Redis did not stop within {} s: see `{}`",
                    STOP_TIMEOUT.as_secs(),
                    self.log.display()
                );
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    fn has_ended(&mut self) -> Result<bool> {
        match &mut self.child {
            Some(child) => {
                Ok(child.try_wait().context("cannot wait for the private Redis")?.is_some())
            }
            // Redis removes its socket as the last thing it does.
            None => Ok(Connection::open(&self.socket).is_err()),
        }
    }

    fn ended(&self, status: ExitStatus) -> anyhow::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines = log.lines().collect::<Vec<_>>();
        let tail = lines[lines.len().saturating_sub(5)..].join("\n  ");
        anyhow!(
            "the private Redis has ended ({status}); the end of `{}`:\n  {tail}",
            self.log.display()
        )
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            eprintln!("warning: {error:#}");
        }
    }
}

fn lock(data: &Path) -> Result<File> {
    let path = data.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another `cargo xtask run` uses the data in `{}`: stop it first, or give this one \
             another server with `--redis-url`",
            data.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(anyhow!(error).context(format!("cannot lock `{}`", path.display())))
        }
    }
}

/// Beside the data; where that path is too long, in a folder of its own under `/tmp`. Not under
/// `TMPDIR` or `XDG_RUNTIME_DIR`: those differ between logins, and a server that an earlier run
/// left behind must be found again.
fn socket_path(data: &Path) -> Result<PathBuf> {
    let beside = data.join("redis.sock");
    if beside.as_os_str().len() <= LONGEST_SOCKET_PATH {
        return Ok(beside);
    }
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let folder = PathBuf::from(format!("/tmp/rewind-{:016x}", hasher.finish()));
    let cannot = || format!("cannot create `{}` for the socket", folder.display());
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(cannot);
        }
        _ => {}
    }
    // Anyone can create a folder of this name first, and would own the socket in it.
    let found = folder.symlink_metadata().with_context(cannot)?;
    let owner = rustix::process::geteuid().as_raw();
    if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
        bail!("`{}` must be a folder that only you can enter: remove it", folder.display());
    }
    Ok(folder.join("redis.sock"))
}

fn percent_encode(path: &Path) -> String {
    let mut encoded = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;
    use crate::steps::Steps;

    #[test]
    fn a_socket_path_that_is_too_long_moves_to_a_private_folder() {
        let short = Path::new("/home/a/rewind/.rewind/redis");
        assert_eq!(socket_path(short).unwrap(), short.join("redis.sock"));

        let long = PathBuf::from(format!("/home/{}-{}", "a".repeat(120), std::process::id()));
        let socket = socket_path(&long).unwrap();
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET_PATH);
        assert_eq!(socket_path(&long).unwrap(), socket, "the next run finds the same");
        fs::remove_dir(socket.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_path_with_spaces_and_letters_of_any_kind_fits_into_a_url() {
        assert_eq!(
            percent_encode(Path::new("/a b/zoë#1?/r.sock")),
            "/a%20b/zo%C3%AB%231%3F/r.sock"
        );
    }

    #[test]
    fn data_outlives_the_server_and_a_server_that_was_left_behind_is_taken_over() {
        let found = ["redis-server", "valkey-server"].into_iter().find_map(process::find_on_path);
        let Some(server) = found else {
            return eprintln!("left out: there is no Redis server");
        };
        let steps = Steps::new();
        let data = tempfile::tempdir().unwrap();
        let start = || steps.run("Redis", |step| PrivateRedis::start(&server, data.path(), step));

        let first = start().unwrap();
        let added = Connection::open(first.socket()).unwrap().call(&["XADD", "s", "1-0", "k", "v"]);
        assert_eq!(added.unwrap(), Reply::Text("1-0".to_owned()));
        first.stop().unwrap();

        let mut second = start().unwrap();
        assert_eq!(second.key_count().unwrap(), 1);
        let mut left_behind = second.child.take().unwrap();
        second.stopped = true;
        drop(second);

        let third = start().unwrap();
        assert!(third.child.is_none());
        assert_eq!(third.key_count().unwrap(), 1);
        drop(third);
        left_behind.wait().unwrap();
        assert!(!data.path().join("redis.sock").exists());
    }

    #[test]
    fn a_redis_that_cannot_start_is_an_error_with_the_end_of_its_log() {
        let data = tempfile::tempdir().unwrap();
        let started = Steps::new()
            .run("Redis", |step| PrivateRedis::start(Path::new("/bin/false"), data.path(), step));
        let error = format!("{:#}", started.err().unwrap());
        assert!(error.contains("the private Redis has ended (exit status: 1)"), "{error}");
    }

    #[test]
    fn only_one_run_at_a_time_uses_the_data() {
        let data = tempfile::tempdir().unwrap();
        let held = lock(data.path()).unwrap();
        assert!(
            lock(data.path()).unwrap_err().to_string().starts_with("another `cargo xtask run`")
        );
        drop(held);
        lock(data.path()).unwrap();
    }
}
