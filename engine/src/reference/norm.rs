//! Layer norm and RMS norm in two passes.

use crate::layers::Normalize;

/// [`crate::layers::normalize`]
pub fn normalize(shape: &Normalize, x: &[f32], gain: &[f32], offset: &[f32], out: &mut [f32]) {
    let count = shape.width as f64;
    for row in 0..shape.rows {
        let x = &x[row * shape.width..][..shape.width];
        let mean = if shape.centred { x.iter().map(|&x| f64::from(x)).sum::<f64>() / count } else { 0.0 };
        let variance = x.iter().map(|&x| (f64::from(x) - mean) * (f64::from(x) - mean)).sum::<f64>() / count;
        for (i, &x) in x.iter().enumerate() {
            let normal = (f64::from(x) - mean) / libm::sqrt(variance + f64::from(shape.eps));
            let affine = if gain.is_empty() { normal } else { normal * f64::from(gain[i]) + f64::from(offset[i]) };
            out[row * shape.width + i] = affine as f32;
        }
    }
}
