//! The ways from a stream to what can be done with it.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::stream_key::StreamKind;

use crate::address::{AuditAddress, GroupsAddress, OperatingAddress, PublishAddress};
use crate::ui::aggregates::Aggregates;
use crate::ui::menu::{Menu, MenuHandle};

/// Leads to new events, groups, trimming and what was done.
#[component]
pub(crate) fn OperateMenu(
    /// The stream.
    stream: StreamKey,
) -> impl IntoView {
    let handle = MenuHandle::new();
    let key = stream.clone();
    let new = Memo::new(move |_| match Aggregates::kind(&key) {
        StreamKind::Aggregate => "Append an event",
        StreamKind::Topic => "Publish an event",
    });
    let publish = PublishAddress { stream: stream.clone(), from: None };
    let groups = GroupsAddress { stream: Some(stream.clone()), ..GroupsAddress::default() };
    let log = AuditAddress { stream: Some(stream.clone()), ..AuditAddress::default() };
    let link = move |test_id: &'static str, address: OperatingAddress, label: Signal<String>| {
        view! {
            <a class="menu-option" href=address.href() data-testid=test_id on:click=move |_| handle.close()>
                {label}
            </a>
        }
    };
    let fixed = |label: &'static str| Signal::derive(move || label.to_owned());
    view! {
        <Menu handle test_id="operate" label="What can be done with this stream" button=|| view! { "Operate" }>
            {link("operate-new", OperatingAddress::Publish(publish), Signal::derive(move || new.get().to_owned()))}
            {link("operate-groups", OperatingAddress::Groups(groups), fixed("Consumer groups"))}
            {link("operate-trim", OperatingAddress::Trim(stream), fixed("Trim or delete"))}
            {link("operate-audit", OperatingAddress::Audit(log), fixed("What was done"))}
        </Menu>
    }
}
