//! The three image classifiers.

use super::decoder::classification;
use super::source::Source;
use super::{EPS, Ends, FIXED, position};
use crate::model::{
    Activation, BatchNorm, Combine, ConvTail, Encoding, Input, Layout, Linear, Pad, Position, Stem, Tensor, Window,
};
use crate::scheme::LoadOptions;
use crate::scheme::checkpoint::{Axis, Bias};
use crate::scheme::fields::SIZE;

const NAME: &str = "pixel_values";
const CHANNELS: Axis<'_> = (3, FIXED);
/// Fourier frequencies of an axis.
const BANDS: usize = 64;
/// Output channels and position width of the 1 × 1 convolution.
const LEARNED_WIDTH: Axis<'_> = (256, FIXED);
/// Output channels of the convolutional stem.
const CONV_WIDTH: Axis<'_> = (64, FIXED);
/// Side of the stem's kernel.
const KERNEL: usize = 7;

/// `PerceiverForImageClassificationLearned`: pixels through a 1 × 1 convolution, a learned and projected table of positions.
pub(super) fn learned(source: &mut Source<'_>) -> Ends {
    const PREFIX: &str = "perceiver.input_preprocessor";
    let [height, width] = source.config.image_size;
    let size = size(source).unwrap_or([height, width]);
    check_table(source, size);
    let checkpoint = &mut source.checkpoint;
    let axes = [LEARNED_WIDTH, CHANNELS, (1, "the kernel"), (1, "the kernel")];
    let weight = checkpoint.tensor(&format!("{PREFIX}.convnet_1x1.weight"), &axes);
    let bias = checkpoint.tensor(&format!("{PREFIX}.convnet_1x1.bias"), &[LEARNED_WIDTH]);
    let axes = [(height * width, "image_size²"), LEARNED_WIDTH];
    let table = checkpoint.tensor(&format!("{PREFIX}.position_embeddings.position_embeddings"), &axes);
    let name = format!("{PREFIX}.positions_projection");
    let project = Some(checkpoint.linear(&name, LEARNED_WIDTH, LEARNED_WIDTH, Bias::Required));
    let input = Input {
        project: Some(Linear { weight: channels_last(weight), bias: Some(bias) }),
        position: Some(Position { project, ..Position::new(Encoding::Learned(table), Combine::Concat) }),
        ..bare(size, Window::tiles(1))
    };
    // The original has no residual here, transformers does.
    let residual = !source.is_deepmind();
    ends(source, input, residual)
}

/// `PerceiverForImageClassificationFourier`: pixels and Fourier features.
pub(super) fn fourier(source: &mut Source<'_>) -> Ends {
    let size = open_size(source);
    let input = Input { position: Some(position::beside(&size, &[224; 2], BANDS)), ..bare(size, Window::tiles(1)) };
    ends(source, input, true)
}

/// `PerceiverForImageClassificationConvProcessing`: a convolutional stem and Fourier features.
pub(super) fn convolved(source: &mut Source<'_>) -> Ends {
    const PREFIX: &str = "perceiver.input_preprocessor.convnet";
    let size = open_size(source);
    let [window, pool] = windows(source.is_deepmind());
    let is_turned = source.is_deepmind();
    let checkpoint = &mut source.checkpoint;
    let side = (KERNEL, "the kernel");
    let weight = checkpoint.tensor(&format!("{PREFIX}.conv.weight"), &[CONV_WIDTH, CHANNELS, side, side]);
    let batch_norm = BatchNorm {
        mean: checkpoint.buffer(&format!("{PREFIX}.batchnorm.running_mean"), &[CONV_WIDTH]),
        variance: checkpoint.buffer(&format!("{PREFIX}.batchnorm.running_var"), &[CONV_WIDTH]),
        gain: checkpoint.tensor(&format!("{PREFIX}.batchnorm.weight"), &[CONV_WIDTH]),
        offset: checkpoint.tensor(&format!("{PREFIX}.batchnorm.bias"), &[CONV_WIDTH]),
        eps: EPS,
    };
    // What converted the original's weights to transformers has turned the kernel.
    let weight = channels_last(if is_turned { turned(&weight) } else { weight });
    let input = Input {
        project: Some(Linear { weight, bias: None }),
        tail: Some(ConvTail { batch_norm: Some(batch_norm), activation: Activation::Relu, pool: Some(pool) }),
        ..bare(size, window)
    };
    if input.tokens() == 0 {
        let [height, width] = size;
        source.checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!(
                "an image of {height} × {width} pixels is too small for the convolutional stem: give at least 5 × 5"
            ),
        );
    }
    let position = position::beside(&input.grid(), &[56; 2], BANDS);
    ends(source, Input { position: Some(position), ..input }, true)
}

/// The windows of the stem and of its pool. Transformers pads the pool with nothing, so that 224 pixels become 55 tokens; the
/// original makes 56.
fn windows(is_deepmind: bool) -> [Window; 2] {
    let pads = if is_deepmind { [Pad::Same; 2] } else { [Pad::Fixed([3, 3]), Pad::NONE] };
    [Window { kernel: KERNEL, stride: 2, pad: pads[0] }, Window { kernel: 3, stride: 2, pad: pads[1] }]
}

fn ends(source: &mut Source<'_>, input: Input, residual: bool) -> Ends {
    let (decoder, output) = classification(source, residual);
    Ends { inputs: vec![input], is_masked: false, decoder: Some(decoder), outputs: vec![output] }
}

/// `[height, width]`, if the caller gives them.
fn size(source: &mut Source<'_>) -> Option<[usize; 2]> {
    let fits = |shape: &[usize]| shape[0] == CHANNELS.0 && shape.iter().all(|length| SIZE.contains(length));
    let shape = source.shape(NAME, 3, "[3, height, width]", fits)?;
    Some([shape[1], shape[2]])
}

/// `[height, width]`: the caller's, else `image_size`.
fn open_size(source: &mut Source<'_>) -> [usize; 2] {
    let [height, width] = source.config.image_size;
    size(source).unwrap_or_else(|| {
        source.remarks.push(format!(
            "the image is {height} × {width} pixels as `image_size` says, which transformers ignores for this class; a shape \
             given for `{NAME}` overrides it"
        ));
        [height, width]
    })
}

/// Learned positions are for as many tokens as `image_size` has pixels.
fn check_table(source: &mut Source<'_>, [rows, columns]: [usize; 2]) {
    let [height, width] = source.config.image_size;
    if rows * columns != height * width {
        source.checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!(
                "the shape given for `{NAME}` makes {} tokens, but the learned positions of the checkpoint are for {} (`image_size` \
                 {height} × {width}): give [3, {height}, {width}], or none",
                rows * columns,
                height * width
            ),
        );
    }
}

/// An image without weights.
fn bare([height, width]: [usize; 2], window: Window) -> Input {
    Input::new(NAME, Stem::Image { height, width, channels: CHANNELS.0, layout: Layout::ChannelsFirst, window })
}

/// A kernel `[out, channel, row, column]` as a linear layer over `[row, column, channel]`.
fn channels_last(kernel: Tensor) -> Tensor {
    let [outputs, channels, rows, columns] = kernel.shape[..] else { return kernel };
    let area = rows * columns;
    let turn = move |numbers: &[f32]| {
        let filters = numbers.chunks_exact((area * channels).max(1));
        let pixel = move |pixel| move |channel| channel * area + pixel;
        let places = || (0..area).flat_map(move |at| (0..channels).map(pixel(at)));
        filters.flat_map(|filter| places().map(|place| filter[place])).collect()
    };
    let data = kernel.data.derived(kernel.len(), turn);
    Tensor { name: kernel.name, shape: vec![outputs, area * channels], data }
}

/// A kernel with its rows and columns exchanged.
fn turned(kernel: &Tensor) -> Tensor {
    let side = kernel.shape.last().copied().unwrap_or(1);
    let turn = move |numbers: &[f32]| {
        let filters = numbers.chunks_exact((side * side).max(1));
        let pixel = |index: usize| index % side * side + index / side;
        filters.flat_map(|filter| (0..filter.len()).map(move |index| filter[pixel(index)])).collect()
    };
    let data = kernel.data.derived(kernel.len(), turn);
    Tensor { name: kernel.name.clone(), shape: kernel.shape.clone(), data }
}
