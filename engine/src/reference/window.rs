//! Windows over images, number by number.

use crate::layers::{MaxPool, Unfold};

/// [`crate::layers::unfold`]
pub fn unfold(shape: &Unfold, image: &[f32], out: &mut [f32]) {
    let Unfold {
        depth, channels, height, width, kernel, stride, pad, out_height, out_width, first, out_stride, ..
    } = *shape;
    for token in first..first + shape.rows {
        let (start, window) = (token / (out_height * out_width) * depth, token % (out_height * out_width));
        for i in 0..depth * kernel * kernel * channels {
            let (channel, column, row) = (i % channels, i / channels % kernel, i / channels / kernel % kernel);
            let frame = start + i / channels / kernel / kernel;
            let row = (window / out_width * stride + row) as isize - pad[0] as isize;
            let column = (window % out_width * stride + column) as isize - pad[1] as isize;
            let image = &image[frame * channels * height * width..];
            out[(token - first) * out_stride + i] = pixel(shape, image, row, column, channel);
        }
    }
}

fn pixel(shape: &Unfold, image: &[f32], row: isize, column: isize, channel: usize) -> f32 {
    let (height, width) = (shape.height, shape.width);
    if row < 0 || column < 0 || row >= height as isize || column >= width as isize {
        return 0.0;
    }
    let (row, column) = (row as usize, column as usize);
    if shape.channels_first {
        image[(channel * height + row) * width + column]
    } else {
        image[(row * width + column) * shape.channels + channel]
    }
}

/// [`crate::layers::max_pool`]
pub fn max_pool(shape: &MaxPool, x: &[f32], out: &mut [f32]) {
    let MaxPool { channels, height, width, kernel, stride, pad: [above, left], out_width, out_stride, .. } = *shape;
    for token in 0..shape.out_height * out_width {
        for channel in 0..channels {
            let mut largest = f32::NEG_INFINITY;
            for i in 0..kernel * kernel {
                let (row, column) = (token / out_width * stride + i / kernel, token % out_width * stride + i % kernel);
                if (above..above + height).contains(&row) && (left..left + width).contains(&column) {
                    largest = largest.max(x[((row - above) * width + column - left) * channels + channel]);
                }
            }
            out[token * out_stride + channel] = largest;
        }
    }
}
