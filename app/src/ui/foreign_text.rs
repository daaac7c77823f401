//! Text that others wrote: keys, types, values, errors.

use leptos::prelude::*;
use rewind_domain::foreign_text::{Hidden, Piece, pieces};

/// How much of a text is laid out in one line, in bytes; lines are cut by the edge of what they stand in long before. Longer ones can be
/// copied where they are shown whole.
const MAX_LINE_BYTES: usize = 4_000;

/// A text of others in a line of its own or within other text, which it does not reorder: what cannot be seen in it is shown by a
/// mark.
pub(crate) fn foreign(text: &str) -> AnyView {
    let end = text.floor_char_boundary(MAX_LINE_BYTES);
    let (beginning, rest) = text.split_at(end);
    let cut = (!rest.is_empty()).then_some("…");
    view! { <bdi class="foreign">{shown(beginning, false)} {cut}</bdi> }.into_any()
}

/// A text of others that may have many lines, which stay lines.
pub(crate) fn foreign_lines(text: &str) -> AnyView {
    view! { <bdi class="foreign lines">{shown(text, true)}</bdi> }.into_any()
}

fn shown(text: &str, has_lines: bool) -> AnyView {
    let parts = pieces(text);
    if let [] | [Piece::Plain(_)] = parts.as_slice() {
        return text.to_owned().into_any();
    }
    let part = |part| match part {
        Piece::Plain(plain) => plain.to_owned().into_any(),
        Piece::Hidden(Hidden('\n')) if has_lines => "\n".into_any(),
        Piece::Hidden(hidden) => {
            let code = u32::from(hidden.0).to_string();
            view! { <span class="hidden-char" title=hidden.name() data-code=code>{hidden.symbol()}</span> }
                .into_any()
        }
    };
    parts.into_iter().map(part).collect_view().into_any()
}
