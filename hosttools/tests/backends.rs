//! The generated code, on this machine and on boards in QEMU, against the interpreter and the reference.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The boards, and the instruction set of the code for them.
const BOARDS: [(&str, &str); 4] =
    [("qemu-m4", "cortex-m4"), ("qemu-m7", "cortex-m7"), ("qemu-m33", "cortex-m33"), ("qemu-m55", "mve")];

/// A directory of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The JSON that `percio` prints; the crates it builds lie below cargo's directory for tests.
fn percio(subcommand: &str, model: &Path, options: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg(subcommand).arg(model).args(options).args(["--format", "json"]);
    let output = command.env("PERCIO_CACHE", env!("CARGO_TARGET_TMPDIR")).output().expect("percio starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{subcommand} {} {options:?}: {errors}", model.display());
    serde_json::from_slice(&output.stdout).expect("percio prints JSON")
}

#[test]
fn every_back_end_holds() {
    for model in ["tests/fixtures/tiny-mlm", "tests/fixtures/native-multi", "examples/models/motion"] {
        let model = repository(model);
        let reference = model.join("reference.safetensors");
        let reference = reference.to_str().expect("the repository's path is text");
        let compare = |backend| {
            let report = percio("compare", &model, &["--reference", reference, "--backend", backend]);
            assert_eq!(report["passed"], true, "{report:#}");
            report
        };
        let [interpreter, generated] = ["interpreter", "generated"].map(compare);
        assert_eq!(interpreter["outputs"], generated["outputs"], "one instruction set, bit for bit");
        for (board, isa) in BOARDS {
            assert_eq!(compare(board)["isa"], isa);
        }
    }
}

#[test]
fn instructions_are_counted_exactly() {
    let model = repository("tests/fixtures/native-multi");
    let macs = percio("info", &model, &[])["macs"].as_u64().expect("info gives macs");
    for (board, _) in BOARDS {
        let [first, second] = [0; 2].map(|_| percio("bench", &model, &["--backend", board]));
        assert_eq!(first, second, "the same program counts the same");
        let count = first["instructions"].as_u64().expect("boards count instructions");
        assert!((macs..20 * macs).contains(&count), "{first:#} for {macs} MACs");
        // `bench` fails when the board's counter and the log that the estimate is made of differ by one instruction.
        let cycles = first["cycles_estimate"].as_u64();
        assert_eq!(cycles.is_some(), board != "qemu-m55", "{first:#}");
        assert!(cycles.is_none_or(|cycles| (count / 2..10 * count).contains(&cycles)), "{first:#}");
    }
}

/// Half the flash, the same classes, on a board too.
#[test]
fn weights_of_half_width_hold() {
    let model = repository("examples/models/motion");
    let reference = model.join("reference.safetensors");
    let reference = reference.to_str().expect("the repository's path is text");
    let number =
        |report: &Value, field: &str| report[field].as_f64().unwrap_or_else(|| panic!("no {field}: {report:#}"));
    let flash = |weights| number(&percio("info", &model, &["--weights", weights]), "flash_bytes");
    let instructions =
        |weights| number(&percio("bench", &model, &["--backend", "qemu-m4", "--weights", weights]), "instructions");
    // bf16 keeps eight bits of a weight: one window of 48 may be told another class.
    for (weights, backend, agreement) in
        [("f16", "interpreter", 1.0), ("f16", "qemu-m4", 1.0), ("bf16", "interpreter", 47.0 / 48.0)]
    {
        assert!(flash(weights) <= 0.55 * flash("f32"), "{weights}: {} of {}", flash(weights), flash("f32"));
        let options = ["--reference", reference, "--backend", backend, "--weights", weights];
        let report = percio("compare", &model, &options);
        assert_eq!(report["passed"], true, "{report:#}");
        assert!(number(&report["outputs"][0], "top1_agreement") >= agreement, "{report:#}");
    }
    let [full, half] = ["f32", "f16"].map(instructions);
    println!("motion on Cortex-M4: {half} instructions with f16 weights, {full} with f32");
    assert!(half <= 1.15 * full, "{half} instructions with f16 weights, {full} with f32");
}
