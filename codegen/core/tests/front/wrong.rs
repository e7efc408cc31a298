//! What can be wrong with a model directory, once each: the sentence names the file, tensor or field, what was found, what was
//! expected, and what to do.

use crate::container::checkpoint;
use crate::support::{Directory, fixture, has_all, messages};
use percio_codegen_core::scheme::LoadOptions;
use percio_codegen_core::{CompileOptions, compile, load};
use serde_json::json;
use std::fs;
use std::path::Path;

/// The sentences about the model at `path`.
fn complaints(path: &Path) -> Vec<String> {
    let all = messages(&load(path, &LoadOptions::default()).expect_err("this model is wrong"));
    println!("{}\n", all.join("\n"));
    all
}

/// The one sentence about `tiny-mlm` with these bytes as its weights.
fn with_weights(bytes: &[u8]) -> String {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    fs::write(directory.path().join("model.safetensors"), bytes).unwrap();
    let mut all = complaints(directory.path());
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn weights() -> Vec<u8> {
    fs::read(fixture("tiny-mlm/model.safetensors")).unwrap()
}

#[test]
fn truncated_file() {
    let bytes = weights();
    let found = format!("it has {} bytes of the {}", bytes.len() - 7, bytes.len());
    let all = with_weights(&bytes[..bytes.len() - 7]);
    has_all(&all, &["model.safetensors` is truncated", &found, "again"]);
}

/// Weights are read when they are packed: what happens to the file after it was opened is found out then.
#[test]
fn a_file_that_shrinks_while_a_model_is_compiled() {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    let model = directory.load().unwrap();
    let file = fs::File::options().write(true).open(directory.path().join("model.safetensors")).unwrap();
    file.set_len(weights().len() as u64 / 2).unwrap();
    let all = messages(&compile(model, &CompileOptions::default()).expect_err("half of the weights are gone"));
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["model.safetensors` cannot be read", "write or copy it again"]);
}

#[test]
fn wrong_shape() {
    let mut directory = Directory::of("tiny-mlm");
    directory.insert("perceiver.embeddings.latents", &[16, 31], &[0.5; 16 * 31]);
    directory.complains(&[
        "1 tensor has 31 where d_latents makes 32",
        "`perceiver.embeddings.latents` [16, 31] instead of [16, 32]",
        "save the weights that belong to it",
    ]);
}

#[test]
fn missing_tensor() {
    let mut directory = Directory::of("tiny-mlm");
    directory.remove("embedding_decoder.bias");
    directory.complains(&[
        "model.safetensors lacks 1 tensor",
        "`embedding_decoder.bias` [64]",
        "save them under these names, or correct config.json",
    ]);
}

#[test]
fn extra_tensor() {
    let mut directory = Directory::of("tiny-mlm");
    directory.insert("classifier.weight", &[3, 2], &[0.5; 6]);
    directory.complains(&[
        "model.safetensors holds 1 tensor",
        "`classifier.weight` [3, 2]",
        "remove them, or correct config.json",
    ]);
}

#[test]
fn unknown_architecture() {
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/model_type", "bert");
    directory.complains(&[
        "`model_type` in config.json is \"bert\"",
        "expected a `model_type` \"percio\"",
        "`library`",
        "export the model",
    ]);
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/architectures", json!(["PerceiverForWeather"]));
    directory.complains(&["`architectures`", "PerceiverForWeather", "PerceiverForMaskedLM"]);
}

#[test]
fn unknown_dialect() {
    let mut directory = Directory::of("krasserm-06-image");
    directory.set("/version", "0.10.0");
    directory
        .complains(&["`version` in config.json is \"0.10.0\", but the tensor `", "correct the version, or remove it"]);
    let mut directory = Directory::of("lucidrains-perceiver");
    directory.set("/version", "latest");
    let expected = "expected a version of three numbers such as \"0.8.8\": correct it";
    has_all(&directory.complaints()[0], &["`version` in config.json is \"latest\"", expected]);
}

#[test]
fn contradictory_configuration() {
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/num_self_attention_heads", 5);
    let all = directory.complaints();
    has_all(&all[0], &["`num_self_attention_heads` is 5", "to divide `d_latents` 32", "correct one of the two"]);
    has_all(
        &all[1],
        &["5 heads (`num_self_attention_heads`) of `encoder.layers.0` cannot share 32 numbers (`qk_channels`)"],
    );
}

#[test]
fn weights_that_are_not_numbers() {
    let mut directory = Directory::of("tiny-mlm");
    directory.insert("embedding_decoder.bias", &[64], &[f32::NAN; 64]);
    directory.complains(&[
        "tensor `embedding_decoder.bias` of shape [64] holds NaN at flat index 0",
        "expected finite numbers",
        "export it again",
        "model.safetensors`",
    ]);
}

#[test]
fn pickle_that_calls_something() {
    for file in ["refused-call.pt", "refused-call.pickle"] {
        let place = tempfile::tempdir().unwrap();
        fs::copy(fixture("tiny-mlm/config.json"), place.path().join("config.json")).unwrap();
        fs::copy(checkpoint(file), place.path().join(file)).unwrap();
        let all = complaints(place.path());
        has_all(
            &all.join("\n"),
            &[file, "calls `posix.system`", "nothing in a checkpoint is ever run", "save plain tensors"],
        );
    }
}

#[test]
fn header_of_2_to_the_63_bytes() {
    let claim = [(1u64 << 63).to_le_bytes().as_slice(), b"{}"].concat();
    has_all(
        &with_weights(&claim),
        &["model.safetensors` announces a header of 9223372036854775808 bytes and has 10 bytes in all", "again"],
    );
}

#[test]
fn directory_instead_of_a_file() {
    let directory = Directory::of("tiny-mlm");
    directory.write();
    let file = directory.path().join("model.safetensors");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let all = complaints(directory.path());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["model.safetensors` is a directory", "expected a file of weights"]);
}

/// Everything that is wrong with a file is said in one go.
#[test]
fn all_at_once() {
    let mut directory = Directory::of("tiny-mlm");
    directory.insert("perceiver.embeddings.latents", &[16, 31], &[0.5; 16 * 31]);
    directory.insert("classifier.weight", &[3, 2], &[0.5; 6]);
    directory.insert("embedding_decoder.bias", &[64], &[f32::INFINITY; 64]);
    directory.remove("perceiver.encoder.cross_attention.layernorm.bias");
    let all = directory.complaints().join("\n");
    assert_eq!(all.lines().count(), 4, "{all}");
    has_all(
        &all,
        &["[16, 31] instead of [16, 32]", "`classifier.weight`", "holds inf at flat index 0", "layernorm.bias` [32]"],
    );
    directory.set("/num_latents", "16").set("/hidden_act", "loud");
    let all = directory.complaints().join("\n");
    has_all(&all, &["`num_latents` in config.json is \"16\"", "`hidden_act` in config.json is \"loud\""]);
}
