//! Model directories made wrong on purpose: a good one, edited, in a temporary place.

use percio_codegen_core::model::Model;
use percio_codegen_core::scheme::LoadOptions;
use percio_codegen_core::{Problem, Problems, container, load};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A tensor as bytes.
pub(crate) type Raw = (Dtype, Vec<usize>, Vec<u8>);

/// A model directory that can be edited.
pub(crate) struct Directory {
    place: TempDir,
    pub(crate) config: Value,
    pub(crate) tensors: BTreeMap<String, Raw>,
    pub(crate) options: LoadOptions,
}

impl Directory {
    /// A copy of a fixture.
    pub(crate) fn of(fixture: &str) -> Self {
        let source = self::fixture(fixture);
        let config = serde_json::from_str(&fs::read_to_string(source.join("config.json")).unwrap()).unwrap();
        let bytes = fs::read(source.join("model.safetensors")).unwrap();
        let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let tensors = parsed
            .iter()
            .map(|(name, view)| (name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
            .collect();
        Self { place: tempfile::tempdir().unwrap(), config, tensors, options: LoadOptions::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    /// Sets what `pointer` of the configuration points to; `None` removes it.
    pub(crate) fn set(&mut self, pointer: &str, value: impl Into<Value>) -> &mut Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = self.config.pointer_mut(parent).unwrap();
        match parent {
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value.into(),
            parent => parent[name] = value.into(),
        }
        self
    }

    pub(crate) fn unset(&mut self, pointer: &str) -> &mut Self {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        self.config.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    pub(crate) fn remove(&mut self, tensor: &str) -> &mut Self {
        self.tensors.remove(tensor).unwrap();
        self
    }

    /// Adds or replaces a tensor of F32 numbers.
    pub(crate) fn insert(&mut self, tensor: &str, shape: &[usize], numbers: &[f32]) -> &mut Self {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.tensors.insert(tensor.to_owned(), (Dtype::F32, shape.to_vec(), bytes));
        self
    }

    pub(crate) fn shape(&mut self, name: &str, size: &[usize]) -> &mut Self {
        self.options.input_shapes.insert(name.to_owned(), size.to_vec());
        self
    }

    pub(crate) fn write(&self) {
        fs::write(self.path().join("config.json"), self.config.to_string()).unwrap();
        write_tensors(&self.path().join("model.safetensors"), &self.tensors);
    }

    pub(crate) fn load(&self) -> Result<Model, Problems> {
        self.write();
        load(self.path(), &self.options)
    }

    /// The sentences that this directory gets.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complaints = messages(&self.load().expect_err("this directory is wrong"));
        println!("{}\n", complaints.join("\n"));
        complaints
    }

    /// Asserts that there is one complaint, and that it has all of `parts` in it.
    pub(crate) fn complains(&self, parts: &[&str]) {
        let complaints = self.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        has_all(&complaints[0], parts);
    }
}

pub(crate) fn has_all(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

pub(crate) fn messages(problems: &Problems) -> Vec<String> {
    problems.iter().map(|Problem { message, .. }| message.clone()).collect()
}

pub(crate) fn write_tensors(path: &Path, tensors: &BTreeMap<String, Raw>) {
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// A fixture's model, with the input shapes of its reference file.
pub(crate) fn model(name: &str) -> Model {
    let dir = fixture(name);
    let (arrays, _) = container::read_any(&dir.join("reference.safetensors")).unwrap();
    let image = arrays.get("input.pixel_values").map(|array| ("pixel_values".to_owned(), array.shape[1..].to_vec()));
    load(&dir, &LoadOptions { input_shapes: image.into_iter().collect(), ..LoadOptions::default() }).unwrap()
}
