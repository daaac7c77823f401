//! A headless Chromium, driven through its driver.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rewind_tests::{TestApp, eventually};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::prelude::*;

/// A browser with a profile of its own. What is asked of it waits until the page shows it.
pub struct Browser {
    driver: WebDriver,
    process: Child,
    _profile: TempDir,
    base: String,
}

impl Browser {
    /// Starts one that looks at `app`.
    pub async fn start(app: &TestApp) -> Self {
        rewind_tests::need_front_end();
        Self::start_at(app.url()).await
    }

    /// Starts one that looks at what is at this address.
    pub async fn start_at(base: String) -> Self {
        let profile = tempfile::Builder::new().prefix("rewind-browser-").tempdir().unwrap();
        let (process, port) = start_driver();
        let mut capabilities = DesiredCapabilities::chrome();
        if let Ok(chromium) = std::env::var("REWIND_CHROMIUM") {
            capabilities.set_binary(&chromium).unwrap();
        }
        let profile_flag = format!("--user-data-dir={}", profile.path().display());
        let flags = [
            "--headless",
            // Chromium's own sandbox refuses to run as root, which containers and CI machines do.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1440,900",
            &profile_flag,
        ];
        for flag in flags {
            capabilities.add_arg(flag).unwrap();
        }
        capabilities.set_browser_log_level(thirtyfour::LoggingPrefsLogLevel::All).unwrap();
        let driver =
            WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        Self { driver, process, _profile: profile, base }
    }

    /// Makes the page as large as this, as a phone would: smaller than any window.
    pub async fn resize(&self, width: u32, height: u32) {
        self.scale(width, height, 1.0).await;
    }

    /// Makes the page as large as this in CSS pixels, of which each has so many pixels of the screen across.
    pub async fn scale(&self, width: u32, height: u32, scale: f64) {
        let size = serde_json::json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        let command = "Emulation.setDeviceMetricsOverride";
        self.driver.cdp().send_raw(command, size).await.unwrap();
    }

    /// Has the system prefer `light` or `dark` colours.
    pub async fn prefer_scheme(&self, scheme: &str) {
        let features = serde_json::json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let parameters = serde_json::json!({ "features": features });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", parameters).await.unwrap();
    }

    /// Puts the computer into a time zone, for the documents that are opened from now on.
    pub async fn be_in_zone(&self, zone: &str) {
        let parameters = serde_json::json!({ "timezoneId": zone });
        let command = "Emulation.setTimezoneOverride";
        self.driver.cdp().send_raw(command, parameters).await.unwrap();
    }

    /// Has files saved into a folder of this test's, without asking where to.
    pub async fn save_downloads(&self) -> TempDir {
        let folder = tempfile::Builder::new().prefix("rewind-downloads-").tempdir().unwrap();
        let behavior = serde_json::json!({"behavior": "allow", "downloadPath": folder.path()});
        self.driver.cdp().send_raw("Browser.setDownloadBehavior", behavior).await.unwrap();
        folder
    }

    /// Has every request carry these headers, as a proxy in front of the server would add them.
    pub(crate) async fn send_headers(&self, headers: serde_json::Value) {
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.enable", serde_json::json!({})).await.unwrap();
        let parameters = serde_json::json!({ "headers": headers });
        cdp.send_raw("Network.setExtraHTTPHeaders", parameters).await.unwrap();
    }

    /// Goes to a page.
    pub async fn open(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.base)).await.unwrap();
    }

    /// The part of the address behind the server.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    }

    /// The first element that matches.
    pub async fn see(&self, css: &str) -> WebElement {
        eventually(&format!("the page shows `{css}`"), || async {
            self.driver.find(By::Css(css)).await.ok()
        })
        .await
    }

    /// Waits until nothing matches.
    pub async fn see_none(&self, css: &str) {
        eventually(&format!("the page shows no `{css}`"), || async {
            self.driver.find_all(By::Css(css)).await.ok().filter(Vec::is_empty)
        })
        .await;
    }

    /// Waits until an element that matches has a text with `part` in it, and gives the text.
    pub async fn read(&self, css: &str, part: &str) -> String {
        eventually(&format!("`{css}` reads `{part}`"), || async {
            for element in self.driver.find_all(By::Css(css)).await.ok()? {
                let text = element.text().await.unwrap_or_default();
                if text.contains(part) {
                    return Some(text);
                }
            }
            None
        })
        .await
    }

    /// Waits until exactly this many elements match.
    pub async fn count(&self, css: &str, count: usize) {
        eventually(&format!("there are {count} `{css}`"), || async {
            let found = self.driver.find_all(By::Css(css)).await.ok()?.len();
            (found == count).then_some(())
        })
        .await;
    }

    /// Clicks the first element that matches.
    pub async fn click(&self, css: &str) {
        eventually(&format!("`{css}` can be clicked"), || async {
            self.driver.find(By::Css(css)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Clicks the first element that matches and has this text in it.
    pub async fn click_text(&self, css: &str, part: &str) {
        eventually(&format!("`{css}` with `{part}` can be clicked"), || async {
            for element in self.driver.find_all(By::Css(css)).await.ok()? {
                if element.text().await.ok()?.contains(part) {
                    return element.click().await.ok();
                }
            }
            None
        })
        .await;
    }

    /// Writes a text into a field in place of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.see(css).await;
        field.send_keys(Key::Control + "a").await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Drags from the left edge of an element this many pixels to the right.
    pub async fn drag(&self, element: &WebElement, pixels: i64) {
        let rect = element.rect().await.unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let (x, y) = (rect.x as i64 + 1, (rect.y + rect.height / 2.0) as i64);
        let chain = self.driver.action_chain().move_to(x, y).click_and_hold();
        chain
            .move_to(x + pixels / 2, y)
            .move_to(x + pixels - 2, y)
            .release()
            .perform()
            .await
            .unwrap();
    }

    /// Points at the middle of an element.
    pub async fn point_at(&self, css: &str) {
        let element = self.see(css).await;
        self.driver.action_chain().move_to_element_center(&element).perform().await.unwrap();
    }

    /// Clicks so many pixels to the right of and below the left upper corner of an element.
    pub async fn click_at(&self, css: &str, right: i64, down: i64) {
        let rect = self.see(css).await.rect().await.unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let (x, y) = (rect.x as i64 + right, rect.y as i64 + down);
        self.driver.action_chain().move_to(x, y).click().perform().await.unwrap();
    }

    /// Clicks the first element that matches while Shift is held.
    pub async fn shift_click(&self, css: &str) {
        let element = self.see(css).await;
        let chain = self.driver.action_chain().key_down(Key::Shift).click_element(&element);
        chain.key_up(Key::Shift).perform().await.unwrap();
    }

    /// Presses the pointer's button at the middle of an element and holds it.
    pub async fn press_down(&self, css: &str) {
        eventually(&format!("`{css}` can be pressed"), || async {
            let element = self.driver.find(By::Css(css)).await.ok()?;
            self.driver.action_chain().click_and_hold_element(&element).perform().await.ok()
        })
        .await;
    }

    /// Releases the pointer's button.
    pub async fn release(&self) {
        self.driver.action_chain().release().perform().await.unwrap();
    }

    /// Begins to compose a text where the keyboard is, as an input method does.
    pub async fn compose(&self, text: &str) {
        let end = text.encode_utf16().count();
        let parameters =
            serde_json::json!({ "text": text, "selectionStart": end, "selectionEnd": end });
        self.driver.cdp().send_raw("Input.imeSetComposition", parameters).await.unwrap();
    }

    /// Ends composing with this text.
    pub async fn insert(&self, text: &str) {
        let parameters = serde_json::json!({ "text": text });
        self.driver.cdp().send_raw("Input.insertText", parameters).await.unwrap();
    }

    /// Presses a key of a keyboard of any layout: what it is called, where it is, its code on Windows, and what it writes.
    pub async fn press_by_code(&self, key: &str, code: &str, windows: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let parameters = serde_json::json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": windows,
                "text": if kind == "keyDown" { text } else { "" },
            });
            self.driver.cdp().send_raw("Input.dispatchKeyEvent", parameters).await.unwrap();
        }
    }

    /// Opens another tab, and goes there.
    pub async fn new_tab(&self) -> WindowHandle {
        let tab = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(tab.clone()).await.unwrap();
        tab
    }

    /// The tab that is in front.
    pub async fn tab(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    /// Goes to a tab.
    pub async fn switch_to(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// Closes the tab that is in front, and goes to another.
    pub async fn close_tab(&self, next: &WindowHandle) {
        self.driver.close_window().await.unwrap();
        self.switch_to(next).await;
    }

    /// Waits until the address has this part.
    pub async fn at(&self, part: &str) -> String {
        eventually(&format!("the address has `{part}`"), || async {
            Some(self.path().await).filter(|path| path.contains(part))
        })
        .await
    }

    /// The value of an expression in the page.
    pub async fn evaluate(&self, script: &str) -> serde_json::Value {
        let result = self.driver.execute(format!("return {script}"), Vec::new()).await.unwrap();
        result.json().clone()
    }

    /// Has a script run in each document from now on, before the document's own.
    pub async fn run_in_new_documents(&self, script: &str) {
        let parameters = serde_json::json!({ "source": script });
        let command = "Page.addScriptToEvaluateOnNewDocument";
        self.driver.cdp().send_raw(command, parameters).await.unwrap();
    }

    /// From now on requests whose address matches one of these patterns fail, as if there was no network; all others
    /// do not any more.
    pub async fn block(&self, patterns: &[&str]) {
        let tools = self.driver.cdp();
        tools.send_raw("Network.enable", serde_json::json!({})).await.unwrap();
        let parameters = serde_json::json!({ "urls": patterns });
        tools.send_raw("Network.setBlockedURLs", parameters).await.unwrap();
    }

    /// Ends the browser, having made sure that the page had nothing to complain of.
    pub async fn close(self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the console says: {complaints:#?}");
        self.close_regardless().await;
    }

    /// Ends the browser of a test in which requests fail on purpose, which the console always reports.
    pub async fn close_regardless(mut self) {
        self.driver.clone().quit().await.unwrap();
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.unwrap();
        log.iter()
            .map(|entry| format!("{entry:?}"))
            .filter(|entry| {
                entry.contains("Severe")
                    || entry.contains("SEVERE")
                    || entry.contains("Warning")
                    || entry.contains("WARNING")
            })
            .collect()
    }
}

impl Drop for Browser {
    /// A test that failed leaves a browser behind, which goes with its whole process group.
    fn drop(&mut self) {
        // The session ends with the driver; asking a dead driver to end it would take minutes.
        let _ = self.driver.clone().leak();
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

fn start_driver() -> (Child, u16) {
    let program = std::env::var("REWIND_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let mut process = Command::new(&program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| {
            panic!("cannot start `{program}`: {error}; run `cargo xtask test`, which installs it")
        });
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })
        .expect("the driver says on which port it listens");
    // Whatever else it says must go somewhere, or it would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (process, port)
}
