//! `percio run`: one inference for each sample of a file.

use super::print_json;
use crate::backend::Outputs;
use crate::cli::Verdict;
use crate::input_file::InputFile;
use crate::labels::softmax;
use crate::options::{BackendArgs, Format, ModelArgs};
use crate::progress::busy;
use anyhow::Result;
use percio_codegen_core::program::{Output, Program};
use serde::Serialize;
use std::path::PathBuf;

/// Classes shown of each row.
const BEST: usize = 5;

/// Runs a model on a file of inputs
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Inputs: .safetensors, or .csv or .npy for a model with one input of numbers
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
}

#[derive(Serialize)]
struct SampleReport<'a> {
    outputs: Vec<OutputReport<'a>>,
}

#[derive(Serialize)]
struct OutputReport<'a> {
    name: &'a str,
    shape: Vec<usize>,
    numbers: Vec<f32>,
    /// For each row the best classes with their probabilities, best first; empty without class names.
    classes: Vec<Vec<(&'a str, f32)>>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let file = InputFile::read(&self.input)?;
        let program = self.model.program_for(&file.inputs().0)?;
        let samples = file.samples(&program)?;
        let mut backend = busy("building the back end", self.model.quiet(), || self.backend.backend.open(&program))?;
        let mut reports = Vec::new();
        for sample in &samples {
            let outputs = backend.infer(sample)?;
            reports.push(SampleReport::new(&program, outputs));
        }
        match self.model.format {
            Format::Json => print_json(&reports)?,
            Format::Text => reports.iter().enumerate().for_each(|(index, report)| report.print(index)),
        }
        Ok(Verdict::Holds)
    }
}

impl<'a> SampleReport<'a> {
    fn new(program: &'a Program, computed: Outputs) -> Self {
        let outputs = program.outputs.iter().zip(computed);
        let report = |(output, numbers): (&'a Output, Vec<f32>)| {
            let classes = numbers.chunks(output.width.max(1)).map(|row| classes(&output.labels, row));
            let classes = if output.labels.is_empty() { Vec::new() } else { classes.collect() };
            OutputReport { name: &output.name, shape: output.shape(), numbers, classes }
        };
        Self { outputs: outputs.map(report).collect() }
    }

    fn print(&self, index: usize) {
        println!("sample {index}");
        for output in &self.outputs {
            println!("  {} {:?}", output.name, output.shape);
            let width = output.shape.last().copied().unwrap_or(1).max(1);
            for (row, numbers) in output.numbers.chunks(width).enumerate() {
                let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:.6}")).collect();
                println!("    {}", numbers.join(" "));
                for (label, probability) in output.classes.get(row).into_iter().flatten() {
                    println!("    {:6.2} %  {label}", 100.0 * probability);
                }
            }
        }
    }
}

/// The best classes of a row and their probabilities.
fn classes<'a>(labels: &'a [String], scores: &[f32]) -> Vec<(&'a str, f32)> {
    let mut classes: Vec<(&str, f32)> = labels.iter().map(String::as_str).zip(softmax(scores)).collect();
    classes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    classes.truncate(BEST);
    classes
}
