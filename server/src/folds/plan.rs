//! What a history is folded by, before anything of it is read.

use rewind_domain::{DeepMerge, Fold as _};
use rewind_script::fingerprint;
use serde::{Deserialize, Serialize};

/// What a history is folded by. All but the default one is run in another process, see [`crate::engines`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldPlan {
    /// The default fold.
    Merge,
    /// A script.
    Script(Script),
    /// A fold, and an expression that is asked after each event.
    Judged {
        /// The fold.
        fold: Box<FoldPlan>,
        /// The expression.
        expression: String,
    },
    /// Two folds side by side.
    Compared {
        /// The one that is in use.
        saved: Box<FoldPlan>,
        /// The one that is being written.
        tried: Script,
    },
}

/// A fold in JavaScript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// What answers call it.
    pub name: String,
    /// Its source.
    pub source: String,
}

impl FoldPlan {
    /// The name under which answers say which fold made them.
    pub fn name(&self) -> &str {
        match self {
            Self::Merge => DeepMerge.name(),
            Self::Script(script) => &script.name,
            Self::Judged { fold, .. } => fold.name(),
            Self::Compared { tried, .. } => &tried.name,
        }
    }

    /// Tells folds apart: what one made can be gone on from by another only if both have the same fingerprint.
    pub fn fingerprint(&self) -> u64 {
        match self {
            Self::Merge => DeepMerge.fingerprint(),
            Self::Script(script) => fingerprint(&script.source),
            Self::Judged { fold, .. } => fold.fingerprint(),
            // Its states are no one else's.
            Self::Compared { saved, tried } => {
                saved.fingerprint() ^ fingerprint(&tried.source).rotate_left(32) ^ u64::MAX
            }
        }
    }

    /// The fingerprints of all scripts in it.
    pub(crate) fn scripts(&self) -> Vec<u64> {
        match self {
            Self::Merge => Vec::new(),
            Self::Script(script) => vec![fingerprint(&script.source)],
            Self::Judged { fold, expression } => {
                let mut scripts = fold.scripts();
                scripts.push(fingerprint(expression));
                scripts
            }
            Self::Compared { saved, tried } => {
                let mut scripts = saved.scripts();
                scripts.push(fingerprint(&tried.source));
                scripts
            }
        }
    }
}
