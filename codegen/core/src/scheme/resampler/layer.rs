//! A layer: attention over the features and the latents themselves, then an MLP; no biases.

use super::EPS;
use super::names::{Keys, Names};
use super::sizes::Sizes;
use crate::model::{Attention, Block, HeadNorms, Linear, Mlp, Query, Reads};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// Reads the layer `index`.
pub(super) fn read(names: &Names, sizes: &Sizes, checkpoint: &mut Checkpoint, index: usize) -> Block {
    let place = format!("{}.{index}", names.layers);
    Block {
        name: format!("encoder.layers.{index}"),
        reads: Reads::ContextThenItself,
        attention: attention(names, sizes, checkpoint, &place),
        mlp: Some(mlp(names, sizes, checkpoint, &place)),
        mixer: None,
    }
}

fn attention(names: &Names, sizes: &Sizes, checkpoint: &mut Checkpoint, place: &str) -> Attention {
    let part = |name: &str| format!("{place}{name}");
    let source = format!("{} × {}", sizes.heads.1, sizes.dim_head.1);
    let inner = (sizes.heads.0 * sizes.dim_head.0, source.as_str());
    let query = Query::Projected {
        norm: Some(checkpoint.norm(&part(names.norm_latents), sizes.width, EPS)),
        linear: checkpoint.linear(&part(names.query), inner, sizes.width, Bias::Absent),
    };
    let norm_context = checkpoint.norm(&part(names.norm_context), sizes.width, EPS);
    let [key, value] = keys(names, checkpoint, place, inner, sizes.width);
    let output = checkpoint.linear(&part(names.output), sizes.width, inner, Bias::Absent);
    let attention = Attention::new(query, Some(norm_context), [key, value, output], sizes.heads.0);
    let head_norms = names.head_norms.filter(|[query, _]| checkpoint.has(&part(&format!("{query}.weight"))));
    let head_norms = head_norms.map(|[query, key]| HeadNorms {
        query: checkpoint.norm(&part(query), sizes.dim_head, EPS),
        key: checkpoint.norm(&part(key), sizes.dim_head, EPS),
    });
    Attention { head_norms, ..attention }
}

fn keys(names: &Names, checkpoint: &mut Checkpoint, place: &str, inner: Axis<'_>, rows: Axis<'_>) -> [Linear; 2] {
    match names.keys {
        Keys::Fused(name) => checkpoint.fused(&format!("{place}{name}"), inner, rows),
        Keys::Separate(both) => {
            both.map(|name| checkpoint.linear(&format!("{place}{name}"), inner, rows, Bias::Absent))
        }
    }
}

fn mlp(names: &Names, sizes: &Sizes, checkpoint: &mut Checkpoint, place: &str) -> Mlp {
    let part = |name: &str| format!("{place}{name}");
    let source = format!("{} × {}", sizes.widening.1, sizes.width.1);
    let hidden = (sizes.widening.0 * sizes.width.0, source.as_str());
    Mlp {
        norm: Some(checkpoint.norm(&part(names.mlp_norm), sizes.width, EPS)),
        up: checkpoint.linear(&part(names.up), hidden, sizes.width, Bias::Absent),
        activation: names.activation,
        gate: None,
        down: checkpoint.linear(&part(names.down), sizes.width, hidden, Bias::Absent),
    }
}
