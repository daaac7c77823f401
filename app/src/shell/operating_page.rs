//! The pages from which the event store is operated, in one file, with the dialog that they share.

use leptos::prelude::*;

use crate::address::OperatingAddress;
use crate::features::audit::AuditPage;
use crate::features::groups::{GroupPage, GroupsPage};
use crate::features::operations::asking::Operating;
use crate::features::operations::dialog::OperationDialog;
use crate::features::projections::{ProjectionPage, ProjectionsPage};
use crate::features::publish::PublishPage;
use crate::features::trim::TrimPage;

/// One of the pages from which the event store is operated.
#[component]
pub(crate) fn OperatingPage(
    /// Which one.
    page: OperatingAddress,
    /// What of it is looked at.
    address: Signal<OperatingAddress>,
) -> impl IntoView {
    let operating = Operating::provide();
    let page = match page {
        OperatingAddress::Groups(first) => {
            let of = move || match address.get() {
                OperatingAddress::Groups(address) => address,
                _ => first.clone(),
            };
            view! { <GroupsPage address=Memo::new(move |_| of()) /> }.into_any()
        }
        OperatingAddress::Group(first) => {
            let (stream, group) = (first.stream.clone(), first.group.clone());
            let of = move || match address.get() {
                OperatingAddress::Group(address) => address,
                _ => first.clone(),
            };
            view! { <GroupPage stream group address=Memo::new(move |_| of()) /> }.into_any()
        }
        OperatingAddress::Publish(address) => view! { <PublishPage address /> }.into_any(),
        OperatingAddress::Trim(stream) => view! { <TrimPage stream /> }.into_any(),
        OperatingAddress::Projections => view! { <ProjectionsPage /> }.into_any(),
        OperatingAddress::Projection(first) => {
            let name = first.name.clone();
            let of = move || match address.get() {
                OperatingAddress::Projection(address) => address,
                _ => first.clone(),
            };
            view! { <ProjectionPage name address=Memo::new(move |_| of()) /> }.into_any()
        }
        OperatingAddress::Audit(first) => {
            let of = move || match address.get() {
                OperatingAddress::Audit(address) => address,
                _ => first.clone(),
            };
            view! { <AuditPage address=Memo::new(move |_| of()) /> }.into_any()
        }
    };
    view! {
        {page}
        <OperationDialog operating />
    }
}
