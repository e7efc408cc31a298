//! What every bundled model has to be: small, explained, real samples beside it, and the same numbers as its framework computed.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of a model's weights, in bytes.
const LARGEST: u64 = 1_200_000;
const FEWEST_SAMPLES: u64 = 32;
/// Sections of each README.
const SECTIONS: [&str; 3] = ["## Data", "## Result", "## What it does not solve"];

/// The directories of all bundled models.
fn models() -> Vec<PathBuf> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models");
    let entries = fs::read_dir(models).expect("the directory of models").map(|entry| entry.expect("an entry").path());
    let models: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    assert!(!models.is_empty(), "no model is bundled");
    models
}

fn compare(model: &Path, backend: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg("compare").arg(model).arg("--reference").arg(model.join("reference.safetensors"));
    command.args(["--backend", backend, "--format", "json"]).env_remove("PERCIO_ISA");
    let output = command.env("PERCIO_CACHE", env!("CARGO_TARGET_TMPDIR")).output().expect("percio starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} on {backend}: {errors}", model.display());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn each_computes_what_its_framework_computed() {
    for model in models() {
        let [interpreter, generated] = ["interpreter", "generated"].map(|backend| compare(&model, backend));
        for report in [&interpreter, &generated] {
            assert_eq!(report["passed"], true, "{report:#}");
        }
        assert_eq!(interpreter["outputs"], generated["outputs"], "one instruction set, bit for bit");
        let samples = interpreter["samples"].as_u64().expect("a number of samples");
        assert!(samples >= FEWEST_SAMPLES, "{}: {samples} samples", model.display());
    }
}

#[test]
fn each_is_small_and_explained() {
    for model in models() {
        let weights = fs::metadata(model.join("model.safetensors")).expect("weights").len();
        assert!(weights <= LARGEST, "{}: {weights} bytes", model.display());
        let readme = fs::read_to_string(model.join("README.md")).expect("a README");
        for section in SECTIONS {
            assert!(readme.contains(section), "{} lacks \"{section}\"", model.display());
        }
        let command = format!("percio-train {}", model.file_name().and_then(|name| name.to_str()).expect("a name"));
        assert!(readme.contains(&command), "{} does not say `{command}`", model.display());
    }
}
