//! The folds of a team: told and saved.

use rewind_app::api::query::SaveFoldQuery;
use rewind_app::api::{ApiError, ErrorCode, FoldAnswer, fold_tag};
use rewind_domain::StreamKey;
use rewind_domain::caller::{Caller, Permission};

use super::require;
use crate::api_errors::engine_error;
use crate::folds::{FoldFile, Library, SaveError};

/// What the fold is called of which there is no file.
const DEFAULT: &str = "deep_merge";

pub(super) async fn fold(
    library: &Library,
    caller: &Caller,
    stream: StreamKey,
) -> Result<FoldAnswer, ApiError> {
    let aggregate_type = library.aggregate_type(&stream).map(|name| name.to_string());
    let is_editable = library.has_folder() && caller.may(Permission::Folds);
    let file = library.file(&stream).await.map_err(|error| engine_error(&error))?;
    Ok(match file {
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
        Some(FoldFile { name, source, problem }) => FoldAnswer {
            stream,
            aggregate_type,
            file: Some(name.clone()),
            name,
            tag: fold_tag(&source),
            source: Some(source.to_string()),
            problem,
            is_editable,
        },
    })
}

pub(super) async fn save(
    library: &Library,
    caller: &Caller,
    query: SaveFoldQuery,
) -> Result<FoldAnswer, ApiError> {
    // Where there is no folder, that is what is said below.
    if library.has_folder() {
        require(caller, Permission::Folds, ErrorCode::EditsForbidden)?;
    }
    let SaveFoldQuery { stream, source, tag } = query;
    let name = library.save(&stream, &source, tag.as_deref()).await.map_err(|error| {
        let message = error.to_string();
        match error {
            SaveError::Forbidden => ApiError::new(ErrorCode::EditsForbidden, message),
            SaveError::NoType(_) => ApiError::bad_parameter("stream", message),
            SaveError::Invalid(invalid) => ApiError::unusable(ErrorCode::FoldInvalid, &invalid),
            SaveError::Engine(error) => engine_error(&error),
            SaveError::Changed { current, .. } => ApiError::fold_changed(message, current),
            SaveError::Io { .. } => {
                tracing::error!(error = message, "a fold could not be saved");
                ApiError::new(ErrorCode::Internal, message)
            }
        }
    })?;
    // What was saved, whatever somebody else has made of it since.
    Ok(FoldAnswer {
        aggregate_type: library.aggregate_type(&stream).map(|name| name.to_string()),
        stream,
        file: Some(name.clone()),
        name,
        tag: fold_tag(&source),
        source: Some(source),
        problem: None,
        is_editable: true,
    })
}
