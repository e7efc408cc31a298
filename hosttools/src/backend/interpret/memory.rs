//! Where a step's operands lie.

use super::stage::Turn;
use super::stored::Stored;
use super::team::Team;
use crate::sample::Value;
use anyhow::{Result, ensure};
use percio_codegen_core::program::{Buffer, Lengths, Place, Program, Source, Target, Weights};
use std::ops::Range;

/// All that steps read and write.
pub(super) struct Memory<'a> {
    pub(super) buffers: &'a [Buffer],
    pub(super) weights: &'a Stored<'a>,
    pub(super) inputs: &'a [Value],
    pub(super) arena: &'a mut [f32],
    pub(super) outputs: &'a mut [Vec<f32>],
    /// Who works on a step.
    pub(super) team: Team<'a>,
}

impl Memory<'_> {
    /// The numbers of the arena at `place`.
    pub(super) fn arena_at(&mut self, place: &Place) -> &mut [f32] {
        &mut self.arena[span(self.buffers, place, Lengths::default())]
    }

    /// Copies the first `numbers` of the arena at `place` to an output, from its number `first` on.
    pub(super) fn keep(&mut self, place: &Place, numbers: usize, output: usize, first: usize) {
        let start = span(self.buffers, place, Lengths::default()).start;
        self.outputs[output][first..first + numbers].copy_from_slice(&self.arena[start..start + numbers]);
    }

    /// All that there is to read between two steps.
    pub(super) fn view(&self, turn: &Turn) -> Readable<'_> {
        let Self { buffers, weights, inputs, team, .. } = *self;
        Readable {
            buffers,
            weights,
            inputs,
            team,
            turn: *turn,
            before: self.arena,
            after: &[],
            after_at: self.arena.len(),
        }
    }

    /// What one step writes, and all that it may read.
    pub(super) fn open(&mut self, target: &Target, turn: &Turn) -> (&mut [f32], Readable<'_>) {
        let (out, before, after, after_at): (&mut [f32], &[f32], &[f32], usize) = match target {
            Target::Output(index) => (&mut self.outputs[*index][turn.output..], self.arena, &[], self.arena.len()),
            Target::Arena(place) => {
                let range = span(self.buffers, place, turn.lengths);
                let (before, rest) = self.arena.split_at_mut(range.start);
                let (out, after) = rest.split_at_mut(range.len());
                (out, before, after, range.end)
            }
        };
        let Self { buffers, weights, inputs, team, .. } = *self;
        (out, Readable { buffers, weights, inputs, team, turn: *turn, before, after, after_at })
    }
}

/// All that a step may read: everything but what it writes.
#[derive(Clone, Copy)]
pub(super) struct Readable<'a> {
    buffers: &'a [Buffer],
    weights: &'a Stored<'a>,
    inputs: &'a [Value],
    team: Team<'a>,
    turn: Turn,
    /// The arena before the written part.
    before: &'a [f32],
    /// The arena after the written part …
    after: &'a [f32],
    /// … which starts here.
    after_at: usize,
}

impl<'a> Readable<'a> {
    /// Where the steps are.
    pub(super) fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Who works on the step.
    pub(super) fn team(&self) -> Team<'a> {
        self.team
    }

    /// The numbers at `place` of the arena.
    pub(super) fn place(&self, place: &Place) -> &'a [f32] {
        let Range { start, end } = span(self.buffers, place, self.turn.lengths);
        match start.checked_sub(self.after_at) {
            Some(start) => &self.after[start..end - self.after_at],
            None => &self.before[start..end],
        }
    }

    pub(super) fn numbers(&self, source: &Source) -> &'a [f32] {
        match source {
            Source::Arena(place) => self.place(place),
            Source::Weights(weights) => self.weights(*weights),
            Source::Table { rows, width } => &self.weights(*rows)[self.turn.first * width..],
            Source::LastRows { rows, width, count } => {
                let numbers = self.weights(*rows);
                &numbers[numbers.len() - count.at(self.turn.lengths) * width..]
            }
            Source::Input(index) => match &self.inputs[*index] {
                Value::Numbers(numbers) => &numbers[self.turn.input..],
                Value::Ids(_) | Value::Mask(_) | Value::Points(_) | Value::Prefix(_) => &[],
            },
        }
    }

    pub(super) fn weights(&self, weights: Weights) -> &'a [f32] {
        self.weights.f32(weights)
    }

    /// The weights themselves, of any format.
    pub(super) fn stored(&self) -> &'a Stored<'a> {
        self.weights
    }

    /// The ids, or the indices of positions, of an input.
    pub(super) fn ids(&self, input: usize) -> &'a [u32] {
        match &self.inputs[input] {
            Value::Ids(ids) | Value::Points(ids) => &ids[self.turn.input..],
            Value::Numbers(_) | Value::Mask(_) | Value::Prefix(_) => &[],
        }
    }

    pub(super) fn mask(&self, input: Option<usize>) -> &'a [bool] {
        self.mask_from(input, self.turn.token)
    }

    /// What the mask says of the tokens that the tile's rows stand for.
    pub(super) fn mask_of_rows(&self, input: Option<usize>) -> &'a [bool] {
        self.mask_from(input, self.turn.first)
    }

    fn mask_from(&self, input: Option<usize>, token: usize) -> &'a [bool] {
        match input.map(|input| &self.inputs[input]) {
            Some(Value::Mask(mask)) => mask.get(token..).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The part of the arena at `place`.
fn span(buffers: &[Buffer], place: &Place, lengths: Lengths) -> Range<usize> {
    let (offset, numbers) = (buffers[place.buffer].offset, place.numbers(lengths));
    offset + numbers.start..offset + numbers.end
}

/// Checks what [`Memory::open`] relies on.
pub(super) fn check(program: &Program) -> Result<()> {
    check_sections(program, |step| program.longest(step))
}

/// [`check`] of steps that are as long as `longest` says.
pub(super) fn check_sections(program: &Program, longest: impl Fn(usize) -> Lengths) -> Result<()> {
    for (index, step) in program.steps.iter().enumerate() {
        let name = step.name();
        for place in step.places() {
            let Range { start, end } = span(&program.buffers, place, longest(index));
            ensure!(end <= program.arena_len, "step {index}, {name}: {start} .. {end} leaves the arena");
        }
        let Target::Arena(out) = step.target() else { continue };
        let out = span(&program.buffers, out, longest(index));
        for source in step.sources() {
            let Source::Arena(place) = source else { continue };
            let read = span(&program.buffers, place, longest(index));
            let apart = read.end <= out.start || out.end <= read.start;
            ensure!(apart, "step {index}, {name}: reads {read:?} while it writes {out:?} of the arena");
        }
    }
    Ok(())
}
