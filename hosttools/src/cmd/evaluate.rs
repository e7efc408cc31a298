//! `percio evaluate`: how good a model is on samples whose right answers are known.

use super::print_json;
use crate::backend::Outputs;
use crate::cli::Verdict;
use crate::evaluation::{Data, Score, Tally, read};
use crate::options::{BackendArgs, Format, ModelArgs};
use crate::parallel::{each_sample, threads};
use crate::progress::{Progress, busy};
use crate::reference::File;
use crate::table::grouped;
use anyhow::Result;
use percio_codegen_core::program::Program;
use serde::Serialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How good a model is on a test set: accuracy, sequence error or distance
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Test set, a safetensors file with input.<name> and label.<output> (classes) or truth.<output> (numbers)
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Threads, a sample each, and several for one large sample on the interpreter; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Samples a thread whose outputs are in memory at once.
const FEW: usize = 64;

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    backend: &'a str,
    isa: String,
    weights: &'static str,
    samples: usize,
    outputs: Vec<OutputReport<'a>>,
    data: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct OutputReport<'a> {
    name: &'a str,
    scores: Vec<Score>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let file = File::read(&self.data)?;
        let program = self.model.program_for(&file.inputs())?;
        let data = read(&program, &file)?;
        let (isa, outputs) = self.scores(&program, &data)?;
        let report = Report {
            model: &program.name,
            backend: self.backend.backend.name(),
            isa,
            weights: self.model.weights.name(),
            samples: data.samples.len(),
            outputs,
            data: &file.metadata,
        };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => println!("{}", report.text()),
        }
        Ok(Verdict::Holds)
    }

    /// The instruction set, and the figures of every output that the data judges.
    fn scores<'a>(&self, program: &'a Program, data: &Data) -> Result<(String, Vec<OutputReport<'a>>)> {
        let quiet = self.model.quiet();
        let threads = threads(self.threads, data.samples.len());
        let backends =
            busy("building the back end", quiet, || self.backend.backend.open_several(program, None, threads))?;
        let isa = backends[0].isa().to_owned();
        let mut workers: Vec<_> = backends.into_iter().map(|backend| (backend, Vec::new())).collect();
        let mut tallies: Vec<(usize, Tally<'_>)> =
            data.truths.iter().map(|(place, truth)| (*place, Tally::new(&program.outputs[*place], truth))).collect();
        let progress = Progress::new("evaluating", data.samples.len(), quiet);
        // Sums depend on the order of samples, so outputs are counted in it: those of a few samples at a time.
        for first in (0..data.samples.len()).step_by(FEW * threads.samples.get()) {
            let end = data.samples.len().min(first + FEW * threads.samples.get());
            each_sample(&mut workers, first..end, |(backend, computed), sample| {
                computed.push((sample, backend.infer(&data.samples[sample])?));
                progress.step();
                Ok(())
            })?;
            let mut computed: Vec<(usize, Outputs)> =
                workers.iter_mut().flat_map(|(_, computed)| computed.drain(..)).collect();
            computed.sort_unstable_by_key(|(sample, _)| *sample);
            for (sample, outputs) in &computed {
                tallies.iter_mut().for_each(|(place, tally)| tally.add(*sample, &outputs[*place]));
            }
        }
        drop(progress);
        let report = |(place, tally): &(usize, Tally<'_>)| OutputReport {
            name: &program.outputs[*place].name,
            scores: tally.scores(),
        };
        Ok((isa, tallies.iter().map(report).collect()))
    }
}

impl Report<'_> {
    fn text(&self) -> String {
        let Self { samples, backend, isa, weights, .. } = self;
        let mut lines = vec![format!("{} samples, {backend} on {isa}, {weights} weights", grouped(*samples as u64))];
        for OutputReport { name, scores } in &self.outputs {
            for Score { name: metric, value, count, is_share } in scores {
                let (metric, of) = (metric.replace('_', " "), grouped(*count));
                let shown = if *is_share { format!("{:.2} %", 100.0 * value) } else { format!("{value:.4}") };
                lines.push(format!("{metric} of {name}: {shown} of {of}"));
            }
        }
        lines.join("\n")
    }
}
