//! Perceiver AR: the last tokens are the latents, which attend to all tokens up to their own and then to each other.

mod config;
mod dialect;
mod rotary;

pub(super) use dialect::{Dialect, of_version, recognise, tells};

use super::layer::{self, Layer};
use super::{EPS, OUTPUT, adapter};
use crate::model::{
    Activation, Block, Extent, Input, Latents, Linear, Mask, Model, Output, Position, Provenance, Reads, Tensor,
};
use crate::scheme::block::{self, Biases, Spec};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::fields::Fields;
use config::Config;
use dialect::Head;

/// Reads a Perceiver AR whose ids are called `input`, still without a name; `None` when sizes are wrong.
pub(super) fn read(
    settings: &mut Fields,
    checkpoint: &mut Checkpoint,
    dialect: &Dialect,
    input: &str,
    mask: Mask,
) -> Option<Model> {
    let config = config::read(settings, dialect)?;
    let (input, embedding) = tokens(checkpoint, dialect, &config, input);
    let turning = rotary::read(checkpoint, dialect, &config);
    let mut blocks = vec![cross(checkpoint, &config)];
    blocks.extend((0..config.layers).map(|index| layer(checkpoint, &config, index)));
    for (index, block) in blocks.iter_mut().enumerate() {
        block.attention.causal = true;
        if index <= config.rotary_layers {
            turning.apply(&mut block.attention);
        }
    }
    let norm = config.output_norm.then(|| checkpoint.norm("out_norm", channels(&config), EPS));
    let head = head(checkpoint, dialect, &config, embedding);
    Some(Model {
        name: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        inputs: vec![input],
        mask: dialect.takes_prefix.then_some(mask),
        latents: Latents::Tail {
            most: config.latents,
            width: config.num_channels,
            project: None,
            prefix: (!dialect.takes_prefix).then_some(0),
            end: None,
        },
        schedule: (0..blocks.len()).collect(),
        blocks,
        mixtures: Vec::new(),
        norm,
        decoder: None,
        outputs: vec![Output::new(OUTPUT, Extent::Latents { most: config.latents }, Some(head))],
    })
}

fn channels(config: &Config) -> Axis<'static> {
    (config.num_channels, "num_channels")
}

/// The ids, and their embedding.
fn tokens(checkpoint: &mut Checkpoint, dialect: &Dialect, config: &Config, name: &str) -> (Input, Tensor) {
    let axes = [(config.vocab_size, "vocab_size"), channels(config)];
    let embedding = checkpoint.tensor("input_adapter.txt_embedding.weight", &axes);
    let axes = [(config.max_seq_len, "max_seq_len"), channels(config)];
    let table = config.abs_pos_emb.then(|| checkpoint.tensor(dialect.positions, &axes));
    let position = table.map(|table| Position { places: dialect.places(), ..adapter::learned(table) });
    (adapter::ids(name, embedding.clone(), config.max_seq_len, position), embedding)
}

/// From all tokens to the latents among them: those before go through the norm of the keys, they themselves through that of
/// the queries.
fn cross(checkpoint: &mut Checkpoint, config: &Config) -> Block {
    let biases = Biases { output: Bias::Required, ..Biases::all(Bias::Absent) };
    let spec = Spec {
        name: "encoder.cross",
        prefix: "cross_attention",
        context: Some(channels(config)),
        widening: (config.cross_widening, "cross_attention_widening_factor"),
        ..spec(config)
    };
    let block = block::read(checkpoint, &layer::names(Layer::Cross, biases), &spec);
    Block { reads: Reads::PrefixThenItself, ..block }
}

fn layer(checkpoint: &mut Checkpoint, config: &Config, index: usize) -> Block {
    let spec =
        Spec { name: &format!("encoder.layers.{index}"), prefix: &format!("self_attention.{index}"), ..spec(config) };
    block::read(checkpoint, &layer::names(Layer::SelfAttention, Biases::all(Bias::Absent)), &spec)
}

/// What all layers share, and what self-attention has of its own.
fn spec(config: &Config) -> Spec<'static> {
    let channels = channels(config);
    Spec {
        name: "",
        prefix: "",
        rows: channels,
        context: None,
        heads: (config.num_heads, "num_heads"),
        qk: channels,
        v: channels,
        widening: (config.self_widening, "self_attention_widening_factor"),
        activation: Activation::GeluErf,
        residual: true,
        eps: EPS,
    }
}

fn head(checkpoint: &mut Checkpoint, dialect: &Dialect, config: &Config, embedding: Tensor) -> Linear {
    let classes = (config.vocab_size, "vocab_size");
    match dialect.head {
        Head::Unbiased(name) => checkpoint.linear(name, classes, channels(config), Bias::Absent),
        Head::Biased(name) => checkpoint.linear(name, classes, channels(config), Bias::Required),
        Head::Tied(name) => {
            Linear { weight: embedding, bias: config.output_bias.then(|| checkpoint.tensor(name, &[classes])) }
        }
    }
}
