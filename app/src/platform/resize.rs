//! The size of elements.

use leptos::prelude::*;
use leptos::tachys::html::element::ElementType;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::Element;

use crate::platform::frames::OncePerFrame;

/// Measures whenever the size of an element changes, and once it is there.
pub(crate) fn on_resize<E>(element: NodeRef<E>, measure: OncePerFrame)
where
    E: ElementType + 'static,
    E::Output: JsCast + Clone + AsRef<Element> + 'static,
{
    Effect::new(move || {
        let Some(element) = element.get() else { return };
        measure.request();
        let measure = measure.clone();
        let listener = Closure::<dyn Fn()>::new(move || measure.request());
        let Ok(observer) = web_sys::ResizeObserver::new(listener.as_ref().unchecked_ref()) else {
            return;
        };
        observer.observe(element.as_ref());
        let held = StoredValue::new_local((observer, listener));
        on_cleanup(move || {
            held.with_value(|(observer, _)| observer.disconnect());
        });
    });
}
