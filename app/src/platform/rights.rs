//! What the person at the page may do.

use leptos::prelude::*;
use rewind_domain::caller::{Caller, Permission};

use crate::api::About;

/// Who the server takes the person at the page for. Everywhere in the page it is the same.
#[derive(Clone, Copy)]
pub(crate) struct Rights(Memo<Option<Caller>>);

impl Rights {
    /// Has all of the page know what the server told.
    pub(crate) fn provide(about: Memo<Option<About>>) {
        let caller = Memo::new(move |_| about.with(|about| Some(about.as_ref()?.caller.clone())));
        provide_context(Self(caller));
    }

    /// What stands in the way of doing this, and what would help; `None` if nothing does, or it is not known yet: the server refuses
    /// what one may not do.
    pub(crate) fn obstacle(permission: Permission) -> Option<String> {
        let Self(caller) = use_context()?;
        caller.with(|caller| caller.as_ref()?.obstacle(permission))
    }
}
