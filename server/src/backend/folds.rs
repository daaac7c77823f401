//! The folds of a team: told and saved.

use rewind_app::api::{ApiError, ErrorCode, FoldAnswer};
use rewind_domain::StreamKey;

use crate::folds::{FoldFile, Library, SaveError};

/// What the fold is called of which there is no file.
const DEFAULT: &str = "deep_merge";

pub(super) fn fold(library: &Library, stream: StreamKey) -> FoldAnswer {
    let aggregate_type = stream.aggregate_type().map(|aggregate_type| aggregate_type.to_string());
    let is_editable = library.is_editable();
    match library.file(&stream) {
        None => FoldAnswer {
            stream,
            aggregate_type,
            name: DEFAULT.to_owned(),
            file: None,
            source: None,
            problem: None,
            is_editable,
        },
        Some(FoldFile { name, source, fold }) => FoldAnswer {
            stream,
            aggregate_type,
            file: Some(name.clone()),
            name,
            source: Some(source.to_string()),
            problem: fold.err(),
            is_editable,
        },
    }
}

pub(super) fn save(
    library: &Library,
    stream: StreamKey,
    source: &str,
) -> Result<FoldAnswer, ApiError> {
    library.save(&stream, source).map_err(|error| match &error {
        SaveError::Forbidden => ApiError::new(ErrorCode::EditsForbidden, error.to_string()),
        SaveError::NoType(_) => ApiError::bad_parameter("stream", error),
        SaveError::Invalid(invalid) => ApiError::unusable(ErrorCode::FoldInvalid, invalid),
        SaveError::Io { .. } => {
            tracing::error!(%error, "a fold could not be saved");
            ApiError::new(ErrorCode::Internal, error.to_string())
        }
    })?;
    Ok(fold(library, stream))
}
