//! Python, for the tests that run programs written in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::steps::{Step, Steps};
use crate::{process, tools};

/// A client of Redis, and what asks an HTTP interface all that its description allows.
const PACKAGES: [&str; 2] = ["redis==8.1.0", "schemathesis==4.32.5"];

/// A Python with these packages, of its own and kept for the next time.
pub(crate) struct Python {
    home: PathBuf,
}

impl Python {
    /// Finds it, or makes it. `None` where there is no Python, or the packages cannot be had: the tests that need it say then that
    /// they are left out.
    pub(crate) fn find_or_make(steps: &Steps) -> Result<Option<Self>> {
        let python = Self { home: tools::cache_folder()?.join(folder_name()) };
        steps.run("Python for tests", |step| {
            if !python.works()
                && let Err(error) = python.make(step)
            {
                step.say(&format!("{error:#}"));
                step.outcome("NOT there: the tests that need it are LEFT OUT");
                return Ok(None);
            }
            step.outcome(PACKAGES.join(", "));
            Ok(Some(python))
        })
    }

    /// The interpreter.
    pub(crate) fn interpreter(&self) -> PathBuf {
        self.program("python3")
    }

    /// What asks all that a description of an HTTP interface allows.
    pub(crate) fn schemathesis(&self) -> PathBuf {
        self.program("schemathesis")
    }

    fn make(&self, step: &Step) -> Result<()> {
        step.say("fetching its packages, once for all working copies: about a minute");
        process::output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&self.home))?;
        let mut pip = Command::new(self.interpreter());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        process::output(pip.args(PACKAGES)).map(drop)
    }

    /// Whether everything answers. Running it is the only proof that an installation is complete.
    fn works(&self) -> bool {
        let answers = |program: &Path, arguments: &[&str]| {
            process::is_executable(program)
                && process::output(Command::new(program).args(arguments)).is_ok()
        };
        answers(&self.interpreter(), &["-c", "import redis"])
            && answers(&self.schemathesis(), &["--version"])
    }

    fn program(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

/// Other versions go to another folder.
fn folder_name() -> String {
    format!("python-{}", PACKAGES.join("-").replace("==", "-"))
}
