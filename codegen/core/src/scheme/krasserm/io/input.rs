//! The input adapters: ids, pixels, two frames.

use super::config::Tokens;
use super::dialect::Found;
use crate::model::{
    Combine, Encoding, FeatureLayout, Fourier, Grid, Input, Layout, Patch, Position, Stem, Tensor, Window,
    fourier_features, linear_frequencies,
};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::krasserm::adapter::{bare, ids, learned};

const PIXELS: Window = Window::tiles(1);
/// Both frames in one token.
const FRAMES: Patch = Patch { frames: 2, side: 1 };
/// Stored Fourier features may be this far from computed ones: they were rounded on another machine.
const FEATURES: f32 = 1e-3;

/// Reads the input, which the source calls `name`, and the embedding of ids as the checkpoint holds it.
pub(super) fn read(checkpoint: &mut Checkpoint, found: &Found, tokens: &Tokens, name: &str) -> (Input, Option<Tensor>) {
    let input = match *tokens {
        Tokens::Text { vocabulary, most, width } => {
            let embedding =
                checkpoint.tensor(&found.in_encoder(found.names.embedding), &[(vocabulary, "vocab_size"), width]);
            let table = checkpoint.tensor(&found.in_encoder(found.names.positions), &[(most, "max_seq_len"), width]);
            let used = if found.names.scales_embedding { scaled(&embedding) } else { embedding.clone() };
            return (ids(name, used, most, Some(learned(table))), Some(embedding));
        }
        Tokens::Image { shape: [height, width, channels], bands } => {
            let stem = Stem::Image { height, width, channels, layout: Layout::ChannelsLast, window: PIXELS };
            let position = fourier(checkpoint, found, [height, width], bands);
            Input { position: Some(position), ..bare(name, stem) }
        }
        Tokens::Flow { shape: [height, width], channels, hidden, bands } => {
            let stem = Stem::Video {
                frames: FRAMES.frames,
                height,
                width,
                channels,
                layout: Layout::ChannelsFirst,
                patch: FRAMES,
            };
            let inputs = (FRAMES.frames * channels, "2 × num_patch_input_channels");
            let outputs = (hidden, "num_patch_hidden_channels");
            let project = checkpoint.linear(&found.in_encoder("input_adapter.linear"), outputs, inputs, Bias::Required);
            let position = fourier(checkpoint, found, [height, width], bands);
            Input { project: Some(project), position: Some(position), ..bare(name, stem) }
        }
    };
    (input, None)
}

/// `embedding · √width`, in single precision as the source computes it for every token.
fn scaled(embedding: &Tensor) -> Tensor {
    let scale = (embedding.columns() as f64).sqrt() as f32;
    let mut scaled = embedding.clone();
    scaled.data.change(move |numbers| numbers.iter_mut().for_each(|number| *number *= scale));
    scaled
}

/// The positions of pixels. The checkpoint holds their features too, which have to be those that are computed here.
fn fourier(checkpoint: &mut Checkpoint, found: &Found, shape: [usize; 2], bands: usize) -> Position {
    let encoding = Fourier {
        shape: shape.to_vec(),
        grid: Grid::Inclusive,
        frequencies: shape.iter().map(|&length| linear_frequencies(length as f64, bands)).collect(),
        layout: FeatureLayout::Blocks,
        with_position: true,
        sine_only: false,
    };
    let axes: [Axis<'_>; 2] =
        [(encoding.positions(), "image_shape"), (encoding.width(), "2 + 4 × num_frequency_bands")];
    let name = found.in_encoder(found.names.fourier);
    if let Some(stored) = checkpoint.optional_buffer(&name, &axes) {
        let computed = fourier_features(&encoding);
        let [stored, computed] = [&stored, &computed].map(|features| checkpoint.numbers(features));
        let far = stored.iter().zip(computed.iter()).position(|(a, b)| (a - b).abs() > FEATURES);
        if let Some(at) = far {
            let (found, expected) = (stored[at], computed[at]);
            checkpoint.complain(format!(
                "`{name}` holds {found} at flat index {at}, where the Fourier features of `image_shape` {shape:?} with {bands} \
                 `num_frequency_bands` are {expected}: correct config.json, or save the weights again"
            ));
        }
    }
    Position::new(Encoding::Fourier(encoding), Combine::Concat)
}
