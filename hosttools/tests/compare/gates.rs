//! What is held against what, and what has to hold.

use crate::support::{Tensors, compare, directory, errors, fixture, percio, text};
use serde_json::{Value, json};

const MODEL: &str = "hf-masked-lm";

#[test]
fn each_gate_can_fail() {
    let reference = fixture(MODEL).join("reference.safetensors");
    let passed = |gate: &[&str]| compare(&fixture(MODEL), &reference, gate)["passed"].clone();
    for (gate, holds, fails) in
        [("--max-error", "1e-4", "1e-12"), ("--min-snr", "90", "1000"), ("--min-top1", "0.9", "1")]
    {
        assert_eq!(passed(&[gate, holds]), true, "{gate} {holds}");
        // A share of 1 is reached here.
        assert_eq!(passed(&[gate, fails]), gate == "--min-top1", "{gate} {fails}");
    }
    let mut tensors = Tensors::read(&reference);
    tensors.get("output.logits").change(|samples| samples[0].iter_mut().for_each(|number| *number = -*number));
    let directory = directory();
    let negative = directory.path().join("negative.safetensors");
    tensors.write(&negative);
    let report = compare(&fixture(MODEL), &negative, &["--max-error", "10", "--min-top1", "0.9"]);
    assert_eq!((&report["passed"], &report["gates"]["min_top1"]), (&json!(false), &json!(0.9)));
}

#[test]
fn another_reference_stands_beside_the_device() {
    let reference = fixture(MODEL).join("reference-stages.safetensors");
    let mut tensors = Tensors::read(&reference);
    // As half precision rounds.
    let round = |number: &mut f32| *number = f32::from_bits((number.to_bits() + 0x1000) & !0x1FFF);
    for name in ["output.logits", "stage.encoder.cross"] {
        tensors.get(name).change(|rows| rows.iter_mut().flatten().for_each(round));
    }
    let directory = directory();
    let half = directory.path().join("half.safetensors");
    tensors.write(&half);
    let report = compare(&fixture(MODEL), &reference, &["--reference", text(&half), "--isa", "scalar"]);
    assert_eq!(report["passed"], true, "what other references are off by is not the device's: {report:#}");
    let other = &report["references"][0];
    assert_eq!((&other["file"], &other["outputs"][0]["name"]), (&json!("half.safetensors"), &json!("logits")));
    let error = |report: &Value| report["outputs"][0]["rel_l2"].as_f64().expect("a distance");
    assert!(error(&report) < 1e-5 && (1e-5..1e-3).contains(&error(other)), "{} {}", error(&report), error(other));
    let stage =
        |name: &str| other["stages"].as_array().and_then(|stages| stages.iter().find(|stage| stage["name"] == name));
    let distance = |name: &str| stage(name).and_then(|stage| stage["max_abs"].as_f64()).expect("a distance");
    assert!(distance("encoder.cross") > 0.0 && distance("tokens") == 0.0);

    let others = fixture(MODEL).join("reference.safetensors");
    let output =
        percio(&["compare", text(&fixture(MODEL)), "--reference", text(&reference), "--reference", text(&others)]);
    let message = "error: `reference.safetensors` holds other inputs than `reference-stages.safetensors`";
    assert!(output.status.code() == Some(2) && errors(&output).starts_with(message), "{}", errors(&output));
}

#[test]
fn instruction_sets_stand_side_by_side() {
    let (model, reference) = (fixture(MODEL), fixture(MODEL).join("reference-stages.safetensors"));
    let best = percio::isa::name();
    let report = compare(&model, &reference, &["--isa", &format!("scalar,{best}")]);
    let isas: Vec<&str> =
        report["runs"].as_array().expect("runs").iter().filter_map(|run| run["isa"].as_str()).collect();
    assert_eq!(isas, ["scalar", best]);
    let generated = compare(&model, &reference, &["--isa", "scalar", "--backend", "interpreter,generated"]);
    let runs = generated["runs"].as_array().expect("runs");
    assert_eq!(runs[0]["outputs"], runs[1]["outputs"], "on one instruction set the two agree bit for bit");
    assert_eq!((&runs[1]["isa"], &runs[1]["stages"]), (&json!("scalar"), &json!([])));

    let said = |rest: &[&str]| {
        let output = percio(&[&["compare", text(&model), "--reference", text(&reference)], rest].concat());
        assert_eq!(output.status.code(), Some(2));
        errors(&output)
    };
    assert!(said(&["--isa", "abacus"]).starts_with("error: no instruction set `abacus`"));
    assert!(said(&["--isa", "scalar", "--backend", "qemu-m4"]).contains("none of the back ends runs on this machine"));
    assert!(said(&["--samples", "0..3"]).contains("--samples 0..3: the reference has 2 samples"));
}

#[test]
fn number_types_stand_side_by_side() {
    let (model, reference) = (fixture(MODEL), fixture(MODEL).join("reference-stages.safetensors"));
    let report = compare(&model, &reference, &["--isa", "scalar", "--also-weights", "f16,bf16"]);
    assert_eq!(report["passed"], true, "each is held to the bound of its type: {report:#}");
    let runs = report["runs"].as_array().expect("runs");
    let weights: Vec<&str> = runs.iter().filter_map(|run| run["weights"].as_str()).collect();
    assert_eq!(weights, ["f32", "f16", "bf16"]);
    let errors: Vec<f64> = runs.iter().filter_map(|run| run["outputs"][0]["rel_l2"].as_f64()).collect();
    assert!(errors[0] < errors[1] && errors[1] < errors[2], "{errors:?}");
    assert_eq!(runs[1]["stages"].as_array().map(Vec::len), runs[0]["stages"].as_array().map(Vec::len));
}

#[test]
fn numbers_that_cannot_be_reached_are_named() {
    let mut tensors = Tensors::read(&fixture(MODEL).join("reference.safetensors"));
    tensors.get("output.logits").change(|samples| samples[1][31] = f32::NAN);
    let directory = directory();
    let reference = directory.path().join("reference.safetensors");
    tensors.write(&reference);
    let report = compare(&fixture(MODEL), &reference, &[]);
    assert_eq!((&report["passed"], &report["outputs"][0]["max_abs"]), (&json!(false), &Value::Null));
    let remark = "`reference.safetensors`: `output.logits` holds NaN in sample 1, row 1: such a number is never reached; \
                  write the reference anew";
    assert_eq!(report["remarks"], json!([remark]));
}
