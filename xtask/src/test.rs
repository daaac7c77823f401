//! `cargo xtask test`: all checks and tests, with everything that they need.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, panic, thread};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::artifact::Executables;
use crate::axe;
use crate::bundler::Bundler;
use crate::engines;
use crate::frontend;
use crate::packages::{self, Browser};
use crate::profile::Kind;
use crate::profile::Profile;
use crate::python::Python;
use crate::server;
use crate::steps::Steps;
use crate::tools::{CARGO_DENY, TRUNK, Tool};
use crate::workspace::Workspace;
use crate::{process, toolchain};

/// The test binary that drives a browser.
const BROWSER_TESTS: &str = "browser";

/// The test binary that runs Trunk.
const TRUNK_TESTS: &str = "trunk";

/// The test binary that has the event store's own tests.
const STORE_TESTS: &str = "event_store";

/// Where the tests are that start a Redis.
const WITH_REDIS: [&str; 2] = ["store/tests", "tests/tests"];

/// What `cargo xtask test` takes.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Run these parts only; may be repeated [default: all, or all tests when there is a filter]
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Install Trunk where it is missing, which takes minutes once, instead of leaving out the tests of it
    #[arg(long)]
    with_trunk: bool,
    /// Run the store's tests on each Redis and Valkey server of a folder, and nothing else [default folder: `rewind-engines` in the user's
    /// cache]
    #[arg(long, value_name = "DIR", require_equals = true, conflicts_with_all = ["only", "with_trunk"])]
    engines: Option<Option<PathBuf>>,
    /// Run the tests whose name contains this
    filter: Option<String>,
}

/// A part of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Formatting
    Fmt,
    /// Licences, sources, duplicates and advisories of the dependencies
    Deny,
    /// Lints, of the native crates and of the front end
    Clippy,
    /// The tests within the crates
    Unit,
    /// Redis, HTTP and SSE tests
    Integration,
    /// Tests that click through the pages in a real browser
    Browser,
    /// Building and serving the front end with Trunk
    Trunk,
}

/// Sets up what the chosen parts need and runs them, up to the first that fails.
pub(crate) fn test(workspace: &Workspace, args: &TestArgs) -> Result<ExitCode> {
    let steps = Steps::new();
    let result = match &args.engines {
        Some(folder) => on_engines(workspace, args, folder.clone(), &steps),
        None => run(workspace, args, &steps),
    };
    eprintln!("\n{}", steps.table());
    result.map(|()| ExitCode::SUCCESS)
}

/// Runs the store's tests on each engine, and fails after the last one where any failed.
fn on_engines(
    workspace: &Workspace,
    args: &TestArgs,
    folder: Option<PathBuf>,
    steps: &Steps,
) -> Result<()> {
    let folder = folder.map_or_else(engines::folder, Ok)?;
    let engines = engines::find(&folder)?;
    let python = Python::find_or_make(steps)?;
    let mut failed = Vec::new();
    for engine in engines {
        let environment = Environment {
            redis_server: Some(&engine.program),
            browser: None,
            trunk: None,
            axe: None,
            python: python.as_ref(),
        };
        let tests = TestRuns { workspace, args, environment, steps, built: None };
        let name = format!("Store tests on {}", engine.name);
        if let Err(error) = tests.cargo(&name, &["--test".to_owned(), STORE_TESTS.to_owned()]) {
            eprintln!("{error:#}");
            failed.push(engine.name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => bail!("the store's tests failed on {}", failed.join(", ")),
    }
}

fn run(workspace: &Workspace, args: &TestArgs, steps: &Steps) -> Result<()> {
    let parts = args.parts();
    let chosen = |part| parts.contains(&part);
    if chosen(Part::Fmt) || chosen(Part::Clippy) {
        toolchain::lint_components(workspace, steps)?;
    }
    // First what fails fastest.
    if chosen(Part::Fmt) {
        steps.run("Formatting", |step| {
            step.outcome("as it should be");
            process::run(process::cargo(workspace).args(["fmt", "--all", "--check"]))
        })?;
    }
    if chosen(Part::Deny) {
        check_dependencies(workspace, args, steps)?;
    }
    let trunk = match chosen(Part::Trunk) {
        true => args.tool(&TRUNK, Part::Trunk, workspace, steps, args.with_trunk)?,
        false => None,
    };
    let in_browser = chosen(Part::Browser) || trunk.is_some();
    let served = chosen(Part::Integration) || in_browser;
    let redis_server =
        if served || chosen(Part::Unit) { Some(packages::redis_server(steps)?) } else { None };
    let python = if served { Python::find_or_make(steps)? } else { None };
    let browser = if in_browser { Some(packages::browser(steps)?) } else { None };
    let axe = if in_browser { axe::find_or_fetch(steps)? } else { None };
    if served || chosen(Part::Clippy) {
        toolchain::wasm_target(steps)?;
    }
    let environment = Environment {
        redis_server: redis_server.as_deref(),
        browser: browser.as_ref(),
        trunk: trunk.as_deref(),
        axe: axe.as_deref(),
        python: python.as_ref(),
    };
    let mut tests = TestRuns { workspace, args, environment, steps, built: None };
    // Only a browser needs the front end. It is built side by side with all that comes before: optimising it keeps one
    // core busy for a minute.
    thread::scope(|scope| {
        let front_ends = scope.spawn(|| match in_browser {
            true => front_ends(workspace, trunk.is_some(), steps),
            false => Ok(()),
        });
        let others = (|| {
            if chosen(Part::Clippy) {
                lint(workspace, steps)?;
            }
            if served {
                tests.build()?;
            }
            tests.without_browser(&parts)
        })();
        let front_ends = front_ends.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        others.and(front_ends)
    })?;
    if chosen(Part::Browser) {
        tests.executable("Browser tests", BROWSER_TESTS)?;
    }
    if trunk.is_some() {
        tests.cargo("Tests of Trunk", &["--test".to_owned(), TRUNK_TESTS.to_owned()])?;
    }
    Ok(())
}

/// Builds the front end that the server embeds, and the one that Trunk serves.
fn front_ends(workspace: &Workspace, for_trunk: bool, steps: &Steps) -> Result<()> {
    let bundler = Bundler::build(workspace, steps)?;
    frontend::build(workspace, Kind::Release, &bundler, steps)?;
    if for_trunk {
        frontend::build(workspace, Kind::Quick, &bundler, steps)?;
    }
    Ok(())
}

/// The tests, and what they need.
struct TestRuns<'a> {
    workspace: &'a Workspace,
    args: &'a TestArgs,
    environment: Environment<'a>,
    steps: &'a Steps,
    built: Option<Executables>,
}

impl TestRuns<'_> {
    /// Builds all tests, and the server that they start.
    fn build(&mut self) -> Result<()> {
        self.built = Some(server::build_with_tests(self.workspace, self.steps)?);
        Ok(())
    }

    /// Runs what needs no browser.
    fn without_browser(&self, parts: &[Part]) -> Result<()> {
        for (name, arguments) in cargo_runs(self.workspace, parts)? {
            self.cargo(name, &arguments)?;
        }
        Ok(())
    }

    /// Runs the tests that these arguments of `cargo test` select.
    fn cargo(&self, name: &str, arguments: &[String]) -> Result<()> {
        self.steps.run(name, |step| {
            step.outcome("passed");
            let mut cargo = process::cargo(self.workspace);
            cargo.args(["test", "--locked"]).args(arguments).args(self.args.filter.as_deref());
            self.run(cargo)
        })
    }

    /// Runs tests that were built before. Asked to run these alone, Cargo would build some crates once more.
    fn executable(&self, name: &str, test: &str) -> Result<()> {
        let built = self.built.as_ref().context("the tests were not built")?;
        self.steps.run(name, |step| {
            step.outcome("passed");
            let mut command = Command::new(built.test(test)?);
            process::forget_package(&mut command);
            command.args(self.args.filter.as_deref());
            self.run(command)
        })
    }

    fn run(&self, mut command: Command) -> Result<()> {
        if let Some(built) = &self.built {
            command.env("REWIND_BIN", server::binary(built)?);
        }
        self.environment.tell(&mut command);
        process::run(&mut command)
    }
}

/// Asks cargo-deny, as far as its parts can be had.
fn check_dependencies(workspace: &Workspace, args: &TestArgs, steps: &Steps) -> Result<()> {
    let Some(cargo_deny) = args.tool(&CARGO_DENY, Part::Deny, workspace, steps, false)? else {
        return Ok(());
    };
    let ask = |what: &[&str]| {
        let mut command = Command::new(&cargo_deny);
        process::forget_package(&mut command);
        command.current_dir(workspace.root()).arg("--locked").args(what);
        command
    };
    steps.run("Licences, sources, duplicates", |step| {
        step.outcome("as they should be");
        let what = ["check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
        process::run(&mut ask(&what))
    })?;
    steps.run("Advisories", |step| {
        if let Err(error) = process::output(&mut ask(&["fetch", "db"])) {
            step.say(&format!("{error:#}"));
            step.outcome("NOT looked up, since their database is out of reach");
            return Ok(());
        }
        step.outcome("none");
        process::run(&mut ask(&["check", "--disable-fetch", "advisories"]))
    })
}

/// What the tests find in their environment.
struct Environment<'a> {
    redis_server: Option<&'a Path>,
    browser: Option<&'a Browser>,
    trunk: Option<&'a Path>,
    axe: Option<&'a Path>,
    python: Option<&'a Python>,
}

impl Environment<'_> {
    fn tell(&self, command: &mut Command) {
        let chromium = self.browser.map(|browser| browser.chromium.as_path());
        let chromedriver = self.browser.map(|browser| browser.chromedriver.as_path());
        let python = self.python.map(Python::interpreter);
        let schemathesis = self.python.map(Python::schemathesis);
        let all = [
            ("REWIND_REDIS_SERVER", self.redis_server),
            ("REWIND_CHROMIUM", chromium),
            ("REWIND_CHROMEDRIVER", chromedriver),
            ("REWIND_TRUNK", self.trunk),
            ("REWIND_AXE", self.axe),
            ("REWIND_PYTHON", python.as_deref()),
            ("REWIND_SCHEMATHESIS", schemathesis.as_deref()),
        ];
        command.envs(all.into_iter().filter_map(|(name, path)| Some((name, path?))));
        // What is set for a server of one's own must not reach those that the tests start; the
        // Redis may be somebody's production.
        for name in ["REWIND_REDIS_URL", "REWIND_CONFIG", "REWIND_LISTEN"] {
            command.env_remove(name);
        }
    }
}

impl TestArgs {
    /// A tool that a part needs. It is installed where someone asks for it or for this part; else none where it is missing,
    /// since it would take minutes.
    fn tool(
        &self,
        tool: &Tool,
        part: Part,
        workspace: &Workspace,
        steps: &Steps,
        is_asked_for: bool,
    ) -> Result<Option<PathBuf>> {
        if is_asked_for || self.only.contains(&part) {
            return tool.ensure(workspace, steps).map(Some);
        }
        let found = tool.find()?;
        if found.is_none() {
            steps.run(tool.name(), |step| {
                step.outcome(
                    "not installed: the checks that need it are LEFT OUT; `--only` installs it",
                );
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn parts(&self) -> Vec<Part> {
        if !self.only.is_empty() {
            return self.only.clone();
        }
        let mut all = Part::value_variants().to_vec();
        if self.filter.is_some() {
            all.retain(|part| !matches!(part, Part::Fmt | Part::Deny | Part::Clippy));
        }
        all
    }
}

fn lint(workspace: &Workspace, steps: &Steps) -> Result<()> {
    // Two runs, since Cargo would unite what the front end and the server ask of the same crates.
    let native = ["--workspace", "--exclude", "rewind-frontend", "--all-targets"];
    let wasm = ["--package", "rewind-frontend", "--target", toolchain::WASM_TARGET];
    for (name, what) in [("Lints (native)", &native[..]), ("Lints (front end)", &wasm[..])] {
        steps.run(name, |step| {
            step.outcome("no warnings");
            let mut cargo = process::cargo(workspace);
            process::run(
                cargo.args(["clippy", "--locked"]).args(what).args(["--", "-D", "warnings"]),
            )
        })?;
    }
    Ok(())
}

/// The runs of `cargo test`, each with what selects its tests. All but the bundler's take the default members,
/// whatever part of them they run: with other packages crates would get other features, and be
/// built once more.
fn cargo_runs(workspace: &Workspace, parts: &[Part]) -> Result<Vec<(&'static str, Vec<String>)>> {
    let of = |part| parts.contains(&part);
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let in_crates = owned(&["--lib", "--bins"]);
    let names = WITH_REDIS
        .iter()
        .map(|folder| test_binaries(&workspace.root().join(folder)))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let with_server = names
        .into_iter()
        .filter(|name| name != BROWSER_TESTS && name != TRUNK_TESTS)
        .flat_map(|name| ["--test".to_owned(), name])
        .collect::<Vec<_>>();
    let mut runs = Vec::new();
    match (of(Part::Unit), of(Part::Integration)) {
        (true, true) => runs.push(("Tests without a browser", [in_crates, with_server].concat())),
        (true, false) => runs.push(("Unit tests", in_crates)),
        (false, true) => runs.push(("Integration tests", with_server)),
        (false, false) => {}
    }
    if of(Part::Unit) {
        runs.push(("Examples in the documentation", owned(&["--doc"])));
        let bundler = ["--package", "rewind-bundler"];
        runs.push(("Tests of the bundler", owned(&[&bundler, Profile::Quick.flags()].concat())));
    }
    Ok(runs)
}

/// The names of the test binaries in a package's `tests` folder, found as Cargo finds them.
fn test_binaries(folder: &Path) -> Result<Vec<String>> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let is_test =
            path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").is_file();
        names.extend(
            path.file_stem().filter(|_| is_test).map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_alone_runs_tests_but_no_checks() {
        let args = |only: &[Part], filter: Option<&str>| TestArgs {
            only: only.to_vec(),
            with_trunk: false,
            engines: None,
            filter: filter.map(str::to_owned),
        };
        assert_eq!(args(&[], None).parts().len(), 7);
        let tests = [Part::Unit, Part::Integration, Part::Browser, Part::Trunk];
        assert_eq!(args(&[], Some("sse")).parts(), tests);
        assert_eq!(args(&[Part::Clippy], Some("sse")).parts(), [Part::Clippy]);
    }

    #[test]
    fn test_binaries_are_files_and_folders_with_a_main() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["browser", "common", "http"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for file in ["browser/main.rs", "common/mod.rs", "http/main.rs", "live.rs", "README.md"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(test_binaries(folder.path()).unwrap(), ["browser", "http", "live"]);
    }
}
