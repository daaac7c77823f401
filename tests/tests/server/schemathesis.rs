//! The HTTP interface under all that its description allows, and some that it does not, as schemathesis makes it up.

use std::process::Stdio;

use rewind_tests::{TestApp, TestRedis};
use tokio::process::Command;

/// What is looked at in each answer. Not whether every question that fits the schema is answered: what goes together, and what is a
/// filter or a fold, no schema says.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,unsupported_method";

/// Calls whose answers do not end.
const ENDLESS: &str = "/api/live";

#[tokio::test]
async fn no_question_that_is_made_up_breaks_the_interface() {
    let Some(schemathesis) = std::env::var_os("REWIND_SCHEMATHESIS") else {
        return eprintln!(
            "passed over: `REWIND_SCHEMATHESIS` names no schemathesis; `cargo xtask test` does"
        );
    };
    let redis = TestRedis::start().await;
    for n in 1..=20 {
        let data = format!(r#"{{"total":{n},"order_id":"{}"}}"#, n % 3);
        for stream in ["aggregate:Order:1042", "events:orders"] {
            redis.add(stream, &format!("{n}-0"), "Counted", &data).await;
        }
    }
    let app = TestApp::start(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(schemathesis)
        .current_dir(&folder)
        .env("NO_COLOR", "1")
        .arg("run")
        .arg(app.url() + "/api/openapi.json")
        .args(["--url", &app.url(), "--exclude-path", ENDLESS, "--checks", CHECKS])
        // The same questions each time, and as many as take half a minute.
        // One worker: with several threads, some releases of Python fail now and then when two of them parse at once.
        .args(["--generation-deterministic", "--max-examples", "8", "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing"])
        // Far longer than any of these takes, also on a machine that is busy.
        .args(["--request-timeout", "60"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("generated"), "it asked something:\n{said}");
}
