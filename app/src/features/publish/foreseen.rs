//! What an event would change in the state of its aggregate, before it is stored.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::{DeepMerge, Fold};

use super::form::Form;
use crate::address::{Point, TravelAddress};
use crate::api::ReplayAnswer;
use crate::ui::change_list::ChangeList;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::state::changes::Changes;
use crate::ui::state::shared::Same;
use crate::ui::text;

/// Shows the version that was seen, what came since, and what the event would change.
#[component]
pub(crate) fn Foreseen(
    /// The aggregate.
    stream: StreamKey,
    /// The event.
    form: RwSignal<Form>,
    /// The aggregate as it was seen.
    base: RwSignal<Option<ReplayAnswer>>,
    /// The aggregate as it is.
    now: Memo<Option<ReplayAnswer>>,
    /// Takes it as it is for what was seen.
    #[prop(into)]
    on_rebase: Callback<()>,
) -> impl IntoView {
    let is_merged = Memo::new(move |_| {
        base.with(|base| base.as_ref().is_some_and(|base| base.fold == DeepMerge.name()))
    });
    let changes = Memo::new(move |_| {
        let state = base.with(|base| base.as_ref().map(|base| base.state.clone()));
        let foreseen = state.and_then(|state| form.with(|form| form.foresee(&state)));
        foreseen.map_or(Changes::None, |changes| Changes::Diff(Same::new(changes)))
    });
    let moved = move || {
        let (seen, is) = (base.with(|base| base.as_ref().map(|base| base.version))?, now.get()?);
        if is.version <= seen {
            return None;
        }
        let href = TravelAddress::at(stream.clone(), Point::Version(is.version)).href();
        let more = text::counted(is.version - seen, "event", "events");
        Some(view! {
            <div class="preview-changed" role="alert" data-testid="publish-moved">
                <Icon glyph=Glyph::Warning />
                <span>
                    {format!("The aggregate is at version {} by now: {more} since you looked. ", is.version)}
                    <a class="link" href=href data-testid="publish-missed">"Look at them"</a>
                </span>
                <button type="button" class="button" data-testid="publish-rebase" on:click=move |_| on_rebase.run(())>
                    "Go on from there"
                </button>
            </div>
        })
    };
    let chosen = RwSignal::new(None);
    view! {
        {moved}
        <Show when=move || base.with(Option::is_some)>
            <h2 class="pane-title" data-testid="publish-version">
                {move || base.with(|base| base.as_ref().map(|base| format!("What it changes at version {}", base.version)))}
            </h2>
            <Show
                when=move || is_merged.get()
                fallback=move || {
                    let fold = base.with(|base| base.as_ref().map(|base| base.fold.clone()));
                    view! {
                        <p class="preview-facts">
                            {format!("This aggregate is folded by `{}`, so what the event changes shows once it is stored.", fold.unwrap_or_default())}
                        </p>
                    }
                }
            >
                <ChangeList changes chosen on_reveal=move |path| chosen.set(Some(path)) none_text="It would change nothing in the state." />
            </Show>
        </Show>
    }
}
