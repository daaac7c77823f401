//! Every control of the pages has a name for tests, and a browser test that uses it. Whatever else has such a name is looked at by one.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// The elements that someone uses, whatever is written in them.
const CONTROLS: [&str; 6] = ["a", "button", "input", "select", "summary", "textarea"];

/// What makes a control of any other element.
const HANDLERS: [&str; 2] = ["on:click", "on:pointerdown"];

/// How a test uses a control.
const USES: [&str; 12] = [
    ".click(",
    "click_at(",
    "point_at(",
    "click_text(",
    "shift_click(",
    "press_down(",
    "drag(",
    "fill(",
    "send_keys(",
    "choose(",
    ".focus()",
    "dispatchEvent",
];

/// Controls whose names are put together, by the file that does so.
const COMPUTED: [(&str, &[&str]); 15] = [
    (
        "event/mod.rs",
        &["event-pane-data", "event-pane-fields", "event-pane-related", "event-pane-compare"],
    ),
    ("groups/one.rs", &["pane-pending", "pane-consumers", "pane-dead", "pane-history"]),
    (
        "publish/mod.rs",
        &["publish-correlation", "publish-causation", "publish-user", "publish-max-len"],
    ),
    ("operate_menu.rs", &["operate-new", "operate-groups", "operate-trim", "operate-audit"]),
    (
        "projections/one.rs",
        &["projection-pause", "projection-resume", "projection-rebuild", "projection-reset"],
    ),
    ("export_menu.rs", &["export-ndjson", "export-csv"]),
    ("copy_menu.rs", &["copy-link", "copy-json", "copy-ndjson", "copy-xadd"]),
    ("code_editor.rs", &["fold-source"]),
    ("event_detail.rs", &["event-next", "event-previous"]),
    (
        "menu.rs",
        &[
            "columns-button",
            "export-button",
            "copy-menu-button",
            "ignore-types-button",
            "operate-button",
            "new-group-button",
            "reset-group-button",
        ],
    ),
    ("panes.rs", &["pane-changes", "pane-diff", "pane-history", "pane-bisect"]),
    ("state_view.rs", &["next-match", "previous-match"]),
    ("stream_head.rs", &["lens-events", "lens-travel", "lens-fold"]),
    ("version_list.rs", &["next-of-type", "previous-of-type"]),
    ("version_slider.rs", &["step-first", "step-prev", "step-next", "step-last"]),
];

#[test]
fn every_control_has_a_name_and_a_test_that_uses_it() {
    let used = used_names();
    let mut problems = Vec::new();
    for Tag { place, name, attributes } in tags().iter().filter(|tag| tag.is_control()) {
        let names = names(place, attributes);
        if names.is_empty() {
            problems
                .push(format!("{place}: `<{name}` has no `data-testid` that this test can read"));
        }
        let unused = names.iter().filter(|name| !used.contains(*name));
        problems.extend(unused.map(|name| format!("{place}: no browser test uses `{name}`")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn everything_else_with_a_name_is_looked_at_by_a_test() {
    let tests: String = tests().concat();
    let mut unseen = Vec::new();
    for Tag { place, attributes, .. } in tags() {
        let names = literals(attribute(&attributes, "data-testid").unwrap_or_default());
        let names = names.into_iter().filter(|name| !name.contains('{') && !tests.contains(name));
        unseen.extend(names.map(|name| format!("{place}: no browser test looks at `{name}`")));
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

/// The beginning of an element in the source of the pages.
struct Tag {
    place: String,
    name: String,
    attributes: String,
}

impl Tag {
    fn is_control(&self) -> bool {
        CONTROLS.contains(&self.name.as_str())
            || HANDLERS.iter().any(|handler| self.attributes.contains(handler))
    }
}

/// All elements of all pages.
fn tags() -> Vec<Tag> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src");
    let mut tags = Vec::new();
    for path in files(&root) {
        let source = text(&path);
        // What a view is made of stands in code only.
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, _) in code.match_indices('<') {
            let rest = &code[at + 1..];
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            let is_tag = rest[name.len()..].starts_with([' ', '\n', '>']);
            let line_begin = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
            if name.is_empty() || !is_tag || code[line_begin..at].contains("//") {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let place = format!("{}:{line}", path.strip_prefix(&root).unwrap().display());
            tags.push(Tag { place, attributes: attributes(&rest[name.len()..]).to_owned(), name });
        }
    }
    tags
}

/// What stands before the `>` that ends a tag, which is in no text, no block and no arrow.
fn attributes(rest: &str) -> &str {
    let (mut depth, mut in_text, mut before) = (0, false, ' ');
    for (at, character) in rest.char_indices() {
        match character {
            '"' if before != '\\' => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if depth == 0 && before != '-' && before != '=' => return &rest[..at],
            _ => {}
        }
        before = character;
    }
    rest
}

/// The value of an attribute, to the end of its line.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = attributes.split_once(&format!("{name}="))?;
    match value.strip_prefix('"') {
        Some(text) => text.find('"').map(|end| &value[..end + 2]),
        None => value.lines().next(),
    }
}

/// The names that a control has, one after the other.
fn names(place: &str, attributes: &str) -> Vec<String> {
    let Some(value) = attribute(attributes, "data-testid") else { return Vec::new() };
    let said: Vec<String> =
        literals(value).into_iter().filter(|name| !name.contains('{')).collect();
    let file = place.split(':').next().unwrap_or_default();
    let computed = COMPUTED.iter().find(|(of, _)| file.ends_with(of));
    match (said.is_empty(), computed) {
        (true, Some((_, names))) => names.iter().map(|name| (*name).to_owned()).collect(),
        _ => said,
    }
}

/// The texts in a piece of code.
fn literals(code: &str) -> Vec<String> {
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names in what the tests use: in a statement that uses something, or in what its words stand for.
fn used_names() -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for test in tests() {
        let statements: Vec<&str> = test.split(';').collect();
        let mut meanings: HashMap<&str, Vec<&str>> = HashMap::new();
        for statement in &statements {
            for (keyword, end) in [("const ", ":"), ("fn ", "("), ("let ", "="), ("for ", " in ")] {
                for (at, _) in statement.match_indices(keyword) {
                    let rest = &statement[at + keyword.len()..];
                    let named = rest.split(end).next().unwrap_or_default();
                    for word in words(named) {
                        meanings.entry(word).or_default().push(rest);
                    }
                }
            }
        }
        for statement in statements {
            if USES.iter().any(|way| statement.contains(way)) {
                used.extend(dashed(statement));
                let meant = words(statement).filter_map(|word| meanings.get(word)).flatten();
                used.extend(meant.flat_map(|meaning| dashed(meaning)));
            }
        }
    }
    used
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What may be a name for tests.
fn dashed(code: &str) -> impl Iterator<Item = String> {
    code.split(|c: char| !c.is_alphanumeric() && c != '-').map(str::to_owned)
}

fn tests() -> Vec<String> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser"))
        .iter()
        .filter(|path| !path.ends_with("every_control.rs") && !path.ends_with("browser/browser.rs"))
        .map(|path| text(path))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
