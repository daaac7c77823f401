//! A browser without a window, driven over WebDriver (<https://www.w3.org/TR/webdriver2/>).

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::child::Program;
use crate::http_client::HttpClient;

/// How long ChromeDriver may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a browser may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// What makes Chromium run anywhere (as root in a container, without a graphics card) and keep to itself.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A running ChromeDriver. It ends when this is dropped.
pub(crate) struct Driver {
    chromium: Option<PathBuf>,
    folder: PathBuf,
    profiles: Cell<u32>,
    address: SocketAddr,
    _program: Program,
}

/// A browser with an empty profile. It ends when this is dropped.
pub(crate) struct Browser {
    client: HttpClient,
    address: SocketAddr,
    session: String,
}

impl Driver {
    /// Starts ChromeDriver; profiles of browsers are made in `folder`.
    pub(crate) fn start(
        chromedriver: &Path,
        chromium: Option<PathBuf>,
        folder: &Path,
    ) -> Result<Self> {
        let program =
            Program::start("chromedriver", Command::new(chromedriver).arg("--port=0"), folder)?;
        let port = program.wait_for_line(START_TIMEOUT, |line| {
            let rest = line.split_once("started successfully on port ")?.1;
            rest.trim_end_matches('.').parse::<u16>().ok()
        })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (folder, profiles) = (folder.to_owned(), Cell::new(0));
        Ok(Self { chromium, folder, profiles, address, _program: program })
    }

    /// Starts a browser.
    pub(crate) async fn browser(&self) -> Result<Browser> {
        let number = self.profiles.get() + 1;
        self.profiles.set(number);
        let profile = self.folder.join(format!("profile-{number}"));
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.display()));
        let mut options = json!({ "args": flags });
        if let Some(chromium) = &self.chromium {
            options["binary"] = json!(chromium);
        }
        let capabilities = json!({
            "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                // Times are taken inside the page; nobody waits for it to be done.
                "pageLoadStrategy": "none",
                "goog:chromeOptions": options,
            } }
        });
        let mut client = HttpClient::connect(self.address).await?;
        let answer = client.post("/session", &capabilities).await?;
        let session = answer["value"]["sessionId"].as_str().context("a session without an id")?;
        Ok(Browser { client, address: self.address, session: session.to_owned() })
    }
}

impl Browser {
    /// Has a script run in each document from now on, before the document's own scripts.
    pub(crate) async fn run_in_new_documents(&mut self, script: &str) -> Result<()> {
        let command = json!({
            "cmd": "Page.addScriptToEvaluateOnNewDocument",
            "params": { "source": script },
        });
        self.call("goog/cdp/execute", &command).await.map(|_| ())
    }

    /// Navigates.
    pub(crate) async fn open(&mut self, url: &str) -> Result<()> {
        self.call("url", &json!({ "url": url })).await.map(|_| ())
    }

    /// Runs the body of a function, and gives what it returns.
    pub(crate) async fn evaluate(&mut self, script: &str) -> Result<Value> {
        self.evaluate_with(script, &[]).await
    }

    /// Runs the body of a function with these arguments, and gives what it returns.
    pub(crate) async fn evaluate_with(&mut self, script: &str, args: &[Value]) -> Result<Value> {
        self.call("execute/sync", &json!({ "script": script, "args": args })).await
    }

    /// A browser outlives its driver unless it is told to end. Blocks, so that it works while being dropped.
    fn end(&self) -> std::io::Result<()> {
        let Self { session, address, .. } = self;
        let mut stream = TcpStream::connect_timeout(address, END_TIMEOUT)?;
        stream.set_read_timeout(Some(END_TIMEOUT))?;
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        // The answer comes when the browser has ended.
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    }

    async fn call(&mut self, command: &str, body: &Value) -> Result<Value> {
        let path = format!("/session/{}/{command}", self.session);
        let mut answer = self.client.post(&path, body).await?;
        Ok(answer["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // There is nobody to tell, and nothing left to try.
        let _ = self.end();
    }
}
