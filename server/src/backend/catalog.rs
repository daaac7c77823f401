//! The list of streams and the tree of their categories.

use rewind_app::api::query::{CatalogQuery, CategoriesQuery};
use rewind_app::api::{
    ApiError, CatalogPage, CategoriesPage, DiscoveryAction, DiscoveryProblem, DiscoveryStatus,
    ErrorCode,
};

use super::streams::found_summary;
use rewind_domain::aggregate_pattern::AggregatePatterns;

use crate::api_errors::api_error;
use crate::discovery::{Discovery, Status};
use rewind_store::StoreError;

pub(super) async fn catalog(
    discovery: &Discovery,
    aggregates: &AggregatePatterns,
    query: CatalogQuery,
) -> Result<CatalogPage, ApiError> {
    let listing = discovery.streams(&query).await.map_err(|error| api_error(None, &error))?;
    Ok(CatalogPage {
        streams: listing
            .streams
            .into_iter()
            .map(|found| found_summary(aggregates, found))
            .collect(),
        offset: query.offset.unwrap_or(0),
        total: listing.total as u64,
        sorted_by: listing.sorted_by,
        looked_at: listing.looked_at.map(|count| count as u64),
        is_searching: listing.is_searching,
        discovery: status(listing.status),
    })
}

pub(super) async fn categories(discovery: &Discovery, query: CategoriesQuery) -> CategoriesPage {
    let (categories, total, found) = discovery.categories(&query).await;
    CategoriesPage {
        categories,
        offset: query.offset.unwrap_or(0),
        total: total as u64,
        discovery: status(found),
    }
}

pub(super) fn control(discovery: &Discovery, action: DiscoveryAction) -> DiscoveryStatus {
    status(discovery.control(action))
}

fn status(status: Status) -> DiscoveryStatus {
    let scan = ("SCAN", "+scan");
    let info = ("XINFO STREAM", "+xinfo|stream");
    let problems = [(status.failure, scan), (status.info_refused, info)];
    let problems = problems.into_iter().filter_map(|(error, needs)| Some(problem(&error?, needs)));
    let other_nodes = status.other_nodes.map(|message| DiscoveryProblem {
        code: ErrorCode::OtherNode,
        message,
        command: None,
        rule: None,
    });
    DiscoveryStatus {
        phase: status.phase,
        is_complete: status.is_complete,
        as_of_ms: status.as_of_ms,
        is_told: status.is_told,
        // Redis counts in whole parts of its table, which go beyond the end.
        scanned: status.keys_total.map_or(status.scanned, |total| status.scanned.min(total)),
        keys_total: status.keys_total,
        found: status.found as u64,
        keys_per_second: status.keys_per_second,
        keys_per_call: status.keys_per_call,
        cut_at: status.cut_at.map(|streams| streams as u64),
        problems: problems.chain(other_nodes).collect(),
    }
}

/// Names the command and the rule where the user may not run it.
fn problem(error: &StoreError, (command, rule): (&str, &str)) -> DiscoveryProblem {
    let is_refused = error.is_command_refused();
    DiscoveryProblem {
        code: api_error(None, error).code,
        message: error.to_string(),
        command: is_refused.then(|| command.to_owned()),
        rule: is_refused.then(|| rule.to_owned()),
    }
}
