//! Chooses the front end to embed, and builds the server again when that was built again.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=REWIND_FRONT_END");
    println!("cargo::rustc-check-cfg=cfg(quick_front_end)");
    // Where xtask puts the two kinds of it.
    let mut dist = "../dist";
    if env::var("REWIND_FRONT_END").is_ok_and(|kind| kind == "quick") {
        dist = "../target/xtask/frontend/quick/dist";
        println!("cargo::rustc-cfg=quick_front_end");
    }
    // A build with debug assertions reads the front end when it is asked for it.
    if env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none() {
        println!("cargo::rerun-if-changed={dist}");
    }
}
