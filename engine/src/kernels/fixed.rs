//! The matrix product of [`super::matmul`] for rows and widths that the compiler knows: no tile is called, none is too wide or too
//! high, and every loop has a constant length. Conditions are constants, too: what a shape does not need is not compiled for it.

use super::matmul::write;
use super::tile::{Tile, add_start};
use super::whole_blocks;
use crate::isa::{Isa, Kernel, Strided, StridedMut};
use percio_format::PANEL;

/// The operands of a product. Nothing is between rows; `OUTPUTS` fill whole panels.
pub struct Fixed<'a, const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> {
    /// `[rows, inputs]`
    pub x: &'a [f32],
    /// `[outputs, inputs]`, packed
    pub weight: &'a [f32],
    /// `[outputs]`, or empty
    pub bias: &'a [f32],
    /// Add to `out` instead of replacing it.
    pub accumulate: bool,
    /// `[rows, outputs]`
    pub out: &'a mut [f32],
}

/// Tiles of so many rows each that make up what larger ones leave of the rows.
#[derive(Clone, Copy)]
struct Rest {
    fours: usize,
    twos: usize,
    ones: usize,
}

impl Rest {
    const fn of(rows: usize, most: usize) -> Self {
        let rest = rows - whole_blocks(rows, most) * most;
        let fours = if most > 4 { rest / 4 } else { 0 };
        let rest = rest - fours * 4;
        Self { fours, twos: rest / 2, ones: rest % 2 }
    }
}

impl<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> Kernel for Fixed<'_, ROWS, INPUTS, OUTPUTS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        isa.fixed(self);
    }
}

impl<const ROWS: usize, const INPUTS: usize, const OUTPUTS: usize> Fixed<'_, ROWS, INPUTS, OUTPUTS> {
    /// [`tiled`](Self::tiled), with tiles of one row eight panels wide: a sum waits for the one before it.
    #[inline(always)]
    pub fn tiled_by_rows<I: Isa, const MOST: usize, const PANELS: usize>(self, isa: I) {
        if const { ROWS == 1 } { self.tiled::<I, 1, 8>(isa) } else { self.tiled::<I, MOST, PANELS>(isa) }
    }

    /// The product in tiles of up to `MOST` rows by up to `PANELS` panels.
    #[inline(always)]
    pub fn tiled<I: Isa, const MOST: usize, const PANELS: usize>(mut self, isa: I) {
        for strip in 0..const { OUTPUTS / PANEL / PANELS } {
            self.strip::<I, MOST, PANELS>(isa, strip * PANELS * PANEL);
        }
        let panels = const { OUTPUTS / PANEL };
        if const { PANELS > 4 && OUTPUTS / PANEL % PANELS >= 4 } {
            self.strip::<I, MOST, 4>(isa, panels / PANELS * PANELS * PANEL);
        }
        if const { PANELS > 2 && OUTPUTS / PANEL % 4 >= 2 } {
            self.strip::<I, MOST, 2>(isa, panels / 4 * 4 * PANEL);
        }
        if const { PANELS > 1 && OUTPUTS / PANEL % 2 == 1 } {
            self.strip::<I, MOST, 1>(isa, OUTPUTS - PANEL);
        }
    }

    /// The outputs from `column` on that `PANELS` panels make.
    #[inline(always)]
    fn strip<I: Isa, const MOST: usize, const PANELS: usize>(&mut self, isa: I, column: usize) {
        let mut start = [[0.0; PANEL]; PANELS];
        write(isa, false, self.bias.get(column..).unwrap_or_default(), start.as_flattened_mut());
        let mut row = 0;
        for _ in 0..const { whole_blocks(ROWS, MOST) } {
            self.tile::<I, MOST, PANELS>(isa, &start, row, column);
            row += MOST;
        }
        if const { Rest::of(ROWS, MOST).fours > 0 } {
            for _ in 0..const { Rest::of(ROWS, MOST).fours } {
                self.tile::<I, 4, PANELS>(isa, &start, row, column);
                row += 4;
            }
        }
        if const { Rest::of(ROWS, MOST).twos > 0 } {
            for _ in 0..const { Rest::of(ROWS, MOST).twos } {
                self.tile::<I, 2, PANELS>(isa, &start, row, column);
                row += 2;
            }
        }
        if const { Rest::of(ROWS, MOST).ones > 0 } {
            self.tile::<I, 1, PANELS>(isa, &start, row, column);
        }
    }

    /// The outputs from `column` on of the `COUNT` rows from `row` on.
    #[inline(always)]
    fn tile<I: Isa, const COUNT: usize, const PANELS: usize>(
        &mut self,
        isa: I,
        start: &[[f32; PANEL]; PANELS],
        row: usize,
        column: usize,
    ) {
        let x = self.x.get(row * INPUTS..).unwrap_or_default();
        let panels = self.weight.as_chunks().0.get(column / PANEL * INPUTS..).unwrap_or_default();
        let out = self.out.get_mut(row * OUTPUTS + column..).unwrap_or_default();
        let operands = (
            Strided::<_, COUNT>::new(x, INPUTS, INPUTS),
            Strided::<_, PANELS>::new(panels, INPUTS, INPUTS),
            StridedMut::new(out, OUTPUTS, COUNT, PANELS * PANEL),
        );
        let (Some(x), Some(panels), Some(mut target)) = operands else { return };
        if self.accumulate {
            add_start(isa, start, &mut target, COUNT);
        }
        let start = (!self.accumulate).then_some(start);
        let mut tile = Tile::<COUNT, PANELS> { x, panels, start, target, ahead: &[] };
        if const { I::LANES > PANELS * PANEL } {
            isa.tile(&mut tile);
        } else {
            tile.run_alone(isa);
        }
    }
}
