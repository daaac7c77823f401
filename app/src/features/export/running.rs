//! Has the browser save exports, and follows them: the browser tells a page nothing of its downloads.

use leptos::prelude::*;
use leptos::reactive::spawn_local;

use crate::api::export::Ticket;
use crate::api::functions;
use crate::api::query::TicketQuery;
use crate::features::export::state::exports::Export;
use crate::platform::clock;
use crate::platform::download::save_url;

/// How long to wait before it is asked again how far an export is.
const ASK_AGAIN_MS: u32 = 400;
/// The letters of tickets.
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The exports that were begun on this page, the last one first. They go on while it leads elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Exports(RwSignal<Vec<Export>>);

impl Exports {
    /// None yet, for the current owner and all below.
    pub(crate) fn provide() -> Self {
        let exports = Self(RwSignal::new(Vec::new()));
        provide_context(exports);
        exports
    }

    /// Those that were provided.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// All of them.
    pub(crate) fn list(self) -> Signal<Vec<Export>> {
        self.0.into()
    }

    /// Saves what `GET /api/export` answers to this query as a file. Those that are over make room for it.
    pub(crate) fn begin(self, href: &str, file: String) {
        let Some(ticket) = new_ticket() else {
            // Without a ticket it cannot be followed, and is saved all the same.
            return save_url(href, &file);
        };
        save_url(&format!("{href}&ticket={ticket}"), &file);
        self.0.update(|exports| {
            exports.retain(|export| !export.is_over());
            exports.insert(0, Export::new(ticket.clone(), file));
        });
        spawn_local(async move {
            loop {
                clock::sleep(ASK_AGAIN_MS).await;
                let answer = functions::export_status(TicketQuery { ticket: ticket.clone() }).await;
                if self.hear(&ticket, |export| export.hear(answer)).is_none_or(|is_over| is_over) {
                    break;
                }
            }
        });
    }

    /// Ends one.
    pub(crate) fn cancel(self, ticket: Ticket) {
        spawn_local(async move {
            let answer = functions::cancel_export(TicketQuery { ticket: ticket.clone() }).await;
            self.hear(&ticket, |export| export.hear(answer));
        });
    }

    /// Speaks no more of one that is over.
    pub(crate) fn dismiss(self, ticket: &Ticket) {
        self.0.update(|exports| exports.retain(|export| export.ticket != *ticket));
    }

    /// Changes what is known of one; says whether it is over, or `None` if it is not among them any more.
    fn hear(self, ticket: &Ticket, hear: impl FnOnce(&mut Export)) -> Option<bool> {
        self.0
            .try_update(|exports| {
                let export = exports.iter_mut().find(|export| export.ticket == *ticket)?;
                hear(export);
                Some(export.is_over())
            })
            .flatten()
    }
}

/// A ticket that nobody can guess.
fn new_ticket() -> Option<Ticket> {
    let mut bytes = [0; 16];
    window().crypto().ok()?.get_random_values_with_u8_array(&mut bytes).ok()?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect();
    text.parse().ok()
}
