//! Every token by the rows that it adds; see [`percio::sequence`] for what is kept.

use super::{Predict, Split};
use crate::backend::Generator;
use anyhow::Result;
use percio::sequence::{self, Work};
use percio_codegen_core::program::{Generation, Moves, Program};

/// Keeps what a new token leaves as it was, as generated code does.
pub struct Cached<'a> {
    generator: Generator<'a>,
    tail: sequence::Tail,
    /// The sequence whose keys and values are kept, and how it is divided.
    kept: Option<(Vec<u32>, Split)>,
    rows: usize,
}

impl<'a> Cached<'a> {
    /// A predictor that keeps nothing yet.
    ///
    /// # Errors
    /// As [`Generator::new`].
    pub fn new(program: &'a Program) -> Result<Self> {
        let generator = Generator::new(program)?;
        let Generation { tokens, latents, moves, .. } = *generator.generation();
        let moves = match moves {
            Moves::Never => sequence::Moves::Never,
            Moves::WhenFull => sequence::Moves::WhenFull,
            Moves::Always => sequence::Moves::Always,
        };
        Ok(Self { generator, tail: sequence::Tail { tokens, latents, moves }, kept: None, rows: 0 })
    }

    /// Rows of latents that went through the layers so far: without keeping any it would be all latents for each token.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl Predict for Cached<'_> {
    fn predict(&mut self, ids: &[u32], split: Split) -> Result<Vec<f32>> {
        let follows = |(kept, before): &(Vec<u32>, Split)| {
            let grows = before.end < split.end && before.first <= split.first && before.latents <= split.latents;
            grows && ids.starts_with(kept)
        };
        let before = self.kept.take().filter(follows).map(|(_, before)| before);
        let work = Work::between(&self.tail, before, split);
        self.rows += work.rows();
        let logits = self.generator.compute(ids, work).to_vec();
        self.kept = Some((ids[..split.end as usize].to_vec(), split));
        Ok(logits)
    }
}
