//! `PerceiverImagePreprocessor` as the three image classifiers set it up.

use super::EPS;
use super::class::Class;
use super::config::Config;
use crate::model::{
    Activation, BatchNorm, Combine, ConvTail, Encoding, FeatureLayout, Fourier, Grid, Input, Layout, Linear, Position,
    Stem, Tensor, Window, linear_frequencies,
};
use crate::scheme::LoadOptions;
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::fields::SIZE;

const NAME: &str = "pixel_values";
const CHANNELS: Axis<'_> = (3, "transformers (fixed)");
/// Fourier frequencies of an axis.
const BANDS: usize = 64;
/// Output channels and position width of the 1 × 1 convolution.
const LEARNED_WIDTH: Axis<'_> = (256, "transformers (fixed)");
/// Output channels of the convolutional stem.
const CONV_WIDTH: Axis<'_> = (64, "transformers (fixed)");
const CONV: Window = Window { kernel: 7, stride: 2, pad: [3, 3] };
/// Without padding, so 224 pixels become 55 tokens; TensorFlow's "same" padding would make 56.
const POOL: Window = Window { kernel: 3, stride: 2, pad: [0, 0] };
const PIXELS: Window = Window { kernel: 1, stride: 1, pad: [0, 0] };

/// Reads the image's input.
pub(super) fn read(
    class: Class,
    config: &Config,
    checkpoint: &mut Checkpoint,
    options: &LoadOptions,
    remarks: &mut Vec<String>,
) -> Input {
    let size = size(class, config, checkpoint, options, remarks);
    let input = match class {
        Class::ImageLearned => learned(checkpoint, config, size),
        Class::ImageConv => convolved(checkpoint, size),
        _ => Input { position: Some(fourier(&size, 224.0)), ..bare(size, PIXELS) },
    };
    if input.tokens() == 0 {
        let [height, width] = size;
        checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!(
                "an image of {height} × {width} pixels is too small for the convolutional stem: give at least 5 × 5"
            ),
        );
    }
    input
}

/// `[height, width]`: the caller's, else `image_size`.
fn size(
    class: Class,
    config: &Config,
    checkpoint: &mut Checkpoint,
    options: &LoadOptions,
    remarks: &mut Vec<String>,
) -> [usize; 2] {
    let [height, width] = config.image_size;
    let fixed = class == Class::ImageLearned;
    match options.shape(NAME, 3) {
        Some(&[3, rows, columns]) if SIZE.contains(&rows) && SIZE.contains(&columns) => {
            if fixed {
                check_table(config, checkpoint, rows * columns);
            }
            [rows, columns]
        }
        Some(shape) => {
            checkpoint.complain_about(
                LoadOptions::INPUT_SHAPES,
                format!("the shape given for `{NAME}` is {shape:?}, expected [3, height, width]: correct it"),
            );
            config.image_size
        }
        None => {
            if !fixed {
                remarks.push(format!(
                    "the image is {height} × {width} pixels as `image_size` says, which transformers ignores for this class; \
                     a shape given for `{NAME}` overrides it"
                ));
            }
            config.image_size
        }
    }
}

/// Learned positions are for as many tokens as `image_size` has pixels.
fn check_table(config: &Config, checkpoint: &mut Checkpoint, tokens: usize) {
    let [height, width] = config.image_size;
    if tokens != height * width {
        checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!(
                "the shape given for `{NAME}` makes {tokens} tokens, but the learned positions of the checkpoint are for {} \
                 (`image_size` {height} × {width}): give [3, {height}, {width}], or none",
                height * width
            ),
        );
    }
}

/// An image without weights.
fn bare([height, width]: [usize; 2], window: Window) -> Input {
    Input {
        name: NAME.to_owned(),
        stem: Stem::Image { height, width, channels: CHANNELS.0, layout: Layout::ChannelsFirst, window },
        scale: None,
        project: None,
        tail: None,
        position: None,
        padding: None,
        masked: None,
    }
}

fn fourier(grid: &[usize], max_resolution: f64) -> Position {
    let encoding = Fourier {
        shape: grid.to_vec(),
        grid: Grid::Inclusive,
        frequencies: vec![linear_frequencies(max_resolution, BANDS); 2],
        layout: FeatureLayout::Blocks,
        with_position: true,
        sine_only: false,
    };
    Position { encoding: Encoding::Fourier(encoding), project: None, combine: Combine::Concat }
}

fn learned(checkpoint: &mut Checkpoint, config: &Config, size: [usize; 2]) -> Input {
    const PREFIX: &str = "perceiver.input_preprocessor";
    let axes = [LEARNED_WIDTH, CHANNELS, (1, "the kernel"), (1, "the kernel")];
    let weight = checkpoint.tensor(&format!("{PREFIX}.convnet_1x1.weight"), &axes);
    let bias = checkpoint.tensor(&format!("{PREFIX}.convnet_1x1.bias"), &[LEARNED_WIDTH]);
    let tokens = (config.image_size.iter().product(), "image_size²");
    let table =
        checkpoint.tensor(&format!("{PREFIX}.position_embeddings.position_embeddings"), &[tokens, LEARNED_WIDTH]);
    let name = format!("{PREFIX}.positions_projection");
    let project = checkpoint.linear(&name, LEARNED_WIDTH, LEARNED_WIDTH, Bias::Required);
    Input {
        project: Some(Linear { weight: channels_last(weight), bias: Some(bias) }),
        position: Some(Position {
            encoding: Encoding::Learned(table),
            project: Some(project),
            combine: Combine::Concat,
        }),
        ..bare(size, PIXELS)
    }
}

fn convolved(checkpoint: &mut Checkpoint, size: [usize; 2]) -> Input {
    const PREFIX: &str = "perceiver.input_preprocessor.convnet";
    let side = (CONV.kernel, "the kernel");
    let weight = checkpoint.tensor(&format!("{PREFIX}.conv.weight"), &[CONV_WIDTH, CHANNELS, side, side]);
    let batch_norm = BatchNorm {
        mean: checkpoint.buffer(&format!("{PREFIX}.batchnorm.running_mean"), &[CONV_WIDTH]),
        variance: checkpoint.buffer(&format!("{PREFIX}.batchnorm.running_var"), &[CONV_WIDTH]),
        gain: checkpoint.tensor(&format!("{PREFIX}.batchnorm.weight"), &[CONV_WIDTH]),
        offset: checkpoint.tensor(&format!("{PREFIX}.batchnorm.bias"), &[CONV_WIDTH]),
        eps: EPS,
    };
    let input = Input {
        project: Some(Linear { weight: channels_last(weight), bias: None }),
        tail: Some(ConvTail { batch_norm: Some(batch_norm), activation: Activation::Relu, pool: Some(POOL) }),
        ..bare(size, CONV)
    };
    Input { position: Some(fourier(&input.grid(), 56.0)), ..input }
}

/// A kernel `[out, channel, row, column]` as a linear layer over `[row, column, channel]`.
fn channels_last(kernel: Tensor) -> Tensor {
    let [outputs, channels, rows, columns] = kernel.shape[..] else { return kernel };
    let area = rows * columns;
    let shape = [outputs, area * channels];
    if kernel.is_empty() {
        return Tensor { shape: shape.to_vec(), ..kernel };
    }
    let mut numbers = Vec::with_capacity(kernel.len());
    for filter in kernel.data.chunks_exact(area * channels) {
        for pixel in 0..area {
            numbers.extend((0..channels).map(|channel| filter[channel * area + pixel]));
        }
    }
    Tensor::new(kernel.name, &shape, numbers)
}
