//! `percio bench`: what one inference costs.

mod layers;
mod times;

use super::print_json;
use crate::backend::{Cost, Kind};
use crate::cli::Verdict;
use crate::options::{Format, ModelArgs};
use crate::progress::busy;
use crate::reference::File;
use crate::sample::Sample;
use crate::table::{grouped, table};
use anyhow::Result;
use layers::{Layer, layers};
use percio_codegen_core::program::Program;
use serde::Serialize;
use std::path::PathBuf;
use times::{Latency, Times, latency};

/// Time or instructions of one inference, at the most tokens
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// What runs the model; several stand side by side
    #[arg(long = "backend", value_enum, value_name = "BACKEND", value_delimiter = ',', default_value = "interpreter")]
    backends: Vec<Kind>,
    /// Instruction set of this machine's back ends; several stand side by side
    #[arg(long = "isa", value_name = "NAME", value_delimiter = ',')]
    isas: Vec<String>,
    /// Reference files, whose machines' times stand beside
    #[arg(long = "reference", value_name = "FILE")]
    references: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    /// The first back end.
    #[serde(flatten)]
    first: Run,
    weights: &'static str,
    macs: u64,
    /// All of them.
    runs: Vec<Run>,
    /// Where the time goes in the interpreter; empty without it.
    layers: Vec<Layer>,
    /// What an inference took where references were made.
    references: Vec<Latency>,
}

#[derive(Clone, Serialize)]
struct Run {
    backend: &'static str,
    isa: String,
    time_ns: Option<Times>,
    instructions: Option<u64>,
    cycles_estimate: Option<u64>,
    stack_bytes: Option<u64>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let quiet = self.model.quiet();
        let program = self.model.program()?;
        let files = self.references.iter().map(|path| Ok((path, File::read(path)?))).collect::<Result<Vec<_>>>()?;
        let sample = Sample::noise(&program);
        let runs: Vec<Run> = Kind::each(&self.backends, &self.isas)?
            .into_iter()
            .map(|(kind, isa)| Run::of(kind, isa, &program, &sample, quiet))
            .collect::<Result<_>>()?;
        let interpreted = self.backends.contains(&Kind::Interpreter);
        let isa = self.isas.first().map(String::as_str);
        let layers =
            if interpreted { busy("measuring layers", quiet, || layers(&program, &sample, isa))? } else { vec![] };
        let report = Report {
            first: runs[0].clone(),
            weights: self.model.weights.name(),
            macs: program.macs(),
            runs,
            layers,
            references: files.iter().filter_map(|(path, file)| latency(path, file)).collect(),
        };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl Run {
    fn of(kind: Kind, isa: Option<&str>, program: &Program, sample: &Sample, quiet: bool) -> Result<Self> {
        let mut backend = busy("building the back end", quiet, || kind.open_on(program, isa))?;
        let cost = busy("measuring", quiet, || backend.cost(sample))?;
        let (backend, isa) = (kind.name(), backend.isa().to_owned());
        let none = Self { backend, isa, time_ns: None, instructions: None, cycles_estimate: None, stack_bytes: None };
        Ok(match cost {
            Cost::Times(times) => Self { time_ns: Times::of(&times), ..none },
            Cost::Instructions { count, cycles_estimate, stack } => {
                Self { instructions: Some(count), cycles_estimate, stack_bytes: Some(stack), ..none }
            }
        })
    }

    fn print(&self, macs: u64) {
        println!("\n{} on {}", self.backend, self.isa);
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
        if let Some(Times { min, median, max, mad, runs, .. }) = &self.time_ns {
            row("runs", grouped(*runs as u64));
            [("fastest", min), ("median", median), ("slowest", max), ("median deviation from it", mad)]
                .into_iter()
                .for_each(|(name, &time)| row(name, format!("{:.1} µs", time as f64 / 1e3)));
            row("MACs a nanosecond", format!("{:.2}", macs as f64 / *median as f64));
        }
        if let Some(instructions) = self.instructions {
            row("instructions", grouped(instructions));
            row("instructions a MAC", format!("{:.2}", instructions as f64 / macs as f64));
        }
        if let Some(cycles) = self.cycles_estimate {
            row("cycles (estimate)", grouped(cycles));
            row("cycles a MAC (estimate)", format!("{:.2}", cycles as f64 / macs as f64));
        }
        if let Some(stack) = self.stack_bytes {
            rows.push(vec!["bytes of stack".to_owned(), grouped(stack)]);
        }
        println!("{}", table(&rows));
        if let Some(times) = self.time_ns.as_ref().filter(|times| times.noisy) {
            println!("{}", times.warning());
        }
    }
}

impl Report {
    fn print(&self) {
        println!("{} weights, {} multiply-accumulates an inference", self.weights, grouped(self.macs));
        self.runs.iter().for_each(|run| run.print(self.macs));
        if !self.layers.is_empty() {
            println!("\nin the interpreter\n{}", layers::text(&self.layers));
        }
        if !self.references.is_empty() {
            println!("\nwhere references were made, of one sample of a batch\n{}", times::text(&self.references));
        }
    }
}
