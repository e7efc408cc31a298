//! Keys that queries do not attend to.

use super::Attention;
use super::block::Block;
use percio_format::PANEL;

/// The score of hidden keys at which a query that sees no others attends to them evenly.
pub const EVENLY: f32 = f32::MIN;

/// The score of hidden keys at which a query that sees no others gathers zeros: it is below what a softmax starts from.
pub const NOTHING: f32 = f32::NEG_INFINITY;

impl Attention<'_> {
    /// The keys that `query` sees by its place, query i at that of key i + keys − queries: the first so many.
    #[inline(always)]
    pub(crate) const fn seen(&self, query: usize) -> usize {
        let seen = (query + self.keys + 1).saturating_sub(self.queries);
        if self.causal && seen < self.keys { seen } else { self.keys }
    }
}

impl Block<'_> {
    /// Hides the keys from `first` on that the mask leaves out or that stand after a query.
    #[inline(always)]
    pub(super) fn hide<const PANELS: usize>(
        &self,
        attention: &Attention<'_>,
        first: usize,
        scores: &mut [[[f32; PANEL]; PANELS]],
    ) {
        let Attention { mask, hidden, .. } = *attention;
        let mask = mask.get(first..).unwrap_or_default();
        for (scores, _) in scores.iter_mut().zip(mask).filter(|(_, kept)| !**kept) {
            *scores = [[hidden; PANEL]; PANELS];
        }
        if attention.causal {
            for r in 0..self.count {
                let later = scores.iter_mut().skip(attention.seen(self.query + r).saturating_sub(first));
                later.filter_map(|scores| scores.as_flattened_mut().get_mut(r)).for_each(|score| *score = hidden);
            }
        }
    }
}
