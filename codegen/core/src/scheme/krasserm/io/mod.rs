//! Perceiver IO: latents that attend to the tokens, and queries that attend to the latents.

mod config;
mod decoder;
mod dialect;
mod encoder;
mod first;
mod input;

pub(super) use dialect::{Found, of_version, recognise, tells};

use super::class::Class;
use crate::model::{Decoder, Encoding, Extent, Latents, Mask, Model, Position, Provenance, Queries, Stem, Tensor};
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::Fields;
use config::{Config, Head, Tokens};

/// Reads a Perceiver IO of `class` whose input is called `input`, still without a name; `None` when sizes are wrong.
pub(super) fn read(
    settings: &mut Fields,
    checkpoint: &mut Checkpoint,
    found: &Found,
    class: Class,
    input: &str,
    mask: Mask,
) -> Option<Model> {
    let config = if found.is_first() { first::read(settings, class) } else { config::read(settings, class, found) };
    let config = &config?;
    let (input, embedding) = input::read(checkpoint, found, &config.tokens, input);
    let tokens = (input.width(), "the tokens' width");
    let wide = |classes: &[Class]| classes.contains(&class).then_some(tokens);
    let (qk, v) = (wide(&[Class::ImageClassifier, Class::OpticalFlow]), wide(&[Class::OpticalFlow]));
    let encoder = encoder::read(checkpoint, &encoder::Source { found, config, tokens, qk, v });
    let tokens = decoder::Tokens { width: tokens, embedding: embedding.as_ref() };
    let (decoder, output) = decoder::read(checkpoint, found, config, &tokens);
    check_shapes(checkpoint, config);
    let model = Model {
        name: String::new(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        mask: class.is_text().then_some(mask),
        inputs: vec![input],
        latents: Latents::Learned(encoder.latents),
        blocks: encoder.blocks,
        schedule: encoder.schedule,
        mixtures: Vec::new(),
        norm: None,
        decoder: Some(decoder),
        outputs: vec![output],
    };
    Some(paired(model, config))
}

/// Of a masked language model as many ids as queries: each id has a query, in whose place its logits are.
fn paired(mut model: Model, config: &Config) -> Model {
    let (&Tokens::Text { most: ids, .. }, &Head::Text { most: queries, .. }) = (&config.tokens, &config.head) else {
        return model;
    };
    let pairs = ids.min(queries);
    let cut = |table: &mut Tensor| {
        if table.rows() > pairs {
            *table = table.part_of_rows(0, pairs);
        }
    };
    for input in &mut model.inputs {
        if let Stem::Ids { tokens, .. } = &mut input.stem {
            *tokens = pairs;
        }
        if let Some(Position { encoding: Encoding::Learned(table), .. }) = &mut input.position {
            cut(table);
        }
    }
    if let Some(Decoder { queries: Queries::Learned(table), .. }) = &mut model.decoder {
        cut(table);
    }
    for output in &mut model.outputs {
        output.rows = Extent::Tokens { most: pairs };
    }
    if ids > queries {
        model.provenance.remarks.push(format!(
            "reads up to {queries} ids, as `decoder.max_seq_len` says: the other {} of `encoder.max_seq_len` {ids} would get no \
             logits",
            ids - queries
        ));
    }
    model
}

/// The flow is of the frames.
fn check_shapes(checkpoint: &mut Checkpoint, config: &Config) {
    if let (Tokens::Flow { shape: frames, .. }, Head::Flow { shape: flow, .. }) = (&config.tokens, &config.head)
        && frames != flow
    {
        checkpoint.complain(format!(
            "`decoder.image_shape` in config.json is {flow:?}, but `encoder.image_shape` is {frames:?}: the flow has a vector for \
             each pixel, so make them equal"
        ));
    }
}
