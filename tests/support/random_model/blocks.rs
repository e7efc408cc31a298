//! Attention blocks of random sizes.

use super::numbers::Numbers;
use percio_codegen_core::model::{Activation, Attention, Block, EmptyRows, Mlp, Query, Reads, Residual, Softmax};
use proptest::prelude::*;

const ACTIVATIONS: [Activation; 8] = [
    Activation::Identity,
    Activation::GeluErf,
    Activation::GeluTanh,
    Activation::QuickGelu,
    Activation::Relu,
    Activation::SquaredRelu,
    Activation::Silu,
    Activation::Tanh,
];

/// The sizes of a block.
#[derive(Clone, Debug)]
pub(super) struct BlockSize {
    heads: usize,
    /// Of one head.
    qk: usize,
    /// Of one head.
    v: usize,
    has_bias: bool,
    residual: bool,
    /// The MLP's hidden width over the block's, and what is between its layers.
    mlp: Option<(usize, Activation)>,
}

pub(super) fn sizes() -> impl Strategy<Value = BlockSize> {
    let mlp = prop::option::weighted(0.7, (1..3usize, prop::sample::select(ACTIVATIONS.to_vec())));
    // What is gathered is wider than one number, and something is added to it: a row that may come close to zero as a
    // whole makes the norm after it amplify roundings without bound.
    let attention = (1..4usize, 1..7usize, 2..7usize, prop::bool::weighted(0.8), any::<bool>());
    (attention, mlp).prop_map(|((heads, qk, v, has_bias, residual), mlp)| BlockSize {
        heads,
        qk,
        v,
        has_bias,
        residual: residual || !has_bias,
        mlp,
    })
}

impl BlockSize {
    /// A block over rows of `width` numbers whose keys come from rows of `context` numbers.
    pub(super) fn block(&self, name: &str, reads: Reads, width: usize, context: usize, numbers: &mut Numbers) -> Block {
        let (qk, v) = (self.heads * self.qk, self.heads * self.v);
        let mut linear =
            |part: &str, outputs, inputs| numbers.linear(&format!("{name}.{part}"), outputs, inputs, self.has_bias);
        let [query, key, value] = [linear("q", qk, width), linear("k", qk, context), linear("v", v, context)];
        let output = linear("o", width, v);
        let attention = Attention {
            query: Query::Projected { norm: Some(numbers.norm(&format!("{name}.norm_q"), width)), linear: query },
            norm_kv: (reads == Reads::Context).then(|| numbers.norm(&format!("{name}.norm_kv"), context)),
            key,
            value,
            output,
            heads: self.heads,
            qk,
            v,
            scale: 1.0 / (self.qk as f64).sqrt(),
            // Layers in a transformer always have one.
            residual: Residual::adds(self.residual || reads == Reads::Itself),
            head_norms: None,
            rotary: None,
            causal: false,
            softmax: Softmax::Keys,
            empty_rows: EmptyRows::Uniform,
            masks_queries: false,
        };
        let mlp = self.mlp.map(|(widening, activation)| Mlp {
            norm: Some(numbers.norm(&format!("{name}.mlp.norm"), width)),
            up: numbers.linear(&format!("{name}.mlp.up"), widening * width, width, self.has_bias),
            activation,
            gate: None,
            down: numbers.linear(&format!("{name}.mlp.down"), width, widening * width, self.has_bias),
        });
        Block { name: name.to_owned(), reads, attention, mlp, mixer: None }
    }
}
