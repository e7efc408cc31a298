//! `docs/native-format.schema.json` and the reader of the native format: neither takes what the other refuses.

use crate::support::fixtures::{self, MANIFEST};
use crate::support::schema::Schema;
use percio_codegen_core::scheme;
use percio_codegen_core::{LoadOptions, outline};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Configurations written for this test; together with the fixtures they have every field there is.
const WRITTEN: [&str; 5] = ["asked", "grid", "input", "parts", "tail"];

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Schema {
    Schema::new(read(&Path::new(MANIFEST).join("../docs/native-format.schema.json")))
}

fn written(name: &str) -> Value {
    read(&Path::new(MANIFEST).join("native").join(name).with_extension("json"))
}

/// Every native configuration in the repository, by name.
fn stored() -> BTreeMap<String, Value> {
    let directories = ["fixtures", "../examples/models"].map(|below| Path::new(MANIFEST).join(below));
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).expect("a directory of models"));
    let files = entries.map(|entry| entry.expect("an entry").path().join("config.json")).filter(|path| path.exists());
    let natives = files.map(|path| (path.display().to_string(), read(&path)));
    natives.filter(|(_, config)| config["model_type"] == "percio").collect()
}

/// Every fixture, imported.
fn imported() -> BTreeMap<String, Value> {
    let import = |name: String| {
        let file = fixtures::reference(&fixtures::references(&name)[0]);
        let native = scheme::native(&fixtures::model_for(&name, &file)).expect("a model before any pass");
        (name, native.config)
    };
    fixtures::names().into_iter().map(import).collect()
}

/// The sentences about the configuration `config`.
fn complaints(place: &Path, config: &Value) -> Vec<String> {
    fs::write(place.join("config.json"), config.to_string()).expect("a file that can be written");
    match outline(place, &LoadOptions::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

#[test]
fn every_native_configuration_is_valid() {
    let (schema, place) = (schema(), tempfile::tempdir().expect("a directory"));
    let stored = stored();
    assert!(stored.len() >= 4, "native models are missing: {:?}", stored.keys());
    let written = WRITTEN.map(|name| (name.to_owned(), written(name)));
    for (name, config) in stored.into_iter().chain(imported()).chain(written) {
        assert!(schema.holds(&config), "the schema refuses {name}");
        let complaints = complaints(place.path(), &config);
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
    }
}

/// What is put where in `parts.json`: each of these is wrong.
fn mistakes() -> Vec<(&'static str, Value)> {
    vec![
        ("/format", json!(2)),
        ("/model_type", json!("perceiver")),
        ("/inputs", json!([])),
        ("/inputs/0/name", json!("two words")),
        ("/inputs/0/name", json!("2d")),
        ("/inputs/0/kind", json!("table")),
        ("/inputs/0/tokens", json!([3, 0])),
        ("/inputs/0/channels", json!(-4)),
        ("/inputs/0/channels", json!(1.5)),
        ("/inputs/0/scale", json!({"offset": [0, 1, 2, 3]})),
        ("/inputs/0/position/combine", json!("multiply")),
        ("/inputs/0/position/max_resolution", json!([15])),
        ("/inputs/0/position/shape", json!([1, 3, 5, 1])),
        ("/inputs/0/tail", json!({})),
        ("/inputs/1/position/width", json!(null)),
        ("/inputs/1/position/places", json!("from_middle")),
        ("/inputs/2/patch", json!(3)),
        ("/inputs/2/window/pad", json!([1])),
        ("/inputs/2/window/pad", json!("valid")),
        ("/inputs/2/tail/activation", json!("swish")),
        ("/inputs/4/frames", json!("4")),
        ("/mask/padding", json!(true)),
        ("/latents/kind", json!("random")),
        ("/latents/project", json!(true)),
        ("/latents/prefix", json!(3)),
        ("/encoder/cross", json!({})),
        ("/encoder/schedule", json!([-1])),
        ("/encoder/norm", json!("batch")),
        ("/encoder/mixtures/0/rank", json!(0)),
        ("/encoder/blocks/0/reads", json!("everything")),
        ("/encoder/blocks/0/heads", json!(0)),
        ("/encoder/blocks/0/norm_q", json!({"eps": 1e-5})),
        ("/encoder/blocks/0/norm_q/eps", json!(1)),
        ("/encoder/blocks/0/norm_q/gain", json!("yes")),
        ("/encoder/blocks/0/widening", json!(2)),
        ("/encoder/blocks/0/residual", json!("lstm")),
        ("/encoder/blocks/0/softmax_eps", json!(1e-8)),
        ("/encoder/blocks/1/norm_kv", json!("layer")),
        ("/encoder/blocks/1/gate", json!(true)),
        ("/encoder/blocks/2/mixer/rows", json!(3)),
        ("/decoder/queries/kind", json!("random")),
        ("/decoder/queries/parts/0/shape", json!([])),
        ("/decoder/queries/parts/2/points", json!(1)),
        ("/decoder/queries/parts/2/name", json!("a-b")),
        ("/decoder/rotary/pairs", json!("2")),
        ("/decoder/causal", json!(1)),
        ("/outputs/0/tied", json!("ids")),
        ("/outputs/0/queries", json!("all")),
        ("/outputs/0/labels", json!([1, 2])),
        ("/shared", json!({"a": 1})),
        ("/norm_eps", json!(-1)),
    ]
}

#[test]
fn wrong_configurations_are_refused_by_both() {
    let (schema, place) = (schema(), tempfile::tempdir().expect("a directory"));
    for (pointer, value) in mistakes() {
        let mut config = written("parts");
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        config.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}"))[field] = value.clone();
        assert!(!schema.holds(&config), "the schema takes {value} at {pointer}");
        let complaints = complaints(place.path(), &config);
        assert!(!complaints.is_empty(), "the reader takes {value} at {pointer}");
    }
    for field in ["model_type", "format", "inputs", "latents", "encoder", "outputs"] {
        let mut config = written("parts");
        config.as_object_mut().expect("an object").remove(field);
        assert!(!schema.holds(&config), "the schema does without `{field}`");
        assert!(!complaints(place.path(), &config).is_empty(), "the reader does without `{field}`");
    }
}

/// The fields that the reader would take in place of one that nobody knows, which is put into the object at `pointer`.
fn fields_of_reader(place: &Path, config: &Value, pointer: &str) -> BTreeSet<String> {
    const UNKNOWN: &str = "nobody knows";
    let mut config = config.clone();
    config.pointer_mut(pointer).expect("an object")[UNKNOWN] = json!(0);
    let complaints = complaints(place, &config);
    let sentence = complaints.iter().find(|sentence| sentence.contains(UNKNOWN));
    let sentence = sentence.unwrap_or_else(|| panic!("the reader takes any field at {pointer}: {complaints:#?}"));
    let (_, list) = sentence.split_once("expected ").unwrap_or_else(|| panic!("no list of fields: {sentence}"));
    let list = list.rsplit_once(": ").map_or(list, |(list, _)| list);
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// In every object of every configuration the reader asks for the fields that the schema lists, and for no other.
#[test]
fn the_schema_lists_the_fields_that_are_read() {
    let (schema, place) = (schema(), tempfile::tempdir().expect("a directory"));
    let mut visited = BTreeSet::new();
    let written = WRITTEN.map(|name| (name.to_owned(), written(name)));
    for (name, config) in stored().into_iter().chain(written).chain(imported()) {
        for found in schema.places(&config, &mut visited) {
            let read = fields_of_reader(place.path(), &config, &found.pointer);
            assert_eq!(read, found.fields, "{name}, fields of the reader and of the schema at {:?}", found.pointer);
        }
    }
    let never: Vec<String> =
        schema.all_fields().into_iter().filter(|(_, field)| !visited.contains(field)).map(|(name, _)| name).collect();
    assert!(never.is_empty(), "no configuration here has these fields: {never:#?}");
}

/// The directory of every configuration written for these tests is looked at.
#[test]
fn no_written_configuration_is_forgotten() {
    let entries = fs::read_dir(Path::new(MANIFEST).join("native")).expect("a directory");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let mut names: Vec<_> = paths.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    names.sort_unstable();
    assert_eq!(names, WRITTEN);
}
