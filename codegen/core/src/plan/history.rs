//! Mixtures of what the latents have been.

use super::builder::{Builder, Rows};
use crate::model::{Latents, Mixture, Model};
use crate::program::{Activation, Source, Step};
use std::collections::BTreeMap;

/// The states of the latents that mixtures still need.
pub(super) struct History<'a> {
    mixtures: &'a [Mixture],
    states: BTreeMap<usize, Source>,
}

impl<'a> History<'a> {
    /// The latents before the first block. Learned ones need not be there yet: they are read where they are stored.
    pub(super) fn begin(builder: &mut Builder, model: &'a Model, latents: &Rows) -> Self {
        let mut history = Self { mixtures: &model.mixtures, states: BTreeMap::new() };
        match &model.latents {
            Latents::Learned(start) if history.is_kept(0) => {
                let start = builder.table(start, latents.count);
                history.states.insert(0, start);
            }
            Latents::Learned(_) => {}
            Latents::Tail { .. } => history.keep(builder, 0, latents),
        }
        history
    }

    /// The latents after `state` entries of the schedule: kept as they are where a later mixture needs them, then replaced by the
    /// mixture that ends with them.
    pub(super) fn reach(&mut self, builder: &mut Builder, state: usize, latents: &Rows) {
        self.keep(builder, state, latents);
        // Of one state alone nothing is mixed.
        let ends = |mixture: &&Mixture| mixture.states.len() > 1 && mixture.states.last() == Some(&state);
        for mixture in self.mixtures.iter().filter(ends) {
            self.mix(builder, mixture, latents);
        }
    }

    /// Whether a mixture that ends later needs `state`.
    fn is_kept(&self, state: usize) -> bool {
        self.mixtures.iter().any(|mixture| mixture.states.contains(&state) && mixture.states.last() != Some(&state))
    }

    fn keep(&mut self, builder: &mut Builder, state: usize, latents: &Rows) {
        if self.is_kept(state) {
            let kept =
                builder.rows(format!("latents after {state} blocks"), latents.count, latents.most, latents.width);
            let (rows, width, x, out) = (latents.count, latents.width, latents.source(), kept.target());
            builder.step(Step::CopyRows { rows, width, x_stride: width, out_stride: width, x, out });
            self.states.insert(state, kept.source());
        }
    }

    /// Replaces `latents` by the mixture of its states, which end with them.
    fn mix(&self, builder: &mut Builder, mixture: &Mixture, latents: &Rows) {
        let (rows, width) = (latents.count, latents.width);
        let mixed = builder.rows("mixture of latents", rows, 3 * latents.most, width);
        for (index, state) in mixture.states.iter().enumerate() {
            let is_last = index + 1 == mixture.states.len();
            let kept = self.states.get(state).filter(|_| !is_last);
            let x = kept.cloned().unwrap_or_else(|| latents.source());
            let logits = logits(builder, mixture, x.clone(), latents);
            let (logits, out) = (logits.source(), mixed.target());
            builder.step(Step::Mix { rows, width, first: index == 0, logits, x, out });
        }
        builder.step(Step::Mixed { rows, width, x: mixed.source(), out: latents.target() });
    }
}

/// How much each number of the state `x`, rows like `latents`, weighs.
fn logits(builder: &mut Builder, mixture: &Mixture, x: Source, latents: &Rows) -> Rows {
    let Rows { count, most, width, .. } = *latents;
    let mut normal = x;
    if let Some(norm) = &mixture.norm {
        let rows = builder.rows("mixture norm", count, most, width);
        builder.normalize_into(Some(normal), norm, count, width, rows.target());
        normal = rows.source();
    }
    let reduced = builder.rows("mixture reduced", count, most, mixture.reduce.weight.rows());
    let (identity, out_width) = (Activation::Identity, reduced.width);
    builder.linear_into(normal, count, width, &mixture.reduce, identity, false, reduced.target(), out_width);
    builder.linear("mixture logits", &reduced, &mixture.expand, identity)
}
