//! A response of Server-Sent Events, read as it comes.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::reactive::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit, Response};

use crate::api::{ApiError, ErrorCode};
use rewind_domain::sse::{Frame, FrameReader};

/// A request whose frames arrive one by one. Dropping it ends it.
pub(crate) struct FrameStream(AbortController);

impl FrameStream {
    /// Asks for `url`. `on_frames` gets what arrives together; `on_end` is called once, with an error unless the server
    /// ended the response. Neither is called any more once this was dropped.
    pub(crate) fn open(
        url: String,
        on_frames: impl Fn(Vec<Frame>) + 'static,
        on_end: impl FnOnce(Result<(), ApiError>) + 'static,
    ) -> Option<Self> {
        let controller = AbortController::new().ok()?;
        let signal = controller.signal();
        let is_over = {
            let signal = signal.clone();
            Rc::new(move || signal.aborted())
        };
        let init = RequestInit::new();
        init.set_signal(Some(&signal));
        spawn_local(async move {
            let is_over_now = Rc::clone(&is_over);
            let on_frames = move |frames: Vec<Frame>| {
                if !is_over_now() && !frames.is_empty() {
                    on_frames(frames);
                }
            };
            let end = read(&url, &init, &on_frames).await;
            if !is_over() {
                on_end(end);
            }
        });
        Some(Self(controller))
    }
}

impl Drop for FrameStream {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn read(
    url: &str,
    init: &RequestInit,
    on_frames: &dyn Fn(Vec<Frame>),
) -> Result<(), ApiError> {
    let lost = |_: JsValue| {
        ApiError::new(ErrorCode::ServerUnreachable, "the Rewind server cannot be reached")
    };
    let response = JsFuture::from(window().fetch_with_str_and_init(url, init)).await;
    let response: Response = response.map_err(lost)?.unchecked_into();
    if !response.ok() {
        let text = JsFuture::from(response.text().map_err(lost)?).await.map_err(lost)?;
        let text = text.as_string().unwrap_or_default();
        return Err(serde_json::from_str(&text).unwrap_or_else(|_| {
            ApiError::new(
                ErrorCode::ServerUnreachable,
                "something else than the Rewind server answered",
            )
        }));
    }
    let Some(body) = response.body() else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut frames = FrameReader::default();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(lost)?;
        let get = |name: &str| js_sys::Reflect::get(&piece, &name.into()).unwrap_or_default();
        if get("done").is_truthy() {
            return Ok(());
        }
        let bytes = js_sys::Uint8Array::new(&get("value")).to_vec();
        on_frames(frames.read(&bytes));
    }
}
