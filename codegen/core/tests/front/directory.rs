//! Directories that hold no model, or more than one mistake.

use crate::support::{Directory, fixture, has_all, messages};
use percio_codegen_core::load;
use percio_codegen_core::scheme::LoadOptions;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn complaints(path: &Path) -> Vec<String> {
    messages(&load(path, &LoadOptions::default()).unwrap_err())
}

#[test]
fn no_directory() {
    let place = tempfile::tempdir().unwrap();
    let all = complaints(&place.path().join("nowhere"));
    assert_eq!(all.len(), 1);
    has_all(&all[0], &["nowhere", "does not exist", "config.json and model.safetensors"]);
    has_all(&complaints(&fixture("tiny-mlm/config.json"))[0], &["is a file", "expected the directory"]);
}

#[test]
fn empty_directory() {
    let place = tempfile::tempdir().unwrap();
    let all = complaints(place.path());
    assert_eq!(all.len(), 2, "{all:#?}");
    has_all(&all[0], &["config.json", "does not exist"]);
    has_all(&all[1], &["model.safetensors", "does not exist"]);
}

#[test]
fn invalid_json() {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    fs::write(directory.path().join("config.json"), "{\n  \"model_type\": \"perceiver\",\n  oops\n}").unwrap();
    let all = complaints(directory.path());
    assert_eq!(all.len(), 1);
    has_all(&all[0], &["config.json", "is not JSON", "line 3 column 3"]);
    fs::write(directory.path().join("config.json"), "[1]").unwrap();
    has_all(&complaints(directory.path())[0], &["`model_type`", "missing"]);
}

#[test]
fn other_weights() {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    fs::rename(directory.path().join("model.safetensors"), directory.path().join("pytorch_model.bin")).unwrap();
    let all = complaints(directory.path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["model.safetensors", "does not exist", "pytorch_model.bin", "save_pretrained"]);
}

#[test]
fn model_type() {
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/model_type", "bert");
    directory.complains(&["\"bert\"", "\"percio\"", "\"perceiver\""]);
    directory.unset("/model_type");
    directory.complains(&["`model_type` in config.json is missing", "\"percio\""]);
}

/// Wrong weights do not hide a wrong configuration.
#[test]
fn both_files_wrong() {
    let mut directory = Directory::of("native-ids");
    directory.set("/encoder/cross/heads", 4);
    directory.write();
    fs::remove_file(directory.path().join("model.safetensors")).unwrap();
    let all = complaints(directory.path());
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all.join("\n"), &["does not exist", "4 heads", "`the tokens' width`"]);
}

#[test]
fn input_shapes() {
    let mut directory = Directory::of("native-ids");
    directory.shape("ids", &[13]);
    directory.load().unwrap();
    directory.shape("ids", &[12]).shape("pixels", &[3]);
    let all = directory.complaints();
    assert_eq!(all.len(), 2, "{all:#?}");
    has_all(&all[0], &["`ids` is [12]", "fixes [13]"]);
    has_all(&all[1], &["`pixels`", "one of the inputs `ids`"]);
}

/// JSON pointers to every value of `value`, itself left out.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, below)| (name.clone(), below)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, below)| (index.to_string(), below)).collect(),
        _ => Vec::new(),
    };
    for (name, below) in entries {
        let pointer = format!("{at}/{name}");
        pointers(below, &pointer, found);
        found.push(pointer);
    }
}

/// Every value of a configuration, replaced by every odd one: a model or sentences, and never a panic.
#[test]
fn odd_values_are_explained() {
    let odd = [
        json!(null),
        json!(0),
        json!(-1),
        json!(3),
        json!(1 << 20),
        json!(u64::MAX),
        json!(1e300),
        json!("x"),
        json!([]),
        json!({}),
    ];
    for fixture in ["native-multi", "native-grid", "native-ids", "hf-image-conv", "hf-masked-lm"] {
        let directory = Directory::of(fixture);
        directory.write();
        let mut places = Vec::new();
        pointers(&directory.config, "", &mut places);
        for (place, value) in places.iter().flat_map(|place| odd.iter().map(move |value| (place, value))) {
            let mut config = directory.config.clone();
            *config.pointer_mut(place).unwrap() = value.clone();
            fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
            if let Err(problems) = load(directory.path(), &LoadOptions::default()) {
                assert!(!problems.is_empty(), "{fixture} {place} {value}");
            }
        }
    }
}
