//! Sharded checkpoints.

use super::read;
use crate::support::{Directory, has_all, messages, write_tensors};
use percio_codegen_core::scheme::{LoadOptions, load_tracked};
use percio_codegen_core::{container, load};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

const INDEX: &str = "model.safetensors.index.json";

/// A model directory whose weights are in two files: tensors in turn.
struct Sharded {
    directory: Directory,
    map: BTreeMap<String, Value>,
}

impl Sharded {
    fn new() -> Self {
        let directory = Directory::of("tiny-mlm");
        directory.write();
        fs::remove_file(directory.path().join("model.safetensors")).unwrap();
        let mut map = BTreeMap::new();
        for shard in 0..2 {
            let file = Self::file(shard);
            let tensors = directory.tensors.clone().into_iter().skip(shard).step_by(2).collect();
            write_tensors(&directory.path().join(&file), &tensors);
            map.extend(tensors.into_keys().map(|name| (name, json!(file))));
        }
        let sharded = Self { directory, map };
        sharded.write();
        sharded
    }

    fn file(shard: usize) -> String {
        format!("model-0000{}-of-00002.safetensors", shard + 1)
    }

    fn index(&self) -> PathBuf {
        self.directory.path().join(INDEX)
    }

    fn write(&self) {
        fs::write(self.index(), json!({"metadata": {"total_size": 1}, "weight_map": self.map}).to_string()).unwrap();
    }

    fn complaints(&self) -> Vec<String> {
        self.write();
        messages(&container::open(&self.index()).expect_err("this index is wrong"))
    }
}

#[test]
fn the_shards_are_one_checkpoint() {
    let sharded = Sharded::new();
    let (model, files) = load_tracked(sharded.directory.path(), &LoadOptions::default()).unwrap();
    assert_eq!(model.parameters, 47_488);
    let names = ["config.json", INDEX, &Sharded::file(0), &Sharded::file(1)];
    assert_eq!(files, names.map(|name| sharded.directory.path().join(name)));
    let whole = Directory::of("tiny-mlm");
    whole.write();
    assert_eq!(read(&sharded.index()).unwrap(), read(&whole.path().join("model.safetensors")).unwrap());
}

#[test]
fn a_shard_that_is_missing() {
    let sharded = Sharded::new();
    fs::remove_file(sharded.directory.path().join(Sharded::file(1))).unwrap();
    let all = messages(&load(sharded.directory.path(), &LoadOptions::default()).unwrap_err());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &[&Sharded::file(1), "does not exist"]);
}

#[test]
fn tensors_in_the_wrong_file() {
    let mut sharded = Sharded::new();
    sharded.map.insert("embedding_decoder.bias".to_owned(), json!(Sharded::file(1)));
    sharded.map.insert("extra".to_owned(), json!(Sharded::file(0)));
    let all = sharded.complaints();
    assert_eq!(all.len(), 2, "{all:#?}");
    has_all(&all[0], &[INDEX, "says that tensor `extra` is in", &Sharded::file(0), "download both again"]);
    has_all(&all[1], &["tensor `embedding_decoder.bias` is in", &Sharded::file(1)]);
}

#[test]
fn a_tensor_in_two_files() {
    let sharded = Sharded::new();
    let tensors = sharded.directory.tensors.clone();
    write_tensors(&sharded.directory.path().join(Sharded::file(0)), &tensors);
    let all = sharded.complaints();
    assert_eq!(all.len(), tensors.len() / 2, "{all:#?}");
    has_all(&all[0], &["tensor `", &Sharded::file(1), "is in another file of", INDEX, "keep one"]);
}

#[test]
fn files_elsewhere() {
    let mut sharded = Sharded::new();
    sharded.map.insert("a".to_owned(), json!("../secret.safetensors"));
    sharded.map.insert("b".to_owned(), json!(3));
    sharded.map.insert("c".to_owned(), json!(".."));
    let all = sharded.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all[0], &[INDEX, "gives tensor `a` the file \"../secret.safetensors\"", "the name of a file beside it"]);
    has_all(&all[1], &["gives tensor `b` the file 3"]);
    has_all(&all[2], &["gives tensor `c` the file \"..\""]);
}

#[test]
fn an_index_is_no_shard() {
    let mut sharded = Sharded::new();
    sharded.map = BTreeMap::from([("a".to_owned(), json!(INDEX))]);
    let all = sharded.complaints();
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &[INDEX, "is JSON, expected the weights that the index names"]);
}

#[test]
fn json_that_is_no_index() {
    let sharded = Sharded::new();
    fs::write(sharded.index(), "{\"weight_map\": oops}").unwrap();
    let all = messages(&container::open(&sharded.index()).unwrap_err());
    has_all(&all[0], &[INDEX, "is not JSON", "line 1 column 16"]);
}
