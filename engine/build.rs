//! Tells the code which instruction set the target guarantees beyond what Rust's own `target_feature` says or is asked for:
//! `cfg(percio_isa = "…")`, and for Cortex-M processors without vectors `cfg(percio_cortex_m = "…")`, whose timing the
//! loops are made for. The compiler's `target_feature` is silent about Cortex-M.
//!
//! The processor is the one of `-C target-cpu`. Where none is named it is the least that the target stands for: a
//! Cortex-M4 for thumbv7em, a Cortex-M33 for thumbv8m.main.

use std::env;

/// Processors by the names that `-C target-cpu` takes, and whose timing the loops are made for.
const CORTEX_M: [(&str, &str); 8] = [
    ("cortex-m4", "m4"),
    ("cortex-m7", "m7"),
    ("cortex-m33", "m33"),
    ("cortex-m35p", "m33"),
    ("star-mc1", "m33"),
    // Without vectors, as `-C target-feature=-mve` makes them.
    ("cortex-m52", "m33"),
    ("cortex-m55", "m33"),
    ("cortex-m85", "m33"),
];
/// Those that have vectors of floating-point numbers.
const MVE: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(percio_isa, values("cortex_m", "mve", "neon", "simd128"))"#);
    println!(r#"cargo::rustc-check-cfg=cfg(percio_cortex_m, values("m4", "m7", "m33"))"#);
    let (target, flags) = (variable("TARGET"), variable("CARGO_ENCODED_RUSTFLAGS"));
    let least = match target.as_str() {
        "thumbv7em-none-eabihf" => "cortex-m4",
        "thumbv8m.main-none-eabihf" => "cortex-m33",
        // Others have no floating-point unit, or are no Cortex-M.
        _ => return vectors(&variable("CARGO_CFG_TARGET_ARCH"), &variable("CARGO_CFG_TARGET_FEATURE")),
    };
    let named = values(&flags, "target-cpu=").next_back().unwrap_or(least);
    let vectors =
        !values(&flags, "target-feature=").flat_map(|list| list.split(',')).any(|name| name.starts_with("-mve"));
    if MVE.contains(&named) && vectors {
        isa("mve");
    } else if let Some((_, core)) = CORTEX_M.iter().find(|(name, ..)| *name == named) {
        isa("cortex_m");
        println!("cargo::rustc-cfg=percio_cortex_m=\"{core}\"");
    }
}

/// The vectors of processors that are no Cortex-M; x86-64 is asked at run time.
fn vectors(arch: &str, features: &str) {
    let has = |name: &str| features.split(',').any(|feature| feature == name);
    match arch {
        "aarch64" if has("neon") => isa("neon"),
        "wasm32" if has("simd128") => isa("simd128"),
        _ => {}
    }
}

fn isa(name: &str) {
    println!("cargo::rustc-cfg=percio_isa=\"{name}\"");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// What the flags `-C {name}…` of `flags` say; they are parted by the unit separator, and `-C` may be a flag of its own.
fn values<'f>(flags: &'f str, name: &str) -> impl DoubleEndedIterator<Item = &'f str> {
    let flags = flags.split('\x1f').map(|flag| flag.strip_prefix("-C").unwrap_or(flag).trim_start());
    flags.filter_map(move |flag| flag.strip_prefix(name))
}
