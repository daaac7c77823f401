//! Folds and what comes of changing them.

use rewind_domain::travel::ReplayError;
use rewind_domain::{Change, FoldError, Json, StreamKey};
use serde::{Deserialize, Serialize};

/// The fold of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FoldAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The type of the aggregate, where its key names one: folds are per type.
    pub aggregate_type: Option<String>,
    /// The name of the fold that is used.
    pub name: String,
    /// Its file name within the folder of folds; `None` for the default fold.
    pub file: Option<String>,
    /// Its source; `None` for the default fold.
    pub source: Option<String>,
    /// What tells this source from others, for saving in its place; empty for the default fold.
    pub tag: String,
    /// Why the file is no fold, in which case there are no states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<FoldError>,
    /// Whether this server lets it be saved.
    pub is_editable: bool,
}

/// What a fold that is being written makes of an aggregate, beside the saved one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TrialAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The version of the state.
    pub version: u64,
    /// The state there by the fold that is being written; `None` if it fails at or before that version.
    pub state: Option<Json>,
    /// What leads there from the state by the saved fold; `None` if there is no such state.
    pub changes: Vec<Change>,
    /// Where the fold that is being written fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayError>,
    /// Where the saved fold fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_stopped: Option<ReplayError>,
    /// The runs of versions whose states differ, ascending; the first ones where they are many.
    pub differing: Vec<VersionRun>,
    /// How many versions differ in all.
    pub differing_total: u64,
    /// Versions were compared up to and with this one.
    pub compared_until: u64,
    /// The last version that there is.
    pub latest_version: u64,
}

/// Versions that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct VersionRun {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// What tells the source of a fold from others: 24 hexadecimal digits. It guards against changes that cross, not against forgery.
pub fn fold_tag(source: &str) -> String {
    // FNV-1a of 64 bits, with the length beside it.
    let hash = source.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:08x}{hash:016x}", source.len())
}
