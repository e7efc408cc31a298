//! Directories that hold no model, or more than one mistake.

use crate::container::checkpoint;
use crate::support::{Directory, fixture, has_all, messages};
use percio_codegen_core::load;
use percio_codegen_core::scheme::{LoadOptions, load_tracked};
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
    let all = complaints(&fixture("tiny-mlm/config.json"));
    has_all(&all[0], &["is JSON without an object `weight_map`", "name the file of the weights"]);
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

/// A model directory whose weights have another name.
fn renamed(file: &str) -> Directory {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    fs::rename(directory.path().join("model.safetensors"), directory.path().join(file)).unwrap();
    directory
}

#[test]
fn weights_of_other_libraries() {
    let all = complaints(renamed("flax_model.msgpack").path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["model.safetensors", "does not exist", "`flax_model.msgpack`", "save_pretrained"]);
    let all = complaints(renamed("model.onnx").path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["model.safetensors", "does not exist", "pytorch_model.bin", "*.ckpt", "save the weights there"]);
}

/// The content of a file tells its format; its name only says that it is weights.
#[test]
fn weights_of_another_name() {
    let directory = renamed("epoch=3.ckpt");
    let by_directory = load(directory.path(), &LoadOptions::default()).unwrap();
    let file = directory.path().join("epoch=3.ckpt");
    let (by_file, files) = load_tracked(&file, &LoadOptions::default()).unwrap();
    assert_eq!(by_file.name, "epoch=3");
    assert_eq!((by_file.parameters, by_directory.parameters), (47_488, 47_488));
    assert_eq!(files, [directory.path().join("config.json"), file]);
}

/// Lightning's file says itself what the model is, unless a configuration does.
#[test]
fn hyper_parameters_stand_in_for_the_configuration() {
    let place = tempfile::tempdir().unwrap();
    fs::copy(checkpoint("lightning.ckpt"), place.path().join("last.ckpt")).unwrap();
    let all = complaints(place.path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["`model_type`", "missing"]);
    fs::write(place.path().join("config.json"), "{\"model_type\": \"bert\"}").unwrap();
    has_all(&complaints(place.path())[0], &["`model_type`", "\"bert\""]);
}

#[test]
fn several_files_of_weights() {
    let directory = renamed("a.ckpt");
    fs::copy(directory.path().join("a.ckpt"), directory.path().join("b.pt")).unwrap();
    let all = complaints(directory.path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["holds 2 files of weights, expected one: `a.ckpt`, `b.pt`", "remove the others", "a.ckpt`)"]);
    fs::copy(directory.path().join("a.ckpt"), directory.path().join("model.safetensors")).unwrap();
    let (_, files) = load_tracked(directory.path(), &LoadOptions::default()).unwrap();
    assert_eq!(files[1], directory.path().join("model.safetensors"), "it comes before any other");
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
    for fixture in [
        "native-multi",
        "native-grid",
        "native-ids",
        "hf-image-conv",
        "hf-masked-lm",
        "krasserm-06-image",
        "lucidrains-perceiver",
    ] {
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
