//! Scripts that were read, kept for the next job.

use std::sync::Arc;

use rewind_domain::FoldError;
use rewind_script::{Expression, Limits, ScriptFold, ScriptProjection};

use crate::engines::process::MAX_KNOWN;
use crate::folds::Script;

/// The scripts read last.
pub(super) struct Scripts {
    limits: Limits,
    /// Those used last at the end.
    folds: Vec<(Script, Arc<ScriptFold>)>,
    expressions: Vec<(String, Expression)>,
    projections: Vec<(Script, Arc<ScriptProjection>)>,
}

impl Scripts {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, folds: Vec::new(), expressions: Vec::new(), projections: Vec::new() }
    }

    /// The fold of this source.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn fold(&mut self, script: &Script) -> Result<Arc<ScriptFold>, FoldError> {
        let limits = self.limits;
        let read = || ScriptFold::compile(&script.name, &script.source, limits).map(Arc::new);
        kept(&mut self.folds, |known| known == script, || Ok((script.clone(), read()?)))
    }

    /// The projection of this source.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn projection(
        &mut self,
        script: &Script,
    ) -> Result<Arc<ScriptProjection>, FoldError> {
        let limits = self.limits;
        let read = || ScriptProjection::compile(&script.name, &script.source, limits).map(Arc::new);
        kept(&mut self.projections, |known| known == script, || Ok((script.clone(), read()?)))
    }

    /// The expression of this source.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn expression(&mut self, source: &str) -> Result<Expression, FoldError> {
        let limits = self.limits;
        let read = || Ok((source.to_owned(), Expression::compile(source, limits)?));
        kept(&mut self.expressions, |known| known == source, read)
    }
}

fn kept<K, V: Clone>(
    all: &mut Vec<(K, V)>,
    is_it: impl Fn(&K) -> bool,
    read: impl FnOnce() -> Result<(K, V), FoldError>,
) -> Result<V, FoldError> {
    let found = match all.iter().position(|(key, _)| is_it(key)) {
        Some(at) => all.remove(at),
        None => {
            if all.len() >= MAX_KNOWN {
                all.remove(0);
            }
            read()?
        }
    };
    let value = found.1.clone();
    all.push(found);
    Ok(value)
}
