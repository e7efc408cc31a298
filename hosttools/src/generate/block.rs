//! A block over new rows, whose attention finds the keys and values of earlier ones.

use percio::Activation;
use percio::isa::Isa;
use percio::layers::{self, Attention, Normalize, Rotate};
use percio_codegen_core::model::{self, EmptyRows, NormKind, Places, Query, Reads, Residual, Softmax};
use percio_format::{pack, packed_len};

/// A linear layer, packed for the kernels.
pub(super) struct Linear {
    inputs: usize,
    outputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    pub(super) fn new(linear: &model::Linear) -> Self {
        let (outputs, inputs) = (linear.weight.rows(), linear.weight.columns());
        let mut weight = vec![0.0; packed_len(outputs, inputs)];
        pack(&linear.weight.data, outputs, inputs, &mut weight);
        let bias = linear.bias.as_ref().map_or_else(Vec::new, |bias| bias.data.to_vec());
        Self { inputs, outputs, weight, bias }
    }

    /// `activation(linear(x))` of all rows of `x`.
    pub(super) fn apply<I: Isa>(&self, isa: I, x: &[f32], activation: Activation) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / self.inputs * self.outputs];
        self.write(isa, x, activation, false, &mut out);
        out
    }

    /// `linear(x)` after the rows of `out`.
    fn append<I: Isa>(&self, isa: I, x: &[f32], out: &mut Vec<f32>) {
        let first = out.len();
        out.resize(first + x.len() / self.inputs * self.outputs, 0.0);
        self.write(isa, x, Activation::Identity, false, &mut out[first..]);
    }

    fn write<I: Isa>(&self, isa: I, x: &[f32], activation: Activation, accumulate: bool, out: &mut [f32]) {
        let Self { inputs, outputs, ref weight, ref bias } = *self;
        let rows = x.len() / inputs;
        let shape =
            layers::Linear { rows, inputs, outputs, x_stride: inputs, out_stride: outputs, activation, accumulate };
        layers::linear(isa, &shape, x, weight, bias, out);
    }
}

/// A norm of rows.
pub(super) struct Norm {
    centred: bool,
    eps: f32,
    gain: Vec<f32>,
    offset: Vec<f32>,
}

impl Norm {
    pub(super) fn new(norm: &model::Norm) -> Self {
        let numbers = |tensor: &Option<model::Tensor>| tensor.as_ref().map(|tensor| tensor.data.to_vec());
        let (gain, offset) = match (numbers(&norm.gain), numbers(&norm.offset)) {
            (Some(gain), None) => (gain.clone(), vec![0.0; gain.len()]),
            (None, Some(offset)) => (vec![1.0; offset.len()], offset),
            (gain, offset) => (gain.unwrap_or_default(), offset.unwrap_or_default()),
        };
        Self { centred: norm.kind == NormKind::Layer, eps: norm.eps as f32, gain, offset }
    }

    /// `norm(x)` of rows of `width` numbers.
    pub(super) fn apply<I: Isa>(&self, isa: I, x: &[f32], width: usize) -> Vec<f32> {
        let mut out = x.to_vec();
        let shape = Normalize { rows: x.len() / width, width, centred: self.centred, eps: self.eps };
        layers::normalize_in_place(isa, &shape, &self.gain, &self.offset, &mut out);
        out
    }
}

/// Keys, before they turn, and values of consecutive tokens.
#[derive(Default)]
pub(super) struct KeyValues {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl KeyValues {
    /// Forgets the first `count` of `rows` tokens.
    pub(super) fn forget(&mut self, count: usize, rows: usize) {
        for numbers in [&mut self.keys, &mut self.values] {
            let width = numbers.len() / rows.max(1);
            numbers.drain(..count * width);
        }
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.values.clear();
    }
}

/// A block and what it keeps of earlier tokens.
pub(super) struct Block {
    pub(super) reads: Reads,
    width: usize,
    norm: Option<Norm>,
    norm_context: Option<Norm>,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    adds: bool,
    mlp: Option<(Option<Norm>, Linear, Activation, Linear)>,
    attention: Attention,
    rotary: Option<model::Rotary>,
    /// Of rows that are not its own.
    pub(super) context: KeyValues,
    /// Of its own.
    pub(super) own: KeyValues,
}

impl Block {
    /// The block of `block`; `None` where that is not causal or has parts that no Perceiver AR has.
    pub(super) fn new(block: &model::Block) -> Option<Self> {
        let attention = &block.attention;
        let Query::Projected { norm, linear } = &attention.query else { return None };
        let adds = match attention.residual {
            Residual::Add => true,
            Residual::None => false,
            Residual::Gru(_) => return None,
        };
        let is_plain = attention.head_norms.is_none() && block.mixer.is_none() && !attention.masks_queries;
        let is_known = block.reads != Reads::ContextThenItself && block.mlp.iter().all(|mlp| mlp.gate.is_none());
        if !(attention.causal && is_plain && is_known && attention.softmax == Softmax::Keys) {
            return None;
        }
        let mlp = block.mlp.as_ref().map(|mlp| {
            (mlp.norm.as_ref().map(Norm::new), Linear::new(&mlp.up), mlp.activation, Linear::new(&mlp.down))
        });
        Some(Self {
            reads: block.reads,
            width: linear.weight.columns(),
            norm: norm.as_ref().map(Norm::new),
            norm_context: attention.norm_kv.as_ref().map(Norm::new),
            query: Linear::new(linear),
            key: Linear::new(&attention.key),
            value: Linear::new(&attention.value),
            output: Linear::new(&attention.output),
            adds,
            mlp,
            attention: Attention {
                queries: 0,
                keys: 0,
                masked: 0,
                heads: attention.heads,
                key_heads: attention.heads,
                value_heads: attention.heads,
                qk: attention.qk / attention.heads,
                v: attention.v / attention.heads,
                scale: attention.scale as f32,
                causal: true,
                zero_empty: attention.empty_rows == EmptyRows::Zero,
            },
            rotary: attention.rotary.clone(),
            context: KeyValues::default(),
            own: KeyValues::default(),
        })
    }

    /// Adds the keys and values of more rows that are not its own.
    pub(super) fn read<I: Isa>(&mut self, isa: I, tokens: &[f32], width: usize) {
        let normal = self.norm_context.as_ref().map(|norm| norm.apply(isa, tokens, width));
        let tokens = normal.as_deref().unwrap_or(tokens);
        self.key.append(isa, tokens, &mut self.context.keys);
        self.value.append(isa, tokens, &mut self.context.values);
    }

    /// What becomes of the rows `x`, the last of a sequence whose `read` tokens are read.
    pub(super) fn advance<I: Isa>(&mut self, isa: I, x: &mut Vec<f32>, read: usize) {
        let normal = self.norm.as_ref().map(|norm| norm.apply(isa, x, self.width));
        let rows = normal.as_deref().unwrap_or(x);
        let mut queries = self.query.apply(isa, rows, Activation::Identity);
        if self.reads != Reads::Context {
            self.key.append(isa, rows, &mut self.own.keys);
            self.value.append(isa, rows, &mut self.own.values);
        }
        let mut keys = [self.context.keys.as_slice(), &self.own.keys].concat();
        let values = [self.context.values.as_slice(), &self.own.values].concat();
        self.turn(isa, &mut queries, read);
        self.turn(isa, &mut keys, read);
        let Attention { heads, qk, v, .. } = self.attention;
        let shape =
            Attention { queries: queries.len() / (heads * qk), keys: keys.len() / (heads * qk), ..self.attention };
        let mut gathered = vec![0.0; shape.queries * heads * v];
        layers::attention(isa, &shape, &queries, &keys, &values, &[], &mut gathered);
        if self.adds {
            self.output.write(isa, &gathered, Activation::Identity, true, x);
        } else {
            *x = self.output.apply(isa, &gathered, Activation::Identity);
        }
        if let Some((norm, up, activation, down)) = &self.mlp {
            let normal = norm.as_ref().map(|norm| norm.apply(isa, x, self.width));
            let hidden = up.apply(isa, normal.as_deref().unwrap_or(x), *activation);
            down.write(isa, &hidden, Activation::Identity, true, x);
        }
    }

    /// Turns rows of queries or keys, the last of `read` places.
    fn turn<I: Isa>(&self, isa: I, rows: &mut [f32], read: usize) {
        let Some(rotary) = &self.rotary else { return };
        let Attention { heads, qk, .. } = self.attention;
        let (width, count) = (heads * qk, rows.len() / (heads * qk));
        let shape = Rotate {
            rows: count,
            width,
            heads: rotary.heads,
            head_width: qk,
            first: read - count,
            skipped: 0,
            from_end: rotary.places == Places::FromEnd,
        };
        layers::rotate(isa, &shape, &rotary.frequencies.data, rows);
    }
}
