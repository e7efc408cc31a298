//! krasserm's perceiver-io, versions 0.1 to 0.11.
//!
//! The versions call the same tensors differently ([`dialect`]); the models are built from dataclasses ([`config`], [`first`])
//! that stand in `config.json` as `model_config`, or among the hyper-parameters of a Lightning checkpoint.

mod class;
mod config;
mod decoder;
mod dialect;
mod encoder;
mod first;
mod input;
mod layer;
mod source;

use super::checkpoint::Checkpoint;
use super::fields::Fields;
use super::labels::{self, Labels};
use crate::Problems;
use crate::model::{Latents, Model, Provenance};
use class::{CLASSES, Class};
use config::Config;
use serde_json::{Value, json};
use source::Source;

/// The value of `library`.
pub(super) const LIBRARY: &str = "krasserm/perceiver-io";

/// Epsilon of every layer norm: PyTorch's default, which upstream never overrides.
const EPS: f64 = 1e-5;

/// Whether `config` is one of this library: it says so, or it is what the library's Lightning modules keep.
pub(super) fn is_meant(config: &Value) -> bool {
    let said = |field| config.get(field).and_then(Value::as_str);
    match (said("library"), said("model_type")) {
        (Some(library), _) => library == LIBRARY,
        (None, Some(kind)) => CLASSES.iter().any(|(_, known, _)| *known == kind),
        (None, None) => is_bare(config),
    }
}

/// Whether `config` is what a model is built from, with nothing around it.
fn is_bare(config: &Value) -> bool {
    ["encoder", "decoder", "num_latents"].iter().all(|field| config.get(field).is_some())
}

/// Reads a checkpoint.
pub(super) fn load(name: &str, config: Value, mut checkpoint: Checkpoint) -> Result<Model, Problems> {
    let bare = is_bare(&config);
    let settings = if bare { Some(&config) } else { config.get("model_config") }.cloned().unwrap_or_default();
    let mut fields = Fields::new("", if bare { json!({}) } else { config });
    let recognised = source::recognise(&mut fields, &settings, &mut checkpoint);
    let mut settings = if bare { Fields::new("", settings) } else { fields.need_object("model_config") };
    let labels = labels::read(&mut fields);
    let mut problems = fields.known();
    let Some(source) = problems.take(recognised) else { return Err(problems) };
    let read = if source.found.is_first() { first::read } else { config::read };
    let config = read(&mut settings, source.class);
    // A Lightning module has hyper-parameters of its own beside those of the model.
    problems.append(if bare { settings.known() } else { settings.finish() });
    let Some(config) = config else { return Err(problems) };
    let model = assemble(name, &mut checkpoint, &source, &config, labels);
    match problems.take(checkpoint.finish(model, |_| false)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

fn assemble(
    name: &str,
    checkpoint: &mut Checkpoint,
    source: &Source,
    config: &Config,
    labels: Option<Labels>,
) -> Model {
    let found = &source.found;
    let (input, embedding) = input::read(checkpoint, found, &config.tokens, source.input());
    let tokens = (input.width(), "the tokens' width");
    let wide = |classes: &[Class]| classes.contains(&source.class).then_some(tokens);
    let qk = wide(&[Class::ImageClassifier, Class::OpticalFlow]);
    let encoder =
        encoder::read(checkpoint, &encoder::Source { found, config, tokens, qk, v: wide(&[Class::OpticalFlow]) });
    let tokens = decoder::Tokens { width: tokens, embedding: embedding.as_ref() };
    let (decoder, mut output) = decoder::read(checkpoint, found, config, &tokens);
    if let Some(labels) = labels {
        labels.put_on(&mut output, checkpoint);
    }
    Model {
        name: name.to_owned(),
        summary: String::new(),
        provenance: Provenance {
            implementation: format!("krasserm perceiver-io {}, {}", found.names.versions(), source.class.name()),
            remarks: source.remarks(),
        },
        parameters: 0,
        mask: source.mask(),
        inputs: vec![input],
        latents: Latents::Learned(encoder.latents),
        blocks: encoder.blocks,
        schedule: encoder.schedule,
        mixtures: Vec::new(),
        norm: None,
        decoder: Some(decoder),
        outputs: vec![output],
    }
}
