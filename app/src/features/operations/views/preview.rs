//! What an operation would do.

use leptos::prelude::*;
use rewind_domain::operations::{Effect, Preview, Thing};

use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Shows a preview: the sentence, whom it affects and how, what one should know, and the commands.
#[component]
pub(crate) fn PreviewView(
    /// The preview.
    preview: Preview,
) -> impl IntoView {
    let Preview {
        sentence,
        is_at_least,
        first_ids,
        bytes,
        effects,
        commands,
        warnings,
        refusal,
        ..
    } = preview;
    let facts = facts(&first_ids, bytes, is_at_least);
    let effect = |Effect { thing, kind, count }: Effect| {
        let (what, name) = match &thing {
            Thing::Group(name) => ("Group", name.to_string()),
            Thing::Consumer(name) => ("Consumer", name.to_string()),
            Thing::Projection(name) => ("Projection", name.clone()),
            Thing::Aggregate(stream) => ("Aggregate", stream.to_string()),
            Thing::Stream(stream) => ("Stream", stream.to_string()),
        };
        view! {
            <li>
                {what} " " <b>{foreign(&name)}</b> " " {kind.words(count)}
            </li>
        }
    };
    let warning = |warning: String| {
        view! {
            <li>
                <Icon glyph=Glyph::Warning />
                <span>{text::sentence(&warning)}</span>
            </li>
        }
    };
    let has_effects = !effects.is_empty();
    let has_warnings = !warnings.is_empty();
    let has_commands = !commands.is_empty();
    let refusal = refusal.map(|why| {
        view! {
            <p class="preview-refusal" data-testid="refusal">
                <Icon glyph=Glyph::Warning />
                <span>{text::sentence(&why)}</span>
            </p>
        }
    });
    view! {
        <div class="preview" data-testid="preview">
            <p class="preview-sentence" data-testid="preview-sentence">{foreign(&sentence)}</p>
            {(!facts.is_empty()).then(|| view! { <p class="preview-facts">{facts}</p> })}
            {has_effects
                .then(|| {
                    view! {
                        <ul class="preview-effects" data-testid="effects">
                            {effects.into_iter().map(effect).collect_view()}
                        </ul>
                    }
                })}
            {has_warnings
                .then(|| {
                    view! {
                        <ul class="preview-warnings" data-testid="warnings">
                            {warnings.into_iter().map(warning).collect_view()}
                        </ul>
                    }
                })}
            {refusal}
            {has_commands
                .then(|| {
                    let lines = commands.into_iter().map(|line| view! { <li><code>{foreign(&line)}</code></li> });
                    view! {
                        <details class="preview-commands" data-testid="commands">
                            <summary data-testid="commands-open">"What Redis will be sent"</summary>
                            <ul>{lines.collect_view()}</ul>
                        </details>
                    }
                })}
        </div>
    }
}

fn facts(first_ids: &[rewind_domain::EntryId], bytes: Option<u64>, is_at_least: bool) -> String {
    let mut facts = Vec::new();
    if let Some(bytes) = bytes.filter(|bytes| *bytes > 0) {
        facts.push(format!("About {}", text::byte_size(bytes)));
    }
    match first_ids {
        [] => {}
        [id] => facts.push(format!("Id {id}")),
        [first, .., last] => facts.push(format!("Ids from {first}, the first ones up to {last}")),
    }
    if is_at_least {
        facts.push("There are more".to_owned());
    }
    facts.join(" · ")
}
