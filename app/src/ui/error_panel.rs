//! Errors: in place of what could not be had, or above what is still there.

use leptos::prelude::*;

use crate::api::{ApiError, ErrorCode};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text::sentence;

/// Stands in place of what could not be had.
#[component]
pub(crate) fn ErrorPanel(
    /// What went wrong.
    error: ApiError,
    /// What to do about it.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
    /// Other ways out, such as a link.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let retry = retry.map(|retry| {
        view! {
            <button type="button" class="button" data-testid="try-again" on:click=move |_| retry.run(())>
                <Icon glyph=Glyph::Reload />
                "Try again"
            </button>
        }
    });
    view! {
        <div class="error-panel" role="alert" data-testid="error" data-code=code_name(error.code)>
            <Icon glyph=Glyph::Warning />
            <h2>{title(error.code)}</h2>
            <p class="error-message">{sentence(&error.message)}</p>
            <div class="error-actions">{retry} {children.map(|children| children())}</div>
        </div>
    }
}

/// Stands above what is still there, while it is being tried again.
#[component]
pub(crate) fn ErrorBanner(
    /// What is wrong at the moment.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
) -> impl IntoView {
    move || {
        error.get().map(|error| {
            view! {
                <div class="banner warning" role="alert" data-testid="error" data-code=code_name(error.code)>
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>{title(error.code)}</strong>
                        " "
                        {sentence(&error.message)}
                        " Trying again by itself."
                    </span>
                </div>
            }
        })
    }
}

fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadParameter => "This link cannot be read.",
        ErrorCode::StreamNotFound => "There is no such stream.",
        ErrorCode::NotAStream => "This key is not a stream.",
        ErrorCode::EventNotFound => "This entry is not there any more.",
        ErrorCode::VersionNotFound => "There is no such version.",
        ErrorCode::RedisForbidden => "Redis does not allow this.",
        ErrorCode::OtherNode => "This key is elsewhere in the Redis cluster.",
        ErrorCode::RedisUnavailable => "Redis is away.",
        ErrorCode::OriginForbidden => "The server does not trust this page.",
        ErrorCode::FoldFailed => "The fold of this aggregate failed.",
        ErrorCode::FoldInvalid => "The fold of this aggregate cannot be used.",
        ErrorCode::ExpressionInvalid => "This expression cannot be used.",
        ErrorCode::EditsForbidden => "This server does not save folds.",
        ErrorCode::PermissionDenied => "You may not do this.",
        ErrorCode::NotFound | ErrorCode::MethodNotAllowed | ErrorCode::ContentTypeUnsupported => {
            "The server does not know this call."
        }
        ErrorCode::BodyTooLarge => "This is too large for the server.",
        ErrorCode::RequestTimeout => "The request took too long.",
        ErrorCode::FoldChanged => "This fold was changed by somebody else.",
        ErrorCode::TargetNotFound => "This does not exist.",
        ErrorCode::PreviewStale => "Things have changed since this was previewed.",
        ErrorCode::VersionConflict => "The aggregate has changed.",
        ErrorCode::OperationRefused => "This cannot be done as things are.",
        ErrorCode::AuditUnavailable => "This could not be recorded, and was not done.",
        ErrorCode::TooBusy => "The server is busy.",
        ErrorCode::NotIndexed => "The events are still being counted.",
        ErrorCode::Internal => "Something went wrong.",
        ErrorCode::ServerUnreachable => "The Rewind server cannot be reached.",
        ErrorCode::PartMissing => "This page could not be fetched.",
    }
}

/// The code by its name on the wire.
fn code_name(code: ErrorCode) -> String {
    let json = serde_json::to_string(&code).unwrap_or_default();
    json.trim_matches('"').to_owned()
}
