//! `percio run`: one inference for each sample of a file, or of tokens as they arrive.

mod watch;

use super::print_json;
use crate::backend::{Kind, Outputs};
use crate::cli::Verdict;
use crate::input_file::{InputFile, Normalization};
use crate::labels::softmax;
use crate::options::{BackendArgs, Format, ModelArgs};
use crate::parallel::threads;
use crate::progress::busy;
use anyhow::{Result, bail};
use percio_codegen_core::program::{Output, Program};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Classes shown of each row.
const BEST: usize = 5;

/// Most numbers of a row that are shown as they are.
const SHOWN: usize = 16;

/// Runs a model on a file of inputs, or on tokens as they arrive
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Inputs: .safetensors; .npy, .csv, .png (numbers from 0 to 1) or .wav (from −1 to 1) for a model with one input of
    /// numbers; .txt, a sample a line, for one that reads bytes
    #[arg(long, value_name = "FILE", required_unless_present = "watch")]
    input: Option<PathBuf>,
    /// Taken off the numbers of a picture or sound: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_negative_numbers = true)]
    mean: Vec<f32>,
    /// What they are divided by then: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    std: Vec<f32>,
    /// Reads tokens from standard input as they arrive, a JSON value a line: [0.1, 0.2, 0.3], or {"acceleration": [[0.1, 0.2, 0.3]]}
    /// for a model with several inputs. An empty line ends a window
    #[arg(long, conflicts_with_all = ["input", "mean", "std"])]
    watch: bool,
    /// Threads of the interpreter, where a model is large; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Lines after which a window ends
    #[arg(long, value_name = "LINES", requires = "watch")]
    every: Option<NonZeroUsize>,
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
        let Some(input) = &self.input else { return self.watch() };
        let file = InputFile::read(input)?;
        let program = self.model.program_for(&file.inputs().0)?;
        let samples = file.samples(&program, &Normalization { mean: self.mean, std: self.std })?;
        let (kind, threads) = (&self.backend.backend, threads(self.threads, 1));
        let mut backend =
            busy("building the back end", self.model.quiet(), || kind.open_threaded(&program, None, threads.each))?;
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

    fn watch(&self) -> Result<Verdict> {
        if self.backend.backend != Kind::Interpreter {
            bail!("--watch runs on the interpreter: leave --backend out");
        }
        let (program, every) = (self.model.program()?, self.every.map(NonZeroUsize::get));
        watch::Watch { program: &program, every, format: self.model.format }.run(std::io::stdin().lock())?;
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
                let shown = |number: &f32| format!("{number:.6}");
                let cut =
                    if numbers.len() > SHOWN { format!(" … {} more", numbers.len() - SHOWN) } else { String::new() };
                println!("    {}{cut}", numbers.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join(" "));
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
