//! The dialog of an operation: what it would do, and then how far it is.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::caller::Identity;
use rewind_domain::operations::Operation;

use super::asking::Operating;
use super::name;
use super::stage::Stage;
use super::views::outcome::OutcomeView;
use super::views::preview::PreviewView;
use crate::api::query::{MAX_BY_BYTES, OperateQuery, OperationQuery, PreviewQuery};
use crate::api::{Environment, functions};
use crate::platform::rights::Rights;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;

/// How often it is asked how far an operation is.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

/// Shows the operation that the page asks for, and does it. The browser keeps the focus inside and closes it on Escape.
#[component]
pub(crate) fn OperationDialog(
    /// What the page asks for.
    operating: Operating,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let stage = RwSignal::new(Stage::Previewing);
    let by = RwSignal::new(name::stored());
    // One for each operation that is asked for: sent once more after a reply was lost, it is not done once more.
    let id = StoredValue::new(String::new());
    // Answers to what is not asked any more are not shown.
    let turn = StoredValue::new(0_u32);
    let next_turn = move || {
        turn.update_value(|turn| *turn = turn.wrapping_add(1));
        turn.get_value()
    };
    let preview = move |operation: Operation| {
        let this = next_turn();
        stage.set(Stage::Previewing);
        spawn_local(async move {
            let answer = functions::preview(PreviewQuery { operation }).await;
            if turn.try_get_value() == Some(this) {
                stage.set(Stage::of_preview(answer));
            }
        });
    };
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match operating.asked() {
            Some(operation) => {
                id.set_value(new_id());
                preview(operation);
                if !dialog.open() {
                    // Fails only where it is open already.
                    let _ = dialog.show_modal();
                }
            }
            None if dialog.open() => dialog.close(),
            None => {}
        }
    });
    let operate = move || {
        let Some((operation, seen)) =
            operating.asked().zip(stage.with_untracked(|stage| stage.ready().cloned()))
        else {
            return;
        };
        let this = next_turn();
        let given = by.get_untracked().trim().to_owned();
        name::keep(&given);
        stage.set(Stage::Sent(seen.clone()));
        spawn_local(async move {
            let query = OperateQuery {
                id: Some(id.get_value()),
                fingerprint: Some(seen.fingerprint.clone()),
                by: Some(given).filter(|by| !by.is_empty()),
                operation,
            };
            let answer = functions::operate(query).await;
            // What was begun has changed something, whether anybody still looks or not.
            operating.has_changed();
            if turn.try_get_value() == Some(this) {
                stage.set(Stage::of_answer(&seen, answer));
            }
        });
    };
    // How far it is, as long as it is under way.
    Effect::new(move || {
        let Some(id) = stage.with(|stage| stage.running().map(|status| status.id.clone())) else {
            return;
        };
        let this = turn.get_value();
        let look = move || {
            spawn_local(async move {
                let answer = functions::operation(OperationQuery { id }).await;
                if turn.try_get_value() != Some(this) {
                    return;
                }
                let told = answer.map_or_else(Stage::Failed, Stage::Told);
                if told.has_ended() {
                    operating.has_changed();
                }
                stage.set(told);
            });
        };
        set_timeout(look, LOOK_AGAIN);
    });
    let cancel = Callback::new(move |()| {
        let Some(id) =
            stage.with_untracked(|stage| stage.running().map(|status| status.id.clone()))
        else {
            return;
        };
        spawn_local(async move {
            // What it came to is asked for all the time.
            let _ = functions::cancel_operation(OperationQuery { id }).await;
        });
    });
    let content = move || match stage.get() {
        Stage::Previewing => view! { <Skeleton rows=3 /> }.into_any(),
        Stage::Previewed { preview, before } => {
            let changed = before.map(|before| {
                view! {
                    <div class="preview-changed" role="alert" data-testid="stale">
                        <Icon glyph=Glyph::Warning />
                        <span>
                            "Nothing was done: things have changed since you saw this. It was: "
                            <q>{foreign(&before)}</q>
                        </span>
                    </div>
                }
            });
            view! {
                {changed}
                <PreviewView preview />
            }
            .into_any()
        }
        Stage::Sent(preview) => view! { <PreviewView preview /> }.into_any(),
        Stage::Told(status) => view! { <OutcomeView status on_cancel=cancel /> }.into_any(),
        Stage::Failed(error) => {
            let again = move |()| {
                if let Some(operation) = operating.asked() {
                    preview(operation);
                }
            };
            view! { <ErrorPanel error retry=again /> }.into_any()
        }
    };
    let is_over =
        Memo::new(move |_| stage.with(|stage| matches!(stage, Stage::Told(_) | Stage::Failed(_))));
    let is_ready = Memo::new(move |_| stage.with(|stage| stage.ready().is_some()));
    let is_destructive =
        Memo::new(move |_| operating.asked().is_some_and(|operation| operation.is_destructive()));
    let verb = move || operating.asked().map_or("", |operation| verb(&operation));
    let environment = move || {
        Rights::environment().map(|Environment { name, colour }| {
            view! { <span class=format!("environment {colour}")>{foreign(&name)}</span> }
        })
    };
    let is_local =
        Memo::new(move |_| Rights::identity().is_none_or(|identity| identity == Identity::Local));
    view! {
        <dialog
            class="dialog operation-dialog"
            node_ref=dialog
            aria-labelledby="operation-title"
            data-testid="operation-dialog"
            on:close=move |_| {
                next_turn();
                operating.close();
            }
        >
            <header class="dialog-head">
                <h2 id="operation-title">{verb}</h2>
                {environment}
                <button
                    type="button"
                    class="button quiet icon-only"
                    aria-label="Close"
                    data-testid="operation-close"
                    on:click=move |_| operating.close()
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            <div class="operation-body">{content}</div>
            <footer class="operation-foot">
                <Show when=move || !is_over.get() && is_local.get()>
                    <label class="operation-by">
                        "Your name"
                        <input
                            type="text"
                            maxlength=MAX_BY_BYTES.to_string()
                            autocomplete="name"
                            placeholder="for the audit log"
                            data-testid="operation-by"
                            prop:value=move || by.get()
                            on:input=move |event| by.set(event_target_value(&event))
                        />
                    </label>
                </Show>
                <span class="toolbar-gap"></span>
                <Show
                    when=move || !is_over.get()
                    fallback=move || {
                        view! {
                            <button
                                type="button"
                                class="button"
                                data-testid="operation-done"
                                on:click=move |_| operating.close()
                            >
                                "Close"
                            </button>
                        }
                    }
                >
                    <button
                        type="button"
                        class="button"
                        data-testid="operation-leave"
                        on:click=move |_| operating.close()
                    >
                        "Leave it"
                    </button>
                    <button
                        type="button"
                        class="button primary"
                        class:danger=is_destructive
                        data-testid="operation-do"
                        disabled=move || !is_ready.get()
                        on:click=move |_| operate()
                    >
                        {verb}
                    </button>
                </Show>
            </footer>
        </dialog>
    }
}

/// An id that nothing else has.
fn new_id() -> String {
    let part = || format!("{:013x}", (js_sys::Math::random() * 2_f64.powi(52)).to_bits() >> 4);
    format!("{}{}", part(), part())
}

/// What stands on the button that does it.
fn verb(operation: &Operation) -> &'static str {
    match operation {
        Operation::Publish { .. } => "Publish",
        Operation::Append { .. } => "Append",
        Operation::CreateGroup { .. } => "Make the group",
        Operation::ResetGroup { .. } => "Set the group",
        Operation::DeleteGroup { .. } => "Delete the group",
        Operation::CreateConsumer { .. } => "Make the consumer",
        Operation::DeleteConsumer { .. } => "Remove the consumer",
        Operation::Ack { .. } => "Acknowledge",
        Operation::Claim { .. } => "Claim",
        Operation::Bury { .. } => "Move to the dead letters",
        Operation::Replay { .. } => "Replay",
        Operation::Drop { .. } => "Delete dead letters",
        Operation::DeleteEntries { .. } => "Delete entries",
        Operation::Trim { .. } => "Trim",
        Operation::DeleteStream { .. } => "Delete the stream",
        Operation::ResetProjection { .. } => "Reset the projection",
        Operation::RebuildProjection { .. } => "Rebuild the projection",
        Operation::PauseProjection { .. } => "Pause the projection",
        Operation::ResumeProjection { .. } => "Resume the projection",
        Operation::SkipEvent { .. } => "Skip the event",
    }
}
