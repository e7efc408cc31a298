//! The tensors of a model's parts.

use super::{Absorbed, Attention, Block, Linear, Mixture, Mlp, Norm, Query, Residual, Tensor};

impl Block {
    /// Its weights.
    #[must_use]
    pub fn tensors(&self) -> Vec<&Tensor> {
        let mixer = self.mixer.iter().flat_map(|mixer| [&mixer.columns, &mixer.rows]);
        let mlps = self.mlp.iter().chain(mixer).flat_map(Mlp::tensors);
        self.attention.tensors().into_iter().chain(mlps).collect()
    }
}

impl Attention {
    /// Its weights.
    #[must_use]
    pub fn tensors(&self) -> Vec<&Tensor> {
        let mut tensors = match &self.query {
            Query::Projected { norm, linear } => norm.iter().flat_map(Norm::tensors).chain(linear.tensors()).collect(),
            Query::Constant(table) => vec![table],
        };
        let heads = self.head_norms.iter().flat_map(|norms| [&norms.query, &norms.key]);
        tensors.extend(self.norm_kv.iter().chain(heads).flat_map(Norm::tensors));
        tensors.extend([&self.key, &self.value, &self.output].into_iter().flat_map(Linear::tensors));
        for absorbed in [&self.absorbed_key, &self.absorbed_value] {
            if let Some(Absorbed::PerHead(layers)) = absorbed {
                tensors.extend(layers.iter().flat_map(Linear::tensors));
            }
        }
        tensors.extend(self.separated.iter().map(|separated| &separated.parts));
        if let Residual::Gru(gru) = &self.residual {
            tensors.extend([&gru.input, &gru.hidden].into_iter().flat_map(Linear::tensors));
        }
        tensors
    }
}

impl Mlp {
    /// Its weights.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        let linears = [&self.up, &self.down].into_iter().flat_map(Linear::tensors);
        self.norm.iter().flat_map(Norm::tensors).chain(linears)
    }
}

impl Mixture {
    /// Its weights.
    #[must_use]
    pub fn tensors(&self) -> Vec<&Tensor> {
        let linears = [&self.reduce, &self.expand].into_iter().flat_map(Linear::tensors);
        self.norm.iter().flat_map(Norm::tensors).chain(linears).collect()
    }
}

impl Linear {
    /// Weight and bias.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        std::iter::once(&self.weight).chain(&self.bias)
    }
}

impl Norm {
    /// Gain and offset.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.gain.iter().chain(&self.offset)
    }
}
