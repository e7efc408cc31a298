//! Tokens as they arrive and queries one at a time, as generated code takes them.

use super::Interpreter;
use super::stage::Work;
use super::step::{gathered, shared};
use crate::backend::Outputs;
use crate::sample::Value;
use percio::isa::{Isa, Kernel, dispatch};
use percio::layers::{merge, merge_shares};
use percio_codegen_core::program::{Gathering, Head, Program, QueryStage, Stream};
use std::ops::Range;

/// Takes the tokens of a program as they arrive.
pub struct Encoder<'i, 'p> {
    interpreter: &'i mut Interpreter<'p>,
    stream: Stream<'p>,
    /// For each input, where its next token stands.
    next: Vec<u32>,
}

/// What an [`Encoder`] has gathered so far.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    next: Vec<u32>,
    numbers: Vec<f32>,
}

impl<'p> Interpreter<'p> {
    /// Begins an inference whose tokens arrive one at a time; `None` where tokens are needed all at once.
    pub fn encoder(&mut self) -> Option<Encoder<'_, 'p>> {
        let program: &'p Program = self.program;
        let stream = program.stream()?;
        self.work(&[], Work::Once(&stream.begin));
        let next = vec![0; stream.tokens.len()];
        Some(Encoder { interpreter: self, stream, next })
    }

    /// All outputs, of the latents that were made last: those of a program whose queries need no input.
    pub fn decode_all(&mut self) -> Outputs {
        self.work(&[], Work::Queries);
        self.outputs.clone()
    }

    /// Row `row` of an output, of the latents that were made last; `None` where outputs need all rows.
    pub fn decode(&mut self, output: usize, row: usize) -> Option<&[f32]> {
        let program: &'p Program = self.program;
        let heads = program.queries().flat_map(|stage| stage.heads.iter().map(move |head| (stage, head)));
        let holds =
            |stage: &QueryStage, head: &Head| (stage.first..).take(stage.rows.fixed).any(|at| at == head.first + row);
        let (stage, head) = heads.into_iter().find(|(stage, head)| head.output == output && holds(stage, head))?;
        self.work(&[], Work::Query(stage, head, head.first + row));
        let width = program.outputs[output].width;
        self.outputs[output].get(row * width..(row + 1) * width)
    }

    /// What an output answers to a query that need not be one of the model's own; `None` where the decoder reads constants.
    pub fn decode_with(&mut self, output: usize, query: &[f32]) -> Option<&[f32]> {
        let program: &'p Program = self.program;
        let heads = program.queries().flat_map(|stage| stage.heads.iter().map(move |head| (stage, head)));
        let (stage, head) = heads.into_iter().find(|(_, head)| head.output == output)?;
        stage.asked.row.as_ref().filter(|row| row.len == query.len())?;
        self.work(&[], Work::With(stage, head, query));
        self.outputs[output].get(..program.outputs[output].width)
    }
}

impl Encoder<'_, '_> {
    /// Takes the next `tokens` of the `input`-th of the inputs whose tokens arrive, one after the other.
    pub fn push(&mut self, input: usize, tokens: &Value) {
        let stage = self.stream.tokens[input];
        let count = match tokens {
            Value::Numbers(numbers) => numbers.len() / stage.shape.iter().product::<usize>().max(1),
            Value::Ids(ids) => ids.len(),
            _ => 0,
        };
        let mut inputs = vec![Value::Mask(Vec::new()); self.interpreter.program.inputs.len()];
        stage.input.into_iter().for_each(|input| inputs[input] = tokens.clone());
        self.interpreter.work(&inputs, Work::Arrived(stage, self.next[input], count));
        self.next[input] = stage.positions.after(self.next[input], count);
    }

    /// Takes `tokens` of which the first stands at `position`.
    pub fn push_at(&mut self, input: usize, position: u32, tokens: &Value) {
        self.next[input] = position;
        self.push(input, tokens);
    }

    /// What was gathered so far.
    #[must_use]
    pub fn state(&self) -> State {
        State { next: self.next.clone(), numbers: self.interpreter.arena[self.numbers()].to_vec() }
    }

    /// Forgets all tokens.
    #[must_use]
    pub fn restart(self) -> Self {
        self.interpreter.work(&[], Work::Once(&self.stream.begin));
        Self { next: vec![0; self.next.len()], ..self }
    }

    /// Goes on from where `state` was taken.
    pub fn resume(&mut self, state: &State) {
        let numbers = self.numbers();
        self.interpreter.arena[numbers].copy_from_slice(&state.numbers);
        self.next.clone_from(&state.next);
    }

    /// Adds what was gathered from other tokens.
    pub fn merge(&mut self, other: &State) {
        let numbers = self.numbers();
        let shape = self.stream.shape;
        dispatch(Merge { shape, other: &other.numbers, state: &mut self.interpreter.arena[numbers] });
        self.next.iter_mut().zip(&other.next).for_each(|(next, &other)| *next = other.max(*next));
    }

    /// Ends the input: the latents are made, and outputs that need all queries.
    pub fn finish(self) {
        self.stream.constant.iter().for_each(|stage| self.interpreter.work(&[], Work::Constant(stage)));
        self.interpreter.work(&[], Work::Once(&self.stream.finish));
    }

    /// The numbers of the state in the arena.
    fn numbers(&self) -> Range<usize> {
        let start = self.interpreter.program.buffers[self.stream.state.buffer].offset + self.stream.state.offset;
        start..start + self.stream.state.len
    }
}

struct Merge<'a> {
    shape: Gathering,
    other: &'a [f32],
    state: &'a mut [f32],
}

impl Kernel for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        match shared(&self.shape, 0) {
            Some(shape) => merge_shares(isa, &shape, self.other, self.state),
            None => merge(isa, &gathered(&self.shape, 0), self.other, self.state),
        }
    }
}
