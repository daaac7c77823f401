//! The folds of a team: told and saved.

use rewind_app::api::{ApiError, ErrorCode, FoldAnswer, fold_tag};
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
            tag: String::new(),
            problem: None,
            is_editable,
        },
        Some(FoldFile { name, source, fold }) => FoldAnswer {
            stream,
            aggregate_type,
            file: Some(name.clone()),
            name,
            tag: fold_tag(&source),
            source: Some(source.to_string()),
            problem: fold.err(),
            is_editable,
        },
    }
}

pub(super) fn save(
    library: &Library,
    stream: StreamKey,
    source: String,
    tag: Option<&str>,
) -> Result<FoldAnswer, ApiError> {
    let name = library.save(&stream, &source, tag).map_err(|error| {
        let message = error.to_string();
        match error {
            SaveError::Forbidden => ApiError::new(ErrorCode::EditsForbidden, message),
            SaveError::NoType(_) => ApiError::bad_parameter("stream", message),
            SaveError::Invalid(invalid) => ApiError::unusable(ErrorCode::FoldInvalid, &invalid),
            SaveError::Changed { current, .. } => ApiError::fold_changed(message, current),
            SaveError::Io { .. } => {
                tracing::error!(error = message, "a fold could not be saved");
                ApiError::new(ErrorCode::Internal, message)
            }
        }
    })?;
    // What was saved, whatever somebody else has made of it since.
    Ok(FoldAnswer {
        aggregate_type: stream.aggregate_type().map(|name| name.to_string()),
        stream,
        file: Some(name.clone()),
        name,
        tag: fold_tag(&source),
        source: Some(source),
        problem: None,
        is_editable: true,
    })
}
