//! The scaling of raw units is affine per channel: the linear layer on a token takes it over, once for each sample or
//! pixel of the patch. Not valid where windows are padded: padding is zero after the scaling, not before.

use super::absorb_affine;
use crate::Problems;
use crate::model::{Input, Model, Pad, Stem};

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    for input in model.inputs.iter_mut().filter(|input| is_valid(input)) {
        if let (Some(linear), Some(scale)) = (&mut input.project, input.scale.take()) {
            let repeats = linear.weight.columns() / scale.gain.len();
            let gain: Vec<f64> = scale.gain.iter().map(|&gain| f64::from(gain)).collect();
            let offset: Vec<f64> =
                gain.iter().zip(&scale.offset).map(|(gain, &offset)| -gain * f64::from(offset)).collect();
            absorb_affine(linear, &gain.repeat(repeats), &offset.repeat(repeats))?;
        }
    }
    Ok(())
}

fn is_valid(input: &Input) -> bool {
    input.project.is_some() && !matches!(input.stem, Stem::Image { window, .. } if window.pad != Pad::NONE)
}
