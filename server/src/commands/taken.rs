//! Whether what was written to standard output was taken by whoever reads it.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;

/// For how long it is looked again and again, without giving the processor away for longer: a program that waits for the next line takes it
/// sooner.
const AT_ONCE: Duration = Duration::from_micros(200);
/// How long to wait between two looks after that, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Waits until everything that was written to standard output was read, where that is a pipe. Anything else has taken it already.
///
/// # Errors
/// [`ErrorKind::BrokenPipe`] if nobody will read it any more.
pub(super) async fn taken() -> io::Result<()> {
    let stdout = io::stdout();
    let output = stdout.as_fd();
    if !is_pipe(output)? {
        return Ok(());
    }
    let (start, mut wait) = (Instant::now(), FIRST_WAIT);
    loop {
        if ioctl_fionread(output)? == 0 {
            return Ok(());
        }
        if has_no_reader(output)? {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if start.elapsed() < AT_ONCE {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

fn is_pipe(output: BorrowedFd<'_>) -> io::Result<bool> {
    let file = std::fs::File::from(output.try_clone_to_owned()?);
    Ok(file.metadata()?.file_type().is_fifo())
}

fn has_no_reader(output: BorrowedFd<'_>) -> io::Result<bool> {
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
    Ok(asked.iter().any(|asked| asked.revents().contains(PollFlags::ERR)))
}
