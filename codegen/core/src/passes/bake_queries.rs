//! Queries made from learned rows alone do not depend on the input: `linear(norm(rows))` becomes a table.
//!
//! Valid for the first block of the encoder, whose rows are the learned latents, and for the decoder's learned or
//! positional queries. The rows themselves stay for the residual. Not valid where keys are also made from those rows, or
//! where queries change after the linear layer (rotary positions, norms per head).

use super::{apply, bias_of, widen};
use crate::model::{
    Attention, Latents, Linear, Model, Norm, NormKind, Queries, Query, Reads, Tensor, fourier_features,
};

pub(super) fn run(model: &mut Model, knows_queries: bool) {
    bake_first_block(model);
    if let Some(decoder) = &mut model.decoder
        && knows_queries
        && decoder.block.reads == Reads::Context
    {
        let rows = match &decoder.queries {
            Queries::Learned(table) => table.clone(),
            Queries::Fourier(fourier) => fourier_features(fourier),
            Queries::Tokens | Queries::Input { .. } | Queries::Parts(_) => return,
        };
        bake(&mut decoder.block.attention, &rows);
    }
}

fn bake_first_block(model: &mut Model) {
    let Latents::Learned(latents) = &model.latents else { return };
    let Some(&first) = model.schedule.first() else { return };
    if model.blocks[first].reads != Reads::Context {
        return;
    }
    if model.schedule.iter().filter(|&&block| block == first).count() > 1 {
        // The same weights run again later, on latents that do depend on the input: only the first run is baked.
        model.blocks.push(model.blocks[first].clone());
        model.schedule[0] = model.blocks.len() - 1;
    }
    bake(&mut model.blocks[model.schedule[0]].attention, latents);
}

fn bake(attention: &mut Attention, rows: &Tensor) {
    if attention.rotary.is_some() || attention.head_norms.is_some() {
        return;
    }
    let Query::Projected { norm, linear } = &attention.query else { return };
    let numbers = widen(rows);
    let baked: Vec<f64> =
        numbers.chunks_exact(rows.columns()).flat_map(|row| project(norm.as_ref(), linear, row)).collect();
    let shape = [rows.rows(), linear.weight.rows()];
    attention.query = Query::Constant(Tensor::rounded(format!("{} (baked)", linear.weight.name), &shape, &baked));
}

fn project(norm: Option<&Norm>, linear: &Linear, row: &[f64]) -> Vec<f64> {
    let row = norm.map_or_else(|| row.to_vec(), |norm| normalize(norm, row));
    apply(&linear.weight, &row).zip(bias_of(linear)).map(|(x, bias)| x + bias).collect()
}

fn normalize(norm: &Norm, row: &[f64]) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = match norm.kind {
        NormKind::Layer => row.iter().sum::<f64>() / count,
        NormKind::RootMeanSquare => 0.0,
    };
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let factor = 1.0 / (variance + norm.eps).sqrt();
    let mut normal: Vec<f64> = row.iter().map(|x| (x - mean) * factor).collect();
    if let Some(gain) = &norm.gain {
        normal.iter_mut().zip(gain.data.iter()).for_each(|(x, &gain)| *x *= f64::from(gain));
    }
    if let Some(offset) = &norm.offset {
        normal.iter_mut().zip(offset.data.iter()).for_each(|(x, &offset)| *x += f64::from(offset));
    }
    normal
}
