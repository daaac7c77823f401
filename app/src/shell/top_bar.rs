//! The bar above every page.

use leptos::prelude::*;
use rewind_domain::caller::Identity;
use rewind_domain::foreign_text::visible;

use crate::address::{Address, OperatingAddress};
use crate::api::{About, Environment};
use crate::platform::availability::Away;
use crate::platform::location::Location;
use crate::shell::theme_switch::ThemeSwitch;
use crate::shell::zone_switch::ZoneSwitch;
use crate::ui::foreign_text::foreign;

/// What product this is, which Redis it looks at, and the choice of colours.
#[component]
pub(crate) fn TopBar(
    /// What the server told about itself.
    #[prop(into)]
    about: Signal<Option<About>>,
    /// What is away.
    #[prop(into)]
    away: Signal<Away>,
) -> impl IntoView {
    let address =
        Memo::new(move |_| about.with(|about| about.as_ref().map(|a| a.redis_address.clone())));
    let server = Memo::new(move |_| about.with(|about| about.as_ref()?.redis_version.clone()));
    let away = Memo::new(move |_| away.get());
    let said = Memo::new(move |_| match away.get() {
        Away::Nothing => server.get().unwrap_or_default(),
        Away::Redis => "Redis is not reachable".to_owned(),
        Away::Server => "Rewind is not reachable".to_owned(),
    });
    let redis = move || {
        address.get().map(|address| {
            let shown_address = address.clone();
            let state = move || match away.get() {
                Away::Nothing => "up",
                Away::Redis => "redis-away",
                Away::Server => "server-away",
            };
            view! {
                <span
                    class="redis"
                    class:down=move || away.get() != Away::Nothing
                    role="status"
                    data-testid="connection"
                    data-state=state
                    title=move || format!("{} at {address}", said.get())
                >
                    <span class="redis-dot" aria-hidden="true"></span>
                    <span class="redis-address">{shown_address}</span>
                    <span class="redis-version">{said}</span>
                </span>
            }
        })
    };
    let location = Location::expect();
    let is_overview = Memo::new(move |_| location.address() == Address::Overview);
    let is_streams = Memo::new(move |_| matches!(location.address(), Address::Streams(_)));
    let is_groups = Memo::new(move |_| {
        matches!(location.address(), Address::Operating(OperatingAddress::Groups(_)))
    });
    let is_projections =
        Memo::new(move |_| location.address() == Address::Operating(OperatingAddress::Projections));
    let is_audit = Memo::new(move |_| {
        matches!(location.address(), Address::Operating(OperatingAddress::Audit(_)))
    });
    let environment = Memo::new(move |_| about.with(|about| about.as_ref()?.environment.clone()));
    let environment = move || {
        environment.get().map(|Environment { name, colour }| {
            view! {
                <span class=format!("environment {colour}") data-testid="environment">{foreign(&name)}</span>
            }
        })
    };
    let version = Memo::new(move |_| {
        about.with(|about| about.as_ref().map(|about| format!("Rewind {}", about.version)))
    });
    let identity =
        Memo::new(move |_| about.with(|about| Some(about.as_ref()?.caller.identity.clone())));
    let caller = move || match identity.get()? {
        Identity::User { name, groups } => Some(view! {
            <span class="caller" data-testid="caller" title=in_groups(&groups)>
                {foreign(&name)}
            </span>
        }),
        Identity::Local | Identity::Anonymous => None,
    };
    view! {
        <header class="top-bar">
            <a class="brand" href="/" title=version data-testid="home">
                <svg viewBox="0 0 20 20" aria-hidden="true">
                    <path d="M10 4.5 3.5 10l6.5 5.5zM17 4.5 10.5 10l6.5 5.5z" />
                </svg>
                "Rewind"
            </a>
            <nav class="top-nav" aria-label="Pages">
                <a href="/" data-testid="nav-overview" aria-current=move || is_overview.get().then_some("page")>"Overview"</a>
                <a href="/streams" data-testid="nav-streams" aria-current=move || is_streams.get().then_some("page")>"Streams"</a>
                <a href="/groups" data-testid="nav-groups" aria-current=move || is_groups.get().then_some("page")>"Groups"</a>
                <a href="/projections" data-testid="nav-projections" aria-current=move || is_projections.get().then_some("page")>"Projections"</a>
                <a href="/audit" data-testid="nav-audit" aria-current=move || is_audit.get().then_some("page")>"Audit"</a>
            </nav>
            {environment}
            <div class="top-bar-redis">{redis}</div>
            {caller}
            <ZoneSwitch />
            <ThemeSwitch />
        </header>
    }
}

/// Which groups somebody is in.
fn in_groups(groups: &[String]) -> String {
    match groups {
        [] => "In no group".to_owned(),
        groups => format!("In {}", visible(&groups.join(", "))),
    }
}
