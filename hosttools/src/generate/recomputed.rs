//! Every token by a run of the whole program.

use super::{Predict, Split};
use crate::backend::{Backend, Interpreter};
use crate::sample::{Sample, Value};
use anyhow::{Context, Result};
use percio_codegen_core::program::{InputKind, Program};

/// Runs a program on the sequence as it is.
pub struct Recomputed<'a> {
    program: &'a Program,
    interpreter: Interpreter<'a>,
}

impl<'a> Recomputed<'a> {
    /// A predictor with working memory.
    ///
    /// # Errors
    /// As [`Interpreter::new`].
    pub fn new(program: &'a Program) -> Result<Self> {
        Ok(Self { program, interpreter: Interpreter::new(program)? })
    }
}

impl Predict for Recomputed<'_> {
    fn predict(&mut self, ids: &[u32], split: Split) -> Result<Vec<f32>> {
        let [first, latents, end] = [split.first, split.latents, split.end].map(|token| token as usize);
        let value = |kind: &InputKind| match kind {
            InputKind::Ids { .. } => Value::Ids(ids[first..end].to_vec()),
            InputKind::Prefix { .. } => Value::Prefix(latents - first),
            InputKind::Points { .. } => Value::Points(Vec::new()),
            InputKind::Numbers { .. } => Value::Numbers(Vec::new()),
            InputKind::Mask { .. } => Value::Mask(Vec::new()),
        };
        let inputs = self.program.inputs.iter().map(|input| value(&input.kind)).collect();
        let outputs = self.interpreter.infer(&Sample { inputs })?;
        let (output, numbers) =
            self.program.outputs.iter().zip(&outputs).next().context("the model computes nothing")?;
        Ok(numbers[numbers.len() - output.width..].to_vec())
    }
}
