//! `percio evaluate`: the figures of the bundled models, and what it says of data that it cannot use.

use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A bundled model.
fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models").join(name)
}

fn evaluate(model: &Path, data: &Path, rest: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg("evaluate").arg(model).arg("--data").arg(data).args(rest).env_remove("PERCIO_ISA");
    command.output().expect("percio starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The name, value and count of each score of the model's samples that are bundled with it.
fn bundled(name: &str) -> Vec<(String, f64, u64)> {
    let output = evaluate(&model(name), &model(name).join("reference.safetensors"), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["model"], &report["weights"]), (&name.into(), &"f32".into()));
    let scores = report["outputs"][0]["scores"].as_array().expect("scores").clone();
    let read = |score: &Value| {
        let name = score["name"].as_str().expect("a name").to_owned();
        (name, score["value"].as_f64().expect("a number"), score["count"].as_u64().expect("a count"))
    };
    scores.iter().map(read).collect()
}

#[test]
fn bundled_samples_of_motion() {
    assert_eq!(bundled("motion"), [("accuracy".to_owned(), MOTION_RIGHT / 48.0, 48)]);
}

#[test]
fn bundled_samples_of_digits() {
    assert_eq!(bundled("digits"), [("accuracy".to_owned(), 1.0, 40)]);
}

#[test]
fn bundled_samples_of_phonemes() {
    let scores = [("sequence_error", 15.0 / 305.0, 305), ("right_sequences", 34.0 / 48.0, 48)];
    assert_eq!(bundled("phonemes"), scores.map(|(name, value, count)| (name.to_owned(), value, count)));
}

#[test]
fn figures_are_shown_for_people() {
    let output = evaluate(&model("motion"), &model("motion").join("reference.safetensors"), &[]);
    let shown = text(&output.stdout);
    let figure = format!("accuracy of logits: {:.2} % of 48\n", 100.0 * MOTION_RIGHT / 48.0);
    assert!(shown.starts_with("48 samples, interpreter on ") && shown.ends_with(&figure), "{shown}");
}

/// What `evaluate` says of motion's inputs with this array and this metric; it must not print anything else.
fn said(array: Option<(&str, TensorView<'_>)>, metric: Option<&str>) -> String {
    let bytes = std::fs::read(model("motion").join("reference.safetensors")).expect("the reference");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let inputs = file.iter().filter(|(name, _)| name.starts_with("input."));
    let tensors: Vec<(&str, TensorView<'_>)> = inputs.chain(array).collect();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("data.safetensors");
    let metadata = metric.map(|metric| HashMap::from([("metric".to_owned(), metric.to_owned())]));
    safetensors::serialize_to_file(tensors, metadata, &path).expect("written");
    let output = evaluate(&model("motion"), &path, &[]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
    text(&output.stderr)
}

fn has(sentence: &str, part: &str) {
    assert!(sentence.contains(part), "{sentence}");
}

#[test]
fn data_that_cannot_be_used_is_said() {
    let bytes = [0; 4 * 48 * 7];
    let view = |dtype, shape: Vec<usize>| {
        let len = 4 * shape.iter().product::<usize>();
        TensorView::new(dtype, shape, &bytes[..len]).expect("as many bytes")
    };
    has(&said(None, None), "the file has no label.<output> of the model's outputs `logits`: add the right answers");
    has(&said(None, Some("end_point_error")), "the file has no truth.<output>");
    has(
        &said(None, Some("beauty")),
        "`metric` is \"beauty\", expected one of accuracy, sequence_error, end_point_error",
    );
    let wrong = said(Some(("label.logits", view(Dtype::I32, vec![47]))), None);
    has(&wrong, "`label.logits` has shape [47], expected a class for each of 48 samples × 1 rows");
    has(&said(Some(("label.logits", view(Dtype::F32, vec![48]))), None), "expected classes as integers");
    has(
        &said(Some(("truth.logits", view(Dtype::F32, vec![48, 6]))), None),
        "`truth.logits` has shape [48, 6], expected [7]",
    );
    has(&said(Some(("truth.logits", view(Dtype::I32, vec![48, 7]))), None), "`truth.logits` holds integers");
    let ones: Vec<u8> = [-1i32; 48].iter().flat_map(|class| class.to_le_bytes()).collect();
    let none = TensorView::new(Dtype::I32, vec![48], &ones).expect("as many bytes");
    has(&said(Some(("label.logits", none)), None), "`label.logits` counts no row");
    let absent = evaluate(&model("motion"), Path::new("absent.safetensors"), &[]);
    assert_eq!(absent.status.code(), Some(2));
    has(&text(&absent.stderr), "absent.safetensors");
}

/// Of the 48 bundled windows.
const MOTION_RIGHT: f64 = 46.0;
