//! One inference's inputs, in the order of the program's inputs.

use percio::lengths::{padding, prefix, until};
use percio_codegen_core::program::{FixedPrefix, InputKind, Lengths, Program};

/// What an input holds in one sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Numbers, row-major.
    Numbers(Vec<f32>),
    /// Ids.
    Ids(Vec<u32>),
    /// Whether each token is attended to; empty attends to all.
    Mask(Vec<bool>),
    /// Indices of positions.
    Points(Vec<u32>),
    /// How many tokens come before the latents.
    Prefix(usize),
}

/// One inference's inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// One value an input of the program.
    pub inputs: Vec<Value>,
}

impl Sample {
    /// Inputs that look like noise and are the same each time: numbers in −1 .. 1, as many ids as there can be, the shortest prefix, no mask.
    #[must_use]
    pub fn noise(program: &Program) -> Self {
        let mut state = 0x9E37_79B9_u32;
        let mut next = || {
            // xorshift32
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        let inputs = program.inputs.iter().map(|input| match &input.kind {
            InputKind::Numbers { shape } => {
                let count = shape.iter().product();
                Value::Numbers((0..count).map(|_| (next() >> 8) as f32 / (1 << 23) as f32 - 1.0).collect())
            }
            InputKind::Ids { max, vocabulary } => {
                Value::Ids((0..*max).map(|_| next() % (*vocabulary).max(1) as u32).collect())
            }
            InputKind::Mask { .. } => Value::Mask(Vec::new()),
            InputKind::Points { count, positions } => {
                Value::Points((0..*count).map(|_| next() % (*positions).max(1) as u32).collect())
            }
            InputKind::Prefix { .. } => Value::Prefix(0),
        });
        Self { inputs: inputs.collect() }
    }

    /// The lengths of the run outside of tiles: as many tokens as there are ids, or all that the program has room for, and
    /// what prefix and mask say of them.
    #[must_use]
    pub fn lengths(&self, program: &Program) -> Lengths {
        let until = |ids: &[u32]| program.sequence.end.map_or(ids.len(), |end| until(ids, end));
        let ids =
            self.inputs.iter().find_map(|value| if let Value::Ids(ids) = value { Some(until(ids)) } else { None });
        let tokens = ids.unwrap_or(program.max_tokens);
        let mut lengths = Lengths { tokens, latents: program.max_latents, ..Lengths::default() };
        if let Some(FixedPrefix { tokens: asked, latents }) = program.sequence.prefix {
            lengths.prefix = prefix(asked, tokens, latents);
        }
        for (value, input) in self.inputs.iter().zip(&program.inputs) {
            match (value, &input.kind) {
                (Value::Mask(mask), _) => lengths.padding = padding(mask, tokens),
                (&Value::Prefix(asked), &InputKind::Prefix { latents }) => {
                    lengths.prefix = prefix(asked, tokens, latents);
                }
                _ => {}
            }
        }
        lengths
    }
}
