//! `scale · (q · k) = (scale · q) · k`: the query's linear layer takes the factor.
//!
//! Not valid where queries are normalised after that layer.

use super::blocks;
use crate::model::{Model, Query};

pub(super) fn run(model: &mut Model) {
    for attention in blocks(model).map(|block| &mut block.attention).filter(|attention| attention.head_norms.is_none())
    {
        let scale = std::mem::replace(&mut attention.scale, 1.0);
        match &mut attention.query {
            Query::Projected { linear, .. } => linear.scale(scale),
            Query::Constant(queries) => queries.scale(scale),
        }
    }
}
