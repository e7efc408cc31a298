//! `PerceiverModel` without preprocessor and decoder: rows that the caller makes in, latents out.

use super::Ends;
use super::source::Source;
use crate::model::{Extent, Input, Output, Stem};
use crate::scheme::LoadOptions;
use crate::scheme::fields::SIZE;

const NAME: &str = "inputs";

/// The encoder alone.
pub(super) fn read(source: &mut Source<'_>) -> Ends {
    let (channels, latents) = (source.config.d_model, source.config.num_latents);
    let expected = format!("[tokens, {channels}] (`d_model`)");
    let is_given = source.options.shape(NAME, 2).is_some() || source.config.input_shapes.contains_key(NAME);
    let shape = source.shape(NAME, 2, &expected, |shape| SIZE.contains(&shape[0]) && shape[1] == channels);
    if !is_given {
        source.checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!(
                "config.json does not say how many tokens `{NAME}` has: give its shape {expected}, or add it to config.json, for \
                 example `input_shapes` {{\"{NAME}\": [50, {channels}]}}"
            ),
        );
    }
    let tokens = shape.map_or(1, |shape| shape[0]);
    Ends {
        inputs: vec![Input::new(NAME, Stem::Tokens { grid: vec![tokens], channels })],
        is_masked: true,
        decoder: None,
        outputs: vec![Output::new("last_hidden_state", Extent::Rows(0..latents), None)],
    }
}
