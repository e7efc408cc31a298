//! The host's interpreter: the program's steps, one call of `percio::layers` each.
//!
//! It calls the same functions in the same order as generated code, so on one instruction set both agree bit for bit.

mod memory;
mod stage;
mod step;
mod stream;

use super::{Backend, Cost, Outputs, timing};
use crate::sample::{Sample, Value};
use anyhow::Result;
use memory::Memory;
use percio::isa::dispatch;
use percio_codegen_core::program::{Output, Program};
use stage::{Pass, Work};

pub use stream::{Encoder, State};

/// Runs a program in this process.
pub struct Interpreter<'a> {
    program: &'a Program,
    weights: Vec<f32>,
    arena: Vec<f32>,
    outputs: Outputs,
}

impl<'a> Interpreter<'a> {
    /// An interpreter with its working memory.
    ///
    /// # Errors
    /// When the operands of a step overlap what it writes, or leave their buffers: a defect of the compiler.
    pub fn new(program: &'a Program) -> Result<Self> {
        memory::check(program)?;
        let number = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
        let numbers = |output: &Output| vec![0.0; output.rows * output.width];
        Ok(Self {
            program,
            weights: program.blob.as_chunks().0.iter().map(number).collect(),
            arena: vec![0.0; program.arena_len],
            outputs: program.outputs.iter().map(numbers).collect(),
        })
    }

    fn run(&mut self, sample: &Sample) {
        self.work(&sample.inputs, Work::Run(sample.lengths(self.program)));
    }

    fn work(&mut self, inputs: &[Value], work: Work<'_>) {
        let Self { program, weights, arena, outputs } = self;
        let memory = Memory { buffers: &program.buffers, weights, inputs, arena, outputs };
        dispatch(Pass { program, memory, work });
    }
}

impl Backend for Interpreter<'_> {
    fn isa(&self) -> &str {
        percio::isa::name()
    }

    fn infer(&mut self, sample: &Sample) -> Result<Outputs> {
        self.run(sample);
        let lengths = sample.lengths(self.program);
        let outputs = self.program.outputs.iter().zip(&self.outputs);
        Ok(outputs.map(|(output, numbers)| numbers[..output.numbers(lengths)].to_vec()).collect())
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        Ok(Cost::Times(timing::times(|| self.run(sample))))
    }
}
