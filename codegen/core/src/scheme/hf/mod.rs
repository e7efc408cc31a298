//! Hugging Face transformers, `model_type = "perceiver"`.
//!
//! Follows `modeling_perceiver.py` of transformers, its hard-coded numbers included. What the classes share lies in
//! [`encoder`], [`decoder`] and [`position`]; the other modules are classes.

mod bare;
mod class;
mod config;
mod decoder;
mod encoder;
mod flow;
mod image;
mod multimodal;
mod position;
mod source;
mod text;

use super::LoadOptions;
use super::block::{Biases, Names, Projections};
use super::checkpoint::{Axis, Bias, Checkpoint};
use super::fields::Fields;
use crate::Problems;
use crate::model::{Decoder, Input, Latents, Mask, Model, Output, Provenance};
use class::Class;
use encoder::Encoder;
use source::Source;

/// Epsilon of every layer norm and batch norm: PyTorch's default, which upstream never overrides.
const EPS: f64 = 1e-5;

/// Where the numbers come from that no configuration changes.
const FIXED: &str = "transformers (fixed)";

/// The input that says which tokens are attended to.
const MASK: &str = "attention_mask";

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

/// What a class puts before the encoder and after it.
struct Ends {
    inputs: Vec<Input>,
    /// Whether it always takes a mask; the others take one when they are given one.
    is_masked: bool,
    decoder: Option<Decoder>,
    outputs: Vec<Output>,
}

/// Reads a checkpoint of one of the classes.
pub(super) fn load(
    name: &str,
    config: serde_json::Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut fields = Fields::new("", config);
    let class = class::recognise(&mut fields, &checkpoint);
    let config = config::read(&mut fields, options.fidelity);
    let mut problems = fields.known();
    let Some((class, recognised)) = class.filter(|_| config.sizes_are_known) else { return Err(problems) };

    let mut source = Source { config, options, checkpoint, remarks: vec![recognised] };
    source.remark_on_numerics();
    let ends = match class {
        Class::MaskedLm => text::masked_lm(&mut source),
        Class::SequenceClassification => text::classifier(&mut source),
        Class::ImageLearned => image::learned(&mut source),
        Class::ImageFourier => image::fourier(&mut source),
        Class::ImageConv => image::convolved(&mut source),
        Class::OpticalFlow => flow::read(&mut source),
        Class::Multimodal => multimodal::read(&mut source),
        Class::Bare => bare::read(&mut source),
    };
    let model = assemble(name, class, &mut source, ends);
    match problems.take(source.checkpoint.finish(model, is_buffer)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

fn assemble(name: &str, class: Class, source: &mut Source<'_>, ends: Ends) -> Model {
    let Ends { inputs, is_masked, decoder, outputs } = ends;
    let token_width: Axis<'_> = (inputs.iter().map(Input::full_width).max().unwrap_or(0), "the tokens' width");
    let Encoder { latents, blocks, schedule } = encoder::read(source, class.prefix(), token_width);
    let is_masked = is_masked || source.options.shape(MASK, 1).is_some();
    Model {
        name: name.to_owned(),
        summary: String::new(),
        provenance: Provenance {
            implementation: format!("Hugging Face transformers, {}", class.name()),
            remarks: std::mem::take(&mut source.remarks),
        },
        parameters: 0,
        mask: is_masked.then(|| Mask::new(MASK)),
        inputs,
        latents: Latents::Learned(latents),
        blocks,
        schedule,
        mixtures: Vec::new(),
        norm: None,
        decoder,
        outputs,
    }
}

/// Buffers that some versions of the libraries save and inference does not need.
fn is_buffer(name: &str) -> bool {
    const SUFFIXES: [&str; 4] = [".num_batches_tracked", "position_ids", "_ema:counter", "_ema:hidden"];
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}
