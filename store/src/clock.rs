//! The clock of Redis, which makes the ids of events.

use std::time::{Duration, SystemTime};

use super::{Store, StoreError, reply};

/// How far the clock of this machine is set back where that of Redis is not to be had: an event must not come with an id that the
/// clock has passed already, and clocks of servers differ by less.
const SET_BACK: Duration = Duration::from_secs(1);

impl Store {
    /// The clock of the server, in Unix milliseconds. Where Redis tells it neither by `TIME` nor by `INFO`, that of this machine, set back
    /// by a second.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn clock_ms(&self) -> Result<u64, StoreError> {
        if !self.shared.refusals.has("TIME") {
            let mut pipeline = redis::pipe();
            pipeline.cmd("TIME");
            match self.single(&pipeline).await {
                Ok(reply) => return reply::time_ms(reply),
                Err(error) if self.shared.refusals.note(&error, "TIME") => {}
                Err(error) => return Err(error),
            }
        }
        let own_ms = || {
            let now = SystemTime::now().checked_sub(SET_BACK).unwrap_or(SystemTime::UNIX_EPOCH);
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        };
        if self.shared.refusals.has("INFO") {
            return Ok(own_ms());
        }
        match self.server_info_about("server").await {
            Ok(info) => {
                let told_ms = info.number("server_time_usec").map(|micros| micros / 1_000);
                Ok(told_ms.unwrap_or_else(own_ms))
            }
            Err(error) if error.is_command_refused() => Ok(own_ms()),
            Err(error) => Err(error),
        }
    }
}
