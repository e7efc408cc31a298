//! The scores of a tile of keys: `K (scale · q)ᵀ`.

use super::Attention;
use super::block::{Block, Tile};
use crate::isa::{Downward, Isa, Strided, StridedMut};
use crate::kernels::tile;
use crate::kernels::{block, part};
use percio_format::PANEL;

impl Block<'_> {
    /// Turns numbers `start` .. `start + DEPTH` of the queries into panels, scaled.
    #[inline(always)]
    pub(super) fn turn<I: Isa, const PANELS: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        start: usize,
        turned: &mut [[[f32; PANEL]; PANELS]; DEPTH],
    ) {
        let Attention { heads, qk, scale, q, .. } = *attention;
        let turned = turned.get_mut(..DEPTH.min(qk - start)).unwrap_or_default();
        for p in 0..self.count.div_ceil(PANEL) {
            let first = ((self.query + p * PANEL) * heads + self.head) * qk + start;
            let q = q.get(first..).unwrap_or_default();
            turn(isa, q, heads * qk, PANEL.min(self.count - p * PANEL), turned, p);
        }
        if scale != 1.0 {
            for numbers in turned.as_flattened_mut().as_flattened_mut().chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.load(numbers), isa.splat(scale)), numbers);
            }
        }
    }

    /// Adds what numbers `start` and after, as many as `turned` holds, contribute to the scores of the keys of `tile`.
    #[inline(always)]
    pub(super) fn score<I: Isa, const ROWS: usize, const PANELS: usize, const WIDE: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        tile: Tile,
        start: usize,
        turned: &[[[f32; PANEL]; WIDE]],
        scores: &mut [[[f32; PANEL]; WIDE]],
    ) {
        let (qk, stride) = (attention.qk, attention.key_stride());
        let turned = turned.get(..turned.len().min(qk - start)).unwrap_or_default();
        for panel in (0..self.count.div_ceil(PANEL)).step_by(PANELS) {
            let mut key = 0;
            while key < tile.keys {
                let count = block(tile.keys - key, ROWS);
                if WIDE > PANELS && (start, panel) == (0, 0) {
                    self.prefetch(isa, attention, tile, key, count);
                }
                let numbers = self.k.get((tile.first + key) * stride + start..).unwrap_or_default();
                let keys = Keys { numbers, stride, is_first: start == 0, panel };
                let scores = scores.get_mut(key..).unwrap_or_default();
                match count {
                    1 => keys.score::<I, 1, PANELS, WIDE>(isa, turned, scores),
                    2 => keys.score::<I, 2, PANELS, WIDE>(isa, turned, scores),
                    4 if ROWS > 4 => keys.score::<I, 4, PANELS, WIDE>(isa, turned, scores),
                    _ => keys.score::<I, ROWS, PANELS, WIDE>(isa, turned, scores),
                }
                key += count;
            }
        }
    }

    /// Asks for the values of `count` keys of `tile` from its `key`-th on, which are next, and for as many keys of the tile after.
    #[inline(always)]
    fn prefetch<I: Isa>(&self, isa: I, attention: &Attention<'_>, tile: Tile, key: usize, count: usize) {
        let Attention { qk, v_width, .. } = *attention;
        for key in tile.first + key..tile.first + key + count {
            isa.prefetch(part(self.v, key * attention.value_stride(), v_width));
            isa.prefetch(part(self.k, (key + tile.keys) * attention.key_stride(), qk));
        }
    }
}

/// Turns `count` rows of `q`, `stride` apart, into panel `p` of each row of `turned`: eight by eight numbers as long as they
/// are there.
#[inline(always)]
fn turn<I: Isa, const PANELS: usize>(
    isa: I,
    q: &[f32],
    stride: usize,
    count: usize,
    turned: &mut [[[f32; PANEL]; PANELS]],
    p: usize,
) {
    let mut whole = 0;
    if let (PANEL, Some(rows)) = (count, Strided::<_, PANEL>::new(q, stride, turned.len())) {
        for (index, turned) in turned.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
            let Some(rows) = rows.panels(index) else { break };
            if let (1, Some(groups)) = (PANELS, turned.as_flattened_mut().first_chunk_mut()) {
                isa.transpose(rows, groups);
            } else {
                let mut groups = [[0.0; PANEL]; PANEL];
                isa.transpose(rows, &mut groups);
                let turned = turned.iter_mut().filter_map(|turned| turned.get_mut(p));
                turned.zip(&groups).for_each(|(turned, group)| *turned = *group);
            }
            whole += PANEL;
        }
    }
    let rest = turned.get_mut(whole..).unwrap_or_default();
    for r in 0..count {
        let row = part(q, r * stride + whole, rest.len());
        let rest = rest.iter_mut().filter_map(|rest| rest.get_mut(p));
        rest.zip(row).for_each(|(group, &number)| group[r] = number);
    }
}

/// A few keys of one head, and the queries they meet.
struct Keys<'a> {
    numbers: &'a [f32],
    /// From one key to the next.
    stride: usize,
    /// Whether these numbers are the first to contribute to the scores.
    is_first: bool,
    /// The first panel of queries.
    panel: usize,
}

impl Keys<'_> {
    #[inline(always)]
    fn score<I: Isa, const ROWS: usize, const PANELS: usize, const WIDE: usize>(
        &self,
        isa: I,
        turned: &[[[f32; PANEL]; WIDE]],
        scores: &mut [[[f32; PANEL]; WIDE]],
    ) {
        let first = self.panel * PANEL;
        let numbers = scores.as_flattened_mut().as_flattened_mut().get_mut(first..).unwrap_or_default();
        let target = StridedMut::new(numbers, WIDE * PANEL, ROWS, PANELS * PANEL);
        let x = Strided::<_, ROWS>::new(self.numbers, self.stride, turned.len());
        let (Some(x), Some(target)) = (x, target) else { return };
        let start = self.is_first.then_some(&[[0.0; PANEL]; PANELS]);
        if PANELS > 1 {
            let numbers = turned.as_flattened().as_flattened().get(first..).unwrap_or_default();
            if let Some(weights) = Downward::<[[f32; PANEL]; PANELS]>::panels(numbers, WIDE * PANEL, turned.len()) {
                isa.call(&mut tile::Joined { x, weights, start, target });
            }
        } else if let Some(panels) = Strided::new(turned.as_flattened(), 0, turned.len()) {
            isa.tile(&mut tile::Tile { x, panels, start, target, ahead: &[] });
        }
    }
}
