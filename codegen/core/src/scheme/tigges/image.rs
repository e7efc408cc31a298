//! `PositionalImageEmbedding`: a linear layer over a pixel and the Fourier features of its place.

use super::args::Args;
use crate::model::{
    Combine, Encoding, FeatureLayout, Fourier, Grid, Input, Layout, Linear, Position, Stem, Window,
    logarithmic_frequencies,
};
use crate::scheme::checkpoint::Checkpoint;

/// Numbers of a pixel, and frequencies of an axis, which upstream fixes.
const CHANNELS: usize = 1;
const BANDS: usize = 4;
const AXES: usize = 2;

/// Reads the image's input.
pub(super) fn read(args: &Args, checkpoint: &mut Checkpoint) -> Input {
    let columns = (CHANNELS + 2 * AXES * BANDS, "a pixel and 4 frequencies of 2 axes");
    let kernel = checkpoint.tensor("embed.conv.weight", &[args.width, columns, (1, "the kernel")]);
    let bias = checkpoint.tensor("embed.conv.bias", &[args.width]);
    let part = |columns: &[usize]| kernel.with_columns(columns);
    let [height, width] = args.image;
    // One ladder for both axes, from the first one's length.
    let exponents = [0.0, (height as f64 / 2.0).ln()];
    let fourier = Fourier {
        shape: args.image.to_vec(),
        grid: Grid::Inclusive,
        frequencies: vec![logarithmic_frequencies(std::f64::consts::E, exponents, BANDS); AXES],
        layout: FeatureLayout::Blocks,
        with_position: false,
        sine_only: false,
    };
    Input {
        name: "x".to_owned(),
        stem: Stem::Image {
            height,
            width,
            channels: CHANNELS,
            layout: Layout::ChannelsFirst,
            window: Window::tiles(1),
        },
        scale: None,
        project: Some(Linear { weight: part(&[0]), bias: Some(bias) }),
        tail: None,
        position: Some(Position {
            project: Some(Linear { weight: part(&features()), bias: None }),
            ..Position::new(Encoding::Fourier(fourier), Combine::Add)
        }),
        padding: None,
        masked: None,
        merged: false,
    }
}

/// The column of each feature: upstream has band by band both axes' sines, then so the cosines; here an axis' bands stand
/// together.
fn features() -> Vec<usize> {
    let waves = (0..2).flat_map(|wave| (0..AXES).map(move |axis| (wave, axis)));
    let column = |wave, axis, band| CHANNELS + (wave * BANDS + band) * AXES + axis;
    waves.flat_map(|(wave, axis)| (0..BANDS).map(move |band| column(wave, axis, band))).collect()
}
