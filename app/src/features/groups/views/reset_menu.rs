//! The form that sets a group to another place.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation};

use crate::features::groups::reset::PlaceKind;
use crate::features::operations::asking::Operating;
use crate::platform::rights::Rights;
use crate::platform::zone::ChosenZone;
use crate::ui::menu::{Menu, MenuHandle};
use crate::ui::text;

/// Says where the group is to go on.
#[component]
pub(crate) fn ResetMenu(
    /// The stream.
    stream: StreamKey,
    /// The group.
    group: Name,
) -> impl IntoView {
    let operating = Operating::expect();
    let handle = MenuHandle::new();
    let kind = RwSignal::new(PlaceKind::default());
    let value = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Groups, &key));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let zone = ChosenZone::get();
        match kind.get_untracked().read(&value.get_untracked(), &zone) {
            Ok(to) => {
                problem.set(None);
                handle.close();
                let (stream, group) = (stream.clone(), group.clone());
                operating.ask(Operation::ResetGroup { stream, group, to });
            }
            Err(why) => problem.set(Some(why)),
        }
    };
    let choose = move |event| {
        let name = event_target_value(&event);
        let chosen = PlaceKind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.set(chosen.unwrap_or_default());
        value.set(String::new());
        problem.set(None);
    };
    let options =
        PlaceKind::ALL.map(|kind| view! { <option value=kind.name()>{kind.label()}</option> });
    view! {
        <Menu
            handle
            test_id="reset-group"
            label="Set the group to another place"
            sheet_class="menu-body form-sheet"
            button=|| view! { "Set to…" }
        >
            <form class="form" on:submit=submit>
                <label class="select">
                    "Go on from"
                    <select data-testid="reset-kind" on:change=choose prop:value=move || kind.get().name()>{options}</select>
                </label>
                {move || {
                    kind.get()
                        .example()
                        .map(|example| {
                            view! {
                                <label>
                                    "Which"
                                    <input
                                        type="text"
                                        placeholder=example
                                        data-testid="reset-value"
                                        prop:value=move || value.get()
                                        on:input=move |event| value.set(event_target_value(&event))
                                    />
                                </label>
                            }
                        })
                }}
                {move || {
                    problem
                        .get()
                        .or_else(|| obstacle.get())
                        .map(|why| view! { <p class="form-problem" role="alert">{text::sentence(&why)}</p> })
                }}
                <button type="submit" class="button primary" data-testid="reset-look">"Look at it"</button>
            </form>
        </Menu>
    }
}
