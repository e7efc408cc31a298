//! Rotary positions by phases, pair by pair.

use super::waves::radians;
use crate::layers::Turn;

/// [`crate::layers::turn`]
pub fn turn(shape: &Turn, steps: &[u64], x: &mut [f32]) {
    let Turn { rows, width, heads, head_width, first } = *shape;
    for row in 0..rows {
        let place = first.wrapping_add(row as u64);
        for head in 0..heads {
            for (i, &step) in steps.iter().enumerate() {
                let (sine, cosine) = libm::sincos(radians(step.wrapping_mul(place)));
                let pair = &mut x[row * width + head * head_width + 2 * i..][..2];
                let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
                pair[0] = (a * cosine - b * sine) as f32;
                pair[1] = (b * cosine + a * sine) as f32;
            }
        }
    }
}
