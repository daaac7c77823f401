//! From SIGTERM until a server has ended that twenty hostile questions, half-sent requests and unread answers keep busy.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Setting;
use super::hostile::Crowd;
use crate::report::{Report, Row, Unit};
use crate::rewind::Rewind;

/// How long it may take, in seconds.
const MOST: f64 = 10.0;
/// How long it is waited for: longer than it may take, to say how long it took instead.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it ended.
const OFTEN: Duration = Duration::from_millis(5);
/// How long hostile questions are at work before.
const RUN_UP: Duration = Duration::from_secs(1);

/// Measures a server of its own.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let folder = setting.scratch.join("shutdown");
    std::fs::create_dir_all(&folder)?;
    let mut rewind = Rewind::start(setting.rewind.binary(), &setting.redis, &folder).await?;
    let crowd = Crowd::start(rewind.address())?;
    tokio::time::sleep(RUN_UP).await;
    let start = Instant::now();
    Command::new("kill").args(["-TERM", &rewind.id().to_string()]).status()?;
    while !rewind.has_ended()? {
        if start.elapsed() > PATIENCE {
            bail!("the server did not end within {PATIENCE:?}");
        }
        tokio::time::sleep(OFTEN).await;
    }
    let took = start.elapsed().as_secs_f64();
    crowd.stop();
    let what = "SIGTERM to the end of the server under 20 hostile questions";
    report.add(Row::measured(what, Unit::Time, took, Some(MOST)));
    Ok(())
}
