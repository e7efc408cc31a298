//! The tensors of a checkpoint.

use super::Stored;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The tensors of a checkpoint by name. Their numbers are still in the file.
#[derive(Debug)]
pub struct Weights {
    files: Vec<PathBuf>,
    tensors: BTreeMap<String, Stored>,
    hyper_parameters: Option<Value>,
}

impl Weights {
    /// These tensors, which were named in the file at `path`.
    pub(super) fn new(path: &Path, tensors: BTreeMap<String, Stored>) -> Self {
        Self { files: vec![path.to_owned()], tensors, hyper_parameters: None }
    }

    /// Adds the tensors of a further file; gives back the names that are in both.
    pub(super) fn append(&mut self, other: Self) -> Vec<String> {
        self.files.extend(other.files);
        let twice = other.tensors.keys().filter(|name| self.tensors.contains_key(*name)).cloned().collect();
        self.tensors.extend(other.tensors);
        twice
    }

    /// Keeps the settings that were saved beside the tensors.
    #[cfg(feature = "torch")]
    pub(super) fn set_hyper_parameters(&mut self, hyper_parameters: Value) {
        self.hyper_parameters = Some(hyper_parameters);
    }

    /// The arguments of the model's class, as Lightning saves them beside the tensors. An object is its attributes, with the
    /// name of its class under `__class__`.
    #[must_use]
    pub fn hyper_parameters(&self) -> Option<&Value> {
        self.hyper_parameters.as_ref()
    }

    /// The files that were read, the one that was opened first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The names of the tensors that have not been taken, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of the tensor `name`, if it is there and has not been taken.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(Stored::shape)
    }

    /// The tensor `name`, which stays.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<&Stored> {
        self.tensors.get(name)
    }

    /// Adds a tensor `copy` that has the numbers of `original`; `false` when that is not there, or something of this name is.
    pub fn share(&mut self, copy: &str, original: &str) -> bool {
        let original = self.tensors.get(original).filter(|_| !self.tensors.contains_key(copy)).cloned();
        original.map(|original| self.tensors.insert(copy.to_owned(), original)).is_some()
    }

    /// The tensor `name`, if it is there and has not been taken.
    pub fn take(&mut self, name: &str) -> Option<Stored> {
        self.tensors.remove(name)
    }

    /// The same tensors under other names and seen another way: `turn` says the name and the axes to keep, in their new
    /// order, or nothing for a tensor that stays as it is. An axis that is left out must be of length 1, otherwise the
    /// tensor stays as it is too.
    #[must_use]
    pub fn turned(mut self, turn: impl Fn(&str) -> Option<(String, &'static [usize])>) -> Self {
        let tensors = std::mem::take(&mut self.tensors).into_iter();
        let turned = tensors.map(|(name, tensor)| match turn(&name) {
            Some((other, axes)) => tensor.with_axes(axes).map_or((name, tensor), |turned| (other, turned)),
            None => (name, tensor),
        });
        Self { tensors: turned.collect(), ..self }
    }

    /// The name of the file that was opened, without its directory.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.files.first().and_then(|path| path.file_name());
        name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}
