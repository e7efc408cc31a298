//! The scores of a tile of keys: `K (scale · q)ᵀ`.

use super::{Attention, Block};
use crate::isa::{Isa, Strided, StridedMut};
use crate::kernels::tile::Tile;
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
        turned: &mut [[[f32; PANEL]; DEPTH]; PANELS],
    ) {
        let Attention { heads, qk, scale, q, .. } = *attention;
        let depth = DEPTH.min(qk - start);
        for (p, panel) in turned.iter_mut().enumerate().take(self.count.div_ceil(PANEL)) {
            let panel = panel.get_mut(..depth).unwrap_or_default();
            let first = ((self.query + p * PANEL) * heads + self.head) * qk + start;
            let q = q.get(first..).unwrap_or_default();
            turn(isa, q, heads * qk, PANEL.min(self.count - p * PANEL), panel);
            if scale != 1.0 {
                for numbers in panel.as_flattened_mut().chunks_mut(I::LANES) {
                    isa.store(isa.mul(isa.load(numbers), isa.splat(scale)), numbers);
                }
            }
        }
    }

    /// Adds what numbers `start` .. `start + DEPTH` contribute to the scores of the keys from `first` on.
    #[inline(always)]
    pub(super) fn score<I: Isa, const ROWS: usize, const PANELS: usize, const TILE: usize, const DEPTH: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        first: usize,
        start: usize,
        turned: &[[[f32; PANEL]; DEPTH]; PANELS],
        scores: &mut [[[f32; PANEL]; PANELS]; TILE],
    ) {
        let depth = DEPTH.min(attention.qk - start);
        let Some(panels) = Strided::new(turned.as_flattened(), DEPTH, depth) else { return };
        let (tile, stride) = (TILE.min(attention.keys - first), attention.key_stride());
        let mut key = 0;
        while key < tile {
            let count = block(tile - key, ROWS);
            let numbers = self.k.get((first + key) * stride + start..).unwrap_or_default();
            let keys = Keys { numbers, stride, is_first: start == 0 };
            let scores = scores.get_mut(key..).unwrap_or_default();
            match count {
                1 => keys.score::<I, 1, PANELS>(isa, panels, scores),
                2 => keys.score::<I, 2, PANELS>(isa, panels, scores),
                4 if ROWS > 4 => keys.score::<I, 4, PANELS>(isa, panels, scores),
                _ => keys.score::<I, ROWS, PANELS>(isa, panels, scores),
            }
            key += count;
        }
    }
}

/// Turns `count` rows of `q`, `stride` apart, into the columns of `panel`: eight by eight numbers as long as they are there.
#[inline(always)]
fn turn<I: Isa>(isa: I, q: &[f32], stride: usize, count: usize, panel: &mut [[f32; PANEL]]) {
    let mut turned = 0;
    if let (PANEL, Some(rows)) = (count, Strided::<_, PANEL>::new(q, stride, panel.len())) {
        for (index, groups) in panel.as_chunks_mut().0.iter_mut().enumerate() {
            let Some(rows) = rows.panels(index) else { break };
            isa.transpose(rows, groups);
            turned += PANEL;
        }
    }
    let rest = panel.get_mut(turned..).unwrap_or_default();
    for r in 0..count {
        let row = part(q, r * stride + turned, rest.len());
        rest.iter_mut().zip(row).for_each(|(group, &number)| group[r] = number);
    }
}

/// A few keys of one head.
struct Keys<'a> {
    numbers: &'a [f32],
    /// From one key to the next.
    stride: usize,
    /// Whether these numbers are the first to contribute to the scores.
    is_first: bool,
}

impl Keys<'_> {
    #[inline(always)]
    fn score<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        panels: Strided<'_, [f32; PANEL], PANELS>,
        scores: &mut [[[f32; PANEL]; PANELS]],
    ) {
        let x = Strided::<_, ROWS>::new(self.numbers, self.stride, panels.width());
        let numbers = scores.as_flattened_mut().as_flattened_mut();
        let target = StridedMut::new(numbers, PANELS * PANEL, ROWS, PANELS * PANEL);
        let (Some(x), Some(target)) = (x, target) else { return };
        let start = self.is_first.then_some(&[[0.0; PANEL]; PANELS]);
        isa.tile(&mut Tile { x, panels, start, target });
    }
}
