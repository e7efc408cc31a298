//! Perceiver IO: latents that attend to the tokens, and queries that attend to the latents.

mod config;
mod decoder;
mod dialect;
mod encoder;
mod first;
mod input;

pub(super) use dialect::{Found, of_version, recognise, tells};

use super::class::Class;
use crate::model::{Latents, Mask, Model, Provenance};
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
    let read = if found.is_first() { first::read } else { config::read };
    let config = &read(settings, class)?;
    let (input, embedding) = input::read(checkpoint, found, &config.tokens, input);
    let tokens = (input.width(), "the tokens' width");
    let wide = |classes: &[Class]| classes.contains(&class).then_some(tokens);
    let (qk, v) = (wide(&[Class::ImageClassifier, Class::OpticalFlow]), wide(&[Class::OpticalFlow]));
    let encoder = encoder::read(checkpoint, &encoder::Source { found, config, tokens, qk, v });
    let tokens = decoder::Tokens { width: tokens, embedding: embedding.as_ref() };
    let (decoder, output) = decoder::read(checkpoint, found, config, &tokens);
    check_shapes(checkpoint, config);
    Some(Model {
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
    })
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
