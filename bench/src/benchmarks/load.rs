//! What a browser downloads at its first visit.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{NO_FRONT_END, Setting};
use crate::report::{Report, Row, Unit};

/// What everything may come to, in bytes. The bundles of comparable tools have megabytes.
const MAX_BYTES: f64 = 265e3;
/// How the row is called.
const WHAT: &str = "first load";

/// Adds up the document and every file that it names.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    if !setting.rewind.has_front_end().await? {
        report.add(Row::skipped(WHAT, NO_FRONT_END));
        return Ok(());
    }
    let mut client = setting.rewind.client().await?;
    // Not compressed, to be read.
    let document = client.get("/").await?;
    let mut paths = vec!["/".to_owned()];
    paths.extend(references(&String::from_utf8_lossy(&document)));
    let mut total = 0.0;
    for path in &paths {
        let file = client.transfer(path).await?;
        let bytes = file.body.len() as f64;
        let encoding = file.encoding.as_deref().unwrap_or("not compressed");
        println!("  {path}: {} ({encoding})", Unit::Size.show(bytes));
        total += bytes;
    }
    report.add(Row::measured(WHAT, Unit::Size, total, Some(MAX_BYTES)));
    Ok(())
}

/// The files that a document names, in its tags or in the script that starts the application: everything in quotes that
/// is a path from the root and has an ending.
fn references(document: &str) -> BTreeSet<String> {
    document
        .split(['"', '\''])
        .filter(|text| text.starts_with('/') && !text.starts_with("//"))
        .filter(|text| text.rsplit('/').next().is_some_and(|name| name.contains('.')))
        .filter(|text| !text.contains(char::is_whitespace))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_once() {
        let document = r#"
            <link rel="stylesheet" href="/main-1.css"><link rel="modulepreload" href="/app-1.js">
            <link rel="preload" href="/app-1_bg.wasm" as="fetch"><link rel="canonical" href="//else.where/x.js">
            <script type="module">import init from '/app-1.js'; init({ module_or_path: '/app-1_bg.wasm' });</script>
            <a href="/streams">"#;
        let found: Vec<String> = references(document).into_iter().collect();
        assert_eq!(found, ["/app-1.js", "/app-1_bg.wasm", "/main-1.css"]);
    }
}
