//! Batch norm at inference is an affine map per channel: it becomes part of the linear layer before it.
//!
//! `(W x + b − μ) · g / √(σ² + ε) + β  =  (s W) x + (s (b − μ) + β)` with `s = g / √(σ² + ε)`.

use super::{bias_named, bias_of, widen};
use crate::Problems;
use crate::model::{BatchNorm, Linear, Model};

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    for input in &mut model.inputs {
        let batch_norm = input.tail.as_mut().and_then(|tail| tail.batch_norm.take());
        if let (Some(batch_norm), Some(linear)) = (batch_norm, &mut input.project) {
            fold(linear, &batch_norm)?;
        }
    }
    Ok(())
}

fn fold(linear: &mut Linear, norm: &BatchNorm) -> Result<(), Problems> {
    let scale: Vec<f64> = widen(&norm.gain)?
        .iter()
        .zip(widen(&norm.variance)?)
        .map(|(gain, variance)| gain / (variance + norm.eps).sqrt())
        .collect();
    let channels = bias_of(linear)?.into_iter().zip(widen(&norm.mean)?).zip(widen(&norm.offset)?).zip(&scale);
    let bias: Vec<f64> = channels.map(|(((bias, mean), offset), scale)| scale * (bias - mean) + offset).collect();
    linear.bias = Some(bias_named(&linear.weight, &bias));
    let columns = linear.weight.columns();
    linear.weight.data.change(move |numbers| {
        for (row, scale) in numbers.chunks_exact_mut(columns).zip(&scale) {
            row.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * scale) as f32);
        }
    });
    Ok(())
}
