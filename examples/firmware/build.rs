//! Hands the linker the memory map, and turns the reference file into plain bytes for `src/windows.rs`.

use safetensors::SafeTensors;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Relative to the manifest's directory.
const REFERENCE: &str = "../models/motion/reference.safetensors";
/// What a window consists of, in the order of the bytes.
const INPUTS: [&str; 2] = ["input.acceleration", "input.rotation"];
/// The true class of each window.
const LABEL: &str = "label.logits";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x is copied to OUT_DIR");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={REFERENCE}");
    windows(&out);
}

/// Writes `windows.bin`, each window's numbers (f32, little-endian) input after input, and `truth.bin`, a byte a window.
fn windows(out: &Path) {
    let file = fs::read(REFERENCE).unwrap_or_else(|error| panic!("{REFERENCE}: {error}"));
    let tensors = SafeTensors::deserialize(&file).unwrap_or_else(|error| panic!("{REFERENCE}: {error}"));
    let tensor = |name| tensors.tensor(name).unwrap_or_else(|error| panic!("{REFERENCE}: {name}: {error}"));
    let labels = tensor(LABEL);
    let truth: Vec<u8> = labels.data().chunks(4).map(|label| label[0]).collect();
    let inputs = INPUTS.map(tensor);
    let mut windows = Vec::new();
    for window in 0..truth.len() {
        for input in &inputs {
            let bytes = input.data().len() / truth.len();
            windows.extend_from_slice(&input.data()[window * bytes..][..bytes]);
        }
    }
    fs::write(out.join("windows.bin"), windows).expect("windows.bin is written to OUT_DIR");
    fs::write(out.join("truth.bin"), truth).expect("truth.bin is written to OUT_DIR");
}
