//! `percio inspect`: what a model attends to and what its latents hold.

mod layout;
mod page;
mod usage;

use super::print_json;
use crate::backend::{Interpreter, Keep, Trace};
use crate::cli::Verdict;
use crate::input_file::{InputFile, Normalization};
use crate::looks;
use crate::options::{Format, ModelArgs};
use crate::output::write_whole;
use crate::picture::Picture;
use crate::progress::Progress;
use crate::table::table;
use anyhow::{Context, Result};
use layout::Layout;
use percio_codegen_core::program::Program;
use serde::Serialize;
use std::path::PathBuf;
use usage::{Usage, entropy};

/// Samples that the usage of latents is taken from.
const SAMPLES: usize = 64;

/// Shows what a model attends to and what its latents hold, as pictures
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// Inputs: a reference file, or any other file that `percio run` reads
    #[arg(long, value_name = "FILE", visible_alias = "input")]
    reference: PathBuf,
    /// The sample that is shown
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// Writes a page with all pictures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes each picture as a PNG file into a directory
    #[arg(long, value_name = "DIR")]
    png: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    percio_inspect: u32,
    model: String,
    sample: usize,
    /// Samples that the usage of latents is taken from.
    samples: usize,
    attention: Vec<AttentionReport>,
    latent_usage: Option<Usage>,
}

#[derive(Serialize)]
struct AttentionReport {
    name: String,
    heads: usize,
    queries: usize,
    keys: usize,
    /// Mean entropy of a query's weights in bits; all keys alike have log₂(keys).
    entropy_bits: f64,
    /// The key that counts most in all.
    most_read: usize,
}

/// The pictures of a sample, by what they show.
pub(super) struct Pictures {
    pub(super) layouts: Vec<Picture>,
    pub(super) attention: Vec<Picture>,
    pub(super) latents: Vec<Picture>,
    pub(super) queries: Vec<Picture>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let file = InputFile::read(&self.reference)?;
        let model = self.model.model_for(&file.inputs().0)?;
        let layouts = Layout::of(&model);
        let program = self.model.compile(model)?;
        let samples = file.samples(&program, &Normalization::default())?;
        let sample = samples
            .get(self.sample)
            .with_context(|| format!("--sample {}: the file has samples 0 to {}", self.sample, samples.len() - 1))?;
        let mut interpreter = Interpreter::new(&program)?;
        let (_, trace) = interpreter.watch(sample, Keep::StagesAndAttention);
        let shown = samples.len().min(SAMPLES);
        let progress = Progress::new("running samples", shown, self.model.quiet());
        let mut usage = Usage::default();
        for sample in &samples[..shown] {
            usage.add(&interpreter.watch(sample, Keep::StagesAndAttention).1.attention);
            progress.step();
        }
        drop(progress);
        let usage = usage.finish();
        let report = Report::new(&program, &self, shown, &trace, usage);
        self.write(&program, &report, &pictures(&trace, &layouts))?;
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }

    fn write(&self, program: &Program, report: &Report, pictures: &Pictures) -> Result<()> {
        if let Some(path) = &self.html {
            write_whole(path, page::html(program, self.sample, report.latent_usage.as_ref(), pictures).as_bytes())?;
        }
        let Some(directory) = &self.png else { return Ok(()) };
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make `{}`", directory.display()))?;
        let Pictures { layouts, attention, latents, queries } = pictures;
        for (kind, pictures) in [("reads", layouts), ("attention", attention), ("rows", latents), ("queries", queries)]
        {
            for picture in pictures {
                let name = picture.title.replace(|letter: char| !letter.is_alphanumeric() && letter != '.', "-");
                write_whole(&directory.join(format!("{kind}-{name}.png")), &picture.png())?;
            }
        }
        Ok(())
    }
}

fn pictures(trace: &Trace, layouts: &[Layout]) -> Pictures {
    let of_tokens = trace.attention.iter().filter(|map| map.keys == layouts.iter().map(Layout::tokens).sum::<usize>());
    Pictures {
        layouts: of_tokens.flat_map(|map| layout::pictures(map, layouts)).collect(),
        attention: looks::attention(&trace.attention),
        latents: looks::stages(&trace.stages),
        queries: trace
            .attention
            .iter()
            .filter(|map| map.name.starts_with("decoder"))
            .filter_map(usage::similarity)
            .collect(),
    }
}

impl Report {
    fn new(program: &Program, cmd: &Cmd, samples: usize, trace: &Trace, latent_usage: Option<Usage>) -> Self {
        let attention = trace.attention.iter().map(|map| {
            let mean = looks::mean_over_heads(map);
            let received = |key: usize| mean.iter().skip(key).step_by(map.keys).sum::<f32>();
            AttentionReport {
                name: map.name.clone(),
                heads: map.heads,
                queries: map.queries,
                keys: map.keys,
                entropy_bits: entropy(&map.weights, map.keys),
                most_read: (0..map.keys).max_by(|&a, &b| received(a).total_cmp(&received(b))).unwrap_or(0),
            }
        });
        Self {
            percio_inspect: 1,
            model: program.name.clone(),
            sample: cmd.sample,
            samples,
            attention: attention.collect(),
            latent_usage,
        }
    }

    fn print(&self) {
        println!("{}, sample {}\n", self.model, self.sample);
        let header = ["attention", "heads", "queries", "keys", "entropy, bits", "of at most", "most read"];
        let rows = self.attention.iter().map(|map| {
            vec![
                map.name.clone(),
                map.heads.to_string(),
                map.queries.to_string(),
                map.keys.to_string(),
                format!("{:.2}", map.entropy_bits),
                format!("{:.2}", (map.keys as f64).log2()),
                map.most_read.to_string(),
            ]
        });
        let rows: Vec<Vec<String>> = [header.map(str::to_owned).to_vec()].into_iter().chain(rows).collect();
        println!("{}", table(&rows));
        if let Some(usage) = &self.latent_usage {
            println!("\n{}", usage.sentence(self.samples));
        }
    }
}
