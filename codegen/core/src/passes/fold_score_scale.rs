//! `scale · (q · k) = (scale · q) · k`: the query's linear layer takes the factor.
//!
//! Not valid where queries are normalised after that layer.

use super::blocks;
use crate::model::{Model, Query, Tensor};

pub(super) fn run(model: &mut Model) {
    for attention in blocks(model).map(|block| &mut block.attention).filter(|attention| attention.head_norms.is_none())
    {
        let scale = std::mem::replace(&mut attention.scale, 1.0);
        match &mut attention.query {
            Query::Projected { linear, .. } => {
                times(&mut linear.weight, scale);
                linear.bias.iter_mut().for_each(|bias| times(bias, scale));
            }
            Query::Constant(queries) => times(queries, scale),
        }
    }
}

fn times(tensor: &mut Tensor, factor: f64) {
    let scaled = tensor.data.iter().map(|&number| (f64::from(number) * factor) as f32).collect();
    *tensor = Tensor::new(tensor.name.clone(), &tensor.shape, scaled);
}
