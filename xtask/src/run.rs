//! `cargo xtask run`: from a fresh clone to Rewind in the browser. `cargo xtask dev`: the same, with Trunk, for whoever
//! works on the pages.
//!
//! Without a Redis URL Rewind gets a private Redis with sample data, which ends with it. With one,
//! nothing but Rewind itself is started, and nothing is written.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::frontend;
use crate::group::Group;
use crate::private_redis::PrivateRedis;
use crate::profile::Kind;
use crate::profile::Profile;
use crate::server;
use crate::signals::Signals;
use crate::steps::{Step, Steps};
use crate::trickle::Trickle;
use crate::workspace::Workspace;
use crate::{bundle, packages, process, sample, shop, tools, trunk};

/// Where `rewind serve` finds its Redis. In the environment rather than among the arguments, which
/// everyone on the machine can read.
const REDIS_URL: &str = "REWIND_REDIS_URL";

/// Where `rewind serve` listens unless it is told otherwise.
const DEFAULT_PORT: u16 = 7117;

/// Where Trunk listens unless it is told otherwise.
const TRUNK_PORT: u16 = 7118;

/// What `cargo xtask run` takes.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Build everything optimised, which takes several times as long
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What `cargo xtask dev` takes.
#[derive(Args)]
pub(crate) struct DevArgs {
    /// Where Trunk listens [default: 7118, or a free port where that one is taken]
    #[arg(long, value_name = "PORT")]
    trunk_port: Option<u16>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// What is said about the server and its Redis.
#[derive(Args)]
struct ServeArgs {
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

/// Which server is started, and what beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One that is soon built.
    Quick,
    /// One that is optimised.
    Release,
    /// One that is soon built, and Trunk, which has its pages.
    Dev { trunk_port: Option<u16> },
}

/// Sets everything up and serves until a signal or the server's own end.
pub(crate) fn run(workspace: &Workspace, args: &RunArgs) -> Result<ExitCode> {
    start(workspace, &args.serve, if args.release { Way::Release } else { Way::Quick })
}

/// Sets everything up and serves what is being worked on, until a signal or the end of one of the parts.
pub(crate) fn dev(workspace: &Workspace, args: &DevArgs) -> Result<ExitCode> {
    start(workspace, &args.serve, Way::Dev { trunk_port: args.trunk_port })
}

fn start(workspace: &Workspace, args: &ServeArgs, way: Way) -> Result<ExitCode> {
    let steps = Steps::new();
    let redis_server = match args.brings_redis() {
        true => None,
        false => Some(packages::redis_server(&steps)?),
    };
    let rewind = build(workspace, way, &steps)?;
    let trunk = match way {
        Way::Dev { trunk_port } => {
            Some((tools::TRUNK.ensure(workspace, &steps)?, free_port(trunk_port, TRUNK_PORT)?))
        }
        Way::Quick | Way::Release => None,
    };
    let signals = Signals::watch()?;
    let mut redis = match &redis_server {
        Some(server) => Some(Redis::start(workspace, server, &rewind, &steps, &signals)?),
        None => None,
    };
    let listen = args.listen(trunk.is_some())?;
    let server = args.command(workspace, &rewind, redis.as_ref(), listen.as_deref())?;
    let mut group = Group::new(server, "rewind serve")?;
    // Removed once everything has ended.
    let mut configuration = None;
    let served = (|| {
        // Of data that is somebody's own nothing is billed.
        if let Some(redis) = redis.as_ref().filter(|redis| redis.trickle.is_some()) {
            let mut billing = shop::billing(&rewind);
            billing.env(REDIS_URL, redis.server.url());
            group.add(billing, "rewind consume")?;
        }
        if let (Some((trunk, port)), Some(listen)) = (&trunk, &listen) {
            let backend = listen
                .parse()
                .with_context(|| format!("`--listen {listen}` is no address with a port"))?;
            let configuration =
                configuration.insert(trunk::Configuration::write(workspace, backend)?);
            group.add(configuration.serve(trunk, workspace, *port), "trunk serve")?;
            eprintln!("  The pages that are being worked on: http://127.0.0.1:{port}/");
        }
        group.wait(&signals, || redis.as_mut().map_or(Ok(()), |redis| redis.server.check()))
    })();
    let ended = group.stop(&signals);
    drop(configuration);
    let stopped = redis.map_or(Ok(()), Redis::stop);
    // Why a part ended says more than what came after.
    served.and_then(|code| ended.and(stopped).map(|()| code))
}

/// The server to start: the one that `REWIND_BIN` names, else one that is built.
fn build(workspace: &Workspace, way: Way, steps: &Steps) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("REWIND_BIN").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(chosen));
    }
    let dist = frontend::dist(workspace, Kind::Quick);
    match way {
        Way::Release => bundle::build(workspace, steps, Profile::Release),
        Way::Quick => {
            if !dist.exists() {
                steps.announce(&["Bundler", "Front end (quick)", "Server (quick)"]);
            }
            bundle::build(workspace, steps, Profile::Quick)
        }
        // Trunk has the pages; those in the server may be old.
        Way::Dev { .. } => {
            fs::create_dir_all(&dist)
                .with_context(|| format!("cannot create `{}`", dist.display()))?;
            server::build(workspace, Profile::Quick, steps)
        }
    }
}

/// The private Redis with the sample, and what goes on in it.
struct Redis {
    server: PrivateRedis,
    trickle: Option<Trickle>,
}

impl Redis {
    fn start(
        workspace: &Workspace,
        server: &Path,
        rewind: &Path,
        steps: &Steps,
        signals: &Signals,
    ) -> Result<Self> {
        let data = workspace.redis_data();
        let mut server =
            steps.run("Private Redis", |step| PrivateRedis::start(server, &data, step))?;
        let filled = steps.run("Sample data", |step| fill(rewind, &server, &data, step));
        if signals.stop_requested() {
            server.stop()?;
            bail!("interrupted");
        }
        server.check()?;
        let trickle = filled?.map(|sample_now_ms| Trickle::start(server.socket(), sample_now_ms));
        Ok(Self { server, trickle })
    }

    fn stop(self) -> Result<()> {
        drop(self.trickle);
        self.server.stop()
    }
}

impl ServeArgs {
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

    fn brings_projections(&self) -> bool {
        value_of(&self.serve_args, "--projections").is_some()
            || env::var_os("REWIND_PROJECTIONS").is_some()
            || self.config().is_some()
    }

    /// The configuration file that the server will read.
    fn config(&self) -> Option<PathBuf> {
        let file = value_of(&self.serve_args, "--config").map(PathBuf::from);
        file.or_else(|| env::var_os("REWIND_CONFIG").map(PathBuf::from))
    }

    /// The address to pass on, if any: the user's, or a free one where the server's own default is
    /// taken. With `must_know` it is the one that the server will listen on in any case.
    fn listen(&self, must_know: bool) -> Result<Option<String>> {
        if self.listen.is_some() {
            return Ok(self.listen.clone());
        }
        let among_arguments = value_of(&self.serve_args, "--listen").map(str::to_owned);
        let decided = among_arguments.or_else(|| env::var("REWIND_LISTEN").ok());
        if !must_know && (decided.is_some() || self.config().is_some()) {
            return Ok(None);
        }
        if decided.is_some() {
            return Ok(decided);
        }
        let port = free_port(None, DEFAULT_PORT)?;
        Ok((must_know || port != DEFAULT_PORT).then(|| format!("{}:{port}", Ipv4Addr::LOCALHOST)))
    }

    /// `rewind serve`, as it is to be started.
    fn command(
        &self,
        workspace: &Workspace,
        rewind: &Path,
        redis: Option<&Redis>,
        listen: Option<&str>,
    ) -> Result<Command> {
        let mut command = Command::new(rewind);
        command.arg("serve");
        let is_said = value_of(&self.serve_args, "--listen").is_some();
        if let Some(listen) = listen.filter(|_| !is_said) {
            command.args(["--listen", listen]);
        }
        if redis.is_some() && !self.brings_folds() {
            command.arg("--folds").arg(shop::folds(workspace)?).arg("--allow-fold-edits");
        }
        if redis.is_some() && !self.brings_projections() {
            command.arg("--projections").arg(shop::projections(workspace)?);
        }
        command.args(&self.serve_args);
        let given = self.redis_url.clone().filter(|url| !url.is_empty());
        if let Some(url) = redis.map(|redis| redis.server.url()).or(given) {
            command.env(REDIS_URL, url);
        }
        Ok(command)
    }
}

/// The port that was asked for; else this one, or a free one where it is taken.
fn free_port(asked: Option<u16>, default: u16) -> Result<u16> {
    if let Some(asked) = asked {
        return Ok(asked);
    }
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(local(default)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let free = TcpListener::bind(local(0)).and_then(|listener| listener.local_addr());
            let free = free.context("there is no free port to listen on")?.port();
            eprintln!("  Port {default} is taken: listening on {free}");
            Ok(free)
        }
        // Anything else is for whoever listens to report.
        _ => Ok(default),
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
            ServeArgs { redis_url: None, listen: None, serve_args }.brings_redis()
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
        let args = |redis_url: Option<&str>| ServeArgs {
            redis_url: redis_url.map(str::to_owned),
            listen: None,
            serve_args: Vec::new(),
        };
        assert!(!args(None).brings_redis() && !args(Some("")).brings_redis());
        assert!(args(Some("redis://h")).brings_redis());
    }
}
