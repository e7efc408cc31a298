//! The build script of a crate that prefers one to the attribute; `build_script.rs` uses what it writes.

use percio_codegen_core::Build;

fn main() {
    Build::new("FromBuildScript", "fixtures/native-multi").generate();
}
