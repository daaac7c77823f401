//! The workbench: a fold is written, tried at once, and saved where that is allowed.

use std::path::Path;

use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::Value;
use tempfile::TempDir;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const OPEN: &str = "/fold?stream=aggregate%3AOrder%3A1001&version=3";
const SOURCE: &str = "[data-testid=fold-source]";
const DIFFERING: &str = "[data-testid=fold-differing]";
const UNSAVED: &str = "[data-testid=fold-unsaved]";
const SAVE: &str = "[data-testid=fold-save]";
const VERSION: &str = "[data-testid=fold-version]";

/// A fold with nothing but what changes the status.
const STATUS: &str = "export default {
  on: {
    OrderCreated(state, event) {
      state.status = event.data.status;
    },
    OrderPaid(state, event) {
      state.status = event.data.status;
    },
  },
};
";

async fn text(browser: &Browser) -> String {
    let text = browser.evaluate(&format!("document.querySelector('{SOURCE}').value")).await;
    text.as_str().unwrap().to_owned()
}

/// Puts the caret behind the first place where the source reads `before`.
async fn stand_behind(browser: &Browser, before: &str) {
    browser.see(SOURCE).await;
    let before = Value::from(before);
    let script = format!(
        "(() => {{
          const box = document.querySelector('{SOURCE}');
          const at = box.value.indexOf({before}) + {before}.length;
          box.focus();
          box.setSelectionRange(at, at);
        }})()"
    );
    browser.evaluate(&script).await;
}

/// Writes a line behind the first place where the source reads `before`: at once, so that none of its beginnings is tried.
async fn write_line_behind(browser: &Browser, before: &str, line: &str) {
    stand_behind(browser, before).await;
    let line = Value::from(format!("\n      {line}"));
    browser.evaluate(&format!("document.execCommand('insertText', false, {line})")).await;
}

/// Scrolls the editor to its first line: where the caret was put by a script, a browser does not always show it.
async fn scroll_up(browser: &Browser) {
    browser.evaluate(&format!("document.querySelector('{SOURCE}').scrollTop = 0")).await;
}

/// Presses a key in the editor while Control is held.
async fn with_control(browser: &Browser, key: &str) {
    browser.see(SOURCE).await.send_keys(Key::Control + key).await.unwrap();
}

/// A folder with a fold for orders that can be saved to.
fn folder(fold: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(fold) = fold {
        std::fs::write(folder.path().join("Order.js"), fold).unwrap();
    }
    folder
}

fn editable(folder: &Path) -> FoldConfig {
    FoldConfig { folder: Some(folder.into()), ..FoldConfig::default() }
}

#[tokio::test]
async fn a_new_fold_has_a_handler_for_each_type_and_the_same_states() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(DIFFERING, "No version differs from the default fold").await;
    let source = text(&browser).await;
    for event_type in ["OrderCreated", "ItemAdded", "ItemRemoved", "OrderPaid", "OrderShipped"] {
        assert!(source.contains(&format!("    {event_type}(state, event) {{")), "{source}");
    }
    browser.read(VERSION, "3").await;
    browser.read("[data-testid=fold-event]", "ItemRemoved").await;
    browser.read("#fold-state [data-path='/total']", "14.95").await;
    browser.read("[data-testid=fold-not-editable]", "--allow-fold-edits").await;
    browser.see_none(SAVE).await;
    browser.see_none(UNSAVED).await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_written_is_tried_at_once() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    browser.read(DIFFERING, "2 versions differ").await;
    browser.read("[data-testid=fold-run]", "4–5").await;
    browser.see_none("#fold-state [data-path='/is_paid']").await;

    browser.click("[data-testid=fold-run]").await;
    browser.read(VERSION, "4").await;
    browser.see("#fold-state [data-path='/is_paid'][data-mark=added]").await;
    browser.see("#fold-state [data-path='/total']:not([data-mark])").await;
    browser.at("version=4").await;
    browser.click("[data-testid=step-next]").await;
    browser.read(VERSION, "5").await;

    browser.click("[data-testid=to-travel]").await;
    browser.at("/travel?stream=aggregate:Order:1001&version=5").await;
    browser.read("[data-testid=version]", "5").await;
    browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_at_its_line() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(DIFFERING, "No version differs").await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state. = 1;").await;
    scroll_up(&browser).await;
    browser.see("[data-testid=fold-refused]").await;
    browser.see(&format!("{SOURCE}[aria-invalid=true]")).await;
    let line = 1 + text(&browser).await.split("state. =").next().unwrap().matches('\n').count();
    browser.read(".code-number.wrong", &line.to_string()).await;
    browser.see(".code-line.wrong .code-problem").await;
    // What came of the text before is still there.
    browser.read("#fold-state [data-path='/total']", "14.95").await;

    browser.click("[data-testid=problem-line]").await;
    let caret_line = "(() => { const box = document.activeElement; \
        return box.value.slice(0, box.selectionStart).split('\\n').length })()";
    assert_eq!(browser.evaluate(caret_line).await, line);
    browser.close_regardless().await;
}

#[tokio::test]
async fn where_a_fold_stops_is_said_with_the_way_there() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "throw new Error('no money');").await;
    scroll_up(&browser).await;
    let said = browser.read("[data-testid=fold-stopped]", "version 4").await;
    assert!(said.contains("OrderPaid") && said.contains("no money"), "{said}");
    browser.read(".code-line.wrong", "no money").await;
    // Before that, all is as it was.
    browser.read("#fold-state [data-path='/total']", "14.95").await;
    browser.click("[data-testid=fold-stopped-version]").await;
    browser.at("version=4").await;
    browser.see_none("#fold-state").await;
    browser.click("[data-testid=fold-last-state]").await;
    browser.read(VERSION, "3").await;
    browser.see("#fold-state [data-path='/total']").await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_not_saved_survives_a_reload_and_other_pages() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let asks_to_stay = "(() => { const event = new Event('beforeunload', { cancelable: true }); \
        window.dispatchEvent(event); return event.defaultPrevented })()";
    browser.open(OPEN).await;
    browser.read(DIFFERING, "No version differs").await;
    assert_eq!(browser.evaluate(asks_to_stay).await, false);

    // Browsers ask those only who did something on the page.
    browser.click(SOURCE).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    browser.see(UNSAVED).await;
    assert_eq!(browser.evaluate("document.title.startsWith('● Order.js')").await, true);
    assert_eq!(browser.evaluate(asks_to_stay).await, true);
    let written = text(&browser).await;

    browser.open(OPEN).await;
    browser.see(UNSAVED).await;
    assert_eq!(text(&browser).await, written);
    browser.click("[data-testid=lens-events]").await;
    browser.see("[data-testid=event-row]").await;
    assert_eq!(browser.evaluate(asks_to_stay).await, true);
    // The fold is that of all orders.
    browser.open("/fold?stream=aggregate%3AOrder%3A1002").await;
    browser.see(UNSAVED).await;
    assert_eq!(text(&browser).await, written);

    browser.click("[data-testid=fold-revert]").await;
    browser.see_none(UNSAVED).await;
    browser.read("[data-testid=fold-discarded]", "taken back").await;
    assert_eq!(browser.evaluate(asks_to_stay).await, false);
    browser.click("[data-testid=fold-restore]").await;
    browser.see_none("[data-testid=fold-discarded]").await;
    browser.see(UNSAVED).await;
    assert_eq!(text(&browser).await, written);
    browser.close().await;
}

#[tokio::test]
async fn a_fold_is_saved_where_that_is_allowed() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = folder(Some(STATUS));
    let file = folder.path().join("Order.js");
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(DIFFERING, "No version differs from Order.js as saved").await;
    assert_eq!(text(&browser).await, STATUS);
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    browser.read(DIFFERING, "2 versions differ from Order.js as saved").await;
    with_control(&browser, "s").await;
    browser.read("[data-testid=fold-saved]", "Saved").await;
    browser.read(DIFFERING, "No version differs").await;
    browser.see_none(UNSAVED).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text(&browser).await);

    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=4").await;
    browser.read("[data-testid=tree-row][data-path='/is_paid']", "true").await;
    browser.close().await;
}

#[tokio::test]
async fn what_someone_else_saved_meanwhile_is_not_written_over() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = folder(Some(STATUS));
    let file = folder.path().join("Order.js");
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    let written = text(&browser).await;
    let theirs = STATUS.replace("status =", "stage =");
    std::fs::write(&file, &theirs).unwrap();
    eventually("the server has read the file", || async {
        let answer = app.ok("/api/fold?stream=aggregate:Order:1001").await;
        (answer["source"] == theirs.as_str()).then_some(())
    })
    .await;

    browser.click(SAVE).await;
    browser.see("[data-testid=fold-moved]").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
    browser.click("[data-testid=fold-keep-writing]").await;
    browser.see_none("[data-testid=fold-moved]").await;
    browser.click(SAVE).await;
    browser.read("[data-testid=fold-saved]", "Saved").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    // The browser notes the refusal of the save.
    browser.close_regardless().await;
}

#[tokio::test]
async fn the_file_that_someone_else_saved_is_taken_in_place_of_the_edits() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = folder(Some(STATUS));
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    browser.see(UNSAVED).await;
    let theirs = STATUS.replace("status =", "stage =");
    std::fs::write(folder.path().join("Order.js"), &theirs).unwrap();
    browser.click(SAVE).await;
    browser.see("[data-testid=fold-moved]").await;
    browser.click("[data-testid=fold-take-saved]").await;
    browser.see_none("[data-testid=fold-moved]").await;
    browser.see_none(UNSAVED).await;
    assert_eq!(text(&browser).await, theirs);
    // The browser notes the refusal of the save.
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_fold_that_cannot_be_saved_stays_unsaved_and_says_why() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = folder(Some(STATUS));
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    write_line_behind(&browser, "OrderPaid(state, event) {", "state.is_paid = true;").await;
    browser.see(UNSAVED).await;
    // Whoever may write everywhere cannot write into a folder that is gone.
    folder.close().unwrap();
    browser.click(SAVE).await;
    browser.read("[data-testid=fold-save-error]", "Not saved").await;
    browser.see(UNSAVED).await;
    // The browser notes the refusal of the save.
    browser.close_regardless().await;
}

#[tokio::test]
async fn one_goes_from_one_difference_of_a_state_to_the_next() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/fold?stream=aggregate%3AOrder%3A1001&version=4").await;
    let lines = "state.is_paid = true; state.was_paid_by = 'card';";
    write_line_behind(&browser, "OrderPaid(state, event) {", lines).await;
    let next = "[data-testid=fold-next-difference]";
    browser.read(next, "2 differences").await;
    for path in ["/is_paid", "/was_paid_by"] {
        browser.click(next).await;
        browser.see(&format!("#fold-state [data-path='{path}'][aria-selected=true]")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_first_fold_is_saved_under_the_name_of_its_type() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = folder(None);
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(DIFFERING, "No version differs from the default fold").await;
    browser.click(SAVE).await;
    browser.read("[data-testid=fold-saved]", "Saved").await;
    let saved = std::fs::read_to_string(folder.path().join("Order.js")).unwrap();
    assert_eq!(saved, text(&browser).await);
    browser.read(DIFFERING, "No version differs from Order.js as saved").await;
    browser.close().await;
}

#[tokio::test]
async fn a_fold_is_downloaded_as_a_file() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.see(SOURCE).await;
    let listen = "(() => {
          const make = URL.createObjectURL;
          URL.createObjectURL = (blob) => {
            blob.text().then((text) => { window.downloaded = text; });
            return make(blob);
          };
          HTMLAnchorElement.prototype.click = function () { window.downloadName = this.download; };
        })()";
    browser.evaluate(listen).await;
    browser.click("[data-testid=fold-download]").await;
    let downloaded = eventually("the file is made", || async {
        browser.evaluate("window.downloaded ?? null").await.as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(downloaded, text(&browser).await);
    assert_eq!(browser.evaluate("window.downloadName").await, "Order.js");
    browser.close().await;
}

#[tokio::test]
async fn the_editor_indents_and_can_be_left_by_keys() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    stand_behind(&browser, "initial: () => ({}),").await;
    browser.press(Key::Enter + "a: [").await;
    browser.press(Key::Enter + "1,").await;
    browser.press(Key::Enter + "],").await;
    browser.press(Key::Tab + "b").await;
    let source = text(&browser).await;
    assert!(source.contains("\n  a: [\n    1,\n  ],  b\n"), "{source}");
    with_control(&browser, "z").await;
    assert!(!text(&browser).await.contains("],  b"));

    let focused = "document.activeElement.dataset.testid ?? ''";
    assert_eq!(browser.evaluate(focused).await, "fold-source");
    browser.press(Key::Escape + "").await;
    browser.press(Key::Tab + "").await;
    assert_ne!(browser.evaluate(focused).await, "fold-source");
    let hint = "(() => { const ids = document.querySelector('[data-testid=fold-source]').getAttribute('aria-describedby'); \
        return ids.split(' ').map((id) => document.getElementById(id).textContent).join(' ') })()";
    assert!(browser.evaluate(hint).await.as_str().unwrap().contains("leaves the editor"));
    browser.close_regardless().await;
}

#[tokio::test]
async fn only_the_lines_on_screen_are_drawn() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let lines: String =
        (0..2_000).map(|n| format!("    T{n}(state) {{ state.n = `${{{n}}}`; }},\n")).collect();
    let folder = folder(Some(&format!("export default {{\n  on: {{\n{lines}  }},\n}};\n")));
    let app = TestApp::start_with_folds(&redis, editable(folder.path())).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(".code-line", "T0(state)").await;
    let drawn = browser.evaluate("document.querySelectorAll('.code-line').length").await;
    assert!(drawn.as_u64().unwrap() < 200, "{drawn}");
    browser.evaluate(&format!("document.querySelector('{SOURCE}').scrollTop = 22000")).await;
    browser.read(".code-line", "T1000(state)").await;
    // Each line stands where the text box has it.
    let distance = "(() => {
          const box = document.querySelector('[data-testid=fold-source]');
          const number = [...document.querySelectorAll('.code-number')].find((e) => e.textContent === '1010');
          const line = [...document.querySelectorAll('.code-line')].find((e) => e.textContent.includes('T1007('));
          const place = box.getBoundingClientRect().top + 1009 * 22 - box.scrollTop;
          return [number, line].map((e) => Math.round(e.getBoundingClientRect().top - place));
        })()";
    assert_eq!(browser.evaluate(distance).await, serde_json::json!([0, 0]));
    browser.close().await;
}
