//! Queries made from learned rows alone do not depend on the input: `linear(norm(rows))` becomes a table.
//!
//! Valid for the first block of the encoder, whose rows are the learned latents, and for the decoder's learned or
//! positional queries. The rows themselves stay for the residual. Not valid where keys are also made from those rows, or
//! where queries change after the linear layer (rotary positions, norms per head).

use super::{apply, bias_of, widen};
use crate::Problems;
use crate::model::{Attention, Block, Latents, Model, Norm, NormKind, Queries, Query, Reads, Tensor, fourier_features};

/// `[rows, width]` of the constants that the decoder's queries are made from, if they are.
pub(crate) fn asked(model: &Model) -> Option<[usize; 2]> {
    let decoder = model.decoder.as_ref().filter(|decoder| is_valid(&decoder.block))?;
    match &decoder.queries {
        Queries::Learned(table) => Some([table.rows(), table.columns()]),
        Queries::Fourier(fourier) => Some([fourier.positions(), fourier.width()]),
        Queries::Tokens | Queries::Input { .. } | Queries::Parts(_) => None,
    }
}

/// The first block, where its queries are made from constants.
pub(crate) fn first(model: &Model) -> Option<usize> {
    let index = *model.schedule.first()?;
    (matches!(model.latents, Latents::Learned(_)) && is_valid(&model.blocks[index])).then_some(index)
}

fn is_valid(block: &Block) -> bool {
    let attention = &block.attention;
    block.reads == Reads::Context && attention.rotary.is_none() && attention.head_norms.is_none()
}

/// Gives the first run of a block that runs again its own copy: later runs ask with latents that do depend on the input.
pub(super) fn split_first(model: &mut Model) {
    let Some(first) = self::first(model) else { return };
    if model.schedule.iter().filter(|&&block| block == first).count() > 1 {
        model.blocks.push(model.blocks[first].clone());
        model.schedule[0] = model.blocks.len() - 1;
    }
}

/// Bakes the queries of the first block.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn bake_first(model: &mut Model) -> Result<(), Problems> {
    match (first(model), &model.latents) {
        (Some(first), Latents::Learned(latents)) => bake(&mut model.blocks[first].attention, latents),
        _ => Ok(()),
    }
}

/// Bakes the queries of the decoder.
///
/// # Errors
/// Files of weights that can no longer be read.
pub(super) fn bake_decoder(model: &mut Model) -> Result<(), Problems> {
    if asked(model).is_none() {
        return Ok(());
    }
    let Some(decoder) = &mut model.decoder else { return Ok(()) };
    let rows = match &decoder.queries {
        Queries::Learned(table) => table.clone(),
        Queries::Fourier(fourier) => fourier_features(fourier),
        Queries::Tokens | Queries::Input { .. } | Queries::Parts(_) => return Ok(()),
    };
    bake(&mut decoder.block.attention, &rows)
}

fn bake(attention: &mut Attention, rows: &Tensor) -> Result<(), Problems> {
    let Query::Projected { norm, linear } = &attention.query else { return Ok(()) };
    let (numbers, weight, bias) = (widen(rows)?, linear.weight.numbers()?, bias_of(linear)?);
    let mut baked = Vec::with_capacity(rows.rows() * linear.weight.rows());
    for row in numbers.chunks_exact(rows.columns()) {
        let row = norm.as_ref().map_or_else(|| Ok(row.to_vec()), |norm| normalize(norm, row))?;
        baked.extend(apply(&weight, &row).zip(&bias).map(|(x, bias)| x + bias));
    }
    let shape = [rows.rows(), linear.weight.rows()];
    attention.query = Query::Constant(Tensor::rounded(format!("{} (baked)", linear.weight.name), &shape, &baked));
    Ok(())
}

fn normalize(norm: &Norm, row: &[f64]) -> Result<Vec<f64>, Problems> {
    let count = row.len() as f64;
    let mean = match norm.kind {
        NormKind::Layer => row.iter().sum::<f64>() / count,
        NormKind::RootMeanSquare => 0.0,
    };
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let factor = 1.0 / (variance + norm.eps).sqrt();
    let mut normal: Vec<f64> = row.iter().map(|x| (x - mean) * factor).collect();
    if let Some(gain) = &norm.gain {
        normal.iter_mut().zip(gain.numbers()?.iter()).for_each(|(x, &gain)| *x *= f64::from(gain));
    }
    if let Some(offset) = &norm.offset {
        normal.iter_mut().zip(offset.numbers()?.iter()).for_each(|(x, &offset)| *x += f64::from(offset));
    }
    Ok(normal)
}
