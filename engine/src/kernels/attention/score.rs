//! The scores of a tile of keys: `K (scale · q)ᵀ`.

use super::{Attention, Block};
use crate::isa::{Isa, Strided, StridedMut};
use crate::kernels::tile::Tile;
use crate::kernels::{block, part};
use percio_format::PANEL;

impl Block {
    /// Turns numbers `start` .. `start + DEPTH` of the queries into panels, scaled.
    #[inline(always)]
    pub(super) fn turn<const PANELS: usize, const DEPTH: usize>(
        &self,
        attention: &Attention<'_>,
        start: usize,
        turned: &mut [[[f32; PANEL]; DEPTH]; PANELS],
    ) {
        let Attention { heads, qk, scale, q, .. } = *attention;
        for r in 0..self.count {
            let row = part(q, ((self.query + r) * heads + self.head) * qk + start, DEPTH.min(qk - start));
            let Some(panel) = turned.get_mut(r / PANEL) else { return };
            for (group, &number) in panel.iter_mut().zip(row) {
                group[r % PANEL] = scale * number;
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
        let tile = TILE.min(attention.keys - first);
        let mut key = 0;
        while key < tile {
            let count = block(tile - key, ROWS);
            let keys = Keys { head: self.head, key: first + key, start };
            let scores = scores.get_mut(key..).unwrap_or_default();
            match count {
                1 => keys.score::<I, 1, PANELS>(isa, attention, panels, scores),
                2 => keys.score::<I, 2, PANELS>(isa, attention, panels, scores),
                4 if ROWS > 4 => keys.score::<I, 4, PANELS>(isa, attention, panels, scores),
                _ => keys.score::<I, ROWS, PANELS>(isa, attention, panels, scores),
            }
            key += count;
        }
    }
}

/// A few keys of one head, from number `start` on.
struct Keys {
    head: usize,
    key: usize,
    start: usize,
}

impl Keys {
    #[inline(always)]
    fn score<I: Isa, const ROWS: usize, const PANELS: usize>(
        &self,
        isa: I,
        attention: &Attention<'_>,
        panels: Strided<'_, [f32; PANEL], PANELS>,
        scores: &mut [[[f32; PANEL]; PANELS]],
    ) {
        let Attention { heads, qk, k, .. } = *attention;
        let keys = k.get((self.key * heads + self.head) * qk + self.start..).unwrap_or_default();
        let x = Strided::<_, ROWS>::new(keys, heads * qk, panels.width());
        let numbers = scores.as_flattened_mut().as_flattened_mut();
        let target = StridedMut::new(numbers, PANELS * PANEL, ROWS, PANELS * PANEL);
        let (Some(x), Some(target)) = (x, target) else { return };
        let start = if self.start == 0 { Some(&[[0.0; PANEL]; PANELS]) } else { None };
        isa.tile(&mut Tile { x, panels, start, target });
    }
}
