//! Starts the user interface in the browser.

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(rewind_app::App);
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
