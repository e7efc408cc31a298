//! The layers of every class: cross-attention into the latents, attention of the latents, mixtures of their history.

use super::Source;
use super::class::Class;
use super::layout::Part;
use super::leaf::{EPS, Shape};
use super::mixture;
use super::shared::Shared;
use crate::model::{
    Activation, Block, EmptyRows, Gru, Linear, Mixer, Mixture, Mlp, Reads, Residual, Rotary, Softmax, Tensor,
};
use crate::scheme::Version;
use crate::scheme::checkpoint::{Axis, Checkpoint};

/// The smallest divisor of inverted attention.
const INVERTED_EPS: f64 = 1e-8;
/// Hidden latents of a mixer over latents.
const MIXED: usize = 4;

/// The version that ties layers from the third on, not from the second.
const TIED_LATE: Version = Version::new(0, 1, 16);
/// The first version that does not tie the latents' attentions of one layer to each other.
const TIED_APART: Version = Version::new(0, 8, 1);

/// How to read the layers.
pub(super) struct Recipe<'a> {
    pub(super) source: &'a Source<'a>,
    /// Width of the data.
    pub(super) context: Axis<'a>,
    /// Positions of the latents.
    pub(super) rotary: Option<Rotary>,
}

/// What the latents go through.
pub(super) struct Encoder {
    pub(super) blocks: Vec<Block>,
    pub(super) schedule: Vec<usize>,
    pub(super) mixtures: Vec<Mixture>,
    /// A sentence on weights that several layers share.
    pub(super) remark: Option<String>,
}

impl Recipe<'_> {
    /// Reads all layers.
    pub(super) fn read(&self, checkpoint: &mut Checkpoint) -> Encoder {
        self.check_keys(checkpoint);
        let mut shared = Shared::new(self);
        let (mut schedule, mut mixtures) = (Vec::new(), Vec::new());
        if !self.source.layout.repeats_cross() {
            schedule.push(shared.part(checkpoint, Part::Cross(0)));
        }
        let mut states = vec![schedule.len()];
        let latent_parts =
            if self.source.class == Class::MixedLatents { 0 } else { self.source.args.self_per_cross_attn };
        for layer in 0..self.source.args.depth {
            let cross = self.source.layout.repeats_cross().then_some(Part::Cross(layer));
            let latent = (0..latent_parts).map(|index| Part::Latent(layer, index));
            schedule.extend(cross.into_iter().chain(latent).map(|part| shared.part(checkpoint, part)));
            states.push(schedule.len());
            if let Some(rank) = self.source.args.attn_residual_rank {
                let mixture = mixture::read(self, checkpoint, layer, rank, mixtures.last());
                mixtures.push(Mixture { states: states.clone(), ..mixture });
            }
        }
        let remark = shared.remark();
        Encoder { blocks: shared.blocks, schedule, mixtures, remark }
    }

    /// The attention and the feed-forward layer of `part` in the checkpoint.
    pub(super) fn places(&self, part: Part) -> [String; 2] {
        let class = self.source.class;
        self.source.layout.places(part).map(|place| format!("{}{place}{}", class.root(), class.wrapping()))
    }

    /// The part whose weights `part` has when layers are tied.
    pub(super) fn tied_part(&self, part: Part) -> Option<Part> {
        let (layer, index) = match part {
            Part::Cross(layer) => return self.tied_layer(layer).map(Part::Cross),
            Part::Latent(layer, index) => (layer, index),
        };
        let is_in_group =
            self.tied_layer(layer + 1).is_some() && self.source.version.is_some_and(|version| version < TIED_APART);
        match index.checked_sub(1).filter(|_| is_in_group) {
            Some(before) => Some(Part::Latent(layer, before)),
            None => self.tied_layer(layer).map(|before| Part::Latent(before, index)),
        }
    }

    /// The layer whose weights `layer` has when layers are tied.
    pub(super) fn tied_layer(&self, layer: usize) -> Option<usize> {
        let first = match self.source.version {
            _ if !self.source.layout.repeats_cross() => 0,
            Some(version) if version == TIED_LATE => 2,
            _ => 1,
        };
        layer.checked_sub(1).filter(|&before| self.source.args.weight_tie_layers && before >= first)
    }

    /// Reads the weights of `part`.
    pub(super) fn block(&self, checkpoint: &mut Checkpoint, part: Part) -> Block {
        let [attention, forward] = self.places(part);
        let rows = self.source.args.latent_width();
        let (reads, shape) = match part {
            Part::Cross(_) if self.source.args.queries_contribute_kv => (Reads::ContextThenItself, self.cross_shape()),
            Part::Cross(_) => (Reads::Context, self.cross_shape()),
            Part::Latent(..) => (Reads::Itself, self.latent_shape()),
        };
        let mut block = Block {
            name: String::new(),
            reads,
            attention: self.source.leaf.attention(checkpoint, &attention, &shape),
            mlp: Some(self.source.leaf.feed_forward(checkpoint, &forward, rows)),
            mixer: None,
        };
        match (self.source.class, part) {
            (Class::Gated, _) => block.attention.residual = Residual::Gru(Box::new(gru(checkpoint, &attention, rows))),
            (Class::MixedLatents, Part::Cross(layer)) => block.mixer = Some(self.mixer(checkpoint, layer)),
            _ => {}
        }
        block
    }

    /// `block`, whose weights are those of `part`, with all else that `part` has.
    pub(super) fn configure(&self, block: Block, part: Part) -> Block {
        let mut attention = block.attention;
        let (name, inverted) = match part {
            Part::Cross(_) if !self.source.layout.repeats_cross() => ("encoder.cross".to_owned(), self.is_inverted(0)),
            Part::Cross(layer) => (format!("encoder.layers.{layer}.cross"), self.is_inverted(layer)),
            Part::Latent(layer, index) => (format!("encoder.layers.{layer}.latents.{index}"), false),
        };
        if let Part::Latent(..) = part {
            attention.rotary.clone_from(&self.rotary);
        }
        (attention.softmax, attention.empty_rows) = match inverted {
            true => (Softmax::Queries { eps: INVERTED_EPS }, EmptyRows::Zero),
            false => (Softmax::Keys, EmptyRows::Uniform),
        };
        Block { name, attention, ..block }
    }

    /// Whether the cross-attention of a layer normalises over the latents.
    fn is_inverted(&self, layer: usize) -> bool {
        self.source.args.inverted_cross_attn.get(layer) == Some(&true)
    }

    /// Complains where the latents cannot be among the keys.
    fn check_keys(&self, checkpoint: &mut Checkpoint) {
        let ((latent, of_latent), (data, of_data)) = (self.source.args.latent_width(), self.context);
        if self.source.args.queries_contribute_kv && latent != data {
            checkpoint.complain(format!(
                "`args.queries_contribute_kv` lets latents of {latent} numbers (`{of_latent}`) and data of {data} (`{of_data}`) share \
                 the layers of keys and values, which is possible for equal widths alone: set it to false, or correct one of the two"
            ));
        }
    }

    fn cross_shape(&self) -> Shape<'_> {
        Shape {
            rows: self.source.args.latent_width(),
            context: Some(self.context),
            heads: (self.source.args.cross_heads, "args.cross_heads"),
            dim_head: (self.source.args.cross_dim_head, "args.cross_dim_head"),
        }
    }

    fn latent_shape(&self) -> Shape<'_> {
        Shape {
            rows: self.source.args.latent_width(),
            context: None,
            heads: (self.source.args.latent_heads, "args.latent_heads"),
            dim_head: (self.source.args.latent_dim_head, "args.latent_dim_head"),
        }
    }

    /// The MLP over columns that takes the place of the latents' attention, and the feed-forward layer after it.
    fn mixer(&self, checkpoint: &mut Checkpoint, layer: usize) -> Mixer {
        let [mixing, forward] = self.places(Part::Latent(layer, 0));
        let (rows, width) = ((self.source.args.num_latents, "args.num_latents"), self.source.args.latent_width());
        let hidden = (MIXED * rows.0, "4 × args.num_latents");
        let columns = Mlp {
            norm: Some(checkpoint.norm(&format!("{mixing}.norm"), width, EPS)),
            up: pointwise(checkpoint, &format!("{mixing}.fn.0"), hidden, rows),
            activation: Activation::GeluErf,
            gate: None,
            down: pointwise(checkpoint, &format!("{mixing}.fn.3"), rows, hidden),
        };
        Mixer { columns, rows: self.source.leaf.feed_forward(checkpoint, &forward, width) }
    }
}

/// The cell that takes up what the attention at `place` computes.
fn gru(checkpoint: &mut Checkpoint, place: &str, width: Axis<'_>) -> Gru {
    let cell = format!("{}.gru", place.strip_suffix(".fn").unwrap_or(place));
    let gates = (3 * width.0, "3 × args.latent_dim");
    let mut linear = |side: &str| Linear {
        weight: checkpoint.tensor(&format!("{cell}.weight_{side}"), &[gates, width]),
        bias: Some(checkpoint.tensor(&format!("{cell}.bias_{side}"), &[gates])),
    };
    Gru { input: linear("ih"), hidden: linear("hh") }
}

/// A convolution of kernel 1 over columns.
fn pointwise(checkpoint: &mut Checkpoint, name: &str, outputs: Axis<'_>, inputs: Axis<'_>) -> Linear {
    let weight = checkpoint.tensor(&format!("{name}.weight"), &[outputs, inputs, (1, "the kernel")]);
    let bias = checkpoint.tensor(&format!("{name}.bias"), &[outputs]);
    Linear { weight: Tensor { shape: vec![outputs.0, inputs.0], ..weight }, bias: Some(bias) }
}
