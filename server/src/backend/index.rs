//! What is known of all events of a stream.

use rewind_app::api::query::IndexQuery;
use rewind_app::api::{ApiError, Bucket, Histogram, IndexAnswer, TypeCount};
use rewind_domain::block_index::{self, EventType};

use crate::api_errors::api_error;
use crate::index::{IndexView, Indexes, Standing};

const MIB: usize = 1024 * 1024;

pub(super) async fn index(indexes: &Indexes, query: IndexQuery) -> Result<IndexAnswer, ApiError> {
    let index =
        indexes.ask(&query.stream).await.map_err(|error| api_error(Some(&query.stream), &error))?;
    let mut answer = index.view(|view| answer(&view, query));
    if index.view(|view| view.standing) == Standing::TooLarge {
        answer.problem = Some(no_room(indexes));
    }
    Ok(answer)
}

/// Why there is no index, and what would help.
pub(super) fn no_room(indexes: &Indexes) -> String {
    let mib = indexes.limits().bytes / MIB;
    format!(
        "the index of this stream takes more than the {mib} MiB that there are for indexes; start the server with a larger `--index-mb`"
    )
}

fn answer(view: &IndexView<'_>, query: IndexQuery) -> IndexAnswer {
    let IndexQuery { stream, buckets, from_ms, to_ms } = query;
    let buckets = buckets.get();
    let extent = view.extent;
    let from_ms = from_ms.or(extent.first_id.map(|id| id.ms()));
    let to_ms = to_ms.or(extent.last_id.map(|id| id.ms()));
    let buckets = usize::try_from(buckets).unwrap_or(usize::MAX);
    let histogram =
        from_ms.zip(to_ms).map(|(from, to)| histogram(view.blocks.histogram(from..=to, buckets)));
    IndexAnswer {
        stream,
        length: extent.length,
        indexed: view.blocks.len().min(extent.length),
        is_complete: view.standing == Standing::Complete,
        first_version: extent.first_version(),
        latest_version: extent.latest_version(),
        types: view.blocks.types().into_iter().map(type_count).collect(),
        histogram,
        incomplete: extent.incomplete(),
        problem: None,
    }
}

fn type_count(count: block_index::TypeCount) -> TypeCount {
    let (event_type, is_rest) = match count.event_type {
        EventType::Named(name) => (Some(name.to_string()), false),
        EventType::Untyped => (None, false),
        EventType::Other => (None, true),
    };
    TypeCount { r#type: event_type, count: count.count, is_rest }
}

fn histogram(histogram: block_index::Histogram) -> Histogram {
    let bucket = |bucket: block_index::Bucket| {
        let block_index::Bucket { from_ms, to_ms, count, counts } = bucket;
        Bucket { from_ms, to_ms, count, counts }
    };
    Histogram {
        types: histogram.types.len() as u64,
        buckets: histogram.buckets.into_iter().map(bucket).collect(),
        is_approximate: histogram.is_approximate,
    }
}
