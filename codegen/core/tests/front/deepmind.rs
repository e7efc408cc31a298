//! Checkpoints of DeepMind's original.

use crate::support::fixture;
use percio_codegen_core::model::{Activation, EmptyRows, Layout, Model, Residual, Stem};
use percio_codegen_core::scheme::Fidelity;
use percio_codegen_core::{LoadOptions, Problems, load};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

/// A copy of the parameters of a fixture, with another configuration or with none.
fn copy(name: &str, file: &str, config: Option<&Value>) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::copy(fixture(name).join(file), place.path().join(file)).unwrap();
    if let Some(config) = config {
        fs::write(place.path().join("config.json"), config.to_string()).unwrap();
    }
    place
}

fn loaded(name: &str, file: &str, config: Option<&Value>) -> Result<Model, Problems> {
    load(copy(name, file, config).path(), &LoadOptions::default())
}

#[test]
fn the_original_differs_from_its_port() {
    let config = json!({ "library": "deepmind-research/perceiver", "args": {
        "num_blocks": 3, "num_self_attention_heads": 3, "image_size": [5, 6] } });
    let model = loaded("deepmind-image-learned", "model.safetensors", Some(&config)).unwrap();
    assert_eq!(model.provenance.implementation, "DeepMind's original (JAX, Haiku), learned_position_encoding");
    assert_eq!(model.inputs[0].name, "inputs");
    assert!(matches!(model.inputs[0].stem, Stem::Image { height: 5, width: 6, layout: Layout::ChannelsLast, .. }));
    let decoder = &model.decoder.unwrap().block;
    assert!(matches!(decoder.attention.residual, Residual::None), "the port adds the query here");
    assert_eq!(decoder.mlp.as_ref().unwrap().activation, Activation::GeluTanh);
    assert_eq!(model.blocks[0].attention.empty_rows, EmptyRows::Zero);
}

#[test]
fn parameters_alone_are_those_of_a_released_model() {
    let problems = loaded("deepmind-image-fourier", "model.safetensors", None).unwrap_err().to_string();
    // The fixture's layers have three heads; those of the released classifiers have eight.
    assert!(
        problems.contains("8 heads (`num_self_attention_heads`) of `encoder.layers.0` cannot share 12 numbers"),
        "{problems}"
    );
}

#[test]
fn mistakes_are_explained() {
    let config = json!({ "library": "deepmind-research/perceiver", "class": "flow", "args": { "num_blocks": "three", "heads": 3 } });
    let problems = loaded("deepmind-image-fourier", "model.safetensors", Some(&config)).unwrap_err().to_string();
    for part in [
        "`class` in config.json is \"flow\", expected one of \"masked_language_modelling\"",
        "`args.num_blocks` in config.json is \"three\", expected a whole number",
        "`args.heads` in config.json is not a field, expected some of `num_blocks`",
    ] {
        assert!(problems.contains(part), "{problems}\nlacks: {part}");
    }
    let config = json!({ "library": "deepmind-research/perceiver", "class": "optical_flow" });
    let problems = loaded("deepmind-image-fourier", "model.safetensors", Some(&config)).unwrap_err().to_string();
    assert!(problems.contains("perceiver.input_preprocessor.conv_after_patches.weight"), "{problems}");
}

#[test]
fn padding_masks_the_queries_of_a_masked_language_model() {
    let options = LoadOptions { fidelity: Fidelity::DeepMind, ..LoadOptions::default() };
    let models = [load(&fixture("tiny-mlm"), &options), load(&fixture("deepmind-masked-lm"), &LoadOptions::default())];
    for model in models.map(Result::unwrap) {
        assert!(model.decoder.unwrap().block.attention.masks_queries);
        assert_eq!(model.blocks[0].attention.empty_rows, EmptyRows::Zero);
    }
    let port = load(&fixture("tiny-mlm"), &LoadOptions::default()).unwrap();
    assert!(!port.decoder.unwrap().block.attention.masks_queries);
}
