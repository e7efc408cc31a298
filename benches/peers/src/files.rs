//! A model's tensors, and the input and output of its reference.

use anyhow::{Context, Result, bail};
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Numbers with the length of each axis.
#[derive(Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Vec<f32>,
}

/// A model directory with the first sample of its reference.
pub(crate) struct Case {
    pub(crate) directory: PathBuf,
    pub(crate) tensors: BTreeMap<String, Array>,
    /// Ids are numbers here.
    pub(crate) inputs: BTreeMap<String, Array>,
    pub(crate) expected: Vec<f32>,
}

impl Case {
    /// The model `tiny-mlm` or `motion` of this repository.
    pub(crate) fn read(model: &str) -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let directory = match model {
            "tiny-mlm" => repository.join("tests/fixtures/tiny-mlm"),
            "motion" => repository.join("examples/models/motion"),
            _ => bail!("`{model}` is neither `tiny-mlm` nor `motion`"),
        };
        let tensors = read(&directory.join("model.safetensors"))?;
        let mut reference = read(&directory.join("reference.safetensors"))?;
        let expected = first(reference.remove("output.logits").context("a reference has logits")?).numbers;
        let inputs = reference
            .into_iter()
            .filter_map(|(name, array)| Some((name.strip_prefix("input.")?.to_owned(), first(array))));
        Ok(Self { directory, tensors, inputs: inputs.collect(), expected })
    }

    pub(crate) fn input(&self, name: &str) -> Result<&Array> {
        self.inputs.get(name).with_context(|| format!("the reference has no input `{name}`"))
    }
}

/// The first sample of a batch.
fn first(mut array: Array) -> Array {
    array.shape.remove(0);
    array.numbers.truncate(array.shape.iter().product());
    array
}

fn read(path: &Path) -> Result<BTreeMap<String, Array>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let file = SafeTensors::deserialize(&bytes).with_context(|| path.display().to_string())?;
    let array = |tensor: safetensors::tensor::TensorView<'_>| {
        let words = tensor.data().as_chunks().0.iter();
        let numbers = match tensor.dtype() {
            Dtype::F32 => words.map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            Dtype::I32 => words.map(|&bytes| i32::from_le_bytes(bytes) as f32).collect(),
            other => bail!("{}: numbers of type {other:?} are not read here", path.display()),
        };
        Ok(Array { shape: tensor.shape().to_vec(), numbers })
    };
    file.tensors().into_iter().map(|(name, tensor)| Ok((name, array(tensor)?))).collect()
}
