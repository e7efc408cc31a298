//! A layer norm's gain and offset are affine: every linear layer that reads the norm takes them over.

use super::{absorb_affine, blocks, widen};
use crate::model::{Attention, Linear, Model, Norm, Query};

pub(super) fn run(model: &mut Model) {
    for block in blocks(model) {
        fold_attention(&mut block.attention);
        if let Some(mlp) = &mut block.mlp {
            fold(&mut mlp.norm, [&mut mlp.up]);
        }
    }
}

fn fold_attention(attention: &mut Attention) {
    let Attention { query, norm_kv, key, value, .. } = attention;
    match (query, norm_kv) {
        (Query::Projected { norm, linear }, Some(norm_kv)) => {
            fold(norm, [linear]);
            fold(norm_kv, [key, value]);
        }
        (Query::Projected { norm, linear }, None) => fold(norm, [linear, key, value]),
        (Query::Constant(_), Some(norm_kv)) => fold(norm_kv, [key, value]),
        (Query::Constant(_), None) => {}
    }
}

fn fold<const K: usize>(norm: &mut Norm, readers: [&mut Linear; K]) {
    if norm.gain.is_none() && norm.offset.is_none() {
        return;
    }
    for linear in readers {
        let width = linear.weight.columns();
        let gain = norm.gain.as_ref().map_or_else(|| vec![1.0; width], widen);
        let offset = norm.offset.as_ref().map_or_else(|| vec![0.0; width], widen);
        absorb_affine(linear, &gain, &offset);
    }
    (norm.gain, norm.offset) = (None, None);
}
