//! Mixtures of states, number by number.

use crate::layers::Mix;

/// [`crate::layers::mix`] of all states, then [`crate::layers::mixed`]: `logits` and `x` `[states, rows, width]`.
pub fn mix(shape: &Mix, logits: &[f32], x: &[f32], out: &mut [f32]) {
    let len = shape.rows * shape.width;
    for (i, out) in out.iter_mut().enumerate().take(len) {
        let states = || logits.iter().skip(i).step_by(len).map(|&logit| f64::from(logit));
        let largest = states().fold(f64::MIN, f64::max);
        let weights = || states().map(|logit| libm::exp(logit - largest));
        let weighted: f64 =
            weights().zip(x.iter().skip(i).step_by(len)).map(|(weight, &x)| weight * f64::from(x)).sum();
        *out = (weighted / weights().sum::<f64>()) as f32;
    }
}
