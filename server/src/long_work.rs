//! Work that may take long, on a thread that nobody else waits for.

/// Does work here, or where it may take long on a thread that nobody else waits for.
pub(crate) async fn run<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if !is_long {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            // As it would go on had it happened here.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and with it whoever waits for this.
            Err(_) => std::future::pending().await,
        },
    }
}
