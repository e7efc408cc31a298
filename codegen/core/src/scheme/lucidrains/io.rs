//! `PerceiverIO`, whose queries come with the data, and `PerceiverLM`, whose queries are its embedded tokens.

use super::Source;
use super::encoder::Recipe;
use super::leaf::Shape;
use crate::model::{
    Block, Combine, Decoder, Encoding, Extent, Input, Linear, Model, Output, Position, Queries, Reads, Residual, Stem,
};
use crate::scheme::LoadOptions;
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::constructor::{Constructor, Length};
use crate::scheme::fields::SIZE;

/// Reads a `PerceiverIO`; `None` when the arguments are wrong.
pub(super) fn read(
    source: &Source<'_>,
    constructor: &mut Constructor,
    checkpoint: &mut Checkpoint,
    options: &LoadOptions,
) -> Option<Model> {
    let width = (constructor.args.need_whole("dim", &SIZE), "args.dim");
    let queries_width = (constructor.args.need_whole("queries_dim", &SIZE), "args.queries_dim");
    let logits = constructor.args.whole("logits_dim", &SIZE);
    let has_mlp = constructor.args.flag("decoder_ff").unwrap_or(false);
    if !constructor.args.is_fine() {
        return None;
    }
    let shape = constructor.shape(options, "data", &[Length::Any("tokens"), Length::Is(width)]);
    let queries = constructor.shape(options, "queries", &[Length::Any("queries"), Length::Is(queries_width)]);
    let data = input("data", Stem::Tokens { grid: vec![shape[0]], channels: width.0 });
    let queries = Queries::Input { name: "queries".to_owned(), count: queries[0], width: queries_width.0 };
    let model = source.model(checkpoint, &Recipe { source, context: width, rotary: None });
    let decoder = Decoder { queries, block: decoder(source, checkpoint, queries_width, has_mlp), project: None };
    let Queries::Input { count, .. } = decoder.queries else { return None };
    let linear = logits.map(|logits| head(source, checkpoint, (logits, "args.logits_dim"), queries_width));
    let output = Output::new("logits", Extent::Rows(0..count), linear);
    Some(Model { inputs: vec![data], decoder: Some(decoder), outputs: vec![output], ..model })
}

/// Reads a `PerceiverLM`; `None` when the arguments are wrong.
pub(super) fn read_language(
    source: &Source<'_>,
    constructor: &mut Constructor,
    checkpoint: &mut Checkpoint,
) -> Option<Model> {
    let width = (constructor.args.need_whole("dim", &SIZE), "args.dim");
    let vocabulary = (constructor.args.need_whole("num_tokens", &SIZE), "args.num_tokens");
    let most = (constructor.args.need_whole("max_seq_len", &SIZE), "args.max_seq_len");
    let has_mlp = constructor.args.flag("decoder_ff").unwrap_or(false);
    if !constructor.args.is_fine() {
        return None;
    }
    let embedding = checkpoint.tensor("token_emb.weight", &[vocabulary, width]);
    let table = checkpoint.tensor("pos_emb.weight", &[most, width]);
    let position = Position::new(Encoding::Learned(table), Combine::Add);
    let ids = Input { position: Some(position), ..input("x", Stem::Ids { tokens: most.0, embedding }) };
    let model = source.model(checkpoint, &Recipe { source, context: width, rotary: None });
    let decoder =
        Decoder { queries: Queries::Tokens, block: decoder(source, checkpoint, width, has_mlp), project: None };
    let linear = head(source, checkpoint, vocabulary, width);
    let output = Output::new("logits", Extent::Tokens { most: most.0 }, Some(linear));
    Some(Model { inputs: vec![ids], decoder: Some(decoder), outputs: vec![output], ..model })
}

/// An input as it is.
fn input(name: &str, stem: Stem) -> Input {
    Input {
        name: name.to_owned(),
        stem,
        scale: None,
        project: None,
        tail: None,
        position: None,
        padding: None,
        masked: None,
        merged: false,
    }
}

/// The cross-attention of the queries, which it replaces.
fn decoder(source: &Source<'_>, checkpoint: &mut Checkpoint, queries: Axis<'_>, has_mlp: bool) -> Block {
    let shape = Shape {
        rows: queries,
        context: Some(source.args.latent_width()),
        heads: (source.args.cross_heads, "args.cross_heads"),
        dim_head: (source.args.cross_dim_head, "args.cross_dim_head"),
    };
    let part = |name: &str| format!("{}{name}", source.class.root());
    let mut attention = source.leaf.attention(checkpoint, &part("decoder_cross_attn"), &shape);
    attention.residual = Residual::None;
    let mlp = has_mlp.then(|| source.leaf.feed_forward(checkpoint, &part("decoder_ff"), queries));
    Block { name: "decoder.cross".to_owned(), reads: Reads::Context, attention, mlp, mixer: None }
}

fn head(source: &Source<'_>, checkpoint: &mut Checkpoint, outputs: Axis<'_>, queries: Axis<'_>) -> Linear {
    checkpoint.linear(&format!("{}to_logits", source.class.root()), outputs, queries, Bias::Required)
}
