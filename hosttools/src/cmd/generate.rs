//! `percio generate`: what a Perceiver AR makes of a prompt.

use super::print_json;
use crate::cli::Verdict;
use crate::generate::{Cached, Pick, Predict, Recomputed, Sequence, Tail};
use crate::options::{Format, ModelArgs};
use crate::progress::Progress;
use anyhow::{Result, bail};
use serde::Serialize;

/// Continues a prompt with a Perceiver AR, a token at a time
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// The ids that the sequence begins with, for example 5,17,3
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    prompt: Vec<u32>,
    /// How many tokens to add
    #[arg(long, value_name = "N", default_value_t = 16)]
    tokens: usize,
    /// How many of the prompt are latents, where the model leaves that open; as few as can be when absent
    #[arg(long, value_name = "N")]
    latents: Option<usize>,
    /// Draw from so many of the likeliest ids; 1 always takes the likeliest
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = parse_top)]
    top_k: usize,
    /// What logits are divided by before drawing
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = parse_temperature)]
    temperature: f64,
    /// Where drawing starts; the same seed draws the same ids
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Run the whole model for every token instead of keeping what stays as it was
    #[arg(long)]
    no_cache: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    prompt: &'a [u32],
    generated: &'a [u32],
    /// Whether keys and values of earlier tokens were kept.
    cached: bool,
    /// Rows of latents that went through the layers, where they were kept.
    rows: Option<usize>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let model = self.model.model()?;
        let mut sequence = Sequence::new(Tail::of(&model)?, &self.prompt, self.latents)?;
        let program = self.model.compile(model)?;
        let rows = if self.no_cache {
            self.continue_with(&mut sequence, &mut Recomputed::new(&program)?)?;
            None
        } else {
            let mut cached = Cached::new(&program)?;
            self.continue_with(&mut sequence, &mut cached)?;
            Some(cached.rows())
        };
        let (prompt, generated) = sequence.ids().split_at(self.prompt.len());
        let report = Report { prompt, generated, cached: rows.is_some(), rows };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => println!("{}", generated.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        }
        Ok(Verdict::Holds)
    }

    fn continue_with(&self, sequence: &mut Sequence, predict: &mut dyn Predict) -> Result<()> {
        let mut pick = Pick::among(self.top_k, self.temperature, self.seed);
        let progress = Progress::new("generating", self.tokens, self.model.quiet());
        for _ in 0..self.tokens {
            sequence.step(predict, &mut pick)?;
            progress.step();
        }
        Ok(())
    }
}

fn parse_top(text: &str) -> Result<usize> {
    match text.parse() {
        Ok(top) if top > 0 => Ok(top),
        _ => bail!("expected a whole number from 1 up"),
    }
}

fn parse_temperature(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(temperature) if temperature > 0.0 && temperature.is_finite() => Ok(temperature),
        _ => bail!("expected a number above 0, for example 0.8"),
    }
}
