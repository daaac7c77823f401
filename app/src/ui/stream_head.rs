//! The head of a page about one stream.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::Category;
use rewind_domain::stream_key::StreamKind;

use crate::address::{EventsAddress, FoldAddress, TravelAddress};
use crate::ui::aggregates::Aggregates;
use crate::ui::category_crumbs::CategoryCrumbs;
use crate::ui::copy_button::CopyButton;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::operate_menu::OperateMenu;
use crate::ui::stream_key::KeyText;
use crate::ui::topic_links::TopicLinks;

/// How a stream is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lens {
    /// As a list of events.
    Events,
    /// As states, version by version.
    Travel,
    /// As what a fold makes of it.
    Fold,
}

/// The key of a stream, the way back to its category, and the ways of looking at it.
#[component]
pub(crate) fn StreamHead(
    /// The key.
    stream: StreamKey,
    /// How it is looked at on this page.
    lens: Lens,
    /// What else is known of it.
    children: Children,
) -> impl IntoView {
    let key = stream.clone();
    let kind = Memo::new(move |_| match Aggregates::kind(&key) {
        StreamKind::Aggregate => "aggregate",
        StreamKind::Topic => "topic",
    });
    let travel = TravelAddress::latest(stream.clone()).href();
    let fold = FoldAddress::latest(stream.clone()).href();
    // A part of a topic is no stream of its own.
    let operate =
        stream.topic_part().is_none().then(|| view! { <OperateMenu stream=stream.clone() /> });
    let copied = stream.to_string();
    let tab = move |of: Lens, glyph: Glyph, label: &'static str, href: String| {
        view! {
            <a href=href aria-current=(of == lens).then_some("page") data-testid=format!("lens-{}", label.to_lowercase())>
                <Icon glyph />
                {label}
            </a>
        }
    };
    view! {
        <header class="stream-head-bar">
            <div class="stream-title">
                <CategoryCrumbs category=Category::of(&stream) />
                <div class="stream-name">
                    <h1 data-testid="stream-key">
                        <KeyText stream=stream.clone() />
                    </h1>
                    <CopyButton label="Copy key" text=move || copied.clone() />
                    <span class="badge" data-testid="stream-kind">{kind}</span>
                    <TopicLinks stream=stream.clone() />
                    <span class="stream-facts">{children()}</span>
                </div>
            </div>
            {operate}
            <nav class="tabs" aria-label="Ways of looking at this stream">
                {tab(Lens::Events, Glyph::Events, "Events", EventsAddress::newest(stream).href())}
                {tab(Lens::Travel, Glyph::Travel, "Travel", travel)}
                {tab(Lens::Fold, Glyph::Fold, "Fold", fold)}
            </nav>
        </header>
    }
}
