//! `percio compare`: whether back ends compute what the reference says, and where they first do not.

mod counted;
mod evaluate;
mod reference;

use crate::backend::Kind;
use crate::cli::Verdict;
use crate::cmd::print_json;
use crate::options::{Format, ModelArgs};
use crate::output::write_whole;
use crate::parallel::threads;
use crate::picture::Picture;
use crate::report::comparison::Comparison;
use crate::report::html::{Page, Timing};
use crate::report::parts::{Gates, Model, Parts, SCHEMA};
use crate::report::peers::Peers;
use crate::report::text::text;
use anyhow::{Result, bail, ensure};
use percio_codegen_core::front::weights;
use percio_codegen_core::program::{Program, WeightFormat};
use percio_format::crc32;
use std::num::NonZeroUsize;
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
    /// What runs the model; several stand side by side
    #[arg(long = "backend", value_name = "BACKEND", value_delimiter = ',', default_value = "interpreter")]
    backends: Vec<Kind>,
    /// Instruction set of this machine's back ends; several stand side by side
    #[arg(long = "isa", value_name = "NAME", value_delimiter = ',')]
    isas: Vec<String>,
    /// Reference file, a safetensors file with input.<name> and output.<name>, and stage.<name> to look inside. Of several the
    /// most exact is the truth and the others are held against it, so that the error of a GPU stands beside that of the device
    #[arg(long = "reference", value_name = "FILE", required = true)]
    references: Vec<PathBuf>,
    /// Samples of the reference, for example 0..32; all by default
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    samples: Option<[usize; 2]>,
    /// Threads, a sample each, and several for one large sample on the interpreter; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Largest difference allowed, as a share of the largest number of the reference [default: 2e-5 for f32 weights, 1e-2 for
    /// f16, 8e-2 for bf16]
    #[arg(long, value_name = "SHARE", value_parser = parse_bound)]
    max_error: Option<f64>,
    /// Smallest signal-to-noise ratio allowed, in dB
    #[arg(long, value_name = "DB", value_parser = parse_bound)]
    min_snr: Option<f64>,
    /// Smallest share of rows whose best class is the reference's
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    min_top1: Option<f64>,
    /// Further number types of the weights, whose error on the first back end stands beside: f16, bf16
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = weights::parse)]
    also_weights: Vec<WeightFormat>,
    /// Writes a page with the figures, the memory, the time and the attention
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Figures of other engines that stand beside on that page
    #[arg(long, value_name = "FILE", requires = "html")]
    peers: Vec<PathBuf>,
}

/// What was counted, and what a page shows beside it.
struct Compared {
    parts: Parts,
    program: Program,
    timings: Vec<Timing>,
    pictures: Vec<Picture>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let peers = Peers::read(self.peers.iter().map(PathBuf::as_path))?;
        let compared = self.compared()?;
        let report = Comparison::of(&compared.parts);
        if let Some(path) = &self.html {
            let Compared { program, timings, pictures, .. } = &compared;
            let page = Page { report: &report, program, timings, pictures, peers: &peers };
            write_whole(path, page.html().as_bytes())?;
        }
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => println!("{}", text(&report).trim_end()),
        }
        Ok(report.verdict())
    }

    /// Runs everything and counts.
    fn compared(&self) -> Result<Compared> {
        let files = self.references.iter().map(|path| reference::read(path)).collect::<Result<Vec<_>>>()?;
        let first = &files[0];
        let program = self.model.program_for(&first.inputs())?;
        let references = reference::bind(&program, &files, &self.references)?;
        let of = references.truth.bound.samples.len();
        let [start, end] = self.samples.unwrap_or([0, of]);
        ensure!(end <= of, "--samples {start}..{end}: the reference has {of} samples");
        let evaluation = evaluate::Evaluation {
            program: &program,
            references: &references,
            samples: start..end,
            weights: (self.model.weights, self.bound(self.model.weights)),
            threads: threads(self.threads, end - start),
        };
        let (mut runs, mut timings) =
            evaluation.runs(&Kind::each(&self.backends, &self.isas)?, self.html.is_some(), self.model.quiet())?;
        for &weights in &self.also_weights {
            let other = self.model.compile_in(self.model.model_for(&first.inputs())?, weights)?;
            let weights = (weights, self.bound(weights));
            let evaluation = evaluate::Evaluation { program: &other, weights, samples: start..end, ..evaluation };
            let kinds = Kind::each(&self.backends[..1], &self.isas)?;
            let (more, times) = evaluation.runs(&kinds, self.html.is_some(), self.model.quiet())?;
            runs.extend(more);
            timings.extend(times);
        }
        let others = evaluation.others()?;
        let pictures = if self.html.is_some() { evaluation.pictures()? } else { Vec::new() };
        timings.extend(references.timings());
        let parts = Parts {
            percio_compare: SCHEMA,
            model: Model { name: program.name.clone(), parameters: program.parameters, checksum: crc32(&program.blob) },
            weights: self.model.weights.name().to_owned(),
            gates: Gates { max_error: self.bound(self.model.weights), min_snr: self.min_snr, min_top1: self.min_top1 },
            of,
            ranges: vec![[start, end]],
            not_compared: evaluation.not_compared(&runs),
            remarks: references.remarks(start..end, &program),
            truth: references.truth.origin.clone(),
            runs,
            references: others,
        };
        Ok(Compared { parts, program, timings, pictures })
    }

    /// The largest difference allowed: what was asked for, or what the weights' format explains.
    fn bound(&self, weights: WeightFormat) -> f64 {
        self.max_error.unwrap_or(match weights {
            WeightFormat::F32 => F32_BOUND,
            WeightFormat::F16 => F16_BOUND,
            WeightFormat::Bf16 => BF16_BOUND,
        })
    }
}

fn parse_bound(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(bound) if bound >= 0.0 && bound.is_finite() => Ok(bound),
        _ => bail!("expected a number from 0 up, for example 2e-5"),
    }
}

fn parse_share(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => bail!("expected a share from 0 to 1, for example 0.99"),
    }
}

fn parse_range(text: &str) -> Result<[usize; 2]> {
    let ends = text.split_once("..").map(|(first, end)| (first.parse(), end.parse()));
    match ends {
        Some((Ok(first), Ok(end))) if first < end => Ok([first, end]),
        _ => bail!("expected A..B with A below B, for example 0..32: the samples from A on and before B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_shares_are_read() {
        assert_eq!(parse_range("3..10").expect("well formed"), [3, 10]);
        for wrong in ["", "3", "3..", "..3", "3..3", "4..3", "a..b", "-1..2"] {
            assert!(parse_range(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_share("0.5").expect("well formed"), 0.5);
        assert!(["", "2", "-1", "NaN"].into_iter().all(|wrong| parse_share(wrong).is_err()));
    }
}
