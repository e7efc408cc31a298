//! Tells the code which Cortex-M it is built for, as `cfg(percio_isa = "cortex_m")` and `cfg(percio_cortex_m = "m4")`: the
//! compiler's own `target_feature` is silent about these processors.
//!
//! The processor is the one of `-C target-cpu`. Where none is named it is the least that the target stands for: a
//! Cortex-M4 for thumbv7em, a Cortex-M33 for thumbv8m.main.

use std::env;

/// Processors by the names that `-C target-cpu` takes: the instruction set, and whose timing the loops are made for.
const PROCESSORS: [(&str, &str, &str); 5] = [
    ("cortex-m4", "cortex_m", "m4"),
    ("cortex-m7", "cortex_m", "m7"),
    ("cortex-m33", "cortex_m", "m33"),
    ("cortex-m35p", "cortex_m", "m33"),
    ("star-mc1", "cortex_m", "m33"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(r#"cargo::rustc-check-cfg=cfg(percio_isa, values("cortex_m"))"#);
    println!(r#"cargo::rustc-check-cfg=cfg(percio_cortex_m, values("m4", "m7", "m33"))"#);
    let (target, flags) = (variable("TARGET"), variable("CARGO_ENCODED_RUSTFLAGS"));
    let least = match target.as_str() {
        "thumbv7em-none-eabihf" => "cortex-m4",
        "thumbv8m.main-none-eabihf" => "cortex-m33",
        // Others have no floating-point unit, or are no Cortex-M.
        _ => return,
    };
    let named = processor(&flags).unwrap_or(least);
    if let Some((_, isa, core)) = PROCESSORS.iter().find(|(name, ..)| *name == named) {
        println!("cargo::rustc-cfg=percio_isa=\"{isa}\"");
        println!("cargo::rustc-cfg=percio_cortex_m=\"{core}\"");
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The processor that the last `-C target-cpu` of `flags` names; they are parted by the unit separator, and `-C` may be a
/// flag of its own.
fn processor(flags: &str) -> Option<&str> {
    let flags = flags.split('\x1f').map(|flag| flag.strip_prefix("-C").unwrap_or(flag).trim_start());
    flags.filter_map(|flag| flag.strip_prefix("target-cpu=")).next_back()
}
