//! How far the search for streams is.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::state::text;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// About how many keys were looked at.
    pub(crate) keys: u64,
    /// How many keys there are.
    pub(crate) of: u64,
    /// How many streams were found.
    pub(crate) streams: u64,
    /// Where it stands.
    pub(crate) phase: Phase,
}

/// Where a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It goes on.
    #[default]
    Running,
    /// Someone stopped it.
    Stopped,
    /// Everything was looked at.
    Done,
}

/// Tells how far the search is, and stops it or lets it go on.
#[component]
pub(crate) fn ScanProgress(
    /// How far it is.
    #[prop(into)]
    scanned: Signal<Scanned>,
    /// Stops it, lets it go on, or begins anew.
    #[prop(into)]
    on_toggle: Callback<()>,
) -> impl IntoView {
    let phase = Memo::new(move |_| scanned.get().phase);
    let found = move || {
        let Scanned { keys, of, streams, phase } = scanned.get();
        let streams = text::counted(streams, "stream", "streams");
        let of = text::counted(of, "key", "keys");
        match phase {
            Phase::Done => format!("{streams} · looked at all of {of}"),
            Phase::Running if keys == 0 => "Looking for streams…".to_owned(),
            // Redis does not tell exactly, and may look at a key twice.
            _ => format!("{streams} · looked at about {} of {of}", text::grouped(keys)),
        }
    };
    let button = move || {
        let (glyph, label) = match phase.get() {
            Phase::Running => (Glyph::Pause, "Stop"),
            Phase::Stopped => (Glyph::Play, "Continue"),
            Phase::Done => (Glyph::Reload, "Look again"),
        };
        view! {
            <Icon glyph />
            {label}
        }
    };
    view! {
        <div class="scan" data-testid="scan-progress" data-phase=move || {
            match phase.get() {
                Phase::Running => "running",
                Phase::Stopped => "stopped",
                Phase::Done => "done",
            }
        }>
            <progress
                aria-label="Keys looked at"
                class:hidden=move || phase.get() == Phase::Done
                max=move || scanned.get().of.max(1).to_string()
                value=move || {
                    let Scanned { keys, of, .. } = scanned.get();
                    keys.min(of).to_string()
                }
            ></progress>
            <span class="scan-text" role="status">{found}</span>
            <button type="button" class="button quiet" on:click=move |_| on_toggle.run(())>
                {button}
            </button>
        </div>
    }
}
