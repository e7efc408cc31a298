//! Steps over many rows, a part of the rows on each of several threads. No row depends on another, so their numbers are to
//! the bit those of one thread.

use anyhow::{Context, Result};
use percio::isa::Isa;
use percio::kernels::weight::Weight;
use percio::layers::{self, Attention, Linear, Normalize, OnGrid, State};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;

/// Threads that work on one step: those of a pool, to which the calling thread belongs, or that one alone. They stay from step to
/// step, for starting threads for each would take some percent of a large model's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Team<'a>(pub(super) Option<&'a ThreadPool>);

/// Multiply-accumulates that take several times as long as handing work to another thread.
const WORTH: usize = 1 << 21;
/// Multiply-accumulates that take as long as one number of a norm.
const NORMALIZED: usize = 32;
/// Rows that kernels take at a time on instruction sets with wide vectors.
const BLOCK: usize = 8;

/// A pool of so many threads, where a model of `macs` multiply-accumulates has a step that is worth more than one.
///
/// # Errors
/// When the system starts no threads.
pub(super) fn pool(threads: usize, macs: u64) -> Result<Option<ThreadPool>> {
    let is_worth = threads > 1 && macs >= 2 * WORTH as u64;
    let build = || ThreadPoolBuilder::new().num_threads(threads).build().context("no threads can be started");
    is_worth.then(build).transpose()
}

impl Team<'_> {
    fn threads(self) -> usize {
        self.0.map_or(1, ThreadPool::current_num_threads)
    }

    /// The rows of each part of a step over `rows` rows, each of which is so much work.
    fn parts(self, rows: usize, work: usize) -> impl Iterator<Item = Range<usize>> {
        let worth = (rows * work / WORTH).max(1);
        let each = rows.div_ceil(self.threads().min(worth)).next_multiple_of(BLOCK);
        percio::tiles(rows, each).map(|(first, count)| first..first + count)
    }

    /// Does `work` on each of the parts: the last on this thread, the others on threads that are free.
    fn each<P: Send>(self, parts: impl Iterator<Item = P>, work: impl Fn(P) + Sync) {
        let mut parts: Vec<P> = parts.collect();
        let Some(last) = parts.pop() else { return };
        let Some(pool) = self.0.filter(|_| !parts.is_empty()) else {
            parts.into_iter().for_each(&work);
            return work(last);
        };
        let work = &work;
        pool.scope(|scope| {
            parts.into_iter().for_each(|part| scope.spawn(move |_| work(part)));
            work(last);
        });
    }

    /// [`layers::linear`]
    pub(super) fn linear<I: Isa, W: Weight + Sync>(
        self,
        isa: I,
        shape: &Linear,
        x: &[f32],
        weight: &[W],
        bias: &[f32],
        out: &mut [f32],
    ) {
        let parts = self.parts(shape.rows, shape.inputs * shape.outputs);
        self.each(cut(out, parts, shape.out_stride), |(rows, out)| {
            let x = x.get(rows.start * shape.x_stride..).unwrap_or_default();
            layers::linear(isa, &Linear { rows: rows.len(), ..*shape }, x, weight, bias, out);
        });
    }

    /// [`layers::normalize`], or [`layers::normalize_in_place`] without `x`.
    pub(super) fn normalize<I: Isa>(
        self,
        isa: I,
        shape: &Normalize,
        x: Option<&[f32]>,
        gain: &[f32],
        offset: &[f32],
        out: &mut [f32],
    ) {
        self.each(cut(out, self.parts(shape.rows, NORMALIZED * shape.width), shape.width), |(rows, out)| {
            let part = Normalize { rows: rows.len(), ..*shape };
            match x {
                Some(x) => layers::normalize(
                    isa,
                    &part,
                    x.get(rows.start * shape.width..).unwrap_or_default(),
                    gain,
                    offset,
                    out,
                ),
                None => layers::normalize_in_place(isa, &part, gain, offset, out),
            }
        });
    }

    /// [`layers::attention`]; what a query of a causal one sees depends on how many there are, so that is not cut.
    pub(super) fn attention<I: Isa>(
        self,
        isa: I,
        shape: &Attention,
        q: &[f32],
        k: &[f32],
        v: &[f32],
        mask: &[bool],
        out: &mut [f32],
    ) {
        let team = if shape.causal { Team(None) } else { self };
        self.each(cut(out, team.parts(shape.queries, work(shape)), shape.heads * shape.v), |(rows, out)| {
            let q = q.get(rows.start * shape.heads * shape.qk..).unwrap_or_default();
            layers::attention(isa, &Attention { queries: rows.len(), ..*shape }, q, k, v, mask, out);
        });
    }

    /// [`layers::gather`]
    pub(super) fn gather<I: Isa>(
        self,
        isa: I,
        shape: &Attention,
        q: &[f32],
        k: &[f32],
        v: &[f32],
        mask: &[bool],
        state: &mut [f32],
    ) {
        let parts = divide(shape, state, self.parts(shape.queries, work(shape)));
        self.each(parts, |(rows, state)| {
            let q = q.get(rows.start * shape.heads * shape.qk..).unwrap_or_default();
            layers::gather_part(isa, &Attention { queries: rows.len(), ..*shape }, q, k, v, mask, state);
        });
    }

    /// [`layers::gather_grid`]
    pub(super) fn gather_grid<I: Isa>(
        self,
        isa: I,
        shape: &OnGrid,
        q: &[f32],
        k: &[f32],
        mask: &[bool],
        state: &mut [f32],
    ) {
        let whole = shape.attention();
        let work = 2 * shape.keys * shape.heads * (shape.width + 1);
        let parts = divide(&whole, state, self.parts(shape.queries, work));
        self.each(parts, |(rows, state)| {
            let q = q.get(rows.start * whole.heads * whole.qk..).unwrap_or_default();
            layers::gather_grid_part(isa, &OnGrid { queries: rows.len(), ..*shape }, q, k, mask, state);
        });
    }
}

/// Each of `parts`, which follow each other, with what its queries have in `state`.
fn divide<'a>(
    shape: &Attention,
    state: &'a mut [f32],
    parts: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = (Range<usize>, State<'a>)> {
    let mut rest = State::split(shape, state);
    parts.filter_map(move |rows| {
        let (part, others) = rest.take()?.split_at(shape, rows.len());
        rest = Some(others);
        Some((rows, part))
    })
}

/// Multiply-accumulates of a query.
fn work(shape: &Attention) -> usize {
    shape.keys * shape.heads * (shape.qk + shape.v)
}

/// Each of `parts`, which follow each other, with its rows of `out`, `stride` apart.
fn cut(
    out: &mut [f32],
    parts: impl Iterator<Item = Range<usize>>,
    stride: usize,
) -> impl Iterator<Item = (Range<usize>, &mut [f32])> {
    let mut rest = out;
    parts.map(move |rows| {
        let all = std::mem::take(&mut rest);
        let end = all.len().min(rows.len() * stride);
        let (part, others) = all.split_at_mut(end);
        rest = others;
        (rows, part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use percio::isa::{Kernel, available, on};
    use percio_format::Activation;

    #[test]
    fn parts_cover_all_rows_in_blocks() {
        let parts = |threads, rows, work| {
            let pool = of(threads);
            Team(pool.as_ref()).parts(rows, work).collect::<Vec<_>>()
        };
        assert_eq!(parts(2, 256, 1 << 20), [0..128, 128..256]);
        assert_eq!(parts(3, 100, 1 << 20), [0..40, 40..80, 80..100]);
        assert_eq!(parts(4, 104, 1).len(), 1, "not worth a thread");
        assert_eq!(parts(2, 0, 1 << 20).len(), 0);
    }

    /// Every step, large enough to be cut.
    #[derive(Clone, Copy)]
    struct Steps<'a>(Team<'a>);

    fn of(threads: usize) -> Option<ThreadPool> {
        pool(threads, u64::MAX).expect("threads can be started")
    }

    fn numbers(len: usize) -> Vec<f32> {
        (0..len).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    impl Kernel for Steps<'_> {
        type Output = Vec<Vec<f32>>;

        fn run<I: Isa>(self, isa: I) -> Self::Output {
            let (team, rows, inputs, outputs) = (self.0, 101, 67, 701);
            let (x, weight) = (numbers(rows * inputs), numbers(percio_format::packed_len(outputs, inputs)));
            let shape = Linear {
                rows,
                inputs,
                outputs,
                x_stride: inputs,
                out_stride: outputs + 3,
                activation: Activation::GeluErf,
                accumulate: false,
            };
            let mut linear = vec![0.0; rows * (outputs + 3)];
            team.linear(isa, &shape, &x, &weight, &numbers(outputs), &mut linear);
            let mut normal = numbers(3000 * 700);
            let norm = Normalize { rows: 3000, width: 700, centred: true, eps: 1e-5 };
            team.normalize(isa, &norm, None, &[], &[], &mut normal);
            let attention = Attention {
                queries: rows,
                keys: 307,
                masked: 200,
                heads: 2,
                key_heads: 1,
                value_heads: 2,
                qk: 35,
                v: 53,
                scale: 0.2,
                causal: false,
                zero_empty: false,
            };
            let (q, k, v) = (numbers(rows * 70), numbers(307 * 35), numbers(307 * 106));
            let mask: Vec<bool> = (0..200).map(|key| key % 3 != 0).collect();
            let mut attended = vec![0.0; rows * 106];
            team.attention(isa, &attention, &q, &k, &v, &mask, &mut attended);
            let causal = Attention { causal: true, ..attention };
            let mut seen = vec![0.0; rows * 106];
            team.attention(isa, &causal, &q, &k, &v, &mask, &mut seen);
            let mut state = vec![0.0; attention.state_len()];
            layers::begin(isa, &attention, &mut state);
            team.gather(isa, &attention, &q, &k, &v, &mask, &mut state);
            team.gather(isa, &attention, &q, &k, &v, &[], &mut state);
            let grid = OnGrid {
                queries: rows,
                heads: 2,
                keys: 307,
                width: 29,
                shape: [1, 40, 50],
                axes: 2,
                first: 31,
                zero_empty: false,
            };
            let places = grid.attention();
            let (q, k) = (numbers(rows * 2 * places.qk), numbers(30 * 307));
            let mut gathered = vec![0.0; places.state_len()];
            layers::begin(isa, &places, &mut gathered);
            team.gather_grid(isa, &grid, &q, &k, &mask, &mut gathered);
            vec![linear, normal, attended, seen, state, gathered]
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let bits = |outputs: Vec<Vec<f32>>| outputs.concat().into_iter().map(f32::to_bits).collect::<Vec<_>>();
        for isa in available() {
            let one = bits(on(isa, Steps(Team(None))));
            for threads in [2, 3, 5] {
                let pool = of(threads).expect("more than one thread");
                let several = bits(pool.install(|| on(isa, Steps(Team(Some(&pool))))));
                assert!(one == several, "{threads} threads on {isa}");
            }
        }
    }
}
