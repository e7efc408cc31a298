//! The host's interpreter: the program's steps, one call of `percio::layers` each.
//!
//! It calls the same functions in the same order as generated code, so on one instruction set both agree bit for bit.

mod generator;
mod memory;
mod stage;
mod step;
mod stored;
mod stream;
mod team;
mod trace;
mod weights;

use super::{Backend, Cost, Outputs, timing};
use crate::sample::{Sample, Value};
use anyhow::Result;
use memory::Memory;
use percio::isa::{dispatch, on};
use percio_codegen_core::program::{Lengths, Output, Program};
use rayon::ThreadPool;
use stage::{Pass, Work};
use std::num::NonZeroUsize;
use stored::Stored;
use team::Team;
use trace::Recorder;

pub use generator::Generator;
pub use stream::{Encoder, State};
pub use trace::{AttentionMap, Keep, StageRows, Trace};

/// Runs a program in this process.
pub struct Interpreter<'a> {
    program: &'a Program,
    /// The instruction set, where it is not the one that the engine chooses.
    isa: Option<&'a str>,
    weights: Stored<'a>,
    arena: Vec<f32>,
    outputs: Outputs,
    /// How many latents and layers runs have, where that may be chosen.
    choices: [usize; 2],
    /// Threads, where there are several.
    pool: Option<ThreadPool>,
}

impl<'a> Interpreter<'a> {
    /// An interpreter with its working memory.
    ///
    /// # Errors
    /// When the operands of a step overlap what it writes, or leave their buffers: a defect of the compiler.
    pub fn new(program: &'a Program) -> Result<Self> {
        memory::check(program)?;
        let numbers = |output: &Output| vec![0.0; output.rows * output.width];
        Ok(Self {
            program,
            isa: None,
            weights: Stored::new(&program.blob),
            arena: vec![0.0; program.arena_len],
            outputs: program.outputs.iter().map(numbers).collect(),
            choices: [program.max_latents, program.layers.len()],
            pool: None,
        })
    }

    /// The same interpreter on the instruction set called `isa`, which this machine has.
    #[must_use]
    pub fn on(self, isa: Option<&'a str>) -> Self {
        Self { isa, ..self }
    }

    /// The same interpreter on so many threads, where a step is large enough for more than one: the same numbers, to the bit.
    ///
    /// # Errors
    /// When the system starts no threads.
    pub fn threads(self, threads: NonZeroUsize) -> Result<Self> {
        Ok(Self { pool: team::pool(threads.get(), self.program.macs())?, ..self })
    }

    /// Runs have so many latents and layers; of a program that is not adaptive always all.
    pub fn choose(&mut self, latents: usize, layers: usize) {
        let program = self.program;
        self.choices = [latents.max(1).min(program.max_latents), layers.min(program.layers.len())];
    }

    fn run(&mut self, sample: &Sample) {
        self.work(&sample.inputs, Work::Run(sample.lengths(self.program)));
    }

    fn work(&mut self, inputs: &[Value], work: Work<'_>) {
        self.watched(inputs, work, None);
    }

    fn watched(&mut self, inputs: &[Value], work: Work<'_>, trace: Option<&mut Recorder<'_>>) {
        let Self { program, isa, weights, arena, outputs, choices, pool } = self;
        let pool = pool.as_ref();
        let memory = Memory { buffers: &program.buffers, weights, inputs, arena, outputs, team: Team(pool) };
        let pass = Pass { program, memory, work, trace, choices: *choices };
        let run = || match isa {
            Some(name) => on(name, pass),
            None => dispatch(pass),
        };
        match pool {
            Some(pool) => pool.install(run),
            None => run(),
        }
    }

    fn outputs(&self, lengths: Lengths) -> Outputs {
        let outputs = self.program.outputs.iter().zip(&self.outputs);
        outputs.map(|(output, numbers)| numbers[..output.numbers(lengths)].to_vec()).collect()
    }
}

impl Backend for Interpreter<'_> {
    fn isa(&self) -> &str {
        match self.isa {
            Some(isa) => isa,
            None => percio::isa::name(),
        }
    }

    fn infer(&mut self, sample: &Sample) -> Result<Outputs> {
        self.run(sample);
        Ok(self.outputs(sample.lengths(self.program)))
    }

    fn trace(&mut self, sample: &Sample) -> Result<(Outputs, Vec<StageRows>)> {
        let (outputs, trace) = self.watch(sample, Keep::Stages);
        Ok((outputs, trace.stages))
    }

    fn cost(&mut self, sample: &Sample) -> Result<Cost> {
        Ok(Cost::Times(timing::times(|| self.run(sample))))
    }
}
