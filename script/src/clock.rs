//! Time that was worked, not waited: limits hold whatever else the machine has to do.

use std::time::Duration;

/// How long the processor has worked for this thread.
pub fn thread_time() -> Duration {
    time_of(rustix::time::ClockId::ThreadCPUTime)
}

/// How long the processor has worked for all threads of this process.
pub fn process_time() -> Duration {
    time_of(rustix::time::ClockId::ProcessCPUTime)
}

fn time_of(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_counted_and_work_is() {
        let before = thread_time();
        std::thread::sleep(Duration::from_millis(60));
        assert!(thread_time() - before < Duration::from_millis(30));
        while thread_time() - before < Duration::from_millis(40) {
            std::hint::spin_loop();
        }
        assert!(process_time() >= Duration::from_millis(40));
    }
}
