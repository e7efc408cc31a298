//! The stages of a run, in order, as generated code goes through them.

use super::memory::Memory;
use super::step;
use percio::isa::{Isa, Kernel};
use percio::tiles;
use percio_codegen_core::program::{Lengths, Program, QueryStage, Stage, TokenStage};
use std::ops::Range;

/// One pass over all stages.
pub(super) struct Pass<'a> {
    pub(super) program: &'a Program,
    pub(super) memory: Memory<'a>,
    pub(super) lengths: Lengths,
}

/// Where some steps are in a run: once, or at a tile.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) lengths: Lengths,
    /// The tile's first row.
    pub(super) first: usize,
    /// The tile's first token among those of all inputs.
    pub(super) token: usize,
    /// The first number or id of an input that steps see.
    pub(super) input: usize,
    /// The first number of an output that steps see.
    pub(super) output: usize,
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let all = Turn { lengths: self.lengths, first: 0, token: 0, input: 0, output: 0 };
        let program = self.program;
        for stage in &program.stages {
            match stage {
                Stage::Once(steps) => self.steps(isa, steps, &all),
                Stage::Tokens(stage) => self.token_tiles(isa, stage, &all),
                Stage::Queries(stage) => self.query_tiles(isa, stage, &all),
            }
        }
    }
}

impl Pass<'_> {
    #[inline(always)]
    fn token_tiles<I: Isa>(&mut self, isa: I, stage: &TokenStage, all: &Turn) {
        for (first, tile) in tiles(stage.rows.at(all.lengths), stage.tile) {
            let turn = Turn { lengths: Lengths { tile, ..all.lengths }, first, input: first * stage.stride, ..*all };
            self.steps(isa, &stage.tokens, &turn);
            self.steps(isa, &stage.gather, &Turn { token: stage.first + first, ..turn });
        }
    }

    #[inline(always)]
    fn query_tiles<I: Isa>(&mut self, isa: I, stage: &QueryStage, all: &Turn) {
        for (first, tile) in tiles(stage.rows.at(all.lengths), stage.tile) {
            let input = first * stage.reads.map_or(0, |reading| reading.stride);
            let first = stage.first + first;
            let turn = Turn { lengths: Lengths { tile, ..all.lengths }, first, input, ..*all };
            self.steps(isa, &stage.decode, &turn);
            for head in &stage.heads {
                let output = (first - head.first) * self.program.outputs[head.output].width;
                self.steps(isa, &head.steps, &Turn { output, ..turn });
            }
        }
    }

    #[inline(always)]
    fn steps<I: Isa>(&mut self, isa: I, steps: &Range<usize>, turn: &Turn) {
        for step in &self.program.steps[steps.clone()] {
            step::run(isa, step, turn, &mut self.memory);
        }
    }
}
