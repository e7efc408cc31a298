//! `percio compare`: whether a back end computes what the reference says.

use super::print_json;
use crate::backend::Outputs;
use crate::cli::Verdict;
use crate::metrics::{Distance, accuracy};
use crate::options::{BackendArgs, Format, ModelArgs};
use crate::progress::{Progress, busy};
use crate::reference::{File, Reference};
use crate::table::table;
use anyhow::{Result, bail};
use percio_codegen_core::program::{Program, WeightFormat};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The largest difference that f32 weights may have, as a share of the largest number of the reference: the order of
/// sums differs, and each rounds at 6e-8.
const F32_BOUND: f64 = 2e-5;
/// The same for f16 weights: each is rounded at 4.9e-4 of itself, and what a sum of many such errors keeps of that passes
/// through every layer.
const F16_BOUND: f64 = 1e-2;
/// The same for bf16 weights, which are rounded at 3.9e-3.
const BF16_BOUND: f64 = 8e-2;

/// Proves that a model computes what a reference file says
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Reference file, a safetensors file with input.<name> and output.<name>
    #[arg(long, value_name = "FILE")]
    reference: PathBuf,
    /// Largest difference allowed, as a share of the largest number of the reference [default: 2e-5 for f32 weights, 1e-2 for
    /// f16, 8e-2 for bf16]
    #[arg(long, value_name = "SHARE", value_parser = parse_bound)]
    max_error: Option<f64>,
}

#[derive(Serialize)]
struct Report<'a> {
    passed: bool,
    backend: &'static str,
    isa: String,
    weights: &'static str,
    samples: usize,
    /// Largest difference allowed, as a share of the largest number of the reference.
    bound: f64,
    outputs: Vec<OutputReport<'a>>,
    not_compared: &'a [String],
    reference: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct OutputReport<'a> {
    name: &'a str,
    passed: bool,
    #[serde(flatten)]
    distance: Distance,
    /// The share of right classes, where the file holds labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_accuracy: Option<f64>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let file = File::read(&self.reference)?;
        let program = self.model.program_for(&file.inputs())?;
        let reference = file.bind(&program)?;
        let quiet = self.model.quiet();
        let mut backend = busy("building the back end", quiet, || self.backend.backend.open(&program))?;
        let progress = Progress::new("comparing", reference.samples.len(), quiet);
        let mut computed: Vec<Outputs> = Vec::new();
        for sample in &reference.samples {
            computed.push(backend.infer(sample)?);
            progress.step();
        }
        drop(progress);
        let bound = self.max_error.unwrap_or(match self.model.weights {
            WeightFormat::F32 => F32_BOUND,
            WeightFormat::F16 => F16_BOUND,
            WeightFormat::Bf16 => BF16_BOUND,
        });
        let outputs = outputs(&program, &reference, &computed, bound);
        let report = Report {
            passed: outputs.iter().all(|output| output.passed),
            backend: self.backend.backend.name(),
            isa: backend.isa().to_owned(),
            weights: self.model.weights.name(),
            samples: reference.samples.len(),
            bound,
            outputs,
            not_compared: &reference.not_compared,
            reference: &file.metadata,
        };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(if report.passed { Verdict::Holds } else { Verdict::Fails })
    }
}

fn parse_bound(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(bound) if bound >= 0.0 && bound.is_finite() => Ok(bound),
        _ => bail!("expected a number from 0 up, for example 2e-5"),
    }
}

fn outputs<'a>(program: &'a Program, reference: &Reference, computed: &[Outputs], bound: f64) -> Vec<OutputReport<'a>> {
    let report = |(index, output): (usize, &'a percio_codegen_core::program::Output)| {
        let expected = &reference.expected[index];
        let computed: Vec<Vec<f32>> = computed.iter().map(|outputs| outputs[index].clone()).collect();
        let distance = Distance::between(&computed, &expected.numbers, output.width);
        let right = |numbers: &[Vec<f32>]| accuracy(numbers, expected.labels.as_ref()?, output.width);
        OutputReport {
            name: &output.name,
            passed: distance.is_within(bound),
            distance,
            accuracy: right(&computed),
            reference_accuracy: right(&expected.numbers),
        }
    };
    program.outputs.iter().enumerate().map(report).collect()
}

impl Report<'_> {
    fn print(&self) {
        let Self { samples, backend, isa, weights, bound, .. } = self;
        println!("{samples} samples, {backend} on {isa}, {weights} weights");
        let made =
            ["framework", "device", "dtype"].map(|key| self.reference.get(key).map(|value| format!("{key} {value}")));
        println!("reference: {}\n", made.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let header = ["output", "max abs", "of max", "relative L2", "cosine", "SNR dB", "top-1", "worst sample", ""];
        let rows = self.outputs.iter().map(OutputReport::row);
        let rows: Vec<Vec<String>> = std::iter::once(header.map(str::to_owned).to_vec()).chain(rows).collect();
        println!("{}\n", table(&rows));
        for OutputReport { name, accuracy, reference_accuracy, .. } in &self.outputs {
            if let (Some(ours), Some(theirs)) = (accuracy, reference_accuracy) {
                println!("accuracy of {name}: {:.2} %, of the reference {:.2} %", 100.0 * ours, 100.0 * theirs);
            }
        }
        self.not_compared.iter().for_each(|name| println!("not compared: {name}, which the model does not compute"));
        let verdict = if self.passed { "passed" } else { "FAILED" };
        println!("{verdict}: allowed {bound:e} of the largest number of the reference");
    }
}

impl OutputReport<'_> {
    fn row(&self) -> Vec<String> {
        let distance = &self.distance;
        vec![
            self.name.to_owned(),
            format!("{:.2e}", distance.max_abs),
            format!("{:.2e}", distance.max_abs / distance.max_ref),
            format!("{:.2e}", distance.rel_l2),
            format!("{:.9}", distance.cosine),
            format!("{:.1}", distance.snr_db),
            format!("{:.4}", distance.top1_agreement),
            distance.worst_sample.to_string(),
            if self.passed { "ok" } else { "FAILED" }.to_owned(),
        ]
    }
}
