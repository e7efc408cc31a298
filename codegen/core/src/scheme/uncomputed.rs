//! What a model can say and nothing computes yet: such a checkpoint is refused instead of computed wrongly.

use crate::Problems;
use crate::model::{Block, Model, Softmax};

/// Complains about every part of `model` that the planner does not lower.
pub(super) fn check(model: &Model, problems: &mut Problems) {
    let blocks = || model.blocks.iter().chain(model.decoder.as_ref().map(|decoder| &decoder.block));
    let named = |has: fn(&Block) -> bool| {
        let names: Vec<_> = blocks().filter(|block| has(block)).map(|block| format!("`{}`", block.name)).collect();
        names.join(", ")
    };
    let parts = [
        ("softmax over the queries (inverted attention)", named(|block| block.attention.softmax != Softmax::Keys)),
        ("an MLP over the latents (mixed latents)", named(|block| block.mixer.is_some())),
        ("padded queries that gather nothing", named(|block| block.attention.masks_queries)),
        ("mixtures of earlier states (attention residuals)", mixtures(model)),
    ];
    for (what, which) in parts.into_iter().filter(|(_, which)| !which.is_empty()) {
        let sentence =
            format!("the model has {what} in {which}, which is read but not computed yet: use a model without it");
        problems.append(Problems::model(sentence));
    }
}

fn mixtures(model: &Model) -> String {
    if model.mixtures.is_empty() { String::new() } else { "its encoder".to_owned() }
}
