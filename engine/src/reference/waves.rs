//! Fourier features of places on a line, wave by wave.

use crate::layers::Waves;

/// Parts of a turn: 2⁶⁴.
const TURN: f64 = 18_446_744_073_709_551_616.0;

/// A phase in parts of a turn as an angle.
pub(super) fn radians(phase: u64) -> f64 {
    2.0 * core::f64::consts::PI * (phase as f64 / TURN)
}

/// [`crate::layers::waves`]
pub fn waves(shape: &Waves, waves: &[[u64; 2]], out: &mut [f32]) {
    let Waves { position_last, with_position, sine_only, origin, step, first, rows, out_stride } = *shape;
    let before = usize::from(with_position && !position_last);
    for row in 0..rows {
        let (place, out) = (first + row, &mut out[row * out_stride..]);
        for (wave, &[start, step]) in waves.iter().enumerate() {
            let (sine, cosine) = libm::sincos(radians(start.wrapping_add(step.wrapping_mul(place as u64))));
            out[before + wave] = sine as f32;
            if !sine_only {
                out[before + waves.len() + wave] = cosine as f32;
            }
        }
        if with_position {
            let column = if position_last { shape.width(waves.len()) - 1 } else { 0 };
            out[column] = (f64::from(origin) + place as f64 * f64::from(step)) as f32;
        }
    }
}
