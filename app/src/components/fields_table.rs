//! An entry as Redis holds it.

use leptos::prelude::*;
use rewind_domain::Fields;

use crate::state::text;

/// The fields of an entry, in their order, nothing interpreted.
#[component]
pub(crate) fn FieldsTable(
    /// The fields.
    fields: Fields,
) -> impl IntoView {
    let rows = fields
        .iter()
        .map(|(name, value)| {
            let (name, _) = text::bytes_text(name);
            let size = text::counted(value.len() as u64, "byte", "bytes");
            let (value, is_text) = text::bytes_text(value);
            let binary = (!is_text).then(|| view! { <span class="badge">"not UTF-8"</span> });
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td title=size>
                        <code>{value}</code>
                        {binary}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="fields">
            <caption class="sr-only">"Raw fields"</caption>
            <tbody>{rows}</tbody>
        </table>
    }
}
