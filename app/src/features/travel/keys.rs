//! What the keys of the page do.

use leptos::prelude::*;

use super::Travel;
use super::bisect_pane::EXPRESSION_ID;
use super::state_view::SEARCH_ID;
use crate::address::Pane;
use crate::features::travel::state::steps::Direction;
use crate::platform::clipboard;
use crate::platform::keyboard;
use crate::platform::location::History;
use crate::ui::state::keys::{self, Action};
use crate::ui::version_slider::PLACE_ID;

/// How far the page keys go.
const LEAP: u64 = 10;

/// Listens to the keys of the page.
pub(super) fn listen(travel: Travel) {
    keyboard::on_page_key(move |key| keys::action(key).is_some_and(|action| run(travel, action)));
}

/// Does it, and says whether there was anything to do.
fn run(travel: Travel, action: Action) -> bool {
    let Travel { traveller, playing, seeking, search, .. } = travel;
    // A key that is held goes on while the next window is on its way.
    let here = traveller.heading();
    let (first, last) = traveller.bounds();
    match action {
        Action::Previous => travel.go(here.saturating_sub(1)),
        Action::Next => travel.go(here.saturating_add(1)),
        Action::BackFar => travel.go(here.saturating_sub(LEAP)),
        Action::OnFar => travel.go(here.saturating_add(LEAP)),
        Action::First => travel.go(first),
        Action::Last => travel.go(last),
        Action::Play => playing.toggle(),
        Action::Slower => playing.change_speed(false),
        Action::Faster => playing.change_speed(true),
        Action::PreviousChange => seeking.change(Direction::Previous),
        Action::NextChange => seeking.change(Direction::Next),
        Action::PreviousOfType => seeking.of_type(Direction::Previous),
        Action::NextOfType => seeking.of_type(Direction::Next),
        Action::SetBase => travel.compare_with(Some(traveller.version.get_untracked())),
        Action::ClearBase => {
            if traveller.options.with_untracked(|options| options.base.is_none()) {
                return false;
            }
            travel.compare_with(None);
        }
        Action::Search => keyboard::focus_box(SEARCH_ID),
        Action::OpenAll => search.open_all(),
        Action::CloseAll => search.close_all(),
        Action::Changes => show(travel, Pane::Changes),
        Action::Diff => show(travel, Pane::Diff),
        Action::History => show(travel, Pane::History),
        Action::Bisect => show(travel, Pane::Bisect),
        Action::GoTo => keyboard::focus_box(PLACE_ID),
        Action::CopyLink => {
            leptos::task::spawn_local(async move {
                let link = clipboard::absolute(&traveller.address().href());
                seeking.say(match clipboard::copy(&link).await {
                    true => "Link copied".to_owned(),
                    false => "The browser refused to copy".to_owned(),
                });
            });
        }
        // The same on every page.
        Action::Help => return false,
    }
    true
}

fn show(travel: Travel, pane: Pane) {
    travel.traveller.look(History::Push, |options| options.pane = Some(pane));
    if pane == Pane::Bisect {
        // Once it is drawn.
        request_animation_frame(|| keyboard::focus_box(EXPRESSION_ID));
    }
}
