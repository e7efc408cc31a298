//! A gated recurrent cell, number by number.

use super::activation::sigmoid;
use crate::layers::Gru;

/// [`crate::layers::gru`]
pub fn gru(shape: &Gru, input: &[f32], hidden: &[f32], state: &mut [f32]) {
    let Gru { rows, width } = *shape;
    for row in 0..rows {
        for i in 0..width {
            let third = |x: &[f32], third: usize| f64::from(x[(row * 3 + third) * width + i]);
            let reset = sigmoid(third(input, 0) + third(hidden, 0));
            let update = sigmoid(third(input, 1) + third(hidden, 1));
            let new = libm::tanh(third(input, 2) + reset * third(hidden, 2));
            let state = &mut state[row * width + i];
            *state = ((1.0 - update) * new + update * f64::from(*state)) as f32;
        }
    }
}
