//! `percio bench`: what one inference costs.

mod history;
mod layers;
mod times;

use super::print_json;
use crate::backend::{Cost, Kind};
use crate::cli::Verdict;
use crate::machine::Machine;
use crate::options::{Format, ModelArgs};
use crate::peak::multiply_adds_a_second;
use crate::progress::busy;
use crate::reference::File;
use crate::sample::Sample;
use crate::table::{grouped, table};
use anyhow::{Result, bail};
use history::{Change, Record};
use layers::{Layer, layers};
use percio_codegen_core::program::Program;
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use times::{Latency, Times, latency};

/// Time or instructions of one inference, at the most tokens
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// What runs the model; several stand side by side
    #[arg(long = "backend", value_name = "BACKEND", value_delimiter = ',', default_value = "interpreter")]
    backends: Vec<Kind>,
    /// Instruction set of this machine's back ends; several stand side by side
    #[arg(long = "isa", value_name = "NAME", value_delimiter = ',')]
    isas: Vec<String>,
    /// Threads of the interpreter, where a model is large
    #[arg(long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,
    /// Reference files, whose machines' times stand beside
    #[arg(long = "reference", value_name = "FILE")]
    references: Vec<PathBuf>,
    /// Adds the figures to the end of a file, for --against
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Holds the figures against the last ones of the same in a file
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Share by which a figure may be larger than before; times also by four of their deviations
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, requires = "against", value_parser = parse_margin)]
    margin: f64,
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
    machine: Machine,
    /// The figures beside earlier ones; empty without `--against`.
    against: Vec<Change>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Run {
    backend: String,
    isa: String,
    /// Of the interpreter.
    #[serde(default = "one")]
    threads: usize,
    time_ns: Option<Times>,
    /// What one core can do on this instruction set.
    peak_macs_per_ns: Option<f64>,
    /// How much of that the median does.
    share_of_peak: Option<f64>,
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
            .map(|(kind, isa)| Run::of(self.threads, &kind, isa, &program, &sample, quiet))
            .collect::<Result<_>>()?;
        let interpreted = self.backends.contains(&Kind::Interpreter);
        let isa = self.isas.first().map(String::as_str);
        let layers =
            if interpreted { busy("measuring layers", quiet, || layers(&program, &sample, isa))? } else { vec![] };
        let weights = self.model.weights.name();
        let record = Record::new(&program.name, weights, program.macs(), &runs);
        let against = self.against.as_ref().map(|path| record.against(path, self.margin)).transpose()?;
        self.record.as_ref().map_or(Ok(()), |path| record.append(path))?;
        let report = Report {
            first: runs[0].clone(),
            weights,
            macs: program.macs(),
            runs,
            layers,
            references: files.iter().filter_map(|(path, file)| latency(path, file)).collect(),
            machine: record.machine,
            against: against.unwrap_or_default(),
        };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        let holds = report.against.iter().all(|change| change.passed);
        Ok(if holds { Verdict::Holds } else { Verdict::Fails })
    }
}

/// Where a record does not say.
fn one() -> usize {
    1
}

fn parse_margin(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(margin) if margin >= 0.0 && margin.is_finite() => Ok(margin),
        _ => bail!("expected a number from 0 up, for example 0.02"),
    }
}

impl Run {
    fn of(
        threads: NonZeroUsize,
        kind: &Kind,
        isa: Option<&str>,
        program: &Program,
        sample: &Sample,
        quiet: bool,
    ) -> Result<Self> {
        let mut backend = busy("building the back end", quiet, || kind.open_threaded(program, isa, threads))?;
        let cost = busy("measuring", quiet, || backend.cost(sample))?;
        let none = Self {
            backend: kind.name().to_owned(),
            isa: backend.isa().to_owned(),
            threads: if *kind == Kind::Interpreter { threads.get() } else { one() },
            time_ns: None,
            peak_macs_per_ns: None,
            share_of_peak: None,
            instructions: None,
            cycles_estimate: None,
            stack_bytes: None,
        };
        Ok(match cost {
            Cost::Times(times) => {
                let time_ns = Times::of(&times);
                let peak_macs_per_ns = kind.is_host().then(|| multiply_adds_a_second(Some(&none.isa)) / 1e9);
                let rate = time_ns.as_ref().map(|times| program.macs() as f64 / times.median.max(1) as f64);
                let share_of_peak = rate.zip(peak_macs_per_ns).map(|(rate, peak)| rate / peak);
                Self { time_ns, peak_macs_per_ns, share_of_peak, ..none }
            }
            Cost::Instructions { count, cycles_estimate, stack } => {
                Self { instructions: Some(count), cycles_estimate, stack_bytes: Some(stack), ..none }
            }
        })
    }

    fn print(&self, macs: u64) {
        let threads = if self.threads > 1 { format!(", {} threads", self.threads) } else { String::new() };
        println!("\n{} on {}{threads}", self.backend, self.isa);
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
        if let Some(Times { min, median, max, mad, runs, .. }) = &self.time_ns {
            row("runs", grouped(*runs as u64));
            [("fastest", min), ("median", median), ("slowest", max), ("median deviation from it", mad)]
                .into_iter()
                .for_each(|(name, &time)| row(name, format!("{:.1} µs", time as f64 / 1e3)));
            row("MACs a nanosecond", format!("{:.2}", macs as f64 / *median as f64));
            if let (Some(peak), Some(share)) = (self.peak_macs_per_ns, self.share_of_peak) {
                row("of the fused multiply-adds that a core can do", format!("{:.1} % of {peak:.1}", 100.0 * share));
            }
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
            let peak = self.runs.iter().find(|run| run.backend == Kind::Interpreter.name());
            println!("\nin the interpreter\n{}", layers::text(&self.layers, peak.and_then(|run| run.peak_macs_per_ns)));
        }
        if !self.references.is_empty() {
            let ours = self.first.time_ns.as_ref().map(|times| times.median);
            println!("\nwhere references were made, of one sample of a batch\n{}", times::text(&self.references, ours));
        }
        if !self.against.is_empty() {
            println!();
            self.against.iter().for_each(|change| println!("{}", change.text()));
        }
    }
}
