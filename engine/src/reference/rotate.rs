//! Rotary positions, pair by pair.

use crate::layers::Rotate;

/// [`crate::layers::rotate`]. An angle is rounded to single precision before its sine: that is part of the models.
pub fn rotate(shape: &Rotate, frequencies: &[f32], x: &mut [f32]) {
    let Rotate { rows, width, heads, head_width, first, skipped, from_end } = *shape;
    for row in 0..rows {
        let place = if from_end { rows - 1 - row } else { (first + row).saturating_sub(skipped) };
        for head in 0..heads {
            for (i, &frequency) in frequencies.iter().enumerate() {
                let (sine, cosine) = libm::sincos(f64::from(place as f32 * frequency));
                let pair = &mut x[row * width + head * head_width + 2 * i..][..2];
                let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
                pair[0] = (a * cosine - b * sine) as f32;
                pair[1] = (b * cosine + a * sine) as f32;
            }
        }
    }
}
