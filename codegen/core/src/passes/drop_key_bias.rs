//! `q · (k + b) = q · k + q · b`: a key bias shifts all scores of a query alike, and softmax does not see a shift.
//!
//! Not valid where keys are changed after their bias (rotary positions, norms per head) or where the softmax runs over
//! the queries. No [`Attention`](crate::model::Attention) can say any of these yet.

use super::blocks;
use crate::model::Model;

pub(super) fn run(model: &mut Model) {
    for block in blocks(model) {
        block.attention.key.bias = None;
    }
}
