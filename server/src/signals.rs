//! How the process is asked to end: by `SIGTERM` or Ctrl-C. Asked once it ends in an orderly way, asked again at once.

use std::future::Future;
use std::io;
use std::time::Duration;

/// How long ending in an orderly way may take before the process ends all the same. Service managers wait ten seconds.
const ENDS_WITHIN: Duration = Duration::from_millis(9_500);

/// Begins to listen, and returns what resolves when the process is asked to end.
///
/// A thread of its own listens: even where all threads of the runtime are stuck, the process ends in time.
///
/// # Errors
/// If the system does not let signals be heard.
#[cfg(unix)]
pub(crate) fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use tokio::sync::oneshot;

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (sender, stopped) = oneshot::channel::<()>();
    let listen = move || {
        let mut asked = signals.forever();
        if asked.next().is_none() {
            return;
        }
        tracing::info!("ending; ask again to end at once");
        // Nobody holds the other end where the server has ended already.
        let _ = sender.send(());
        let watch = std::thread::Builder::new().name("deadline".to_owned()).spawn(|| {
            std::thread::sleep(ENDS_WITHIN);
            tracing::warn!("it did not end in time, and is ended");
            std::process::exit(1);
        });
        if let Err(error) = watch {
            tracing::warn!(%error, "nothing watches over how long it takes to end");
        }
        if let Some(signal) = asked.next() {
            // As the system itself reports a process that a signal has ended.
            std::process::exit(128 + signal);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
    Ok(async {
        // The other end is dropped only where no signal can come any more.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Other systems know Ctrl-C alone.
#[cfg(not(unix))]
pub(crate) fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        std::thread::spawn(|| {
            std::thread::sleep(ENDS_WITHIN);
            std::process::exit(1);
        });
    })
}
