//! How far the search for streams is, and what it costs.

use leptos::prelude::*;
use rewind_domain::caller::Permission;

use crate::api::{DiscoveryAction, DiscoveryPhase, DiscoveryStatus};
use crate::platform::rights::Rights;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Tells how far the search is, and pauses it or lets it go on.
#[component]
pub(crate) fn ScanProgress(
    /// How far it is; `None` until that is known.
    #[prop(into)]
    status: Signal<Option<DiscoveryStatus>>,
    /// Pauses it, lets it go on, or begins again.
    #[prop(into)]
    on_action: Callback<DiscoveryAction>,
) -> impl IntoView {
    let phase = Memo::new(move |_| status.with(|status| Some(status.as_ref()?.phase)));
    let is_walking = Memo::new(move |_| phase.get() == Some(DiscoveryPhase::Walking));
    let found = move || status.with(|status| status.as_ref().map(found));
    let load = move || status.with(|status| status.as_ref().map(load));
    let title = move || {
        let load = load().unwrap_or_default();
        format!("One search serves all who look, and costs Redis {load} while it walks")
    };
    let obstacle = || Rights::obstacle(Permission::Discovery);
    let button = move || {
        let (glyph, label, action) = match phase.get()? {
            DiscoveryPhase::Walking | DiscoveryPhase::Waiting => {
                (Glyph::Pause, "Pause", DiscoveryAction::Pause)
            }
            DiscoveryPhase::Paused => (Glyph::Play, "Continue", DiscoveryAction::Resume),
            DiscoveryPhase::Resting | DiscoveryPhase::Refused => {
                (Glyph::Reload, "Look again", DiscoveryAction::Restart)
            }
        };
        Some(view! {
            <button
                type="button"
                class="button quiet scan-action"
                title=move || obstacle().unwrap_or_else(|| "For everybody who looks".to_owned())
                data-testid="scan-action"
                disabled=move || obstacle().is_some()
                on:click=move |_| on_action.run(action)
            >
                <Icon glyph />
                {label}
            </button>
        })
    };
    view! {
        <div
            class="scan"
            data-testid="scan-progress"
            data-phase=move || phase.get().map(phase_name)
            title=title
        >
            <progress
                aria-label="Keys looked at"
                class:hidden=move || !is_walking.get() || status.with(|s| s.as_ref().is_none_or(|s| s.keys_total.is_none()))
                max=move || status.with(|s| s.as_ref().and_then(|s| s.keys_total)).unwrap_or(1).max(1).to_string()
                value=move || status.with(|s| s.as_ref().map_or(0, |s| s.scanned)).to_string()
            ></progress>
            <span class="scan-text" role="status">{found}</span>
            <span class="scan-load" class:hidden=move || !is_walking.get()>{load}</span>
            {button}
        </div>
    }
}

/// What was found in how much.
fn found(status: &DiscoveryStatus) -> String {
    let streams = text::counted(status.found, "stream", "streams");
    // Redis does not tell exactly, and may look at a key twice.
    let looked_at = match status.keys_total {
        Some(total) if total == status.scanned => {
            format!("looked at all of {}", text::counted(total, "key", "keys"))
        }
        Some(total) => format!(
            "looked at about {} of {}",
            text::grouped(status.scanned),
            text::counted(total, "key", "keys")
        ),
        None => format!("looked at about {}", text::counted(status.scanned, "key", "keys")),
    };
    match status.phase {
        DiscoveryPhase::Resting => {
            let looked_at = match status.keys_total {
                Some(total) => {
                    format!("looked at all of {}", text::counted(total, "key", "keys"))
                }
                None => "looked at all keys".to_owned(),
            };
            match status.as_of_ms {
                Some(at) if !status.is_told => {
                    format!("{streams} · {looked_at} at {} UTC", clock(at))
                }
                Some(_) => format!("{streams} · {looked_at}, new ones are added as they come"),
                None => format!("{streams} · {looked_at}"),
            }
        }
        DiscoveryPhase::Refused => format!("{streams}, found by key"),
        DiscoveryPhase::Paused => format!("{streams} · paused, {looked_at}"),
        DiscoveryPhase::Walking | DiscoveryPhase::Waiting => format!("{streams} · {looked_at}"),
    }
}

/// The time of day.
fn clock(unix_ms: u64) -> String {
    let seconds = unix_ms / 1_000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// At most what Redis is asked for.
fn load(status: &DiscoveryStatus) -> String {
    let calls = status.keys_per_second.div_ceil(status.keys_per_call.max(1));
    format!("≤ {} keys/s in {} calls", text::grouped(status.keys_per_second), text::grouped(calls))
}

fn phase_name(phase: DiscoveryPhase) -> &'static str {
    match phase {
        DiscoveryPhase::Walking => "walking",
        DiscoveryPhase::Paused => "paused",
        DiscoveryPhase::Resting => "resting",
        DiscoveryPhase::Waiting => "waiting",
        DiscoveryPhase::Refused => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_with_what_is_known() {
        let mut status = DiscoveryStatus {
            scanned: 1_000,
            keys_total: Some(9_000),
            found: 12,
            keys_per_second: 100_000,
            keys_per_call: 1_000,
            ..DiscoveryStatus::default()
        };
        assert_eq!(found(&status), "12 streams · looked at about 1,000 of 9,000 keys");
        assert_eq!(load(&status), "≤ 100,000 keys/s in 100 calls");
        status.phase = DiscoveryPhase::Paused;
        assert_eq!(found(&status), "12 streams · paused, looked at about 1,000 of 9,000 keys");
        status.keys_total = None;
        status.phase = DiscoveryPhase::Walking;
        assert_eq!(found(&status), "12 streams · looked at about 1,000 keys");
        status.phase = DiscoveryPhase::Resting;
        assert_eq!(found(&status), "12 streams · looked at all keys");
        status.as_of_ms = Some(1_706_185_200_123);
        assert_eq!(found(&status), "12 streams · looked at all keys at 12:20:00 UTC");
        status.is_told = true;
        assert_eq!(
            found(&status),
            "12 streams · looked at all keys, new ones are added as they come"
        );
    }
}
