//! `rewind completions` and `rewind man`

use super::run_at;

const NOWHERE: &str = "redis://127.0.0.1:1";

#[test]
fn shells_are_told_of_all_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = run_at(NOWHERE, &["completions", shell], "");
        assert_eq!(ran.status, 0, "{}", ran.error);
        assert!(ran.out.contains("publish") && ran.out.contains("redis-url"), "{shell}");
    }
    assert_eq!(run_at(NOWHERE, &["completions", "dos"], "").status, 2);
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_at(NOWHERE, &["man", folder.path().to_str().unwrap()], "");
    assert_eq!(ran.status, 0, "{}", ran.error);
    let page = std::fs::read_to_string(folder.path().join("rewind-publish.1")).unwrap();
    assert!(page.contains("one\\-by\\-one"), "{page}");
    assert!(run_at(NOWHERE, &["man"], "").out.contains("publish"));
}
