//! `EnformerAttentionResidual`: what mixes the latents' history.

use super::encoder::Recipe;
use super::shared::repeats;
use crate::model::{Mixture, Norm, NormKind};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// Reads what mixes the history after `layer`; `before` it there may be another, whose weights it may share.
pub(super) fn read(
    recipe: &Recipe<'_>,
    checkpoint: &mut Checkpoint,
    layer: usize,
    rank: usize,
    before: Option<&Mixture>,
) -> Mixture {
    let place = format!("{}{}.to_attn_logits", recipe.source.class.root(), recipe.source.layout.mixture(layer));
    if let Some(before) =
        before.filter(|_| recipe.tied_layer(layer).is_some() && !checkpoint.has(&format!("{place}.0.weight")))
    {
        return before.clone();
    }
    let mixture = one(checkpoint, &place, recipe.source.args.latent_width(), (rank, "args.attn_residual_rank"));
    match before.filter(|before| repeats(&mixture.tensors(), &before.tensors())) {
        Some(before) => {
            checkpoint.discount(&mixture.tensors());
            before.clone()
        }
        None => mixture,
    }
}

fn one(checkpoint: &mut Checkpoint, place: &str, width: Axis<'_>, rank: Axis<'_>) -> Mixture {
    // Version 0.10.0 has no norm.
    let has_norm = !checkpoint.lacks(&format!("{place}.2.weight"));
    let norm = has_norm.then(|| Norm {
        kind: NormKind::RootMeanSquare,
        gain: Some(checkpoint.tensor(&format!("{place}.0.weight"), &[width])),
        offset: None,
        eps: f64::from(f32::EPSILON),
    });
    let first = usize::from(has_norm);
    let reduce = checkpoint.linear(&format!("{place}.{first}"), rank, width, Bias::Absent);
    let expand = checkpoint.linear(&format!("{place}.{}", first + 1), width, rank, Bias::Absent);
    Mixture { states: Vec::new(), norm, reduce, expand }
}
