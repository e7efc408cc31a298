//! A planted fault is found at the stage where it is.

use crate::support::{Tensors, compare, copy, directory, errors, fixture, percio, text};
use serde_json::Value;
use std::path::Path;

const MODEL: &str = "hf-masked-lm";

/// The report of the model with changed weights and configuration.
fn report(weights: impl FnOnce(&mut Tensors), config: impl FnOnce(String) -> String) -> Value {
    let copied = directory();
    copy(MODEL, copied.path(), weights, config);
    compare(copied.path(), &fixture(MODEL).join("reference-stages.safetensors"), &[])
}

/// All stages before `stage` hold, `stage` does not.
fn assert_found_at(stage: &str, report: &Value) {
    assert_eq!((&report["passed"], &report["first_over"]), (&Value::Bool(false), &stage.into()), "{report:#}");
    let stages = report["stages"].as_array().expect("stages");
    let place = stages.iter().position(|found| found["name"] == stage).expect("the stage is compared");
    assert!(stages[..place].iter().all(|stage| stage["passed"] == true) && stages[place]["passed"] == false);
}

#[test]
fn without_a_fault_all_stages_hold() {
    let report = report(|_| (), |config| config);
    assert_eq!((&report["passed"], &report["first_over"]), (&Value::Bool(true), &Value::Null), "{report:#}");
    let names: Vec<&str> =
        report["stages"].as_array().expect("stages").iter().filter_map(|s| s["name"].as_str()).collect();
    let layers = ["encoder.layers.0", "encoder.layers.1", "encoder.layers.0#2", "encoder.layers.1#2"];
    assert_eq!(names, [["embedding", "tokens", "encoder.cross"].as_slice(), &layers, &["decoder.cross"]].concat());
    assert_eq!(report["not_compared"], serde_json::json!([]));
}

#[test]
fn one_bit_of_a_weight() {
    let flip = |tensors: &mut Tensors| {
        let tensor = tensors.get("perceiver.encoder.self_attends.1.mlp.dense1.weight");
        // The lowest bit of an exponent: the number is twice or half of what it was.
        tensor.bytes[4 * 40 + 2] ^= 0x80;
    };
    assert_found_at("encoder.layers.1", &report(flip, |config| config));
}

#[test]
fn the_other_gelu() {
    let other = |config: String| config.replace("\"gelu_new\"", "\"gelu\"");
    assert_found_at("encoder.cross", &report(|_| (), other));
}

#[test]
fn two_heads_swapped() {
    let swap = |tensors: &mut Tensors| {
        // 18 rows of three heads: the first two change places.
        for part in ["weight", "bias"] {
            let value = tensors.get(&format!("perceiver.encoder.self_attends.0.attention.self.value.{part}"));
            value.change(|rows| rows[..12].rotate_left(6));
        }
    };
    assert_found_at("encoder.layers.0", &report(swap, |config| config));
}

#[test]
fn a_position_table_off_by_one() {
    let shift = |tensors: &mut Tensors| {
        let positions = tensors.get("perceiver.input_preprocessor.position_embeddings.weight");
        positions.change(|rows| rows.rotate_left(1));
    };
    assert_found_at("tokens", &report(shift, |config| config));
}

#[test]
fn one_mask_inverted() {
    let reference = directory().path().join("reference.safetensors");
    std::fs::create_dir_all(reference.parent().expect("a directory")).expect("a directory for files");
    let mut tensors = Tensors::read(&fixture(MODEL).join("reference-stages.safetensors"));
    let mask = &mut tensors.get("input.attention_mask").bytes;
    // Eight bytes a token: the second sample's.
    let second = mask.len() / 2;
    mask[second..]
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .for_each(|entry| *entry = (1 - i64::from_le_bytes(*entry)).to_le_bytes());
    tensors.write(&reference);
    let report = compare(&fixture(MODEL), &reference, &[]);
    assert_found_at("encoder.cross", &report);
    assert_eq!(report["stages"][2]["worst_sample"], 1);
}

#[test]
fn the_text_says_where() {
    let copied = directory();
    copy(MODEL, copied.path(), |_| (), |config| config.replace("\"gelu_new\"", "\"gelu\""));
    let reference = fixture(MODEL).join("reference-stages.safetensors");
    let output =
        percio(&["compare", text(copied.path()), "--reference", text(Path::new(&reference)), "--isa", "scalar"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = "interpreter on scalar: `tokens` is right, `encoder.cross` is not: ";
    assert!(printed.contains(said), "{printed}");
}
