//! `percio import`: what it writes, what it prints, and what it leaves alone.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// A checkpoint that the compiler's tests use.
fn checkpoint(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../codegen/core/tests/checkpoints").join(name)
}

fn percio(subcommand: &str, path: &Path, rest: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg(subcommand).arg(path).args(rest).env_remove("PERCIO_ISA").output().expect("percio starts")
}

fn import(checkpoint: &Path, to: &Path, rest: &[&str]) -> Output {
    percio("import", checkpoint, &[&["-o", to.to_str().expect("a path of letters")], rest].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", errors(output)))
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names of what `directory` holds.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_imported_model_compares_as_the_original_does() {
    let place = tempfile::tempdir().expect("a directory");
    for (name, reference) in
        [("hf-masked-lm", "reference"), ("hf-video", "reference"), ("krasserm-11-causal-lm", "reference-short")]
    {
        let (to, reference) = (place.path().join(name), fixture(name).join(reference).with_extension("safetensors"));
        let reference = reference.to_str().expect("a path of letters");
        let output = import(&fixture(name), &to, &["--reference", reference]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("recognised by") && text.contains(" parameters; wrote "), "{text}");
        assert_eq!(names(&to), ["config.json", "model.safetensors"]);
        let compare = |model: &Path| {
            let mut report = json(&percio("compare", model, &["--reference", reference, "--format", "json"]));
            // What no output depends on is in the checkpoint, and not among what is imported.
            let parameters = report["model"].as_object_mut().and_then(|model| model.remove("parameters"));
            assert!(parameters.is_some_and(|count| count.as_u64() > Some(0)), "{report:#}");
            report
        };
        let [original, imported] = [compare(&fixture(name)), compare(&to)];
        assert_eq!(original, imported, "{name}");
        assert_eq!(imported["passed"], true, "{imported:#}");
    }
}

/// What a checkpoint without a configuration needs to be told can be told.
#[test]
fn a_lone_file_of_weights() {
    let place = tempfile::tempdir().expect("a directory");
    let to = place.path().join("below").join("model");
    let report = json(&import(&checkpoint("tigges-classifier.ckpt"), &to, &["--format", "json"]));
    assert!(report["implementation"].as_str().is_some_and(|name| name.contains("curt-tigges")), "{report:#}");
    assert_eq!(report["directory"], to.to_str().expect("a path of letters"));
    let config: Value = serde_json::from_slice(&fs::read(to.join("config.json")).expect("written")).expect("JSON");
    assert_eq!(
        (&config["model_type"], &config["source"]["implementation"]),
        (&"percio".into(), &report["implementation"])
    );
}

#[test]
fn a_library_and_a_dialect_can_be_told() {
    let place = tempfile::tempdir().expect("a directory");
    let model = place.path().join("model");
    fs::create_dir(&model).expect("a directory");
    for file in ["config.json", "model.safetensors"] {
        fs::copy(fixture("lucidrains-gated").join(file), model.join(file)).expect("a copy");
    }
    let mut config: Value =
        serde_json::from_slice(&fs::read(model.join("config.json")).expect("written")).expect("JSON");
    let version = config["version"].take();
    config["library"] = "unknown".into();
    fs::write(model.join("config.json"), config.to_string()).expect("written");
    let to = place.path().join("imported");
    let output = import(&model, &to, &[]);
    assert!(errors(&output).contains("`library` in config.json is \"unknown\", expected"), "{}", errors(&output));
    let told = ["--library", "perceiver-pytorch", "--dialect", version.as_str().unwrap_or("0.8.2")];
    let output = import(&model, &to, &told);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let output = import(&model, &place.path().join("other"), &["--library", "perceiver-pytorch", "--dialect", "new"]);
    assert!(errors(&output).contains("`version` in config.json is \"new\", expected a version"), "{}", errors(&output));
    let output = import(&fixture("hf-masked-lm"), &place.path().join("other"), &["--dialect", "4.11"]);
    assert!(errors(&output).contains("dialect \"4.11\" is given"), "{}", errors(&output));
    assert_eq!(names(place.path()), ["imported", "model"], "nothing else is left behind");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let place = tempfile::tempdir().expect("a directory");
    let to = place.path().join("model");
    assert_eq!(import(&fixture("tiny-mlm"), &to, &[]).status.code(), Some(0));
    let first = fs::read(to.join("config.json")).expect("written");
    let output = import(&fixture("native-ids"), &to, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("is there already: name another directory, or add --overwrite"),
        "{}",
        errors(&output)
    );
    assert_eq!(fs::read(to.join("config.json")).expect("still there"), first);
    assert_eq!(import(&fixture("native-ids"), &to, &["--overwrite"]).status.code(), Some(0));
    assert_ne!(fs::read(to.join("config.json")).expect("written"), first);
    fs::write(to.join("notes.txt"), "mine").expect("written");
    let output = import(&fixture("tiny-mlm"), &to, &["--overwrite"]);
    assert!(errors(&output).contains("also holds `notes.txt`, which would be lost"), "{}", errors(&output));
    let output = import(&fixture("tiny-mlm"), &to.join("notes.txt"), &[]);
    assert!(errors(&output).contains("is a file, expected a directory"), "{}", errors(&output));
    assert_eq!(names(place.path()), ["model"], "nothing else is left behind");
}

#[test]
fn a_wrong_checkpoint_leaves_nothing_behind() {
    let place = tempfile::tempdir().expect("a directory");
    let damaged = place.path().join("damaged");
    fs::create_dir(&damaged).expect("a directory");
    fs::copy(fixture("tiny-mlm/config.json"), damaged.join("config.json")).expect("a copy");
    let bytes = fs::read(fixture("tiny-mlm/model.safetensors")).expect("weights");
    fs::write(damaged.join("model.safetensors"), &bytes[..bytes.len() / 2]).expect("written");
    let output = import(&damaged, &place.path().join("model"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("is truncated"), "{}", errors(&output));
    assert_eq!(names(place.path()), ["damaged"]);
}

/// The tensors of the directory's file: bytes of the file, and their number types.
fn stored(directory: &Path) -> (usize, Vec<Dtype>) {
    let bytes = fs::read(directory.join("model.safetensors")).expect("weights");
    let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    (bytes.len(), tensors.iter().map(|(_, tensor)| tensor.dtype()).collect())
}

#[test]
fn numbers_of_half_width_may_stay_so() {
    let place = tempfile::tempdir().expect("a directory");
    let checkpoint = place.path().join("checkpoint");
    fs::create_dir(&checkpoint).expect("a directory");
    fs::copy(fixture("native-multi").join("config.json"), checkpoint.join("config.json")).expect("the configuration");
    let bytes = fs::read(fixture("native-multi").join("model.safetensors")).expect("weights");
    let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let halves: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            // The upper half of a number is one of bf16.
            let halves = tensor.data().chunks(4).flat_map(|number| number[2..].to_vec()).collect();
            (name.to_owned(), tensor.shape().to_vec(), halves)
        })
        .collect();
    let views = halves.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::BF16, shape.clone(), bytes).expect("bytes of this shape"))
    });
    safetensors::serialize_to_file(views, None, &checkpoint.join("model.safetensors")).expect("the file is written");
    let [wide, narrow] = [("wide", [].as_slice()), ("narrow", &["--narrow"])].map(|(name, options)| {
        let to = place.path().join(name);
        let output = import(&checkpoint, &to, &[options, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        assert_eq!(json(&output)["tensors"].as_u64(), Some(stored(&to).1.len() as u64));
        to
    });
    let ((wide_bytes, wide_types), (narrow_bytes, narrow_types)) = (stored(&wide), stored(&narrow));
    assert!(wide_types.iter().all(|dtype| *dtype == Dtype::F32));
    assert!(narrow_types.iter().all(|dtype| [Dtype::BF16, Dtype::F16].contains(dtype)), "{narrow_types:?}");
    assert!(narrow_bytes < wide_bytes * 3 / 4, "{narrow_bytes} of {wide_bytes}");
    let checksum = |model: &Path| {
        let reference = fixture("native-multi").join("reference.safetensors");
        let options =
            ["--reference", reference.to_str().expect("a path of letters"), "--max-error", "1", "--format", "json"];
        json(&percio("compare", model, &options))["model"]["checksum"].clone()
    };
    assert_eq!(checksum(&wide), checksum(&narrow), "the same numbers");
}
