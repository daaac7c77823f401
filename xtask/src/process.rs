//! Running other programs.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::workspace::Workspace;

/// Cargo, in the root of the workspace.
///
/// `cargo run` tells a program about its own package through variables. Handed on to another
/// Cargo they would reach build scripts that watch them, and crates would be built again each time
/// that they are built by hand and by xtask in turn.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace.root());
    forget_package(&mut command);
    command
}

/// Has a program that may start Cargo not hear about the package that Cargo runs now; see [`cargo`].
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let about_this_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name)
        });
        if about_this_package {
            command.env_remove(name);
        }
    }
}

/// Runs to the end with the output on the terminal; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot start `{}`", describe(command)))?;
    succeeded(command, status)
}

/// Runs to the end and returns what the program wrote to its standard output, without the space
/// around it. Its standard error becomes part of the error if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start `{}`", describe(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", describe(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Turns the status of a program that ended into an error unless it is success.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", describe(command));
    }
    Ok(())
}

/// Asks a program to end. One that has ended already needs no asking.
pub(crate) fn terminate(child: &Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

/// Asks a program that leads a process group to end, with all that it has started.
pub(crate) fn terminate_group(child: &Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::TERM);
}

/// The first executable file of this name on PATH.
pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

/// Whether there is a file that can be run.
pub(crate) fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The command as one would type it, with the program by its name only. Variables are left out:
/// they may hold credentials.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let error = output(Command::new("/bin/sh").args(["-c", "echo no such luck >&2; exit 3"]));
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("`sh -c echo no such luck") && text.contains("exit status: 3"));
        assert!(text.ends_with("no such luck"), "{text}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("/nowhere/frobnicate")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `frobnicate`");
        assert_eq!(find_on_path("frobnicate-that-nobody-has"), None);
    }

    #[test]
    fn a_shell_is_found_on_the_path() {
        assert!(find_on_path("sh").is_some_and(|file| file.ends_with("sh")));
    }
}
