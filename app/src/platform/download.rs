//! Files that the browser saves.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// How long a file can be read by the browser that saves it: longer than any dialog about where to is likely to stay open.
const KEPT: Duration = Duration::from_secs(600);

/// Saves a text as a file of this name, wherever the browser saves files.
pub(crate) fn save_text(name: &str, media_type: &str, text: &str) {
    if let Err(error) = try_save(name, media_type, text) {
        leptos::logging::error!("cannot make the file `{name}`: {error:?}");
    }
}

/// Saves what the server answers as a file of this name.
pub(crate) fn save_url(href: &str, name: &str) {
    if let Err(error) = click_link(href, name) {
        leptos::logging::error!("cannot save the file `{name}`: {error:?}");
    }
}

fn try_save(name: &str, media_type: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    click_link(&url, name)?;
    set_timeout(
        move || {
            // Fails for no URL.
            let _ = Url::revoke_object_url(&url);
        },
        KEPT,
    );
    Ok(())
}

fn click_link(href: &str, name: &str) -> Result<(), JsValue> {
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(href);
    link.set_download(name);
    link.click();
    Ok(())
}
