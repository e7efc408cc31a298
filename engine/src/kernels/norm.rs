//! Layer norm, `(x − mean) / √(variance + eps)`, and RMS norm, `x / √(mean of squares + eps)`: the same without the mean.
//! Then gain and offset where they were not folded away.

use crate::isa::Isa;

/// Rows whose statistics are made at once: four sums cost about as much as one.
const ROWS: usize = 4;

/// What normalises rows of one width.
pub struct Norm<'a> {
    /// Numbers of a row.
    pub width: usize,
    /// Whether the mean is taken off first.
    pub centred: bool,
    /// Added to the variance, or to the mean of squares.
    pub eps: f32,
    /// `[width]`, or empty
    pub gain: &'a [f32],
    /// As long as `gain`.
    pub offset: &'a [f32],
}

impl Norm<'_> {
    /// Normalises `rows`, which follow each other, in place.
    #[inline(always)]
    pub fn apply<I: Isa>(&self, isa: I, rows: &mut [f32]) {
        // Loops over a few vectors cost more than their work, unless the compiler knows how many there are.
        match self.width {
            width if I::LANES > 1 && width == 2 * I::LANES => self.rows(isa, rows, 2 * I::LANES),
            width if I::LANES > 1 && width == 4 * I::LANES => self.rows(isa, rows, 4 * I::LANES),
            width => self.rows(isa, rows, width.max(1)),
        }
    }

    #[inline(always)]
    fn rows<I: Isa>(&self, isa: I, rows: &mut [f32], width: usize) {
        for rows in rows.chunks_mut((ROWS * width).max(1)) {
            let means = if self.centred { means(isa, rows, width) } else { [0.0; ROWS] };
            let factors = self.factors(isa, rows, width, &means);
            for (row, (&mean, &factor)) in rows.chunks_exact_mut(width).zip(means.iter().zip(&factors)) {
                self.row(isa, row, mean, factor);
            }
        }
    }

    /// One over the deviation of each row.
    #[inline(always)]
    fn factors<I: Isa>(&self, isa: I, rows: &[f32], width: usize, means: &[f32; ROWS]) -> [f32; ROWS] {
        let mut squares = [isa.splat(0.0); ROWS];
        let mut rests = [0.0; ROWS];
        let rows = rows.chunks_exact(width).zip(means);
        for ((row, &mean), (squares, rest)) in rows.zip(squares.iter_mut().zip(&mut rests)) {
            let whole = row.chunks_exact(I::LANES);
            // Lanes beyond the row would count as (0 − mean)²: the rest is summed one by one.
            for &x in whole.remainder() {
                *rest += (x - mean) * (x - mean);
            }
            for x in whole {
                let distance = isa.sub(isa.load(x), isa.splat(mean));
                *squares = isa.mul_add(distance, distance, *squares);
            }
        }
        let mut factors = isa.sums(squares);
        for (factors, rests) in factors.chunks_mut(I::LANES).zip(rests.chunks(I::LANES)) {
            let squares = isa.add(isa.load(factors), isa.load(rests));
            let variance = isa.div(squares, isa.splat(width as f32));
            let deviation = isa.sqrt(isa.add(variance, isa.splat(self.eps)));
            isa.store(isa.div(isa.splat(1.0), deviation), factors);
        }
        factors
    }

    #[inline(always)]
    fn row<I: Isa>(&self, isa: I, row: &mut [f32], mean: f32, factor: f32) {
        let (mean, factor) = (isa.splat(mean), isa.splat(factor));
        if self.gain.is_empty() {
            for x in row.chunks_mut(I::LANES) {
                isa.store(isa.mul(isa.sub(isa.load(x), mean), factor), x);
            }
            return;
        }
        let constants = self.gain.chunks(I::LANES).zip(self.offset.chunks(I::LANES));
        for (x, (gain, offset)) in row.chunks_mut(I::LANES).zip(constants) {
            let normal = isa.mul(isa.sub(isa.load(x), mean), factor);
            isa.store(isa.mul_add(normal, isa.load(gain), isa.load(offset)), x);
        }
    }
}

#[inline(always)]
fn means<I: Isa>(isa: I, rows: &[f32], width: usize) -> [f32; ROWS] {
    let mut sums = [isa.splat(0.0); ROWS];
    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(width)) {
        for x in row.chunks(I::LANES) {
            *sum = isa.add(*sum, isa.load(x));
        }
    }
    let mut means = isa.sums(sums);
    for mean in &mut means {
        *mean /= width as f32;
    }
    means
}
