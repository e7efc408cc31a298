//! `q · (k + b) = q · k + q · b`: a key bias shifts all scores of a query alike, and softmax does not see a shift.
//!
//! Not valid where keys are changed after their bias (rotary positions, norms per head) or where the softmax runs over
//! the queries.

use super::blocks;
use crate::model::{Attention, Model, Softmax};

pub(super) fn run(model: &mut Model) {
    for attention in blocks(model).map(|block| &mut block.attention).filter(|attention| is_valid(attention)) {
        attention.key.bias = None;
    }
}

fn is_valid(attention: &Attention) -> bool {
    attention.rotary.is_none() && attention.head_norms.is_none() && attention.softmax == Softmax::Keys
}
