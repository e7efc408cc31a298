//! The models as a user of a tensor library writes them: one call of its own operations after another.

use crate::Engine;
use crate::files::{Array, Case};
use crate::models::{self, Block, Model, PATCH, SENSORS};
use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// A tensor library: its operations on matrices `[rows, width]`.
pub(crate) trait Library {
    type Tensor: Clone;
    /// A linear layer's weights and bias, as the library wants them.
    type Linear;

    fn tensor(&self, numbers: &[f32], shape: [usize; 2]) -> Result<Self::Tensor>;
    /// `weight` `[outputs, inputs]`, `bias` `[outputs]`.
    fn prepare(&self, weight: &Array, bias: &Array) -> Result<Self::Linear>;
    fn linear(&self, x: &Self::Tensor, layer: &Self::Linear) -> Result<Self::Tensor>;
    /// `gain` and `offset` `[1, width]`.
    fn norm(&self, x: &Self::Tensor, gain: &Self::Tensor, offset: &Self::Tensor, eps: f64) -> Result<Self::Tensor>;
    /// `softmax(q kᵀ / √width of a head) v`, head by head.
    fn attention(&self, q: &Self::Tensor, k: &Self::Tensor, v: &Self::Tensor, heads: usize) -> Result<Self::Tensor>;
    fn gelu(&self, x: &Self::Tensor) -> Result<Self::Tensor>;
    fn add(&self, x: &Self::Tensor, y: &Self::Tensor) -> Result<Self::Tensor>;
    /// `(x − offset) · gain`, both `[1, width]`.
    fn scale(&self, x: &Self::Tensor, offset: &Self::Tensor, gain: &Self::Tensor) -> Result<Self::Tensor>;
    /// Beside each other (1) or below each other (0).
    fn join(&self, x: &Self::Tensor, y: &Self::Tensor, axis: usize) -> Result<Self::Tensor>;
    /// The rows `ids` of `table`.
    fn rows(&self, table: &Self::Tensor, ids: &[u32]) -> Result<Self::Tensor>;
    fn read(&self, x: Self::Tensor) -> Result<Vec<f32>>;
}

/// What becomes tokens.
enum Tokens<L: Library> {
    /// Ids, embeddings of ids and of places.
    Ids(Vec<u32>, L::Tensor, L::Tensor),
    Sensors(Vec<Sensor<L>>),
}

struct Sensor<L: Library> {
    numbers: Vec<f32>,
    tokens: usize,
    offset: L::Tensor,
    gain: L::Tensor,
    project: L::Linear,
    positions: L::Tensor,
}

/// A model in a library, with its input.
pub(crate) struct Forward<L: Library> {
    library: L,
    model: Model,
    tokens: Tokens<L>,
    linears: BTreeMap<String, L::Linear>,
    norms: BTreeMap<String, [L::Tensor; 2]>,
    latents: L::Tensor,
    queries: L::Tensor,
    logits: L::Linear,
}

impl<L: Library> Forward<L> {
    pub(crate) fn new(library: L, name: &str, case: &Case) -> Result<Self> {
        let model = if name == "motion" { models::motion() } else { models::tiny_mlm() };
        let tensors = |name: &str| case.tensors.get(name).with_context(|| format!("the model has no `{name}`"));
        let matrix = |name: &str| {
            let Array { shape, numbers } = tensors(name)?;
            library.tensor(numbers, [numbers.len() / shape[shape.len() - 1], shape[shape.len() - 1]])
        };
        let linear =
            |name: &str| library.prepare(tensors(&format!("{name}.weight"))?, tensors(&format!("{name}.bias"))?);
        let (mut linears, mut norms) = (BTreeMap::new(), BTreeMap::new());
        for block in [&model.cross, &model.decoder].into_iter().chain(&model.layers) {
            for name in [&block.q, &block.k, &block.v, &block.o, &block.mlp[1], &block.mlp[2]] {
                linears.insert(name.clone(), linear(name)?);
            }
            for name in [&block.norm_q, &block.mlp[0]].into_iter().chain(&block.norm_kv) {
                norms.insert(name.clone(), [matrix(&format!("{name}.weight"))?, matrix(&format!("{name}.bias"))?]);
            }
        }
        let tokens = if name == "motion" {
            Tokens::Sensors(
                SENSORS.iter().map(|sensor| Sensor::new(&library, sensor, case, &linear)).collect::<Result<_>>()?,
            )
        } else {
            let ids = case.input("input_ids")?.numbers.iter().map(|&id| id as u32).collect();
            let table = matrix("perceiver.input_preprocessor.embeddings.weight")?;
            Tokens::Ids(ids, table, matrix("perceiver.input_preprocessor.position_embeddings.weight")?)
        };
        let logits = library.prepare(tensors(model.logits[0])?, tensors(model.logits[1])?)?;
        let (latents, queries) = (matrix(model.latents)?, matrix(model.queries)?);
        Ok(Self { library, model, tokens, linears, norms, latents, queries, logits })
    }

    fn tokens(&self) -> Result<L::Tensor> {
        let library = &self.library;
        match &self.tokens {
            Tokens::Ids(ids, table, places) => library.add(&library.rows(table, ids)?, places),
            Tokens::Sensors(sensors) => {
                let tokens: Vec<_> = sensors.iter().map(|sensor| sensor.tokens(library)).collect::<Result<_>>()?;
                library.join(&tokens[0], &tokens[1], 0)
            }
        }
    }

    fn norm(&self, x: &L::Tensor, name: &str) -> Result<L::Tensor> {
        let [gain, offset] = &self.norms[name];
        self.library.norm(x, gain, offset, self.model.eps)
    }

    fn linear(&self, x: &L::Tensor, name: &str) -> Result<L::Tensor> {
        self.library.linear(x, &self.linears[name])
    }

    /// The block over queries `x` and the rows `z`, or `x` itself.
    fn block(&self, block: &Block, x: &L::Tensor, z: Option<&L::Tensor>) -> Result<L::Tensor> {
        let queries = self.norm(x, &block.norm_q)?;
        let keys = match (z, &block.norm_kv) {
            (Some(z), Some(norm)) => self.norm(z, norm)?,
            _ => queries.clone(),
        };
        let (q, k, v) =
            (self.linear(&queries, &block.q)?, self.linear(&keys, &block.k)?, self.linear(&keys, &block.v)?);
        let mut attended = self.linear(&self.library.attention(&q, &k, &v, block.heads)?, &block.o)?;
        if block.residual {
            attended = self.library.add(&attended, x)?;
        }
        let [norm, up, down] = &block.mlp;
        let hidden = self.library.gelu(&self.linear(&self.norm(&attended, norm)?, up)?)?;
        self.library.add(&self.linear(&hidden, down)?, &attended)
    }
}

impl<L: Library> Sensor<L> {
    fn new(
        library: &L,
        sensor: &models::Sensor,
        case: &Case,
        linear: &impl Fn(&str) -> Result<L::Linear>,
    ) -> Result<Self> {
        let numbers = case.input(sensor.name)?.numbers.clone();
        let (tokens, width) = (numbers.len() / (3 * PATCH), 3 * PATCH);
        let row = |numbers: [f32; 3]| library.tensor(&numbers.repeat(PATCH), [1, width]);
        let positions = models::positions(tokens);
        Ok(Self {
            offset: row(sensor.offset)?,
            gain: row(sensor.gain)?,
            project: linear(&format!("inputs.{}.project", sensor.name))?,
            positions: library.tensor(&positions, [tokens, positions.len() / tokens])?,
            numbers,
            tokens,
        })
    }

    fn tokens(&self, library: &L) -> Result<L::Tensor> {
        let raw = library.tensor(&self.numbers, [self.tokens, 3 * PATCH])?;
        let projected = library.linear(&library.scale(&raw, &self.offset, &self.gain)?, &self.project)?;
        library.join(&projected, &self.positions, 1)
    }
}

impl<L: Library> Engine for Forward<L> {
    fn infer(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<()> {
        let mut latents = self.block(&self.model.cross, &self.latents, Some(&self.tokens()?))?;
        for layer in &self.model.layers {
            latents = self.block(layer, &latents, None)?;
        }
        let decoded = self.block(&self.model.decoder, &self.queries, Some(&latents))?;
        each(&self.library.read(self.library.linear(&decoded, &self.logits)?)?);
        Ok(())
    }
}
