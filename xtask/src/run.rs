//! `cargo xtask run`: from a fresh clone to Rewind in the browser.
//!
//! Without a Redis URL Rewind gets a private Redis with sample data, which ends with it. With one,
//! nothing but Rewind itself is started, and nothing is written.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::private_redis::PrivateRedis;
use crate::process::{self, terminate};
use crate::server::Profile;
use crate::signals::{Signal, Signals};
use crate::steps::{Step, Steps};
use crate::trickle::Trickle;
use crate::workspace::Workspace;
use crate::{bundle, packages, sample};

/// Where `rewind serve` finds its Redis. In the environment rather than among the arguments, which
/// everyone on the machine can read.
const REDIS_URL: &str = "REWIND_REDIS_URL";

/// Where `rewind serve` listens unless it is told otherwise.
const DEFAULT_PORT: u16 = 7117;

/// How long the server may take to answer what it has begun to answer.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// What `cargo xtask run` takes.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Use this Redis, and start and write to none [default: a private one with sample data]
    #[arg(long, value_name = "URL", env = REDIS_URL, hide_env_values = true)]
    redis_url: Option<String>,
    /// Where to listen [default: 127.0.0.1:7117, or a free port where that one is taken]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Further arguments for `rewind serve`
    #[arg(last = true)]
    serve_args: Vec<String>,
}

/// Sets everything up and serves until a signal or the server's own end.
pub(crate) fn run(workspace: &Workspace, args: &RunArgs) -> Result<ExitCode> {
    let mut steps = Steps::new();
    if args.brings_redis() {
        let rewind = bundle::build(workspace, &mut steps, Profile::Release)?;
        let signals = Signals::watch()?;
        let given = args.redis_url.as_deref().filter(|url| !url.is_empty());
        return serve(&rewind, given, None, args, &signals, || Ok(()));
    }
    let redis_server = packages::redis_server(&mut steps)?;
    let rewind = bundle::build(workspace, &mut steps, Profile::Release)?;
    let signals = Signals::watch()?;
    let data = workspace.redis_data();
    let mut redis =
        steps.run("Private Redis", |step| PrivateRedis::start(&redis_server, &data, step))?;
    let filled = steps.run("Sample data", |step| fill(&rewind, &redis, &data, step));
    if signals.stop_requested() {
        redis.stop()?;
        bail!("interrupted");
    }
    let trickle = filled?.map(|sample_now_ms| Trickle::start(redis.socket(), sample_now_ms));
    let url = redis.url();
    let folds = match args.brings_folds() {
        true => None,
        false => Some(sample_folds(workspace)?),
    };
    let served = serve(&rewind, Some(&url), folds.as_deref(), args, &signals, || redis.check());
    drop(trickle);
    let stopped = redis.stop();
    // Why the server ended says more than what came after.
    served.and_then(|code| stopped.map(|()| code))
}

impl RunArgs {
    fn brings_redis(&self) -> bool {
        self.redis_url.as_ref().is_some_and(|url| !url.is_empty())
            || value_of(&self.serve_args, "--redis-url").is_some()
            || self.config().is_some_and(|file| names_redis(&file))
    }

    fn brings_folds(&self) -> bool {
        value_of(&self.serve_args, "--folds").is_some()
            || env::var_os("REWIND_FOLDS").is_some()
            || self.config().is_some()
    }

    /// The configuration file that the server will read.
    fn config(&self) -> Option<PathBuf> {
        let file = value_of(&self.serve_args, "--config").map(PathBuf::from);
        file.or_else(|| env::var_os("REWIND_CONFIG").map(PathBuf::from))
    }

    /// The address to pass on, if any: the user's, or a free one where the server's own default is
    /// taken.
    fn listen(&self) -> Result<Option<String>> {
        let decided_elsewhere = value_of(&self.serve_args, "--listen").is_some()
            || env::var_os("REWIND_LISTEN").is_some()
            || self.config().is_some();
        if self.listen.is_some() || decided_elsewhere {
            return Ok(self.listen.clone());
        }
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpListener::bind(local(DEFAULT_PORT)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                let free = TcpListener::bind(local(0)).and_then(|listener| listener.local_addr());
                let free = free.context("there is no free port to listen on")?;
                eprintln!("  Port {DEFAULT_PORT} is taken: listening on {}", free.port());
                Ok(Some(free.to_string()))
            }
            // Anything else is for the server to report.
            _ => Ok(None),
        }
    }
}

/// Fills the private Redis unless it has been before. Returns the moment at which the sample ends,
/// or none where the data is someone's own.
///
/// The moment is written down before the import starts: should that be interrupted, the next start
/// repeats it with the very same entries, and those that are there already are not added again.
fn fill(rewind: &Path, redis: &PrivateRedis, data: &Path, step: &mut Step) -> Result<Option<u64>> {
    let marker = data.join("sample");
    let cannot = || format!("cannot write `{}`", marker.display());
    let (done, now_ms) = match fs::read_to_string(&marker).ok().and_then(|text| parse_marker(&text))
    {
        Some(found) => found,
        None if redis.key_count()? > 0 => {
            step.outcome("left out, since there is other data");
            return Ok(None);
        }
        None => (false, sample::now_ms()),
    };
    if done {
        step.outcome("there already");
        return Ok(Some(now_ms));
    }
    fs::write(&marker, format!("importing {now_ms}\n")).with_context(cannot)?;
    let entries = sample::generate(sample::SEED, now_ms).entries;
    step.say(&format!("importing {} events of a small shop", entries.len()));
    let mut import = Command::new(rewind);
    import.args(["import", "-"]).env(REDIS_URL, redis.url()).stdin(Stdio::piped());
    let mut child = import.spawn().context("cannot start `rewind import`")?;
    let written = child.stdin.take().map_or(Ok(()), |stdin| sample::write(&entries, stdin));
    let status = child.wait().context("cannot wait for `rewind import`")?;
    process::succeeded(&import, status)?;
    written.context("cannot hand the sample to `rewind import`")?;
    fs::write(&marker, format!("imported {now_ms}\n")).with_context(cannot)?;
    step.outcome(format!("{} events", entries.len()));
    Ok(Some(now_ms))
}

fn parse_marker(text: &str) -> Option<(bool, u64)> {
    let (state, now_ms) = text.trim().split_once(' ')?;
    let done = match state {
        "imported" => true,
        "importing" => false,
        _ => return None,
    };
    Some((done, now_ms.parse().ok()?))
}

/// The folder with the folds of the sample: copies, to be played with.
fn sample_folds(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.folds();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let examples = workspace.root().join("examples/folds");
    let found =
        fs::read_dir(&examples).with_context(|| format!("cannot read `{}`", examples.display()))?;
    for example in found {
        let example = example?;
        let copy = folder.join(example.file_name());
        if !copy.exists() {
            fs::copy(example.path(), &copy)
                .with_context(|| format!("cannot write `{}`", copy.display()))?;
        }
    }
    Ok(folder)
}

/// Runs the server until it ends, someone wants it to end, or `check` finds that something that
/// it needs has ended.
fn serve(
    rewind: &Path,
    redis_url: Option<&str>,
    folds: Option<&Path>,
    args: &RunArgs,
    signals: &Signals,
    mut check: impl FnMut() -> Result<()>,
) -> Result<ExitCode> {
    let mut command = Command::new(rewind);
    command.arg("serve");
    if let Some(listen) = args.listen()? {
        command.args(["--listen", &listen]);
    }
    if let Some(folder) = folds {
        command.arg("--folds").arg(folder).arg("--allow-fold-edits");
    }
    command.args(&args.serve_args).stdin(Stdio::null());
    if let Some(url) = redis_url {
        command.env(REDIS_URL, url);
    }
    // A group of its own: a Ctrl-C at the terminal comes here alone, and is handed on once.
    let mut server = command.process_group(0).spawn().context("cannot start `rewind serve`")?;
    loop {
        match signals.next() {
            Signal::Stop => {
                eprintln!("  Stopping");
                stop(&mut server, signals)?;
                return Ok(ExitCode::SUCCESS);
            }
            Signal::ChildEnded => {
                if let Some(status) = server.try_wait().context("cannot look after the server")? {
                    process::succeeded(&command, status)?;
                    return Ok(ExitCode::SUCCESS);
                }
                if let Err(error) = check() {
                    stop(&mut server, signals)?;
                    return Err(error);
                }
            }
        }
    }
}

/// Asks the server to end, and makes it end when it takes too long or someone insists.
fn stop(server: &mut Child, signals: &Signals) -> Result<()> {
    terminate(server);
    let deadline = Instant::now() + STOP_TIMEOUT;
    while server.try_wait().context("cannot wait for the server")?.is_none() {
        if signals.next_before(deadline) != Some(Signal::ChildEnded) {
            server.kill().context("cannot end the server")?;
            server.wait().context("cannot wait for the server")?;
        }
    }
    Ok(())
}

/// Whether a configuration file says which Redis to use. The private one must not take its place:
/// what xtask puts into the environment wins over the file.
fn names_redis(file: &Path) -> bool {
    // A file that cannot be read is for the server to report.
    fs::read_to_string(file).is_ok_and(|text| {
        let mut names = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        names.any(|name| name.trim() == "redis-url")
    })
}

/// What follows a flag, also in the form `--flag=value`.
fn value_of<'a>(args: &'a [String], flag: &str) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(index, arg)| match arg.strip_prefix(flag)? {
        "" => Some(args.get(index + 1).map_or("", String::as_str)),
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_with_its_value_in_either_form() {
        let args = ["--redis-url=redis://h", "--listen", "[::1]:1", "--last"].map(str::to_owned);
        assert_eq!(value_of(&args, "--redis-url"), Some("redis://h"));
        assert_eq!(value_of(&args, "--listen"), Some("[::1]:1"));
        assert_eq!(value_of(&args, "--last"), Some(""));
        assert_eq!(value_of(&args, "--redis"), None);
    }

    #[test]
    fn a_configuration_file_with_a_redis_in_it_keeps_the_private_one_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rewind.toml");
        let brings_redis = |text: &str| {
            fs::write(&file, text).unwrap();
            let serve_args = vec!["--config".to_owned(), file.display().to_string()];
            RunArgs { redis_url: None, listen: None, serve_args }.brings_redis()
        };
        assert!(brings_redis("listen = \"[::1]:1\"\nredis-url = \"redis://h\"\n"));
        assert!(!brings_redis("listen = \"[::1]:1\"\n# redis-url = \"redis://h\"\n"));
    }

    #[test]
    fn an_import_that_did_not_finish_is_repeated_for_the_same_moment() {
        assert_eq!(parse_marker("importing 1795424400000\n"), Some((false, 1_795_424_400_000)));
        assert_eq!(parse_marker("imported 1795424400000\n"), Some((true, 1_795_424_400_000)));
        assert_eq!(parse_marker(""), None);
        assert_eq!(parse_marker("imported soon"), None);
    }

    #[test]
    fn an_empty_url_counts_as_none() {
        let args = |redis_url: Option<&str>| RunArgs {
            redis_url: redis_url.map(str::to_owned),
            listen: None,
            serve_args: Vec::new(),
        };
        assert!(!args(None).brings_redis() && !args(Some("")).brings_redis());
        assert!(args(Some("redis://h")).brings_redis());
    }
}
