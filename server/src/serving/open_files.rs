//! How many files the process may open; connections are files.

/// Lets the process open as many files as the system allows it, which is often a thousand times more than it begins with. Returns
/// how many that is, or `None` where there is no limit or the system does not tell.
#[cfg(unix)]
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        // Some systems have a lower limit than they say.
        Err(_) => before.current,
    }
}

/// Other systems tell nothing.
#[cfg(not(unix))]
pub fn raise_open_files() -> Option<u64> {
    None
}
