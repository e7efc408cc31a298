//! google-research/perceiver-ar (JAX, Haiku): latents are a linear layer on the last tokens; they attend to all tokens up to
//! their own, then to each other.
//!
//! A sequence ends before its first id 0, and places count from its end.

mod args;
mod names;
mod rotary;

use super::LoadOptions;
use super::block::{self, Spec};
use super::checkpoint::{Axis, Bias, Checkpoint};
use super::constructor::Constructor;
use crate::Problems;
use crate::model::{
    Block, Combine, Encoding, Extent, Input, Latents, Model, Output, Places, Position, Provenance, Stem, Tensor,
};
use args::{Args, Positions};
use serde_json::Value;

/// What `library` says in the configuration.
pub(super) const LIBRARY: &str = "google-research/perceiver-ar";

/// The class, and the module that it is.
const CLASS: &str = "PerceiverAR";
const MODULE: &str = "perceiver_ar";

/// The id that ends a sequence.
const PADDING: u32 = 0;

/// Epsilon of every layer norm: Haiku's default.
const EPS: f64 = 1e-5;

/// Whether a tree of Haiku's belongs here, of which `has` says whether a parameter is there.
pub(super) fn is_meant(has: impl Fn(&str) -> bool) -> bool {
    has("perceiver_ar/~/logits:w")
}

/// Reads a checkpoint.
pub(super) fn load(
    name: &str,
    config: Value,
    checkpoint: Checkpoint,
    _options: &LoadOptions,
) -> Result<Model, Problems> {
    let mut checkpoint = checkpoint.turned(|weights| weights.turned(names::plain));
    let mut constructor = Constructor::read(config);
    if let Some(class) = constructor.class.clone().filter(|class| class != CLASS) {
        constructor.complain(format!("`class` in config.json is \"{class}\", expected \"{CLASS}\": export that one"));
    }
    let provenance = Provenance {
        implementation: format!("{LIBRARY} (JAX, Haiku), {CLASS}"),
        remarks: vec![
            format!("recognised by `library` \"{LIBRARY}\" and Haiku's module `{MODULE}`: {CLASS}"),
            "a sequence ends before its first id 0, which is padding".to_owned(),
        ],
    };
    let args = Args::read(&mut constructor.args);
    let model = args.map(|args| Model { name: name.to_owned(), provenance, ..read(&args, &mut checkpoint) });
    let mut problems = constructor.finish();
    let Some(model) = model else { return Err(problems) };
    match problems.take(checkpoint.finish(model, |_| false)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}

fn read(args: &Args, checkpoint: &mut Checkpoint) -> Model {
    let input = tokens(args, checkpoint);
    let [tokens, latents] = [(args.input_embed_dim, "args.input_embed_dim"), latent_width(args)];
    let project = checkpoint.linear(&named("~/linear"), latents, tokens, Bias::Required);
    let blocks = blocks(args, checkpoint);
    let norm = Some(checkpoint.norm(&named("layer_norm"), latents, EPS));
    let logits = checkpoint.linear(&named("~/logits"), (args.num_classes, "args.num_classes"), latents, Bias::Required);
    Model {
        name: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        inputs: vec![input],
        mask: None,
        latents: Latents::Tail {
            most: args.z_index_dim,
            width: args.num_z_channels,
            project: Some(project),
            prefix: Some(0),
            end: Some(PADDING),
        },
        schedule: (0..blocks.len()).collect(),
        blocks,
        mixtures: Vec::new(),
        norm,
        decoder: None,
        outputs: vec![Output::new("input_events_logits", Extent::Latents { most: args.z_index_dim }, Some(logits))],
    }
}

/// The name of a part of the model.
fn named(part: &str) -> String {
    format!("{MODULE}/{part}")
}

fn latent_width(args: &Args) -> Axis<'static> {
    (args.num_z_channels, "args.num_z_channels")
}

/// The ids, to which positions that count from the end may be added.
fn tokens(args: &Args, checkpoint: &mut Checkpoint) -> Input {
    let width = (args.input_embed_dim, "args.input_embed_dim");
    let embedding = checkpoint.tensor(&named("~/embed.weight"), &[(args.num_classes, "args.num_classes"), width]);
    let position = match args.positions {
        Positions::Turning(_) => None,
        Positions::Added(rows) => {
            let table = checkpoint.tensor(&named("~/embed_1.weight"), &[(rows, "args.input_idx_size"), width]);
            Some(from_end(table, args.tokens()))
        }
    };
    Input { position, ..Input::new("inputs", Stem::Ids { tokens: args.tokens(), embedding }) }
}

/// Learned positions of up to `tokens` tokens, the last of which has the table's first row.
fn from_end(table: Tensor, tokens: usize) -> Position {
    let table = table.part_of_rows(0, tokens);
    Position { places: Places::FromEnd, ..Position::new(Encoding::Learned(table), Combine::Add) }
}

/// The blocks, in their order.
fn blocks(args: &Args, checkpoint: &mut Checkpoint) -> Vec<Block> {
    let (mut blocks, mut crosses) = (Vec::new(), 0..);
    let mut cross = |checkpoint: &mut Checkpoint| cross(args, checkpoint, crosses.next().unwrap_or(0));
    if args.has_first_cross {
        blocks.push(cross(checkpoint));
    }
    for index in 0..args.layers {
        blocks.push(layer(args, checkpoint, index));
        if args.more_cross_after.contains(&index) {
            blocks.push(cross(checkpoint));
        }
    }
    blocks
}

/// From all tokens to the latents.
fn cross(args: &Args, checkpoint: &mut Checkpoint, index: usize) -> Block {
    let name = if index == 0 { "encoder.cross".to_owned() } else { format!("encoder.cross.{index}") };
    let width = args.cross_width();
    let spec = Spec {
        name: &name,
        prefix: &named(&names::numbered("~/cross_attention", index)),
        rows: latent_width(args),
        context: Some((args.input_embed_dim, "args.input_embed_dim")),
        heads: (args.cross_heads, "args.num_cross_attend_heads"),
        qk: width,
        v: width,
        widening: (args.cross_widening, "args.cross_attend_widening_factor"),
        activation: args.activation,
        residual: args.cross_residual,
        eps: EPS,
    };
    let mut block = causal(args, checkpoint, &spec, true);
    if let Positions::Turning(turning) = &args.positions {
        rotary::offset(turning, &mut block.attention);
    }
    block
}

/// Over the latents alone.
fn layer(args: &Args, checkpoint: &mut Checkpoint, index: usize) -> Block {
    let width = latent_width(args);
    let spec = Spec {
        name: &format!("encoder.layers.{index}"),
        prefix: &named(&names::numbered("~/self_attention", index)),
        rows: width,
        context: None,
        heads: (args.self_heads, "args.num_transformer_heads"),
        qk: width,
        v: width,
        widening: (args.self_widening, "args.transformer_widening_factor"),
        activation: args.activation,
        residual: true,
        eps: EPS,
    };
    causal(args, checkpoint, &spec, false)
}

fn causal(args: &Args, checkpoint: &mut Checkpoint, spec: &Spec<'_>, is_cross: bool) -> Block {
    let mut block = block::read(checkpoint, &names::block(is_cross), spec);
    block.attention.causal = true;
    if let Positions::Turning(turning) = &args.positions {
        rotary::apply(turning, &mut block.attention, checkpoint, spec.name);
    }
    block
}
