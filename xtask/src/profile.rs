//! How the server and the front end are compiled.

/// How the server is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For the tests, which check what the others take for granted.
    Debug,
    /// For seeing what there is: quick enough, and soon built.
    Quick,
    /// Quick to run.
    Release,
}

impl Profile {
    /// How Cargo is told.
    pub(crate) fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Quick => &["--profile", "quick"],
            Self::Release => &["--release"],
        }
    }

    /// The front end of such a server.
    pub(crate) fn front_end(self) -> Kind {
        match self {
            Self::Quick => Kind::Quick,
            Self::Debug | Self::Release => Kind::Release,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Quick => "quick",
            Self::Release => "release",
        }
    }
}

/// How a front end is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As small as it can be, split into a file for each page, and compressed.
    Release,
    /// For seeing what there is and for working on it: soon built, and again in seconds after a change.
    Quick,
}

impl Kind {
    /// The name of the kind, in paths and on the terminal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Quick => "quick",
        }
    }

    pub(crate) fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--profile", "wasm-release", "--features", "split"],
            Self::Quick => &["--profile", "quick"],
        }
    }

    pub(crate) fn is_release(self) -> bool {
        self == Self::Release
    }
}
