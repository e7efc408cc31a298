//! A layer norm's gain and offset are affine: every linear layer that reads the norm takes them over.
//!
//! Not valid where keys and values are made from rows of two norms: the layers can take over neither. The norm of a mixer's
//! MLP over columns stays, as what reads it does not run over rows.

use super::{absorb_affine, blocks, widen};
use crate::Problems;
use crate::model::{Attention, Linear, Model, Norm, Query, Reads};

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    for block in blocks(model) {
        let reads = block.reads;
        fold_attention(reads, &mut block.attention)?;
        let mixer = block.mixer.as_mut().map(|mixer| &mut mixer.rows);
        for mlp in block.mlp.iter_mut().chain(mixer) {
            fold(mlp.norm.as_mut(), [&mut mlp.up])?;
        }
    }
    Ok(())
}

fn fold_attention(reads: Reads, attention: &mut Attention) -> Result<(), Problems> {
    let Attention { query, norm_kv, key, value, .. } = attention;
    match (query, reads) {
        (Query::Projected { norm, linear }, Reads::Itself) => fold(norm.as_mut(), [linear, key, value]),
        (Query::Projected { norm, linear }, Reads::Context) => {
            fold(norm.as_mut(), [linear])?;
            fold(norm_kv.as_mut(), [key, value])
        }
        (Query::Constant(_), Reads::Context) => fold(norm_kv.as_mut(), [key, value]),
        _ => Ok(()),
    }
}

fn fold<const K: usize>(norm: Option<&mut Norm>, readers: [&mut Linear; K]) -> Result<(), Problems> {
    let Some(norm) = norm.filter(|norm| norm.gain.is_some() || norm.offset.is_some()) else { return Ok(()) };
    for linear in readers {
        let width = linear.weight.columns();
        let gain = norm.gain.as_ref().map_or_else(|| Ok(vec![1.0; width]), widen)?;
        let offset = norm.offset.as_ref().map_or_else(|| Ok(vec![0.0; width]), widen)?;
        absorb_affine(linear, &gain, &offset)?;
    }
    (norm.gain, norm.offset) = (None, None);
    Ok(())
}
