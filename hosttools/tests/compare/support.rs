//! The command, and copies of fixtures to change.

use safetensors::{Dtype, SafeTensors, View};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A model in tests/fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// A directory for files, removed when dropped.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory for files")
}

/// The path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

/// Runs `percio`; crates that it builds lie below cargo's directory for tests.
pub(crate) fn percio(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.args(arguments).env_remove("PERCIO_ISA").env("PERCIO_CACHE", env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("percio starts")
}

/// The JSON it printed.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", errors(output)))
}

/// What it printed to standard error.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The report of `percio compare` of `model` with `reference`.
pub(crate) fn compare(model: &Path, reference: &Path, rest: &[&str]) -> Value {
    let arguments = ["compare", text(model), "--reference", text(reference), "--format", "json"];
    json(&percio(&[&arguments, rest].concat()))
}

/// Tensors to change, by name, and the file's metadata.
pub(crate) struct Tensors {
    pub(crate) tensors: BTreeMap<String, Tensor>,
    metadata: Option<HashMap<String, String>>,
}

pub(crate) struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Tensors {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the file is there");
        let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
        let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let tensor = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
            let tensor = Tensor { dtype: view.dtype(), shape: view.shape().to_vec(), bytes: view.data().to_vec() };
            (name.to_owned(), tensor)
        };
        let tensors = tensors.iter().map(tensor).collect();
        Self { tensors, metadata: metadata.metadata().clone() }
    }

    pub(crate) fn write(&self, path: &Path) {
        safetensors::serialize_to_file(&self.tensors, self.metadata.clone(), path).expect("the file is written");
    }

    /// Lets the file say something of itself.
    pub(crate) fn describe(&mut self, key: &str, value: &str) {
        self.metadata.get_or_insert_default().insert(key.to_owned(), value.to_owned());
    }

    /// The tensor called `name`.
    pub(crate) fn get(&mut self, name: &str) -> &mut Tensor {
        self.tensors.get_mut(name).unwrap_or_else(|| panic!("no tensor `{name}`"))
    }
}

impl Tensor {
    /// Changes its numbers, in rows along the first axis.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut [Vec<f32>])) {
        assert_eq!(self.dtype, Dtype::F32);
        let numbers: Vec<f32> = self.bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let width = numbers.len() / self.shape[0];
        let mut rows: Vec<Vec<f32>> = numbers.chunks(width).map(<[f32]>::to_vec).collect();
        change(&mut rows);
        self.bytes = rows.concat().iter().flat_map(|number| number.to_le_bytes()).collect();
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A copy of a fixture's configuration and weights.
pub(crate) fn copy(name: &str, into: &Path, weights: impl FnOnce(&mut Tensors), config: impl FnOnce(String) -> String) {
    let model = fixture(name);
    let mut tensors = Tensors::read(&model.join("model.safetensors"));
    weights(&mut tensors);
    tensors.write(&into.join("model.safetensors"));
    let text = std::fs::read_to_string(model.join("config.json")).expect("the configuration");
    std::fs::write(into.join("config.json"), config(text)).expect("the copy is written");
}
