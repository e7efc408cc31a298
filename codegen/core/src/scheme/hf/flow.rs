//! `PerceiverForOpticalFlow`.

use super::decoder::Cross;
use super::source::Source;
use super::{Ends, FIXED, position};
use crate::model::{Decoder, Extent, Input, Layout, Output, Patch, Queries, Stem};
use crate::scheme::checkpoint::{Axis, Bias};

const FRAMES: usize = 2;
/// The 3 × 3 neighbourhood of a pixel in each of three colours.
const CHANNELS: usize = 27;
const PATCH: Axis<'_> = (FRAMES * CHANNELS, FIXED);
const WIDTH: Axis<'_> = (64, FIXED);
const BANDS: usize = 64;
/// Upstream divides the decoded numbers by 100.
const SCALE: f64 = 0.01;

/// Both frames of a pixel are a token, and every token is a query.
pub(super) fn read(source: &mut Source<'_>) -> Ends {
    let [height, width] = source.config.train_size;
    let input = input(source);
    let cross = Cross {
        prefix: "perceiver.decoder.decoder",
        width: (input.width(), "the tokens' width"),
        heads: (1, FIXED),
        qk: None,
        v: None,
        residual: false,
    };
    let block = cross.read(source);
    let name = "perceiver.decoder.decoder.final_layer";
    let linear = source.checkpoint.linear(name, (2, FIXED), cross.width, Bias::Required).scaled(SCALE);
    let flow = Output::new("logits", Extent::Rows(0..height * width), Some(linear));
    Ends {
        inputs: vec![input],
        is_masked: false,
        decoder: Some(Decoder { queries: Queries::Tokens, block, project: None }),
        outputs: vec![Output { shape: vec![height, width, 2], ..flow }],
    }
}

fn input(source: &mut Source<'_>) -> Input {
    let size = source.config.train_size;
    let [height, width] = size;
    let stem = Stem::Video {
        frames: FRAMES,
        height,
        width,
        channels: CHANNELS,
        layout: Layout::ChannelsFirst,
        patch: Patch { frames: FRAMES, side: 1 },
    };
    let name = "perceiver.input_preprocessor.conv_after_patches";
    Input {
        project: Some(source.checkpoint.linear(name, WIDTH, PATCH, Bias::Required)),
        position: Some(position::beside(&size, &size, BANDS)),
        ..Input::new("inputs", stem)
    }
}
