//! What is kept in memory to be quicker: how much of it there is, and how much there may be.
//!
//! All of it can be forgotten at any moment; nothing but time is lost. No cache grows beyond its budget, however many different
//! streams and folds are asked for.

use std::sync::Arc;

use crate::cache_figures::CacheFigures;
use crate::discovery::Discovery;
use crate::exports::Exports;
use crate::folds::Library;
use crate::index::Indexes;
use crate::topics::Topics;
use crate::travel::Traveller;

/// All caches of the server.
#[derive(Clone)]
pub struct Caches {
    /// States on the way through histories.
    pub traveller: Traveller,
    /// Where the entries of streams are.
    pub indexes: Indexes,
    /// Which entries of topics are about what.
    pub topics: Topics,
    /// The streams that were found.
    pub discovery: Discovery,
    /// How exports went.
    pub exports: Exports,
    /// The files of folds.
    pub folds: Arc<Library>,
}

impl Caches {
    /// How much there is of each.
    pub fn figures(&self) -> Vec<CacheFigures> {
        let Self { traveller, indexes, topics, discovery, exports, folds } = self;
        vec![
            traveller.keyframe_figures(),
            CacheFigures { name: "index", ..indexes.figures() },
            CacheFigures { name: "topic", ..topics.figures() },
            discovery.figures(),
            exports.figures(),
            folds.figures(),
        ]
    }
}
