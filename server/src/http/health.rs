//! Health, for whoever runs the server.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{AppState, errors};
use crate::api_errors::api_error;

/// The process lives.
pub(super) async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Redis answers.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    match state.store.ping().await {
        Ok(()) => Json(json!({ "status": "ok", "redis": state.store.address() })).into_response(),
        Err(error) => errors::response(&api_error(None, &error)),
    }
}
