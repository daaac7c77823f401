//! When a list has to hold still: nothing may move away from under a pointer that is about to press, or out of a text that is selected.

use leptos::ev;
use leptos::prelude::*;
use leptos::tachys::html::element::ElementType;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, EventTarget, Node};

use crate::platform::clock::Debounce;

/// How long after its last move a pointer still counts as aiming: longer than anybody takes from there to a click, and short enough that a
/// list which is only looked at goes on.
const AIM_MS: u64 = 1_500;

/// Whether someone is about to use an element, or uses it.
#[derive(Clone, Copy)]
pub(crate) struct Stillness {
    is_pressed: RwSignal<bool>,
    is_aimed_at: RwSignal<bool>,
    is_selected: RwSignal<bool>,
    has_focus: RwSignal<bool>,
}

impl Stillness {
    /// Watches an element for as long as the current owner lives.
    pub(crate) fn of<E>(element: NodeRef<E>) -> Self
    where
        E: ElementType + 'static,
        E::Output: JsCast + Clone + AsRef<Element> + 'static,
    {
        let is_within = move |target: Option<EventTarget>| {
            let node = target.and_then(|target| target.dyn_into::<Node>().ok());
            let element = element.try_get_untracked().flatten();
            element.zip(node).is_some_and(|(element, node)| {
                let element: &Element = element.as_ref();
                element.contains(Some(&node))
            })
        };
        let still = Self {
            is_pressed: RwSignal::new(false),
            is_aimed_at: RwSignal::new(false),
            is_selected: RwSignal::new(false),
            has_focus: RwSignal::new(false),
        };
        let aim_ends = Debounce::new(AIM_MS);
        let aim = move |is_aimed_at: bool| {
            set(still.is_aimed_at, is_aimed_at);
            if is_aimed_at {
                aim_ends.call(move || set(still.is_aimed_at, false));
            } else {
                aim_ends.cancel();
            }
        };
        let place = StoredValue::new((0, 0));
        let moved = window_event_listener(ev::pointermove, move |event| {
            let here = (event.client_x(), event.client_y());
            // Browsers also say that a pointer moves when only the page does.
            let has_moved = place.try_update_value(|place| std::mem::replace(place, here) != here);
            if has_moved == Some(true) {
                let is_here = is_within(event.target());
                if is_here || still.is_aimed_at.get_untracked() {
                    aim(is_here);
                }
            }
            if event.buttons() == 0 {
                set(still.is_pressed, false);
            }
        });
        let pressed = window_event_listener(ev::pointerdown, move |event| {
            let is_here = is_within(event.target());
            set(still.is_pressed, is_here);
            aim(is_here);
        });
        // Only after the click that a release makes.
        let release =
            move || set_timeout(move || set(still.is_pressed, false), std::time::Duration::ZERO);
        let released = window_event_listener(ev::pointerup, move |_| release());
        let cancelled = window_event_listener(ev::pointercancel, move |_| release());
        let focused = window_event_listener(ev::focusin, move |event| {
            set(still.has_focus, is_within(event.target()));
        });
        let left = window_event_listener(ev::focusout, move |event| {
            set(still.has_focus, is_within(event.related_target()));
        });
        on_cleanup(move || {
            moved.remove();
            pressed.remove();
            released.remove();
            cancelled.remove();
            focused.remove();
            left.remove();
        });
        on_selection(move || {
            let selection = window().get_selection().ok().flatten();
            let element = element.try_get_untracked().flatten();
            let is_selected = selection.zip(element).is_some_and(|(selection, element)| {
                let element: &Element = element.as_ref();
                !selection.is_collapsed()
                    && selection
                        .contains_node_with_allow_partial_containment(element, true)
                        .unwrap_or(false)
            });
            set(still.is_selected, is_selected);
        });
        still
    }

    /// Whether something in it is pressed.
    pub(crate) fn is_pressed(self) -> Signal<bool> {
        self.is_pressed.into()
    }

    /// Whether something in it is pressed, about to be, or selected.
    pub(crate) fn is_used(self) -> Signal<bool> {
        Memo::new(move |_| {
            self.is_pressed.get() || self.is_aimed_at.get() || self.is_selected.get()
        })
        .into()
    }

    /// The same, or whether the keyboard is in it.
    pub(crate) fn is_used_or_focused(self) -> Signal<bool> {
        let is_used = self.is_used();
        Memo::new(move |_| is_used.get() || self.has_focus.get()).into()
    }
}

/// What a signal says; while it has to hold still, what it said before.
pub(crate) fn held<T>(is_still: Signal<bool>, source: Signal<T>) -> Memo<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Memo::new(move |before: Option<&T>| match before {
        Some(before) if is_still.get() => before.clone(),
        _ => source.get(),
    })
}

/// Selects nothing any more.
pub(crate) fn clear_selection() {
    if let Ok(Some(selection)) = window().get_selection() {
        // Fails for no selection.
        let _ = selection.remove_all_ranges();
    }
}

/// Sets a signal where that changes it. Its owner may be gone.
fn set(signal: RwSignal<bool>, value: bool) {
    if signal.try_get_untracked().is_some_and(|before| before != value) {
        signal.set(value);
    }
}

/// Calls whenever another text of the document is selected.
fn on_selection(action: impl Fn() + 'static) {
    const EVENT: &str = "selectionchange";
    let listener = Closure::<dyn Fn()>::new(action);
    // Neither fails for a document that is there.
    let _ = document().add_event_listener_with_callback(EVENT, listener.as_ref().unchecked_ref());
    let held = StoredValue::new_local(listener);
    on_cleanup(move || {
        held.with_value(|listener| {
            let _ = document()
                .remove_event_listener_with_callback(EVENT, listener.as_ref().unchecked_ref());
        });
    });
}
