//! A gated activation, number by number.

use super::activate;
use crate::layers::Gate;

/// [`crate::layers::gate`]
pub fn gate(shape: &Gate, x: &[f32], out: &mut [f32]) {
    let Gate { rows, width, activation, second } = *shape;
    for row in 0..rows {
        for i in 0..width {
            let half = |second: bool| f64::from(x[row * 2 * width + i + if second { width } else { 0 }]);
            out[row * width + i] = (activate(activation, half(second)) * half(!second)) as f32;
        }
    }
}
