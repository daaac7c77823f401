//! The reference that Rewind works beside: Python classes for event sourcing on Redis Streams, taken out of the text that
//! describes them and run as they stand there.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::TestRedis;

/// Where the text is, unless `REWIND_REFERENCE` names another place: beside the repository.
const BESIDE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/redis-streams-event-sourcing.md");

/// The classes and functions of the reference, and a Python that can run them.
#[derive(Clone, Debug)]
pub struct Reference {
    python: PathBuf,
    code: String,
}

/// A program of the reference that is running. It is ended when this is dropped.
pub struct ReferenceProcess {
    child: Option<Child>,
    _folder: TempDir,
}

impl Reference {
    /// The reference; `None` where its text is not beside the repository or no Python has redis-py, which is said on standard
    /// error. A test passes itself over then.
    pub fn find() -> Option<Self> {
        static FOUND: OnceLock<Result<Reference, String>> = OnceLock::new();
        match FOUND.get_or_init(Self::look) {
            Ok(reference) => Some(reference.clone()),
            Err(missing) => {
                eprintln!("passed over: {missing}");
                None
            }
        }
    }

    fn look() -> Result<Self, String> {
        let path = std::env::var_os("REWIND_REFERENCE").map_or(BESIDE.into(), PathBuf::from);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("the reference `{}`: {error}", path.display()))?;
        let python = std::env::var_os("REWIND_PYTHON").unwrap_or_else(|| "python3".into());
        let imports = Command::new(&python)
            .args(["-c", "import redis"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        let python = PathBuf::from(python);
        match imports {
            true => Ok(Self { python, code: declarations(&text) }),
            false => Err(format!("`{}` cannot `import redis`", python.display())),
        }
    }

    /// Runs a program to its end and returns what it prints. In it, the classes and functions of the reference are declared and `r` is
    /// a client of this server, as the reference uses it.
    ///
    /// # Panics
    /// If the program fails.
    pub async fn run(&self, redis: &TestRedis, program: &str) -> String {
        let process = self.start(redis, program);
        tokio::task::spawn_blocking(move || process.finish()).await.unwrap()
    }

    /// The same with the server at this URL.
    ///
    /// # Panics
    /// If the program fails.
    pub async fn run_at(&self, url: &str, program: &str) -> String {
        let process =
            self.start_with(&format!("redis.Redis.from_url({url:?}, protocol=2)"), program);
        tokio::task::spawn_blocking(move || process.finish()).await.unwrap()
    }

    /// Starts such a program.
    ///
    /// # Panics
    /// If Python cannot be started.
    pub fn start(&self, redis: &TestRedis, program: &str) -> ReferenceProcess {
        let socket = redis.socket();
        self.start_with(&format!("redis.Redis(unix_socket_path={socket:?}, protocol=2)"), program)
    }

    /// `client` is written in the older protocol, for whose replies the reference is written.
    fn start_with(&self, client: &str, program: &str) -> ReferenceProcess {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program.py");
        std::fs::write(&path, format!("{}\nr = {client}\n\n{program}\n", self.code)).unwrap();
        let child = Command::new(&self.python)
            .arg("-u")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        ReferenceProcess { child: Some(child), _folder: folder }
    }
}

impl ReferenceProcess {
    /// Waits until the program ends and returns what it printed.
    ///
    /// # Panics
    /// If it fails.
    pub fn finish(mut self) -> String {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the reference failed: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for ReferenceProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The imports, classes and functions in the Python of a text, without the examples of how they are used.
fn declarations(text: &str) -> String {
    let mut code = String::new();
    let (mut is_python, mut is_usage, mut is_declaration) = (false, false, false);
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            (is_python, is_usage, is_declaration) = (language == "python", false, false);
            continue;
        }
        if !is_python {
            continue;
        }
        is_usage |= line.starts_with("# Usage");
        if line.starts_with(|first: char| !first.is_whitespace()) {
            let begins = |word: &str| line.starts_with(word);
            is_declaration =
                ["import ", "from ", "class ", "def ", "@", ")"].into_iter().any(begins);
        }
        if is_declaration && !is_usage {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_taken_and_uses_are_not() {
        let text = "# A\n```python\nimport a\n\nclass B:\n    def c(self):\n        pass\n\n# Usage\nB().c()\n```\n\
                    ```bash\nimport x\n```\n```python\ndef d():\n    return 1\n\nd()\n```\n";
        let lines: Vec<String> =
            declarations(text).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let expected = [
            "import a",
            "class B:",
            "    def c(self):",
            "        pass",
            "def d():",
            "    return 1",
        ];
        assert_eq!(lines, expected);
    }
}
