//! The value of one field: as text, as hex or as Base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use leptos::prelude::*;
use rewind_domain::hex::{self, HexRow};

use crate::ui::foreign_text::foreign_lines;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// How much of a value is shown as text to begin with, in bytes: about a screen.
const FIRST_BYTES: usize = 4 * 1024;
/// How much of a value is shown as text at all, in bytes: what a browser lays out without a pause, and a multiple of three, so that
/// Base64 can be cut there. The rest can be downloaded, or looked at as hex.
const MAX_BYTES: usize = 192 * 1024;
/// As high as `.hex-row`.
const HEX_ROW_HEIGHT: u32 = 18;
/// How many rows of hex are on screen at once: a quarter of a kilobyte.
const HEX_ROWS_SHOWN: u32 = 16;

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Text,
    Hex,
    Base64,
}

impl Encoding {
    pub(crate) const ALL: [Self; 3] = [Self::Text, Self::Hex, Self::Base64];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Hex => "Hex",
            Self::Base64 => "Base64",
        }
    }
}

/// Bytes, as many as are here.
#[component]
pub(crate) fn FieldValue(
    /// The bytes.
    bytes: Arc<[u8]>,
    /// How to show them.
    #[prop(into)]
    encoding: Signal<Encoding>,
) -> impl IntoView {
    let is_all = RwSignal::new(false);
    move || match encoding.get() {
        Encoding::Hex => hex_rows(bytes.clone()).into_any(),
        as_text => {
            let shown = if is_all.get() { MAX_BYTES } else { FIRST_BYTES };
            let whole = || match as_text {
                Encoding::Base64 => BASE64.encode(bytes.get(..MAX_BYTES).unwrap_or(&bytes)),
                _ => text::bytes_text(bytes.get(..MAX_BYTES).unwrap_or(&bytes)).0,
            };
            let whole = whole();
            let (is_cut, is_beyond) = (whole.len() > shown, bytes.len() > MAX_BYTES);
            let value = text::beginning(&whole, shown, false);
            let more = (is_cut && !is_all.get()).then(|| {
                let size = text::byte_size(bytes.len().min(MAX_BYTES) as u64);
                view! {
                    <button type="button" class="link" data-testid="field-more" on:click=move |_| is_all.set(true)>
                        {format!("Show {size}")}
                    </button>
                }
            });
            let beyond = (is_beyond && is_all.get()).then(|| {
                let size = text::byte_size(MAX_BYTES as u64);
                view! { <span class="faint">{format!("These are the first {size}; hex shows more, a download all.")}</span> }
            });
            view! {
                <code class="field-text" class:long=is_all data-testid="field-text">{foreign_lines(&value)}</code>
                {more}
                {beyond}
            }
            .into_any()
        }
    }
}

fn hex_rows(bytes: Arc<[u8]>) -> impl IntoView {
    let count = hex::row_count(bytes.len());
    let rows = Signal::stored((0..count).collect::<Vec<usize>>());
    let render = move |_: usize, at: usize| {
        hex::row(&bytes, at).map(|HexRow { offset, hex, ascii }| {
            view! {
                <div class="hex-row" data-testid="hex-row">
                    <span class="hex-offset">{format!("{offset:08x}")}</span>
                    <span class="hex-bytes">{hex}</span>
                    <span class="hex-ascii">{ascii}</span>
                </div>
            }
        })
    };
    let shown = u32::try_from(count).unwrap_or(u32::MAX).min(HEX_ROWS_SHOWN) * HEX_ROW_HEIGHT;
    view! {
        <div class="hex" role="group" aria-label="Bytes" style:height=format!("{shown}px")>
            <VirtualList rows row_height=HEX_ROW_HEIGHT render tabindex="0" />
        </div>
    }
}
