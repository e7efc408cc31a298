//! tract on the ONNX file.

use crate::Engine;
use crate::files::Case;
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Arc;
use tract_onnx::prelude::*;

pub(crate) struct Tract {
    plan: Arc<TypedRunnableModel>,
    inputs: TVec<TValue>,
}

impl Tract {
    pub(crate) fn new(case: &Case, onnx: &Path) -> Result<Self> {
        let plan = tract_onnx::onnx().model_for_path(onnx)?.into_optimized()?.into_runnable()?;
        let mut inputs = tvec!();
        // The inputs of the exported files stand in the order of their names.
        for (name, array) in case.inputs.iter().filter(|(name, _)| *name != "attention_mask") {
            let shape: Vec<usize> = std::iter::once(1).chain(array.shape.iter().copied()).collect();
            let tensor = Tensor::from_shape(&shape, &array.numbers)?;
            let is_ids = name == "input_ids";
            inputs.push(if is_ids { tensor.cast_to::<i64>()?.into_owned() } else { tensor }.into());
        }
        Ok(Self { plan, inputs })
    }
}

impl Engine for Tract {
    fn infer(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        for output in self.plan.run(self.inputs.clone())? {
            each(output.to_plain_array_view::<f32>()?.as_slice().context("an output is contiguous")?);
        }
        Ok(())
    }
}
