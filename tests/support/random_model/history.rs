//! Mixtures of what the latents have been.

use super::numbers::Numbers;
use percio_codegen_core::model::{Mixture, NormKind};
use proptest::prelude::*;

/// What mixtures are made from: one after each block but the first few.
#[derive(Clone, Debug)]
pub(super) struct HistoryKind {
    /// The first state that is mixed.
    first: usize,
    /// From one state that is mixed to the next.
    step: usize,
    rank: usize,
    has_norm: bool,
    /// Whether all mixtures have the same weights.
    is_tied: bool,
}

pub(super) fn kinds() -> impl Strategy<Value = HistoryKind> {
    (0..2usize, 1..3usize, 1..9usize, prop::bool::weighted(0.8), any::<bool>())
        .prop_map(|(first, step, rank, has_norm, is_tied)| HistoryKind { first, step, rank, has_norm, is_tied })
}

impl HistoryKind {
    /// The mixtures over `blocks` blocks whose rows have `width` numbers.
    pub(super) fn mixtures(&self, blocks: usize, width: usize, numbers: &mut Numbers) -> Vec<Mixture> {
        let mut mixtures: Vec<Mixture> = Vec::new();
        for last in (self.first..=blocks).step_by(self.step) {
            let states = (self.first..=last).step_by(self.step).collect();
            let mixture = match mixtures.first().filter(|_| self.is_tied) {
                Some(mixture) => mixture.clone(),
                None => self.mixture(width, numbers),
            };
            mixtures.push(Mixture { states, ..mixture });
        }
        mixtures
    }

    fn mixture(&self, width: usize, numbers: &mut Numbers) -> Mixture {
        let norm = self.has_norm.then(|| numbers.norm("mixture.norm", NormKind::RootMeanSquare, width));
        let reduce = numbers.linear("mixture.reduce", self.rank, width, false);
        let expand = numbers.linear("mixture.expand", width, self.rank, false);
        Mixture { states: Vec::new(), norm, reduce, expand }
    }
}
