//! A layer: causal attention, then a feed-forward layer, each added to what it reads.

use super::args::Args;
use super::{EPS, width};
use crate::model::{Activation, Attention, Block, Mlp, Query, Reads, Rotary};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::rotary::put_side_by_side;

/// What all layers share.
pub(super) struct Layer<'a> {
    pub(super) args: &'a Args,
    pub(super) rotary: Rotary,
}

impl Layer<'_> {
    /// From the prefix and the latents, whose norms differ, to the latents.
    pub(super) fn cross(&self, checkpoint: &mut Checkpoint, index: usize) -> Block {
        let place = format!("perceive_layers.{index}");
        let (inner, width) = (self.inner(), width(self.args));
        let name = |part: &str| format!("{place}.0.{part}");
        let norm = Some(checkpoint.norm(&name("norm"), width, EPS));
        let context_norm = Some(checkpoint.norm(&name("context_norm"), width, EPS));
        let linear = checkpoint.linear(&name("to_q"), inner, width, Bias::Absent);
        let [key, value] = checkpoint.fused(&name("to_kv"), inner, width);
        let output = checkpoint.linear(&name("to_out"), width, inner, Bias::Required);
        let query = Query::Projected { norm, linear };
        let attention = Attention::new(query, context_norm, [key, value, output], self.args.heads);
        let name = if index == 0 { "encoder.cross".to_owned() } else { format!("encoder.cross.{index}") };
        self.block(checkpoint, name, &place, Reads::PrefixThenItself, attention)
    }

    /// Over the latents alone.
    pub(super) fn own(&self, checkpoint: &mut Checkpoint, index: usize) -> Block {
        let place = format!("layers.{index}");
        let (inner, width) = (self.inner(), width(self.args));
        let name = |part: &str| format!("{place}.0.{part}");
        let norm = Some(checkpoint.norm(&name("norm"), width, EPS));
        let [linear, key, value] = checkpoint.fused(&name("to_qkv"), inner, width);
        let output = checkpoint.linear(&name("to_out"), width, inner, Bias::Absent);
        let query = Query::Projected { norm, linear };
        let attention = Attention::new(query, None, [key, value, output], self.args.heads);
        self.block(checkpoint, format!("encoder.layers.{index}"), &place, Reads::Itself, attention)
    }

    fn block(
        &self,
        checkpoint: &mut Checkpoint,
        name: String,
        place: &str,
        reads: Reads,
        mut attention: Attention,
    ) -> Block {
        put_side_by_side(&mut attention, self.rotary.frequencies.len());
        let attention = Attention { causal: true, rotary: Some(self.rotary.clone()), ..attention };
        let mlp = Some(self.mlp(checkpoint, place));
        Block { name, reads, attention, mlp, mixer: None }
    }

    fn mlp(&self, checkpoint: &mut Checkpoint, place: &str) -> Mlp {
        let (width, hidden) = (width(self.args), (self.args.hidden, "args.ff_mult × args.dim"));
        let up = checkpoint.linear(&format!("{place}.1.1"), hidden, width, Bias::Absent);
        Mlp {
            norm: Some(checkpoint.norm(&format!("{place}.1.0"), width, EPS)),
            up,
            activation: Activation::GeluErf,
            gate: None,
            down: checkpoint.linear(&format!("{place}.1.4"), width, hidden, Bias::Absent),
        }
    }

    /// The width of queries, keys and values, all heads together.
    fn inner(&self) -> Axis<'static> {
        (self.args.heads * self.args.dim_head, "args.heads × args.dim_head")
    }
}
