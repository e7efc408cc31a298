//! Moving rows, number by number.

use crate::layers::{Hide, Mean, Rows, Transpose};

/// [`crate::layers::copy_rows`]
pub fn copy_rows(shape: &Rows, x: &[f32], out: &mut [f32]) {
    each(shape, |from, to| out[to] = x[from]);
}

/// [`crate::layers::add_rows`]
pub fn add_rows(shape: &Rows, x: &[f32], out: &mut [f32]) {
    each(shape, |from, to| out[to] += x[from]);
}

/// [`crate::layers::affine_rows`]
pub fn affine_rows(shape: &Rows, gain: &[f32], offset: &[f32], x: &mut [f32]) {
    for row in 0..shape.rows {
        for i in 0..shape.width {
            let x = &mut x[row * shape.out_stride + i];
            *x = (f64::from(*x) * f64::from(gain[i]) + f64::from(offset[i])) as f32;
        }
    }
}

/// [`crate::layers::mean_rows`]
pub fn mean_rows(shape: &Mean, x: &[f32], out: &mut [f32]) {
    for i in 0..shape.width {
        let column = (0..shape.rows).map(|row| f64::from(x[row * shape.width + i]));
        out[i] = (column.sum::<f64>() / shape.rows.max(1) as f64) as f32;
    }
}

/// [`crate::layers::hide_rows`]
pub fn hide_rows(shape: &Hide, mask: &[bool], x: &mut [f32]) {
    for row in 0..shape.rows {
        let is_kept = row < shape.present && mask.get(row) != Some(&false);
        for i in 0..shape.width {
            if !is_kept {
                x[row * shape.width + i] = 0.0;
            }
        }
    }
}

/// [`crate::layers::transpose`]
pub fn transpose(shape: &Transpose, x: &[f32], out: &mut [f32]) {
    for row in 0..shape.rows {
        for i in 0..shape.width {
            let out = &mut out[i * shape.rows + row];
            *out = x[row * shape.width + i] + if shape.accumulate { *out } else { 0.0 };
        }
    }
}

/// Calls `step` with the places of every number on either side.
fn each(shape: &Rows, mut step: impl FnMut(usize, usize)) {
    for row in 0..shape.rows {
        for i in 0..shape.width {
            step(row * shape.x_stride + i, row * shape.out_stride + i);
        }
    }
}
