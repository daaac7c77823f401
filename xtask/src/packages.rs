//! Programs that come from the system: a Redis server, and a browser for the tests.
//!
//! What is on PATH is used; what is not is installed with the system's package manager where that
//! is possible without asking for a password.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::steps::{Step, Steps};

const REDIS: Need = Need {
    what: "Redis server",
    variable: "REWIND_REDIS_SERVER",
    names: &["redis-server", "valkey-server"],
    packages: |manager| manager.redis,
    otherwise: "`cargo xtask run --redis-url` takes a server elsewhere",
};

const CHROMIUM: Need = Need {
    what: "Chromium",
    variable: "REWIND_CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
    packages: |manager| manager.browser,
    otherwise: "`cargo xtask test --only` leaves out the tests that need it",
};

const CHROMEDRIVER: Need = Need {
    what: "ChromeDriver",
    variable: "REWIND_CHROMEDRIVER",
    names: &[
        "chromedriver",
        "/usr/lib/chromium/chromedriver",
        "/usr/lib/chromium-browser/chromedriver",
    ],
    packages: |manager| manager.browser,
    otherwise: "`cargo xtask test --only` leaves out the tests that need it",
};

const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        refresh: &["update"],
        // Chromium's recommendations include a desktop's worth of packages.
        install: &["install", "-y", "--no-install-recommends"],
        needs_root: true,
        redis: &["redis-server"],
        browser: &["chromium", "chromium-driver", "chromium-sandbox", "fonts-liberation"],
    },
    Manager {
        program: "dnf",
        refresh: &[],
        install: &["install", "-y"],
        needs_root: true,
        redis: &["valkey"],
        browser: &["chromium", "chromedriver"],
    },
    Manager {
        program: "apk",
        refresh: &["update"],
        install: &["add"],
        needs_root: true,
        redis: &["redis"],
        browser: &["chromium", "chromium-chromedriver"],
    },
    Manager {
        program: "pacman",
        refresh: &[],
        install: &["-S", "--noconfirm", "--needed"],
        needs_root: true,
        redis: &["valkey"],
        browser: &["chromium"],
    },
    Manager {
        program: "brew",
        refresh: &[],
        install: &["install"],
        needs_root: false,
        redis: &["redis"],
        browser: &["chromium", "chromedriver"],
    },
];

/// The browser and the program that lets tests drive it.
pub(crate) struct Browser {
    /// The browser's executable.
    pub(crate) chromium: PathBuf,
    /// Its WebDriver server.
    pub(crate) chromedriver: PathBuf,
}

struct Need {
    what: &'static str,
    /// A path in this variable is taken as it is.
    variable: &'static str,
    names: &'static [&'static str],
    packages: fn(&Manager) -> &'static [&'static str],
    /// How to do without.
    otherwise: &'static str,
}

struct Manager {
    program: &'static str,
    /// Brings the lists of packages up to date; empty where installing does so itself.
    refresh: &'static [&'static str],
    install: &'static [&'static str],
    needs_root: bool,
    redis: &'static [&'static str],
    browser: &'static [&'static str],
}

/// A `redis-server` or `valkey-server`.
pub(crate) fn redis_server(steps: &Steps) -> Result<PathBuf> {
    steps.run("Redis server", |step| {
        let found = REDIS.ensure(step)?;
        step.outcome(found.display().to_string());
        Ok(found)
    })
}

/// A Chromium with its driver.
pub(crate) fn browser(steps: &Steps) -> Result<Browser> {
    steps.run("Browser", |step| {
        let chromium = CHROMIUM.ensure(step)?;
        let chromedriver = CHROMEDRIVER.ensure(step)?;
        step.outcome(format!("{} with {}", chromium.display(), chromedriver.display()));
        Ok(Browser { chromium, chromedriver })
    })
}

impl Need {
    fn ensure(&self, step: &Step) -> Result<PathBuf> {
        if let Some(chosen) = env::var_os(self.variable).filter(|value| !value.is_empty()) {
            let chosen = PathBuf::from(chosen);
            if !process::is_executable(&chosen) {
                bail!("`{}` names `{}`, which cannot be run", self.variable, chosen.display());
            }
            return Ok(chosen);
        }
        if let Some(found) = self.find() {
            return Ok(found);
        }
        self.install(step)?;
        self.find().with_context(|| {
            format!("the {} was installed, but {self} is still not on PATH", self.what)
        })
    }

    fn find(&self) -> Option<PathBuf> {
        self.names.iter().find_map(|name| {
            let file = Path::new(name);
            if file.is_absolute() {
                process::is_executable(file).then(|| file.to_owned())
            } else {
                process::find_on_path(name)
            }
        })
    }

    fn install(&self, step: &Step) -> Result<()> {
        let manager =
            MANAGERS.iter().find(|manager| process::find_on_path(manager.program).is_some());
        let Some(manager) = manager else {
            bail!(
                "{self} is not on PATH, and none of the known package managers is here: install a \
                 {} and try again, or name it in `{}`; {}",
                self.what,
                self.variable,
                self.otherwise
            );
        };
        let packages = (self.packages)(manager);
        let Some(as_root) = manager.as_root() else {
            bail!(
                "{self} is not on PATH, and installing it needs a password: run `sudo {}` and try \
                 again; {}",
                manager.install_line(packages),
                self.otherwise
            );
        };
        step.say(&format!("installing with `{}`", manager.install_line(packages)));
        if !manager.refresh.is_empty() {
            // One unreachable repository among several must not stop what the others can give.
            if let Err(error) = process::run(manager.command(as_root).args(manager.refresh)) {
                step.say(&format!("{error}; going on with the lists as they are"));
            }
        }
        process::run(manager.command(as_root).args(manager.install).args(packages))
            .with_context(|| format!("the {} could not be installed", self.what))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}`",
            self.names
                .iter()
                .filter(|name| !name.starts_with('/'))
                .copied()
                .collect::<Vec<_>>()
                .join("` or `")
        )
    }
}

impl Manager {
    /// The words before the command that give it the rights it needs, if that is possible.
    fn as_root(&self) -> Option<&'static [&'static str]> {
        if !self.needs_root || rustix::process::geteuid().is_root() {
            return Some(&[]);
        }
        process::output(Command::new("sudo").args(["-n", "true"]))
            .is_ok()
            .then_some(&["sudo", "-n"])
    }

    fn command(&self, as_root: &[&str]) -> Command {
        // Through `env`, since sudo drops the variables that it is started with.
        let words = [as_root, &["env", "DEBIAN_FRONTEND=noninteractive", self.program]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    }

    fn install_line(&self, packages: &[&str]) -> String {
        [&[self.program], self.install, packages].concat().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_root_goes_through_sudo_only_where_it_must() {
        let words = |command: Command| {
            let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
            std::iter::once(command.get_program().to_string_lossy().into_owned())
                .chain(args)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let apt = &MANAGERS[0];
        assert_eq!(words(apt.command(&[])), "env DEBIAN_FRONTEND=noninteractive apt-get");
        assert_eq!(
            words(apt.command(&["sudo", "-n"])),
            "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get"
        );
        assert_eq!(
            apt.install_line(apt.redis),
            "apt-get install -y --no-install-recommends redis-server"
        );
    }

    #[test]
    fn a_missing_program_is_named_without_the_places_that_were_searched() {
        assert_eq!(REDIS.to_string(), "`redis-server` or `valkey-server`");
        assert_eq!(CHROMEDRIVER.to_string(), "`chromedriver`");
    }
}
