//! Hugging Face transformers, `model_type = "perceiver"`.
//!
//! Follows `modeling_perceiver.py` of transformers, its hard-coded numbers included. What the classes share lies in
//! [`encoder`], what they read in [`text`] and [`image`], what they ask in [`decoder`].

mod class;
mod config;
mod decoder;
mod encoder;
mod image;
mod text;

use super::block::{Biases, Names, Projections};
use super::checkpoint::{Bias, Checkpoint};
use super::{LoadOptions, fields::Fields};
use crate::Problems;
use crate::model::{Input, Latents, Mask, Model, Provenance, Stem};
use class::Class;
use config::Config;

/// Epsilon of every layer norm and batch norm: PyTorch's default, which upstream never overrides.
const EPS: f64 = 1e-5;

/// The parts of a `PerceiverLayer`.
const LAYER: Names = Names {
    norm_q: ".attention.self.layernorm1",
    norm_kv: ".attention.self.layernorm2",
    projections: Projections::Separate {
        query: ".attention.self.query",
        key: ".attention.self.key",
        value: ".attention.self.value",
    },
    output: ".attention.output.dense",
    mlp_norm: ".layernorm",
    up: ".mlp.dense1",
    down: ".mlp.dense2",
    biases: Biases::all(Bias::Required),
};

/// Reads a checkpoint of one of the supported classes.
pub(super) fn load(
    name: &str,
    config: serde_json::Value,
    mut checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut fields = Fields::new("", config);
    let class = class::recognise(&mut fields, &checkpoint);
    let config = config::read(&mut fields);
    let mut problems = fields.known();
    let Some((class, recognised)) = class.filter(|_| config.sizes_are_known) else { return Err(problems) };

    let mut remarks = vec![recognised];
    remarks.extend(config.ignored_eps.map(|eps| {
        format!("`layer_norm_eps` {eps:e} is ignored, as transformers ignores it: every layer norm uses {EPS:e}")
    }));
    let input = match class {
        Class::MaskedLm | Class::SequenceClassification => text::read(&config, &mut checkpoint),
        _ => image::read(class, &config, &mut checkpoint, options, &mut remarks),
    };
    let model = assemble(name, class, &config, &mut checkpoint, input, remarks);
    match problems.take(checkpoint.finish(model, is_buffer)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

fn assemble(
    name: &str,
    class: Class,
    config: &Config,
    checkpoint: &mut Checkpoint,
    input: Input,
    remarks: Vec<String>,
) -> Model {
    let encoder = encoder::read(config, checkpoint, input.width());
    let (decoder, output) = match class {
        Class::MaskedLm => decoder::masked_lm(config, checkpoint, &input),
        _ => decoder::classification(config, checkpoint),
    };
    Model {
        name: name.to_owned(),
        summary: String::new(),
        provenance: Provenance { implementation: format!("Hugging Face transformers, {}", class.name()), remarks },
        parameters: 0,
        mask: matches!(input.stem, Stem::Ids { .. }).then(|| Mask::new("attention_mask")),
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

/// Buffers that some versions of the libraries save and inference does not need.
fn is_buffer(name: &str) -> bool {
    name.ends_with(".num_batches_tracked") || name.ends_with("position_ids")
}
