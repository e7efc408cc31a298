//! Queries made from learned rows alone do not depend on the input: `linear(norm(rows))` becomes a table.
//!
//! Valid for the first block of the encoder, whose rows are the learned latents, and for the decoder's learned or
//! positional queries. The rows themselves stay for the residual.

use super::{apply, bias_of, widen};
use crate::model::{Linear, Model, Norm, Queries, Query, Reads, Tensor, fourier_features};

pub(super) fn run(model: &mut Model) {
    if let Some(&first) = model.schedule.first()
        && model.blocks[first].reads == Reads::Context
    {
        if model.schedule.iter().filter(|&&block| block == first).count() > 1 {
            // The same weights run again later, on latents that do depend on the input: only the first run is baked.
            model.blocks.push(model.blocks[first].clone());
            model.schedule[0] = model.blocks.len() - 1;
        }
        let block = model.schedule[0];
        bake(&mut model.blocks[block].attention.query, &model.latents);
    }
    let rows = match &model.decoder.queries {
        Queries::Learned(table) => table.clone(),
        Queries::Fourier(fourier) => fourier_features(fourier),
    };
    bake(&mut model.decoder.block.attention.query, &rows);
}

fn bake(query: &mut Query, rows: &Tensor) {
    let Query::Projected { norm, linear } = query else { return };
    let numbers = widen(rows);
    let baked: Vec<f64> = numbers.chunks_exact(rows.columns()).flat_map(|row| project(norm, linear, row)).collect();
    let shape = [rows.rows(), linear.weight.rows()];
    *query = Query::Constant(Tensor::rounded(format!("{} (baked)", linear.weight.name), &shape, &baked));
}

fn project(norm: &Norm, linear: &Linear, row: &[f64]) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let factor = 1.0 / (variance + norm.eps).sqrt();
    let mut normal: Vec<f64> = row.iter().map(|x| (x - mean) * factor).collect();
    if let Some(gain) = &norm.gain {
        normal.iter_mut().zip(gain.data.iter()).for_each(|(x, &gain)| *x *= f64::from(gain));
    }
    if let Some(offset) = &norm.offset {
        normal.iter_mut().zip(offset.data.iter()).for_each(|(x, &offset)| *x += f64::from(offset));
    }
    apply(&linear.weight, &normal).zip(bias_of(linear)).map(|(x, bias)| x + bias).collect()
}
