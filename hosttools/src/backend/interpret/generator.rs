//! A sequence token by token, as generated code continues it.

use super::memory::{self, Memory};
use super::stage::Turn;
use super::step;
use super::stored::Stored;
use super::team::Team;
use crate::sample::Value;
use anyhow::Result;
use percio::isa::{Isa, Kernel, dispatch, on};
use percio::sequence::{Piece, Work};
use percio_codegen_core::program::{Generation, Lengths, Program};
use std::ops::Range;

/// Continues sequences with a program that can go on token by token.
pub struct Generator<'a> {
    generation: &'a Generation,
    /// The instruction set, where it is not the one that the engine chooses.
    isa: Option<&'a str>,
    weights: Stored<'a>,
    arena: Vec<f32>,
    outputs: Vec<Vec<f32>>,
}

impl<'a> Generator<'a> {
    /// A generator without a sequence.
    ///
    /// # Errors
    /// When the program cannot go on token by token; when its steps have a defect of the compiler.
    pub fn new(program: &'a Program) -> Result<Self> {
        let generation = match &program.generation {
            Ok(generation) => generation,
            Err(reason) => anyhow::bail!(
                "{} cannot go on token by token: {reason}; compute every token anew",
                program.provenance.implementation
            ),
        };
        memory::check_sections(&generation.program, |step| generation.longest(step))?;
        Ok(Self {
            generation,
            isa: None,
            weights: Stored::new(&program.blob),
            arena: vec![0.0; generation.program.arena_len],
            outputs: vec![vec![0.0; generation.output().width]],
        })
    }

    /// The same generator on the instruction set called `isa`, which this machine has.
    #[must_use]
    pub fn on(self, isa: Option<&'a str>) -> Self {
        Self { isa, ..self }
    }

    /// The generation it follows.
    #[must_use]
    pub fn generation(&self) -> &'a Generation {
        self.generation
    }

    /// The likelihoods of the id after `ids`, as logits, where `work` is what is still to be computed.
    pub fn compute(&mut self, ids: &[u32], work: Work) -> &[f32] {
        let Self { generation, isa, weights, arena, outputs } = self;
        let grow = Grow { generation, weights, arena, outputs, ids, work };
        match isa {
            Some(name) => on(name, grow),
            None => dispatch(grow),
        }
        &self.outputs[0]
    }
}

/// What a token takes.
struct Grow<'a> {
    generation: &'a Generation,
    weights: &'a Stored<'a>,
    arena: &'a mut [f32],
    outputs: &'a mut [Vec<f32>],
    ids: &'a [u32],
    work: Work,
}

impl Kernel for Grow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let Generation { tile, ref read, ref advance, ref head, .. } = *self.generation;
        self.work.read(tile).for_each(|piece| self.section(isa, read, piece));
        self.work.advance(tile).for_each(|piece| self.section(isa, advance, piece));
        let last = Piece { place: 0, tile: 1, row: 0, tokens: 0, prefix: 0, latents: 0 };
        self.section(isa, head, last);
    }
}

impl Grow<'_> {
    #[inline(always)]
    fn section<I: Isa>(&mut self, isa: I, steps: &Range<usize>, piece: Piece) {
        let Piece { place, tile, row, tokens, prefix, latents } = piece;
        let ids = self.ids.get(place as usize..).unwrap_or_default();
        let inputs = [Value::Ids(ids[..tile.min(ids.len())].to_vec())];
        let program = &self.generation.program;
        let mut memory = Memory {
            buffers: &program.buffers,
            weights: self.weights,
            inputs: &inputs,
            arena: self.arena,
            outputs: self.outputs,
            team: Team(None),
        };
        let lengths = Lengths { tokens, prefix, tile, latents, ..Lengths::default() };
        let turn = Turn { lengths, first: row, token: 0, input: 0, output: 0, place };
        program.steps[steps.clone()].iter().for_each(|step| step::run(isa, step, &turn, &mut memory));
    }
}
