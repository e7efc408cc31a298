//! Keyword arguments of `PerceiverAR`, with the library's defaults.

use crate::scheme::fields::{Fields, LAYERS, SIZE};
use serde_json::Value;

/// A Perceiver AR.
pub(super) struct Args {
    pub(super) num_tokens: usize,
    pub(super) dim: usize,
    /// Layers of the latents alone.
    pub(super) depth: usize,
    /// Layers of the latents that read the prefix too; they come first.
    pub(super) perceive_depth: usize,
    pub(super) max_seq_len: usize,
    /// Tokens of the prefix.
    pub(super) cross_attn_seq_len: usize,
    pub(super) heads: usize,
    pub(super) dim_head: usize,
    /// Hidden width of a feed-forward layer.
    pub(super) hidden: usize,
}

/// Arguments that only training reads, and one that changes no number.
const TRAINING: [&str; 3] = ["dropout", "cross_attn_dropout", "perceive_max_heads_process"];

/// The fewest numbers of a head that turn: a head has at least as many.
const TURNING: usize = 32;

impl Args {
    /// Reads the arguments; `None` when some are wrong. What is wrong stays in `fields`.
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let dim = fields.need_whole("dim", &SIZE);
        let factor =
            |value: &Value| value.as_f64().filter(|factor| (1.0..=f64::from(1 << 20)).contains(&(dim as f64 * factor)));
        let widening = fields.read("ff_mult", "a number that makes at least one of `dim`", factor).unwrap_or(4.0);
        let args = Self {
            num_tokens: fields.need_whole("num_tokens", &SIZE),
            dim,
            depth: fields.need_whole("depth", &LAYERS),
            perceive_depth: fields.whole("perceive_depth", &(1..=*LAYERS.end())).unwrap_or(1),
            max_seq_len: fields.need_whole("max_seq_len", &SIZE),
            cross_attn_seq_len: fields.need_whole("cross_attn_seq_len", &(0..=*SIZE.end())),
            heads: fields.whole("heads", &SIZE).unwrap_or(8),
            dim_head: fields.whole("dim_head", &SIZE).unwrap_or(64),
            // `int(dim * mult)`, as the library computes it.
            hidden: (dim as f64 * widening) as usize,
        };
        args.check(fields);
        let is_fine = fields.is_fine();
        fields.skip(&TRAINING);
        is_fine.then_some(args)
    }

    fn check(&self, fields: &mut Fields) {
        if !fields.is_fine() {
            return;
        }
        let Self { max_seq_len, cross_attn_seq_len, dim_head, .. } = *self;
        if cross_attn_seq_len >= max_seq_len {
            let complaint = format!(
                "is {cross_attn_seq_len}, not less than `args.max_seq_len` {max_seq_len}, so that no latent is left: correct one \
                 of the two"
            );
            fields.complain("cross_attn_seq_len", &complaint);
        }
        if dim_head < TURNING {
            let complaint = format!(
                "is {dim_head}, but the library turns at least {TURNING} numbers of a head, and cannot run with fewer: give the \
                 number that the model was built with"
            );
            fields.complain("dim_head", &complaint);
        }
    }

    /// Most latents.
    pub(super) fn latents(&self) -> usize {
        self.max_seq_len - self.cross_attn_seq_len
    }

    /// The denominator of the frequencies' exponents: the numbers of a head that turn, or one less where that is odd.
    pub(super) fn turning(&self) -> usize {
        (self.dim_head / 2).max(TURNING)
    }
}
