//! HTTP: every route, and what stands before them.

mod admission;
mod assets;
mod authority;
mod caller;
mod errors;
mod export;
mod find;
mod guard;
mod headers;
mod health;
mod live;
mod metrics;
mod observed;
mod openapi;
mod posted;
mod sse;
mod value;

use std::sync::Arc;
use std::time::Duration;

use crate::event_reader::EventReader;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, middleware};
use http::{Method, header};
use leptos::prelude::provide_context;
use leptos::server_fn::axum::{register_explicit, server_fn_paths};
use rewind_app::api::{ApiError, Backend, ErrorCode, functions};
use rewind_domain::caller::Caller;
use tokio::sync::watch;

use self::observed::observed;
use crate::caches::Caches;
use crate::config::AccessConfig;
use crate::discovery::Discovery;
use crate::engines::Engines;
use crate::exports::Exports;
use crate::index::Indexes;
use crate::live::Hub;
use crate::operations::Operations;
use crate::serving::{ConnectionFigures, ConnectionLimits};
use rewind_store::Store;

pub use crate::capacity::Capacity;
pub use admission::Admission;
pub use guard::{NoHost, TrustedHosts};

/// What the handlers work with.
#[derive(Clone)]
pub struct AppState {
    /// Redis.
    pub store: Store,
    /// What answers the server functions.
    pub backend: Arc<dyn Backend>,
    /// What it keeps in memory.
    pub caches: Caches,
    /// Where entries are.
    pub indexes: Indexes,
    /// Which streams there are.
    pub discovery: Discovery,
    /// What makes events of entries.
    pub event_reader: EventReader,
    /// Exports that browsers save.
    pub exports: Exports,
    /// What runs expressions in JavaScript.
    pub engines: Engines,
    /// What changes the event store.
    pub operations: Operations,
    /// New events.
    pub hub: Hub,
    /// Who may do what, and who says who somebody is.
    pub access: Arc<AccessConfig>,
    /// By which names the server may be called.
    pub hosts: Arc<TrustedHosts>,
    /// How many requests of each kind there can be.
    pub admission: Admission,
    /// How many connections there can be.
    pub connection_limits: ConnectionLimits,
    /// What became of connections.
    pub connections: Arc<ConnectionFigures>,
    /// How long the server waits for the whole body of a request.
    pub body_patience: Duration,
    /// Turns true when the server is about to stop: lines that stay open end then.
    pub stopping: watch::Receiver<bool>,
}

/// All routes.
pub fn router(state: AppState) -> Router {
    let mut router = Router::new()
        .route("/api/live", get(live::live))
        .route("/api/find", get(find::find_events))
        .route("/api/export", get(export::export))
        .route("/api/value", get(value::value))
        .route("/api/openapi.json", get(openapi::document))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/api", any(no_such_call))
        .route("/api/{*call}", any(no_such_call));
    register_server_functions();
    for (path, method) in server_fn_paths() {
        let backend = Arc::clone(&state.backend);
        let body_patience = state.body_patience;
        let handler = move |request| server_function(Arc::clone(&backend), body_patience, request);
        let filter = axum::routing::MethodFilter::try_from(method).ok();
        if let Some(filter) = filter {
            router = router.route(path, axum::routing::on(filter, handler));
        }
    }
    let router = router
        .fallback(assets::asset)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(state.clone(), admission::admit))
        .layer(middleware::from_fn_with_state(state.clone(), caller::identify))
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .layer(middleware::map_response(headers::secure));
    observed(router).with_state(state)
}

/// Makes the server functions known. They announce themselves too, but linkers may drop what nobody names.
fn register_server_functions() {
    register_explicit::<functions::GetAbout>();
    register_explicit::<functions::GetOverview>();
    register_explicit::<functions::GetRates>();
    register_explicit::<functions::GetStreams>();
    register_explicit::<functions::GetCatalog>();
    register_explicit::<functions::GetCategories>();
    register_explicit::<functions::SetDiscovery>();
    register_explicit::<functions::GetExportStatus>();
    register_explicit::<functions::CancelExport>();
    register_explicit::<functions::GetEvents>();
    register_explicit::<functions::GetEvent>();
    register_explicit::<functions::GetRelated>();
    register_explicit::<functions::GetIndex>();
    register_explicit::<functions::GetReplay>();
    register_explicit::<functions::GetWindow>();
    register_explicit::<functions::GetDiff>();
    register_explicit::<functions::GetBlame>();
    register_explicit::<functions::GetHistory>();
    register_explicit::<functions::GetBisect>();
    register_explicit::<functions::GetTimeline>();
    register_explicit::<functions::GetFold>();
    register_explicit::<functions::TryFold>();
    register_explicit::<functions::SaveFold>();
    register_explicit::<functions::PreviewOperation>();
    register_explicit::<functions::OperateOn>();
    register_explicit::<functions::GetOperations>();
    register_explicit::<functions::GetOperation>();
    register_explicit::<functions::CancelOperation>();
    register_explicit::<functions::GetGroups>();
    register_explicit::<functions::GetGroup>();
    register_explicit::<functions::GetPending>();
    register_explicit::<functions::GetDead>();
    register_explicit::<functions::GetDeliveries>();
    register_explicit::<functions::GetProjections>();
    register_explicit::<functions::GetProjection>();
    register_explicit::<functions::GetRetention>();
    register_explicit::<functions::GetAudit>();
}

async fn server_function(
    backend: Arc<dyn Backend>,
    body_patience: Duration,
    mut request: Request,
) -> Response {
    if request.method() == Method::POST {
        request = match posted::read(request, body_patience).await {
            Ok(request) => request,
            Err(error) => return errors::response(&error),
        };
    }
    // Leptos knows calls by their method; the body of an answer to `HEAD` is left out behind this.
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    // For forms without scripts, Leptos sends a browser that came by a link back to where it came from. These calls are no
    // forms: they answer.
    request.headers_mut().remove(header::REFERER);
    request.headers_mut().remove(header::ACCEPT);
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let context = move || {
        provide_context(Arc::clone(&backend));
        if let Some(caller) = caller.clone() {
            provide_context(caller);
        }
    };
    let response =
        leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    errors::with_fitting_status(response).await
}

async fn no_such_call(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!("there is no call `{path}`; docs/api.md lists those that there are");
    errors::response(&ApiError::new(ErrorCode::NotFound, message))
}

async fn method_not_allowed(request: Request) -> Response {
    let message = format!("`{}` does not answer {}", request.uri().path(), request.method());
    errors::response(&ApiError::new(ErrorCode::MethodNotAllowed, message))
}
