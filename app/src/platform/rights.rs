//! What the person at the page may do.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::{Caller, Identity, Permission};

use crate::api::{About, Environment};

/// Who the server takes the person at the page for. Everywhere in the page it is the same.
#[derive(Clone, Copy)]
pub(crate) struct Rights {
    caller: Memo<Option<Caller>>,
    environment: Memo<Option<Environment>>,
}

impl Rights {
    /// Has all of the page know what the server told.
    pub(crate) fn provide(about: Memo<Option<About>>) {
        let caller = Memo::new(move |_| about.with(|about| Some(about.as_ref()?.caller.clone())));
        let environment =
            Memo::new(move |_| about.with(|about| about.as_ref()?.environment.clone()));
        provide_context(Self { caller, environment });
    }

    /// What the place is called in which everything happens.
    pub(crate) fn environment() -> Option<Environment> {
        use_context::<Self>()?.environment.get()
    }

    /// Who the person at the page is.
    pub(crate) fn identity() -> Option<Identity> {
        use_context::<Self>()?.caller.with(|caller| Some(caller.as_ref()?.identity.clone()))
    }

    /// What stands in the way of doing this to a stream, and which rule would allow it.
    pub(crate) fn obstacle_on(permission: Permission, stream: &StreamKey) -> Option<String> {
        let Self { caller, .. } = use_context()?;
        caller.with(|caller| caller.as_ref()?.obstacle_on(permission, stream))
    }

    /// What stands in the way of doing this, and what would help; `None` if nothing does, or it is not known yet: the server refuses
    /// what one may not do.
    pub(crate) fn obstacle(permission: Permission) -> Option<String> {
        let Self { caller, .. } = use_context()?;
        caller.with(|caller| caller.as_ref()?.obstacle(permission))
    }
}
