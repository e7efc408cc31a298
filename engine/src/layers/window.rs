//! Windows over images and videos: unfolding to tokens (a convolution is an unfold and a linear layer) and pooling.

use super::fits;
use crate::isa::{Isa, Kernel};
use crate::kernels::{part, part_mut};

/// The shape of an unfold: every window of an image becomes a row `[row of the window, column, channel]`, every box of a
/// video a row `[frame of the box, row, column, channel]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unfold {
    /// Frames of the video; 1 of an image.
    pub frames: usize,
    /// Frames of a box; divides `frames`.
    pub depth: usize,
    /// Channels of the image.
    pub channels: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Each frame is `[channels, height, width]` rather than `[height, width, channels]`.
    pub channels_first: bool,
    /// Side of the square window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Rows of zeros above the image and columns of zeros left of it.
    pub pad: [usize; 2],
    /// Windows below each other.
    pub out_height: usize,
    /// Windows side by side.
    pub out_width: usize,
    /// The first window to write, row-major.
    pub first: usize,
    /// Windows to write.
    pub rows: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

impl Unfold {
    /// Numbers of a frame.
    const fn frame(&self) -> usize {
        self.channels * self.height * self.width
    }
}

/// Writes windows of `image` to `out` `[rows, depth · kernel · kernel · channels]`, zeros outside the image.
#[inline]
pub fn unfold<I: Isa>(isa: I, shape: &Unfold, image: &[f32], out: &mut [f32]) {
    let ok = fits(image, shape.frames, shape.frame(), shape.frame())
        && fits(out, shape.rows, shape.depth * shape.kernel * shape.kernel * shape.channels, shape.out_stride);
    if ok {
        isa.run(Windows { shape: *shape, image, out });
    }
}

struct Windows<'a> {
    shape: Unfold,
    image: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Windows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Unfold { depth, channels, kernel, out_height, out_width, first, rows, out_stride, .. } = self.shape;
        let (windows, window) = ((out_height * out_width).max(1), kernel * kernel * channels);
        for row in 0..rows {
            let token = first + row;
            for index in 0..depth {
                let frame = token / windows * depth + index;
                let image = part(self.image, frame * self.shape.frame(), self.shape.frame());
                let out = part_mut(self.out, row * out_stride + index * window, window);
                read_window(isa, &self.shape, image, token % windows, out);
            }
        }
    }
}

/// The `token`-th window of a frame, row-major. Of each of its rows a part lies in the image, between zeros.
#[inline(always)]
fn read_window<I: Isa>(isa: I, shape: &Unfold, image: &[f32], token: usize, out: &mut [f32]) {
    let Unfold { channels, height, width, kernel, stride, pad: [above, left_of], out_width, .. } = *shape;
    let (top, left) = (token / out_width.max(1) * stride, token % out_width.max(1) * stride);
    let before = left_of.saturating_sub(left).min(kernel);
    let column = left + before - left_of.min(left + before);
    let inside = width.saturating_sub(column).min(kernel - before);
    for (index, out) in out.chunks_exact_mut((kernel * channels).max(1)).enumerate() {
        let row = (top + index).wrapping_sub(above);
        if row >= height || inside == 0 {
            out.fill(0.0);
            continue;
        }
        part_mut(out, 0, before * channels).fill(0.0);
        let after = before + inside;
        part_mut(out, after * channels, (kernel - after) * channels).fill(0.0);
        read_row(isa, shape, image, [row, column], part_mut(out, before * channels, inside * channels));
    }
}

/// As many pixels of a row of the image as `out` has room for.
#[inline(always)]
fn read_row<I: Isa>(isa: I, shape: &Unfold, image: &[f32], [row, column]: [usize; 2], out: &mut [f32]) {
    let Unfold { channels, height, width, channels_first, .. } = *shape;
    let start = row * width + column;
    if channels_first {
        for channel in 0..channels {
            let pixels = image.get(channel * height * width + start..).unwrap_or_default();
            let out = out.iter_mut().skip(channel).step_by(channels.max(1));
            out.zip(pixels).for_each(|(out, &number)| *out = number);
        }
        return;
    }
    let pixels = part(image, start * channels, out.len());
    for (pixels, out) in pixels.chunks(I::LANES).zip(out.chunks_mut(I::LANES)) {
        isa.store(isa.load(pixels), out);
    }
}

/// The shape of a max-pool over `[height, width, channels]`; what lies outside is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool {
    /// Channels.
    pub channels: usize,
    /// Columns of the input.
    pub width: usize,
    /// Rows of the input.
    pub height: usize,
    /// Side of the square window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// Rows above `x` and columns left of it that windows reach; less than `kernel`.
    pub pad: [usize; 2],
    /// Windows below each other.
    pub out_height: usize,
    /// Windows side by side.
    pub out_width: usize,
    /// From one row of `out` to the next.
    pub out_stride: usize,
}

/// Writes the largest number of each window and channel of `x` to `out` `[out_height · out_width, channels]`.
#[inline]
pub fn max_pool<I: Isa>(isa: I, shape: &MaxPool, x: &[f32], out: &mut [f32]) {
    let ok = fits(x, shape.height * shape.width, shape.channels, shape.channels)
        && fits(out, shape.out_height * shape.out_width, shape.channels, shape.out_stride);
    if ok {
        isa.run(Pool { shape: *shape, x, out });
    }
}

struct Pool<'a> {
    shape: MaxPool,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let MaxPool {
            channels,
            height,
            width,
            kernel,
            stride,
            pad: [above, left_of],
            out_height,
            out_width,
            out_stride,
        } = self.shape;
        for token in 0..out_height * out_width {
            let (top, left) = (token / out_width.max(1) * stride, token % out_width.max(1) * stride);
            let out = part_mut(self.out, token * out_stride, channels);
            let mut is_first = true;
            for index in 0..kernel * kernel {
                let row = (top + index / kernel.max(1)).wrapping_sub(above);
                let column = (left + index % kernel.max(1)).wrapping_sub(left_of);
                if row >= height || column >= width {
                    continue;
                }
                let pixel = part(self.x, (row * width + column) * channels, channels);
                for (out, x) in out.chunks_mut(I::LANES).zip(pixel.chunks(I::LANES)) {
                    let x = isa.load(x);
                    isa.store(if is_first { x } else { isa.max(x, isa.load(out)) }, out);
                }
                is_first = false;
            }
        }
    }
}
