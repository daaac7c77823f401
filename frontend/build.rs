//! Keeps in the program what splitting it needs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_wasm = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32");
    if is_wasm && std::env::var_os("CARGO_FEATURE_SPLIT").is_some() {
        // The splitter follows the relocations to find out which function needs which.
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
        // Symbols are stripped, but wasm-bindgen must know which features the program uses.
        println!("cargo::rustc-link-arg-bins=--keep-section=target_features");
    }
}
