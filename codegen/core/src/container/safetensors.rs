//! Weights from a safetensors file.

use super::{decode, file};
use crate::model::Tensor;
use crate::{Problems, Subject};
use ::safetensors::tensor::TensorView;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads every tensor of the safetensors file at `path` as `f32`: F32 as it is, F16 and BF16 exactly, F64 and integers
/// (counters among the weights) rounded.
///
/// # Errors
/// A file that is missing, is a directory, is truncated or is no safetensors file; and every tensor of an unknown number
/// type or with a number that is not finite.
pub fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, Problems> {
    let bytes = file::bytes(path)?;
    let parsed = file::parse(path, &bytes)?;
    let mut problems = Problems::new();
    let mut tensors = BTreeMap::new();
    for (name, view) in parsed.iter() {
        match numbers(name, &view) {
            Ok(data) => {
                tensors.insert(name.to_owned(), Tensor::new(name, view.shape(), data));
            }
            Err(message) => problems.add(Subject::Model, format!("{message} (in `{}`)", path.display())),
        }
    }
    problems.finish(tensors)
}

fn numbers(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let (dtype, bytes) = (view.dtype(), view.data());
    let rounded = || Some(decode::integers(dtype, bytes)?.into_iter().map(|number| number as f32).collect());
    let data = decode::floats(dtype, bytes).or_else(rounded).ok_or_else(|| {
        format!("tensor `{name}` has numbers of type {dtype:?}, expected one of {}: save it as F32", decode::SUPPORTED)
    })?;
    match data.iter().position(|number| !number.is_finite()) {
        Some(at) => Err(format!(
            "tensor `{name}` of shape {:?} holds {} at flat index {at}, expected finite numbers: train or export it again",
            view.shape(),
            data[at]
        )),
        None => Ok(data),
    }
}
