//! A reference file: inputs, and what the model's own framework made of them.

use anyhow::{Context, Result, bail};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// A reference file in memory.
pub struct Recording<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> Recording<'a> {
    /// Reads the header of the safetensors file `bytes`.
    ///
    /// # Errors
    /// When `bytes` is not such a file.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        Ok(Self { tensors: SafeTensors::deserialize(bytes).context("the recording is not a safetensors file")? })
    }

    /// The f32 tensor `name` of shape `[windows, SAMPLES, CHANNELS]`, a window an entry.
    ///
    /// # Errors
    /// When there is no such tensor, or its type or shape is another.
    pub fn series<const SAMPLES: usize, const CHANNELS: usize>(
        &self,
        name: &str,
    ) -> Result<Vec<[[f32; CHANNELS]; SAMPLES]>> {
        let numbers = self.numbers(name, &[SAMPLES, CHANNELS], Dtype::F32, f32::from_le_bytes)?;
        Ok(numbers.as_chunks().0.as_chunks().0.to_vec())
    }

    /// The f32 tensor `name` of shape `[windows, WIDTH]`.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn rows<const WIDTH: usize>(&self, name: &str) -> Result<Vec<[f32; WIDTH]>> {
        Ok(self.numbers(name, &[WIDTH], Dtype::F32, f32::from_le_bytes)?.as_chunks().0.to_vec())
    }

    /// The i32 tensor `name` of shape `[windows]`: a class a window.
    ///
    /// # Errors
    /// As [`series`](Self::series).
    pub fn classes(&self, name: &str) -> Result<Vec<usize>> {
        self.numbers(name, &[], Dtype::I32, |bytes| i32::from_le_bytes(bytes) as usize)
    }

    /// The numbers of the tensor `name`, of shape `[windows, …shape]`.
    fn numbers<T>(&self, name: &str, shape: &[usize], kind: Dtype, number: fn([u8; 4]) -> T) -> Result<Vec<T>> {
        let tensor: TensorView<'_> = self.tensors.tensor(name).with_context(|| format!("no tensor `{name}`"))?;
        if tensor.dtype() != kind || tensor.shape().get(1..) != Some(shape) {
            let found = (tensor.dtype(), tensor.shape());
            bail!("`{name}` is {:?} {:?}, expected {kind:?} [windows, …{shape:?}]", found.0, found.1);
        }
        Ok(tensor.data().as_chunks().0.iter().copied().map(number).collect())
    }
}
