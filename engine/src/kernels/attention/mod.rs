//! Fused attention with an online softmax: no score matrix, whatever the number of keys.
//!
//! For each head and each block of queries, whose rows are turned into panels, over tiles of keys:
//! ```text
//! s = K (scale · q)ᵀ                   one row a key, one column a query; hidden keys at the lowest number or −∞
//! m' = max(m, max s)
//! p = e^(s − m')
//! l = l · e^(m − m') + Σ p
//! acc = acc · e^(m − m') + pᵀ V        acc lives in the output rows
//! ```
//! and with the last tile `out = acc / l`. K and V are read where they are; scores and sums both come from the tiles of the
//! matrix product. A query all of whose keys are hidden attends to them evenly or gathers zeros; no keys at all give
//! zeros.

mod block;
mod ends;
mod hide;
mod score;
mod softmax;
mod sum;

use crate::isa::Isa;
use block::{Block, Scratch, Values};
pub use hide::{EVENLY, NOTHING};
use percio_format::PANEL;

/// The operands of an attention. Rows are contiguous; a head's numbers are a contiguous part of each row.
pub struct Attention<'a> {
    /// Rows of `q` and `out`.
    pub queries: usize,
    /// Rows of `k` and `v`.
    pub keys: usize,
    /// Heads.
    pub heads: usize,
    /// Heads of `k`, each for as many that follow each other.
    pub key_heads: usize,
    /// Heads of `v`, likewise.
    pub value_heads: usize,
    /// Numbers of one head in a row of `q` and `k`.
    pub qk: usize,
    /// Numbers of one head in a row of `v` and `out`.
    pub v_width: usize,
    /// Factor of the scores (1 when folded into `q`).
    pub scale: f32,
    /// `[queries, heads · qk]`
    pub q: &'a [f32],
    /// `[keys, key_heads · qk]`
    pub k: &'a [f32],
    /// `[keys, value_heads · v_width]`
    pub v: &'a [f32],
    /// `true` for a key to attend to; keys beyond its end are attended to.
    pub mask: &'a [bool],
    /// Whether a query attends only to keys up to its own place, queries and keys aligned at their ends.
    pub causal: bool,
    /// The score of a key that is not attended to: [`EVENLY`] or [`NOTHING`].
    pub hidden: f32,
    /// `[queries, heads · v_width]`
    pub out: &'a mut [f32],
    /// Where the softmax goes on from and where it stops; without, it sees all keys at once.
    pub carried: Option<Carried<'a>>,
}

impl<'a> Attention<'a> {
    /// The keys of `head` from `key` on.
    #[inline(always)]
    pub(crate) fn keys_of(&self, head: usize, key: usize) -> &'a [f32] {
        let head = head * self.key_heads / self.heads.max(1);
        self.k.get((key * self.key_heads + head) * self.qk..).unwrap_or_default()
    }

    /// The values of `head` from that of `key` on.
    #[inline(always)]
    pub(crate) fn values_of(&self, head: usize, key: usize) -> &'a [f32] {
        let head = head * self.value_heads / self.heads.max(1);
        self.v.get((key * self.value_heads + head) * self.v_width..).unwrap_or_default()
    }

    /// Numbers from one key to the next.
    #[inline(always)]
    pub(crate) const fn key_stride(&self) -> usize {
        self.key_heads * self.qk
    }

    /// Numbers from one value to the next.
    #[inline(always)]
    pub(crate) const fn value_stride(&self) -> usize {
        self.value_heads * self.v_width
    }
}

/// The softmax between two sets of keys, `[queries, heads]` each. `out` then holds the sums of the weighted values, not
/// divided by `sum`.
pub struct Carried<'a> {
    /// The largest score so far.
    pub largest: &'a mut [f32],
    /// The sum of the weights so far, relative to the largest score.
    pub sum: &'a mut [f32],
}

/// Attention of up to `WIDE` panels of queries at a time over tiles of `TILE` keys. Sums of up to `ROWS` rows by `PANELS` panels,
/// of which `WIDE` is a multiple, are in registers at once; queries are turned `DEPTH` numbers at a time.
#[inline(always)]
pub fn streamed<
    I: Isa,
    const ROWS: usize,
    const PANELS: usize,
    const WIDE: usize,
    const TILE: usize,
    const DEPTH: usize,
>(
    isa: I,
    mut attention: Attention<'_>,
) {
    let queries = attention.queries;
    // The last queries take fewer panels where those are enough.
    let whole = queries.next_multiple_of(PANEL) / (PANELS * PANEL) * (PANELS * PANEL);
    let mut first = whole.min(queries);
    if WIDE > PANELS && first > PANELS * PANEL {
        blocks::<I, ROWS, PANELS, WIDE, TILE, DEPTH>(isa, &mut attention, 0, first);
    } else {
        blocks::<I, ROWS, PANELS, PANELS, TILE, DEPTH>(isa, &mut attention, 0, first);
    }
    while PANELS > 2 && queries - first > PANEL {
        let count = (2 * PANEL).min(queries - first);
        blocks::<I, ROWS, 2, 2, TILE, DEPTH>(isa, &mut attention, first, count);
        first += count;
    }
    if PANELS > 1 {
        blocks::<I, ROWS, 1, 1, TILE, DEPTH>(isa, &mut attention, first, queries - first);
    }
}

/// All heads of `count` queries from `first` on, `WIDE` panels of them at a time.
#[inline(always)]
fn blocks<I: Isa, const ROWS: usize, const PANELS: usize, const WIDE: usize, const TILE: usize, const DEPTH: usize>(
    isa: I,
    attention: &mut Attention<'_>,
    first: usize,
    count: usize,
) {
    if count == 0 {
        return;
    }
    let mut scratch = Scratch::<WIDE, TILE, DEPTH>::NEW;
    let mut values = Values::NEW;
    for head in 0..attention.heads {
        let (k, v) = (attention.keys_of(head, 0), attention.values_of(head, 0));
        for query in (0..count).step_by(WIDE * PANEL) {
            let block = Block { head, query: first + query, count: (WIDE * PANEL).min(count - query), k, v };
            block.run::<I, ROWS, PANELS, WIDE, TILE, DEPTH>(
                isa,
                attention,
                &mut scratch,
                (WIDE > PANELS).then_some(&mut values),
            );
        }
    }
}
