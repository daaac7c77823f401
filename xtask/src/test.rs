//! `cargo xtask test`: all checks and tests, with everything that they need.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::packages::{self, Browser};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{bundle, process, server, toolchain};

/// The test binary that drives a browser.
const BROWSER_TESTS: &str = "browser";

/// What `cargo xtask test` takes.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Run these parts only; may be repeated [default: all, or all tests when there is a filter]
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Run the tests whose name contains this
    filter: Option<String>,
}

/// A part of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Formatting
    Fmt,
    /// Lints, of the native crates and of the front end
    Clippy,
    /// The tests within the crates
    Unit,
    /// Redis, HTTP and SSE tests
    Integration,
    /// Tests that click through the pages in a real browser
    Browser,
}

/// Sets up what the chosen parts need and runs them, up to the first that fails.
pub(crate) fn test(workspace: &Workspace, args: &TestArgs) -> Result<ExitCode> {
    let mut steps = Steps::new();
    let result = run(workspace, args, &mut steps);
    eprintln!("\n{}", steps.table());
    result.map(|()| ExitCode::SUCCESS)
}

fn run(workspace: &Workspace, args: &TestArgs, steps: &mut Steps) -> Result<()> {
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
    let served = chosen(Part::Integration) || chosen(Part::Browser);
    let redis_server =
        if served || chosen(Part::Unit) { Some(packages::redis_server(steps)?) } else { None };
    let browser = if chosen(Part::Browser) { Some(packages::browser(steps)?) } else { None };
    if served {
        bundle::front_end(workspace, steps)?;
    }
    if chosen(Part::Clippy) {
        if !served {
            toolchain::wasm_target(steps)?;
        }
        lint(workspace, steps)?;
    }
    let rewind = if served { Some(server::build_with_tests(workspace, steps)?) } else { None };
    let environment = Environment {
        redis_server: redis_server.as_deref(),
        browser: browser.as_ref(),
        rewind: rewind.as_deref(),
    };
    for (name, targets) in test_runs(workspace, &parts)? {
        steps.run(name, |step| {
            step.outcome("passed");
            let mut cargo = process::cargo(workspace);
            cargo.args(["test", "--locked"]).args(targets).args(args.filter.as_deref());
            environment.tell(&mut cargo);
            process::run(&mut cargo)
        })?;
    }
    Ok(())
}

/// What the tests find in their environment.
struct Environment<'a> {
    redis_server: Option<&'a Path>,
    browser: Option<&'a Browser>,
    rewind: Option<&'a Path>,
}

impl Environment<'_> {
    fn tell(&self, command: &mut Command) {
        let chromium = self.browser.map(|browser| browser.chromium.as_path());
        let chromedriver = self.browser.map(|browser| browser.chromedriver.as_path());
        let all = [
            ("REWIND_REDIS_SERVER", self.redis_server),
            ("REWIND_CHROMIUM", chromium),
            ("REWIND_CHROMEDRIVER", chromedriver),
            ("REWIND_BIN", self.rewind),
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
    fn parts(&self) -> Vec<Part> {
        if !self.only.is_empty() {
            return self.only.clone();
        }
        let mut all = Part::value_variants().to_vec();
        if self.filter.is_some() {
            all.retain(|part| !matches!(part, Part::Fmt | Part::Clippy));
        }
        all
    }
}

fn lint(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
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

/// The runs of `cargo test`, each with what selects its tests. They all take the default members,
/// whatever part of them they run: with other packages crates would get other features, and be
/// built once more.
fn test_runs(workspace: &Workspace, parts: &[Part]) -> Result<Vec<(&'static str, Vec<String>)>> {
    let of = |part| parts.contains(&part);
    let mut runs = Vec::new();
    if of(Part::Unit) && of(Part::Integration) && of(Part::Browser) {
        runs.push(("Tests", Vec::new()));
        return Ok(runs);
    }
    if of(Part::Unit) {
        runs.push(("Unit tests", vec!["--lib".to_owned(), "--bins".to_owned()]));
    }
    let binaries = test_binaries(&workspace.root().join("tests/tests"))?;
    let (browser, others): (Vec<_>, Vec<_>) =
        binaries.into_iter().partition(|name| name == BROWSER_TESTS);
    for (part, title, names) in [
        (Part::Integration, "Integration tests", others),
        (Part::Browser, "Browser tests", browser),
    ] {
        if of(part) {
            runs.push((
                title,
                names.into_iter().flat_map(|name| ["--test".to_owned(), name]).collect(),
            ));
        }
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
            filter: filter.map(str::to_owned),
        };
        assert_eq!(args(&[], None).parts().len(), 5);
        assert_eq!(args(&[], Some("sse")).parts(), [Part::Unit, Part::Integration, Part::Browser]);
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
