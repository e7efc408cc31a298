//! The stages of a run, in order, as generated code goes through them.

use super::memory::Memory;
use super::step;
use super::trace::Recorder;
use percio::isa::{Isa, Kernel};
use percio::{independent_tiles, tiles};
use percio_codegen_core::program::{Head, Lengths, Program, QueryStage, Stage, TokenStage};
use std::ops::Range;

/// Some or all stages of a program, over its memory.
pub(super) struct Pass<'a, 'p> {
    pub(super) program: &'a Program,
    pub(super) memory: Memory<'a>,
    pub(super) work: Work<'a>,
    /// How many latents and layers the run has.
    pub(super) choices: [usize; 2],
    /// Who watches.
    pub(super) trace: Option<&'a mut Recorder<'p>>,
}

/// What is to be done.
pub(super) enum Work<'a> {
    /// All stages.
    Run(Lengths),
    /// Steps that run once.
    Once(&'a Range<usize>),
    /// So many tokens that have arrived, the first at this position.
    Arrived(&'a TokenStage, u32, usize),
    /// Tokens that are always the same.
    Constant(&'a TokenStage),
    /// All queries.
    Queries,
    /// A query and one of its heads.
    Query(&'a QueryStage, &'a Head, usize),
    /// A query that the caller has made, and one of its heads.
    With(&'a QueryStage, &'a Head, &'a [f32]),
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
    /// The index of the tile's first token in a sequence that grows.
    pub(super) place: u64,
}

impl Kernel for Pass<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, isa: I) {
        let [latents, _] = self.choices;
        let turn = |lengths| Turn {
            lengths: Lengths { latents, ..lengths },
            first: 0,
            token: 0,
            input: 0,
            output: 0,
            place: 0,
        };
        let none = turn(Lengths::default());
        match self.work {
            Work::Run(lengths) => self.stages(isa, &turn(lengths)),
            Work::Once(steps) => self.steps(isa, steps, &none),
            Work::Arrived(stage, next, count) => {
                for (start, first, tile) in stage.positions.pieces(next, count, stage.tile) {
                    let input = start * stage.shape.iter().product::<usize>();
                    let turn = Turn { lengths: Lengths { tile, ..none.lengths }, first, input, ..none };
                    self.steps(isa, &stage.arriving, &turn);
                    self.steps(isa, &stage.gather, &turn);
                }
            }
            Work::Constant(stage) => self.token_tiles(isa, stage, &none),
            Work::Queries => self.program.queries().for_each(|stage| self.query_tiles(isa, stage, &none)),
            Work::Query(stage, head, first) => {
                let turn = Turn { first, ..turn(Lengths { tile: 1, ..none.lengths }) };
                self.decode(isa, stage, &turn);
                self.head(isa, head, &self.at_head(head, &turn));
            }
            Work::With(stage, head, query) => {
                let turn = turn(Lengths { tile: 1, ..none.lengths });
                let row = stage.asked.row.as_ref();
                row.into_iter().for_each(|row| self.memory.arena_at(row).copy_from_slice(query));
                self.steps(isa, &stage.decode, &turn);
                self.head(isa, head, &turn);
            }
        }
    }
}

impl Pass<'_, '_> {
    #[inline(always)]
    fn stages<I: Isa>(&mut self, isa: I, all: &Turn) {
        let program = self.program;
        for stage in &program.stages {
            match stage {
                Stage::Once(steps) => self.steps(isa, steps, all),
                Stage::Tokens(stage) => self.token_tiles(isa, stage, all),
                Stage::Queries(stage) => self.query_tiles(isa, stage, all),
            }
        }
    }

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
        for (first, tile) in independent_tiles(stage.rows.at(all.lengths), stage.tile) {
            let input = first * stage.reads.map_or(0, |reading| reading.stride);
            let first = stage.first + first;
            let turn = Turn { lengths: Lengths { tile, ..all.lengths }, first, input, ..*all };
            self.decode(isa, stage, &turn);
            for head in &stage.heads {
                self.head(isa, head, &self.at_head(head, &turn));
            }
        }
    }

    /// Makes the queries of a tile and decodes them.
    #[inline(always)]
    fn decode<I: Isa>(&mut self, isa: I, stage: &QueryStage, turn: &Turn) {
        self.steps(isa, &stage.asked.steps, &Turn { first: turn.first - stage.asked.first, ..*turn });
        self.steps(isa, &stage.decode, turn);
    }

    /// Runs a head; a program that does not keep its outputs leaves its rows in the arena.
    #[inline(always)]
    fn head<I: Isa>(&mut self, isa: I, head: &Head, turn: &Turn) {
        self.steps(isa, &head.steps, turn);
        if let Some(place) = &head.rows {
            let numbers = turn.lengths.tile * self.program.outputs[head.output].width;
            self.memory.keep(place, numbers, head.output, turn.output);
        }
    }

    /// The same tile, at its first row of the head's output.
    fn at_head(&self, head: &Head, turn: &Turn) -> Turn {
        Turn { output: (turn.first - head.first) * self.program.outputs[head.output].width, ..*turn }
    }

    #[inline(always)]
    fn steps<I: Isa>(&mut self, isa: I, steps: &Range<usize>, turn: &Turn) {
        let [_, layers] = self.choices;
        let is_left_out = |index: &usize| self.program.layers.iter().skip(layers).any(|layer| layer.contains(index));
        for index in steps.clone().filter(|index| !is_left_out(index)) {
            if let Some(trace) = &mut self.trace {
                trace.before(index, self.memory.view(turn));
            }
            step::run(isa, &self.program.steps[index], turn, &mut self.memory);
            if let Some(trace) = &mut self.trace {
                trace.after(index, self.memory.view(turn));
            }
        }
    }
}
