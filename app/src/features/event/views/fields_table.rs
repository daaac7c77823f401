//! An entry as Redis holds it.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::cut::Cut;
use rewind_domain::foreign_text::visible;
use rewind_domain::{Event, StreamKey};

use crate::api::query::{FieldQuery, Query as _};
use crate::features::event::views::field_value::{Encoding, FieldValue};
use crate::ui::copy_button::CopyButton;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// A value larger than this stands under its name: beside it there is room for about two lines of so much.
const WIDE_BYTES: usize = 64;

/// From this size on it is of interest how large a value is.
const TOLD_BYTES: usize = 1024;

/// The fields of an entry, in their order, nothing interpreted.
#[component]
pub(crate) fn FieldsTable(
    /// The stream that it is in.
    stream: StreamKey,
    /// The entry.
    event: Arc<Event>,
) -> impl IntoView {
    let cut = event.cut.clone().unwrap_or_default();
    let rows = event
        .fields
        .iter()
        .enumerate()
        .map(|(at, (name, value))| {
            let query = FieldQuery {
                stream: stream.clone(),
                id: event.id,
                field: None,
                at: Some(at as u64),
            };
            let href = query.to_url("/api/value");
            let whole_bytes = cut.field_bytes(at);
            view! { <Field name=text::bytes_text(name).0 value=value.into() whole_bytes href /> }
        })
        .collect_view();
    let Cut { fields_left_out, .. } = cut;
    let left_out = (fields_left_out > 0).then(|| {
        let fields = text::counted(fields_left_out, "more field is", "more fields are");
        view! { <li class="pane-note">{format!("{fields} not shown, since there are too many.")}</li> }
    });
    view! {
        <ul class="fields" aria-label="Fields">
            {rows}
            {left_out}
        </ul>
    }
}

#[component]
fn Field(
    name: String,
    value: Arc<[u8]>,
    /// The size of the whole value, where this is only its beginning.
    whole_bytes: Option<u64>,
    /// Where the whole value can be had.
    href: String,
) -> impl IntoView {
    let is_text = std::str::from_utf8(&value).is_ok();
    let encoding = RwSignal::new(if is_text { Encoding::Text } else { Encoding::Hex });
    let is_large = value.len() > WIDE_BYTES || whole_bytes.is_some();
    let is_wide = move || is_large || encoding.get() != Encoding::Text;
    let size = text::byte_size(whole_bytes.unwrap_or(value.len() as u64));
    let facts = match (is_text, whole_bytes) {
        (_, Some(_)) => {
            let here = text::byte_size(value.len() as u64);
            Some(format!("first {here} of {size}"))
        }
        (false, None) => Some(format!("not UTF-8, {size}")),
        (true, None) => (value.len() > TOLD_BYTES).then(|| size.clone()),
    };
    let badge = facts.map(|facts| view! { <span class="badge">{facts}</span> });
    let options = Encoding::ALL.map(|option| {
        let is_chosen = encoding.get_untracked() == option;
        view! { <option selected=is_chosen>{option.name()}</option> }
    });
    let copied = value.clone();
    let copy = whole_bytes.is_none().then(|| {
        view! { <CopyButton label="Copy value" text=move || text::bytes_text(&copied).0 /> }
    });
    view! {
        <li class="field" class:wide=is_wide data-testid="field" data-field=name>
            <span class="field-name" title=size>{foreign(&name)}</span>
            <span class="field-tools">
                {badge}
                <select
                    class="field-encoding"
                    aria-label=format!("Show `{}` as", visible(&name))
                    data-testid="field-encoding"
                    on:change=move |event| {
                        let chosen = event_target_value(&event);
                        let chosen = Encoding::ALL.into_iter().find(|option| option.name() == chosen);
                        encoding.set(chosen.unwrap_or(Encoding::Text));
                    }
                >
                    {options}
                </select>
                {copy}
                <a
                    class="button quiet icon-only"
                    href=href
                    download=""
                    title="Download the bytes"
                    aria-label=format!("Download the bytes of `{}`", visible(&name))
                    data-testid="field-download"
                >
                    <Icon glyph=Glyph::Download />
                </a>
            </span>
            <div class="field-value">
                <FieldValue bytes=value encoding />
            </div>
        </li>
    }
}
