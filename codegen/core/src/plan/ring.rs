//! Keys and values of earlier tokens, which stay for later ones.

use super::attention::{Heads, Keys, keys, other};
use super::builder::{Builder, Rows};
use crate::model::Block;
use crate::program::{Count, Step, Target};

/// Where keys and values of earlier tokens stay: those of the prefix, then those of latents.
pub(super) struct Ring {
    k: Rows,
    v: Rows,
}

impl Ring {
    /// Room for `most` rows of `block`. Where rows are both keys and values, it holds them once.
    pub(super) fn new(builder: &mut Builder, block: &Block, most: usize) -> Self {
        let Block { name, attention, .. } = block;
        let heads = Heads::new(attention);
        let k = builder.kept(format!("{name} kept keys"), most, heads.key_heads * heads.qk);
        if attention.absorbed_key.is_some() && attention.absorbed_value.is_some() {
            return Self { k, v: k };
        }
        Self { k, v: builder.kept(format!("{name} kept values"), most, heads.value_heads * heads.v) }
    }

    /// Reads tokens that are not the block's own rows, into the rows from `first` on.
    pub(super) fn read(&self, builder: &mut Builder, block: &Block, tokens: &Rows, first: Count) {
        let from = other(builder, block, tokens, false);
        let keys = keys(builder, block, &[from]);
        self.store(builder, &keys, first);
    }

    /// Reads tokens that stand for latents; all keys and values up to theirs.
    pub(super) fn take(&self, builder: &mut Builder, block: &Block, tokens: &Rows) -> Keys {
        let before = Count::PREFIX + Count::LATENTS;
        self.read(builder, block, tokens, before);
        self.up_to(before)
    }

    /// Reads the block's own rows; all keys and values up to theirs.
    pub(super) fn keep(&self, builder: &mut Builder, block: &Block, own: &Rows) -> Keys {
        let before = if block.reads.context() { Count::PREFIX + Count::LATENTS } else { Count::LATENTS };
        let keys = keys(builder, block, &[*own]);
        self.store(builder, &keys, before);
        self.up_to(before)
    }

    fn up_to(&self, before: Count) -> Keys {
        let [k, v] = [self.k, self.v].map(|rows| Rows { count: before + Count::TILE, ..rows });
        Keys::placed(k, v)
    }

    fn store(&self, builder: &mut Builder, keys: &Keys, first: Count) {
        let pairs = [(&keys.k, &self.k), (&keys.v, &self.v)];
        let count = if self.k.buffer == self.v.buffer { 1 } else { 2 };
        for (from, to) in pairs.into_iter().take(count) {
            let (rows, width, x, out) = (from.count, to.width, from.source(), Target::Arena(to.after(first)));
            builder.step(Step::CopyRows { rows, width, x_stride: from.width, out_stride: width, x, out });
        }
    }
}
