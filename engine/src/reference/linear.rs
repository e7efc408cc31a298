//! A linear layer: one sum an output.

use super::activate;
use crate::layers::Linear;

/// [`crate::layers::linear`] with `weight` `[outputs, inputs]`.
pub fn linear(shape: &Linear, x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    for row in 0..shape.rows {
        for output in 0..shape.outputs {
            let mut sum = if bias.is_empty() { 0.0 } else { f64::from(bias[output]) };
            for input in 0..shape.inputs {
                sum += f64::from(x[row * shape.x_stride + input]) * f64::from(weight[output * shape.inputs + input]);
            }
            let out = &mut out[row * shape.out_stride + output];
            let before = if shape.accumulate { f64::from(*out) } else { 0.0 };
            *out = (before + activate(shape.activation, sum)) as f32;
        }
    }
}
