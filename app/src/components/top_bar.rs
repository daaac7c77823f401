//! The bar above every page.

use leptos::prelude::*;

use super::theme_switch::ThemeSwitch;
use super::zone_switch::ZoneSwitch;
use crate::api::About;
use crate::browser::location::Location;
use crate::state::address::Address;

/// What product this is, which Redis it looks at, and the choice of colours.
#[component]
pub(crate) fn TopBar(
    /// What the server told of itself.
    #[prop(into)]
    about: Signal<Option<About>>,
    /// Whether it can be reached.
    #[prop(into)]
    is_reachable: Signal<bool>,
) -> impl IntoView {
    let redis = move || {
        about.get().map(|about| {
            let is_up = about.redis_version.is_some() && is_reachable.get();
            let version = about.redis_version.unwrap_or_else(|| "not reachable".to_owned());
            view! {
                <span class="redis" class:down=!is_up title=format!("{version} at {}", about.redis_address)>
                    <span class="redis-dot" aria-hidden="true"></span>
                    <span class="redis-address">{about.redis_address.clone()}</span>
                    <span class="redis-version">
                        {if is_up { version.clone() } else { "not reachable".to_owned() }}
                    </span>
                </span>
            }
        })
    };
    let location = Location::expect();
    let is_overview = Memo::new(move |_| location.address() == Address::Overview);
    let is_streams = Memo::new(move |_| matches!(location.address(), Address::Streams(_)));
    let version = move || about.get().map(|about| format!("Rewind {}", about.version));
    view! {
        <header class="top-bar">
            <a class="brand" href="/" title=version>
                <svg viewBox="0 0 20 20" aria-hidden="true">
                    <path d="M10 4.5 3.5 10l6.5 5.5zM17 4.5 10.5 10l6.5 5.5z" />
                </svg>
                "Rewind"
            </a>
            <nav class="top-nav" aria-label="Pages">
                <a href="/" aria-current=move || is_overview.get().then_some("page")>"Overview"</a>
                <a href="/streams" aria-current=move || is_streams.get().then_some("page")>"Streams"</a>
            </nav>
            <div class="top-bar-redis">{redis}</div>
            <ZoneSwitch />
            <ThemeSwitch />
        </header>
    }
}
