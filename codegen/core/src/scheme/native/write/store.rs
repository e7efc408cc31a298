//! The tensors of a model under their native names, each set of numbers once.

use crate::model::{Linear, Model, Norm, NormKind, Query, Tensor};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Tensors in the making.
pub(super) struct Store {
    /// The epsilon that norms have unless they say otherwise.
    eps: f64,
    tensors: Vec<(String, Tensor)>,
    /// Where the numbers at an address are stored.
    known: HashMap<usize, (String, Vec<usize>)>,
    shared: Map<String, Value>,
}

/// An object of these fields.
pub(super) fn named<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

impl Store {
    pub(super) fn new(model: &Model) -> Self {
        let eps = model.blocks.iter().find_map(|block| match &block.attention.query {
            Query::Projected { norm, .. } => norm.as_ref().or(block.attention.norm_kv.as_ref()).map(|norm| norm.eps),
            Query::Constant(_) => None,
        });
        Self { eps: eps.unwrap_or(1e-5), tensors: Vec::new(), known: HashMap::new(), shared: Map::new() }
    }

    pub(super) fn eps(&self) -> f64 {
        self.eps
    }

    /// The tensor under the name `name`; one whose numbers are there is named only.
    pub(super) fn put(&mut self, name: &str, tensor: &Tensor) {
        let key = tensor.data.address();
        match self.known.get(&key) {
            Some((original, shape)) if *shape == tensor.shape => {
                self.shared.insert(name.to_owned(), original.clone().into());
            }
            _ => {
                self.known.insert(key, (name.to_owned(), tensor.shape.clone()));
                self.tensors.push((name.to_owned(), Tensor { name: name.to_owned(), ..tensor.clone() }));
            }
        }
    }

    pub(super) fn optional(&mut self, name: &str, tensor: Option<&Tensor>) {
        if let Some(tensor) = tensor {
            self.put(name, tensor);
        }
    }

    pub(super) fn linear(&mut self, name: &str, linear: &Linear) {
        self.put(&format!("{name}.weight"), &linear.weight);
        self.optional(&format!("{name}.bias"), linear.bias.as_ref());
    }

    pub(super) fn optional_linear(&mut self, name: &str, linear: Option<&Linear>) {
        if let Some(linear) = linear {
            self.linear(name, linear);
        }
    }

    /// The norm, and the value that says which.
    pub(super) fn norm(&mut self, name: &str, norm: Option<&Norm>) -> Value {
        let Some(norm) = norm else { return "none".into() };
        self.optional(&format!("{name}.weight"), norm.gain.as_ref());
        self.optional(&format!("{name}.bias"), norm.offset.as_ref());
        let (word, offset) = match norm.kind {
            NormKind::Layer => ("layer", true),
            NormKind::RootMeanSquare => ("rms", false),
        };
        let is_plain = norm.gain.is_some() && norm.offset.is_some() == offset && norm.eps == self.eps;
        if is_plain {
            return word.into();
        }
        json!({"kind": word, "eps": norm.eps, "gain": norm.gain.is_some(), "offset": norm.offset.is_some()})
    }

    /// The tensors, and which names share the numbers of which.
    pub(super) fn finish(self) -> (Vec<(String, Tensor)>, Map<String, Value>) {
        (self.tensors, self.shared)
    }
}
