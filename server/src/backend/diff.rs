//! What differs between two versions.

use rewind_app::api::query::{DiffQuery, Until};
use rewind_app::api::{ApiError, DiffAnswer, Shortfall};
use rewind_domain::diff;
use rewind_domain::patch::Patch;

use super::replay::arrive;
use crate::folds::FoldPlan;
use crate::travel::Traveller;

pub(super) async fn diff(
    traveller: &Traveller,
    fold: FoldPlan,
    query: DiffQuery,
) -> Result<DiffAnswer, ApiError> {
    let DiffQuery { stream, from, to } = query;
    let to = to.map_or(Until::Latest, Until::Version);
    let (target, outcome) = arrive(traveller, &fold, &stream, to).await?;
    let first = outcome.extent.trimmed_count();
    let from = from.unwrap_or_else(|| outcome.version.saturating_sub(1).max(first));
    let (base, _) = arrive(traveller, &fold, &stream, Until::Version(from)).await?;
    let changes = diff::diff(&base.state, &target.state);
    Ok(DiffAnswer {
        from,
        to: outcome.version,
        patch: Patch::of(&changes),
        changes,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}
