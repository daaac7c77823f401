//! What `trunk build --release` makes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rewind_tests::{need_front_end, workspace};

/// The files of a folder and below, without those of Trunk's own.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !name.starts_with('.') {
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn trunk_makes_the_front_end_that_the_server_embeds() {
    need_front_end();
    let made = tempfile::tempdir().unwrap();
    let trunk = std::env::var_os("REWIND_TRUNK").unwrap_or_else(|| "trunk".into());
    let status = Command::new(trunk)
        .current_dir(workspace())
        .args(["build", "--release", "--dist"])
        .arg(made.path())
        .status()
        .expect("Trunk is installed; `cargo xtask test --only trunk` sees to that");
    assert!(status.success(), "{status}");
    let (made, embedded) = (files(made.path()), files(&workspace().join("dist")));
    assert!(made.keys().any(|name| name.ends_with("/split_travel.wasm")), "{:?}", made.keys());
    assert!(made.keys().eq(embedded.keys()), "{:?}\n{:?}", made.keys(), embedded.keys());
    for (name, bytes) in &made {
        assert!(embedded[name] == *bytes, "`{name}` differs");
    }
}
