//! percio's own format, `model_type = "percio"` (docs/native-format.md).

mod block;
mod check;
mod config;
mod decoder;
mod encoding;
mod input;
mod output;
mod write;

use super::checkpoint::{Axis, Bias, Checkpoint};
use crate::Problems;
use crate::model::{Input, Latents, Mixture, Model, Provenance};
use block::{Place, norm};
use config::Config;
pub use write::{Native, write};

/// Reads a model of this format.
pub(super) fn load(config: serde_json::Value, mut checkpoint: Checkpoint) -> Result<Model, Problems> {
    let config = config::read(config)?;
    for (copy, original) in &config.shared {
        checkpoint.share(copy, original);
    }
    let inputs = input::read(&config, &mut checkpoint);
    let token_width = inputs.iter().map(Input::width).max().unwrap_or(1).max(config.token_width.unwrap_or(1));
    let latents = latents(&config, &mut checkpoint, (token_width, "the tokens' width"));
    let rows: Axis<'_> = (config.latents.width, "latents.width");
    let place = Place { rows, context: (token_width, "the tokens' width"), count: config.latents.count };
    let blocks = config.encoder.blocks.iter().map(|block| place.read(&config, &mut checkpoint, block)).collect();
    let tokens = [inputs.iter().map(Input::tokens).sum(), token_width];
    let decoder = config.decoder.as_ref().map(|decoder| decoder::read(&config, &mut checkpoint, decoder, tokens));
    let mut model = Model {
        name: config.name.clone(),
        summary: config.summary.clone(),
        provenance: provenance(&config),
        parameters: 0,
        mask: config.mask.clone(),
        mixtures: mixtures(&config, &mut checkpoint, rows),
        norm: config.encoder.norm.map(|spec| norm(&config, &mut checkpoint, "encoder.norm", rows, spec)),
        schedule: config.encoder.schedule.clone(),
        inputs,
        latents,
        blocks,
        decoder,
        outputs: Vec::new(),
    };
    model.outputs = output::read(&config, &mut checkpoint, &model);
    check::run(&model, &mut checkpoint);
    checkpoint.finish(model, |_| false)
}

fn provenance(config: &Config) -> Provenance {
    let mut remarks = vec!["recognised by `model_type` \"percio\"".to_owned()];
    if let Some(source) = &config.source {
        remarks.push(format!("imported: {}", source.implementation));
        remarks.extend(source.remarks.iter().cloned());
    }
    Provenance { implementation: "percio, native format 1".to_owned(), remarks }
}

fn latents(config: &Config, checkpoint: &mut Checkpoint, tokens: Axis<'_>) -> Latents {
    let (most, width) = (config.latents.count, config.latents.width);
    if !config.latents.is_tail {
        return Latents::Learned(checkpoint.tensor("latents", &[(most, "latents.count"), (width, "latents.width")]));
    }
    if !config.latents.project && width != tokens.0 {
        checkpoint.complain(format!(
            "`latents.width` is {width}, but the latents are tokens of {} numbers: make the two agree, or set `latents.project` \
             to true",
            tokens.0
        ));
    }
    let linear = |checkpoint: &mut Checkpoint| {
        checkpoint.linear("latents.project", (width, "latents.width"), tokens, Bias::Optional)
    };
    let (prefix, end) = (config.latents.prefix, config.latents.end);
    Latents::Tail { most, width, project: config.latents.project.then(|| linear(checkpoint)), prefix, end }
}

fn mixtures(config: &Config, checkpoint: &mut Checkpoint, rows: Axis<'_>) -> Vec<Mixture> {
    let read = |(index, mixture): (usize, &config::Mixture)| {
        let part = |part: &str| format!("encoder.mixtures.{index}.{part}");
        let source = format!("encoder.mixtures[{index}].rank");
        let rank: Axis<'_> = (mixture.rank, &source);
        Mixture {
            states: mixture.states.clone(),
            norm: mixture.norm.map(|spec| norm(config, checkpoint, &part("norm"), rows, spec)),
            reduce: checkpoint.linear(&part("reduce"), rank, rows, Bias::Optional),
            expand: checkpoint.linear(&part("expand"), rows, rank, Bias::Optional),
        }
    };
    config.encoder.mixtures.iter().enumerate().map(read).collect()
}
