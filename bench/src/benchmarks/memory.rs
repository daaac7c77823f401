//! What the server's process takes of the machine's memory.

use std::time::Duration;

use anyhow::Result;

use super::Setting;
use crate::report::{Report, Row, Unit};

/// What an idle server may take, in bytes.
const MAX_IDLE_BYTES: f64 = 25e6;
/// What it may take after everything that the other benchmarks asked of it.
const MAX_BUSY_BYTES: f64 = 60e6 + KEYFRAME_BYTES;
/// What keyframes may take unless the server is told otherwise.
const KEYFRAME_BYTES: f64 = 64.0 * 1024.0 * 1024.0;
/// How long the server is left alone before its memory is read.
const REST: Duration = Duration::from_secs(2);

/// Before anything was asked of the server.
pub(super) async fn idle(setting: &Setting, report: &mut Report) -> Result<()> {
    tokio::time::sleep(REST).await;
    report.add(match setting.rewind.memory()? {
        Some(memory) => {
            Row::measured("memory, idle", Unit::Size, float(memory.resident), Some(MAX_IDLE_BYTES))
        }
        None => Row::skipped("memory, idle", "only Linux tells it in `/proc`"),
    });
    Ok(())
}

/// After the other benchmarks.
pub(super) async fn after(setting: &Setting, report: &mut Report) -> Result<()> {
    tokio::time::sleep(REST).await;
    let Some(memory) = setting.rewind.memory()? else { return Ok(()) };
    let (resident, peak) = (float(memory.resident), float(memory.peak));
    report.add(Row::measured("memory, after all", Unit::Size, resident, Some(MAX_BUSY_BYTES)));
    report.add(Row::measured("memory, peak", Unit::Size, peak, None));
    Ok(())
}

/// Says how far the memory is after a benchmark, so that it shows which one takes it.
pub(super) fn note(setting: &Setting, name: &str) -> Result<()> {
    if let Some(memory) = setting.rewind.memory()? {
        let (resident, peak) = (float(memory.resident), float(memory.peak));
        println!(
            "  memory after {name}: {}, at most {}",
            Unit::Size.show(resident),
            Unit::Size.show(peak)
        );
    }
    Ok(())
}

/// Exact up to 8 petabytes.
fn float(bytes: u64) -> f64 {
    bytes as f64
}
