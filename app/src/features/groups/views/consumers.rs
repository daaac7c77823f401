//! The consumers of a group.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation};

use crate::address::{GroupAddress, OperatingAddress};
use crate::api::{ConsumerStatus, GroupAnswer};
use crate::features::operations::asking::Operating;
use crate::platform::rights::Rights;
use crate::ui::empty_state::EmptyState;
use crate::ui::foreign_text::foreign;
use crate::ui::text;

/// After how long a consumer that holds entries and asks for nothing is called stuck, in milliseconds.
const STUCK_MS: u64 = 5 * 60_000;

/// Lists the consumers of a group, and removes them.
#[component]
pub(crate) fn Consumers(
    /// The stream.
    stream: StreamKey,
    /// The group.
    group: Name,
    /// What is known of it.
    answer: Memo<Option<GroupAnswer>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let consumers = Memo::new(move |_| {
        answer.with(|answer| {
            answer.as_ref().map(|answer| answer.consumers.clone()).unwrap_or_default()
        })
    });
    let names = Memo::new(move |_| {
        consumers.with(|all| all.iter().map(|one| one.consumer.clone()).collect::<Vec<_>>())
    });
    let left_out =
        Memo::new(move |_| answer.with(|a| a.as_ref().map_or(0, |a| a.consumers_left_out)));
    let heir = RwSignal::new(String::new());
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Groups, &key));
    let row = move |name: Name| {
        let of = name.clone();
        let found = Memo::new(move |before: Option<&Option<ConsumerStatus>>| {
            let now = consumers.with(|all| all.iter().find(|one| one.consumer == of).cloned());
            now.or_else(|| before.cloned().flatten())
        });
        let figure = move |read: fn(&ConsumerStatus) -> String| {
            move || found.with(|found| found.as_ref().map(read).unwrap_or_default())
        };
        let is_stuck = move || {
            found.with(|one| {
                one.as_ref().is_some_and(|one| one.pending > 0 && one.idle_ms > STUCK_MS)
            })
        };
        let pending = GroupAddress {
            filter: format!("consumer:\"{name}\""),
            ..GroupAddress::of(stream.clone(), group.clone())
        };
        let (stream, group, consumer) = (stream.clone(), group.clone(), name.clone());
        let remove = move |_| {
            let given = heir.get_untracked();
            let heir = given.trim().parse::<Name>().ok().filter(|heir| !heir.is_empty());
            let (stream, group, consumer) = (stream.clone(), group.clone(), consumer.clone());
            operating.ask(Operation::DeleteConsumer { stream, group, consumer, heir });
        };
        view! {
            <tr data-testid="consumer" data-consumer=name.to_string()>
                <th scope="row">{foreign(&name.to_string())}</th>
                <td class="number">
                    <a href=OperatingAddress::Group(pending).href() data-testid="consumer-pending">{figure(|one| text::grouped(one.pending))}</a>
                </td>
                <td class="number" class:behind=is_stuck>{figure(|one| text::brief_duration(one.idle_ms))}</td>
                <td class="number">
                    {figure(|one| one.inactive_ms.map_or_else(|| "–".to_owned(), text::brief_duration))}
                </td>
                <td class="row-note">
                    {move || is_stuck().then_some("Holds entries and asks for nothing")}
                </td>
                <td class="row-actions">
                    <button
                        type="button"
                        class="button quiet"
                        data-testid="consumer-remove"
                        title=move || obstacle.get()
                        aria-disabled=move || obstacle.get().is_some().then_some("true")
                        on:click=remove
                    >
                        "Remove"
                    </button>
                </td>
            </tr>
        }
    };
    let is_empty = Memo::new(move |_| names.with(Vec::is_empty));
    view! {
        <Show
            when=move || !is_empty.get()
            fallback=|| view! { <EmptyState title="No consumers">"Nobody has read for this group yet."</EmptyState> }
        >
            <div class="toolbar">
                <label class="inline-field">
                    "What a removed consumer has pending goes to"
                    <input
                        type="text"
                        placeholder="nobody: acknowledged"
                        list="consumer-names"
                        data-testid="consumer-heir"
                        prop:value=move || heir.get()
                        on:input=move |event| heir.set(event_target_value(&event))
                    />
                </label>
                <datalist id="consumer-names">
                    {move || names.get().into_iter().map(|name| view! { <option value=name.to_string()></option> }).collect_view()}
                </datalist>
                <span class="toolbar-gap"></span>
                <span class="panel-note">
                    {move || (left_out.get() > 0).then(|| format!("and {} more, with less pending", text::grouped(left_out.get())))}
                </span>
            </div>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Consumers">
                <table class="rows-table">
                    <thead>
                        <tr>
                            <th scope="col">"Consumer"</th>
                            <th scope="col" class="number">"Pending"</th>
                            <th scope="col" class="number" title="Since it last asked for anything">"Idle"</th>
                            <th scope="col" class="number" title="Since it last got anything">"Inactive"</th>
                            <th scope="col"><span class="sr-only">"Note"</span></th>
                            <th scope="col"><span class="sr-only">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || names.get() key=Clone::clone children=row.clone() />
                    </tbody>
                </table>
            </div>
        </Show>
    }
}
