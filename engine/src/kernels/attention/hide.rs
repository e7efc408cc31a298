//! Keys that queries do not attend to.

use super::{Attention, Block};
use percio_format::PANEL;

/// The score of hidden keys at which a query that sees no others attends to them evenly.
pub const EVENLY: f32 = f32::MIN;

/// The score of hidden keys at which a query that sees no others gathers zeros: it is below what a softmax starts from.
pub const NOTHING: f32 = f32::NEG_INFINITY;

impl Block {
    /// Hides the keys from `first` on that the mask leaves out or that stand after a query.
    #[inline(always)]
    pub(super) fn hide<const PANELS: usize>(
        &self,
        attention: &Attention<'_>,
        first: usize,
        scores: &mut [[[f32; PANEL]; PANELS]],
    ) {
        let Attention { queries, keys, mask, causal, hidden, .. } = *attention;
        let mask = mask.get(first..).unwrap_or_default();
        for (scores, _) in scores.iter_mut().zip(mask).filter(|(_, kept)| !**kept) {
            *scores = [[hidden; PANEL]; PANELS];
        }
        if causal {
            for (key, scores) in (first..).zip(scores) {
                // Query i is at place i + keys − queries.
                let before = (key + queries).saturating_sub(keys + self.query);
                scores.as_flattened_mut().iter_mut().take(before).for_each(|score| *score = hidden);
            }
        }
    }
}
