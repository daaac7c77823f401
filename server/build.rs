//! Builds the server anew when the front end that it embeds was built anew.

fn main() {
    println!("cargo::rerun-if-changed=../dist");
    println!("cargo::rerun-if-changed=build.rs");
}
