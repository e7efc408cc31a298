//! Attention blocks of random kinds and sizes.

use super::numbers::Numbers;
use percio_codegen_core::model::{
    Activation, Attention, Block, EmptyRows, Gate, Gru, HeadNorms, Mixer, Mlp, NormKind, Places, Query, Reads,
    Residual, Rotary, Softmax, Tensor,
};
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

/// What a block is made from.
#[derive(Clone, Debug)]
pub(super) struct BlockKind {
    heads: usize,
    /// Of one head.
    qk: usize,
    /// Of one head.
    v: usize,
    has_bias: bool,
    residual: ResidualKind,
    /// Of the rows, of what else is read, before the MLP, and of each head where there are such.
    norms: [Option<NormKind>; 4],
    /// Of keys and queries.
    rotary: Option<RotaryKind>,
    causal: bool,
    zero_empty: bool,
    /// Whether the softmax runs over the queries.
    inverted: bool,
    mlp: Option<MlpKind>,
    /// Of both MLPs that mix rows, where their number is the same in every run.
    mixer: Option<MlpKind>,
}

#[derive(Clone, Copy, Debug)]
enum ResidualKind {
    None,
    Add,
    Gru,
}

#[derive(Clone, Copy, Debug)]
struct RotaryKind {
    /// Pairs that turn, of those that a head has.
    pairs: usize,
    /// Heads that turn, of all.
    heads: usize,
    places: Places,
}

#[derive(Clone, Debug)]
struct MlpKind {
    /// The hidden width over the block's.
    widening: usize,
    /// Between the layers.
    activation: Activation,
    gate: Option<Gate>,
}

pub(super) fn kinds() -> impl Strategy<Value = BlockKind> {
    let gate = || prop_oneof![2 => Just(None), 1 => Just(Some(Gate::First)), 1 => Just(Some(Gate::Second))];
    let mlp = || {
        (1..3usize, prop::sample::select(ACTIVATIONS.to_vec()), gate())
            .prop_map(|(widening, activation, gate)| MlpKind { widening, activation, gate })
    };
    let residual =
        prop_oneof![2 => Just(ResidualKind::None), 3 => Just(ResidualKind::Add), 1 => Just(ResidualKind::Gru)];
    let norms = (norm(0.9), norm(0.9), norm(0.9), norm(0.2)).prop_map(<[_; 4]>::from);
    // What is gathered is wider than one number, and something is added to it: a row that may come close to zero as a
    // whole makes the norm after it amplify roundings without bound.
    let attention = (1..4usize, 1..7usize, 2..7usize, prop::bool::weighted(0.8), residual);
    let places = prop_oneof![Just(Places::FromStart), Just(Places::AfterPadding), Just(Places::FromEnd)];
    let rotary = (0..4usize, 1..4usize, places).prop_map(|(pairs, heads, places)| RotaryKind { pairs, heads, places });
    let sight = (
        prop::option::weighted(0.3, rotary),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
    );
    let mlps = (prop::option::weighted(0.7, mlp()), prop::option::weighted(0.2, mlp()));
    (attention, norms, sight, mlps).prop_map(
        |((heads, qk, v, has_bias, residual), norms, (rotary, causal, zero_empty, inverted), (mlp, mixer))| BlockKind {
            heads,
            // For the same reason a norm of a head is over more than two numbers.
            qk: if norms[3].is_some() { qk.max(4) } else { qk },
            v,
            has_bias,
            residual: if has_bias { residual } else { ResidualKind::Add },
            norms,
            rotary,
            causal,
            zero_empty,
            inverted,
            mlp,
            mixer,
        },
    )
}

/// A norm, as often as `probability` says.
fn norm(probability: f64) -> impl Strategy<Value = Option<NormKind>> {
    let kind = prop_oneof![3 => Just(NormKind::Layer), 1 => Just(NormKind::RootMeanSquare)];
    prop::option::weighted(probability, kind)
}

impl BlockKind {
    /// One whose keys are rows after a norm, and nothing else.
    pub(super) fn plain(self) -> Self {
        let [rows, others, mlp, _] = self.norms;
        let norms = [rows, Some(others.unwrap_or(NormKind::Layer)), mlp, None];
        // Means over many tokens may come close to zero: something is added to them.
        let residual = if let ResidualKind::None = self.residual { ResidualKind::Add } else { self.residual };
        Self { norms, residual, rotary: None, causal: false, inverted: false, ..self }
    }

    /// A block over rows of `width` numbers that reads others of `context` numbers.
    pub(super) fn block(&self, name: &str, reads: Reads, width: usize, context: usize, numbers: &mut Numbers) -> Block {
        let attention = self.attention(name, reads, width, context, numbers);
        let mlp = self.mlp.as_ref().map(|mlp| self.mlp(mlp, &format!("{name}.mlp"), width, width, numbers));
        Block { name: name.to_owned(), reads, attention, mlp, mixer: None }
    }

    /// The block, and after it what mixes its `rows` rows of `width` numbers.
    pub(super) fn mixed(&self, block: Block, [rows, width]: [usize; 2], numbers: &mut Numbers) -> Block {
        let mixer = self.mixer.as_ref().map(|mlp| Mixer {
            columns: self.mlp(mlp, "mixer.columns", rows, width, numbers),
            rows: self.mlp(mlp, "mixer.rows", width, width, numbers),
        });
        Block { mixer, ..block }
    }

    /// An MLP over rows of `width` numbers, its norm over `normal` numbers.
    fn mlp(&self, mlp: &MlpKind, name: &str, width: usize, normal: usize, numbers: &mut Numbers) -> Mlp {
        let hidden = mlp.widening * width;
        let halves = if mlp.gate.is_some() { 2 } else { 1 };
        Mlp {
            norm: self.norms[2].map(|kind| numbers.norm(&format!("{name}.norm"), kind, normal)),
            up: numbers.linear(&format!("{name}.up"), halves * hidden, width, self.has_bias),
            activation: mlp.activation,
            gate: mlp.gate,
            down: numbers.linear(&format!("{name}.down"), width, hidden, self.has_bias),
        }
    }

    fn attention(&self, name: &str, reads: Reads, width: usize, context: usize, numbers: &mut Numbers) -> Attention {
        let (qk, v) = (self.heads * self.qk, self.heads * self.v);
        let mut linear =
            |part: &str, outputs, inputs| numbers.linear(&format!("{name}.{part}"), outputs, inputs, self.has_bias);
        let [query, key, value] = [linear("q", qk, width), linear("k", qk, context), linear("v", v, context)];
        let output = linear("o", width, v);
        let mut norm = |part: &str, kind: Option<NormKind>, width| {
            kind.map(|kind| numbers.norm(&format!("{name}.{part}"), kind, width))
        };
        let heads = [norm("head_norms.q", self.norms[3], self.qk), norm("head_norms.k", self.norms[3], self.qk)];
        let head_norms = if let [Some(query), Some(key)] = heads { Some(HeadNorms { query, key }) } else { None };
        Attention {
            query: Query::Projected { norm: norm("norm_q", self.norms[0], width), linear: query },
            norm_kv: norm("norm_kv", self.norms[1].filter(|_| reads.context()), context),
            key,
            value,
            absorbed_key: None,
            absorbed_value: None,
            separated: None,
            output,
            heads: self.heads,
            qk,
            v,
            scale: 1.0 / (self.qk as f64).sqrt(),
            residual: self.residual(name, reads, width, numbers),
            head_norms,
            rotary: self.rotary.map(|rotary| self.rotary(rotary)),
            causal: self.causal,
            softmax: if self.inverted { Softmax::Queries { eps: 1e-8 } } else { Softmax::Keys },
            empty_rows: if self.zero_empty { EmptyRows::Zero } else { EmptyRows::Uniform },
            masks_queries: false,
        }
    }

    fn rotary(&self, rotary: RotaryKind) -> Rotary {
        let pairs = rotary.pairs.min(self.qk / 2);
        let frequencies = (0..pairs).map(|pair| 0.7_f32.powi(pair as i32)).collect();
        Rotary {
            frequencies: Tensor::new("frequencies", &[pairs], frequencies),
            heads: rotary.heads.min(self.heads),
            places: rotary.places,
        }
    }

    /// Layers in a transformer always have one.
    fn residual(&self, name: &str, reads: Reads, width: usize, numbers: &mut Numbers) -> Residual {
        let mut gates = |part: &str| numbers.linear(&format!("{name}.gru.{part}"), 3 * width, width, self.has_bias);
        match self.residual {
            ResidualKind::Gru => Residual::Gru(Box::new(Gru { input: gates("input"), hidden: gates("hidden") })),
            ResidualKind::None if reads != Reads::Itself => Residual::None,
            ResidualKind::None | ResidualKind::Add => Residual::Add,
        }
    }
}
