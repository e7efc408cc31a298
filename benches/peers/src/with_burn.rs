//! burn with its back end for CPUs, flex.

use crate::files::Array;
use crate::forward::Library;
use anyhow::{Result, anyhow};
use burn::tensor::activation::gelu;
use burn::tensor::module::{attention, layer_norm, linear};
use burn::tensor::{Device, Int, Tensor, TensorData};

pub(crate) struct Burn {
    device: Device,
}

impl Burn {
    pub(crate) fn new() -> Self {
        Self { device: Device::default() }
    }

    /// `[1, heads, rows, width of a head]`
    fn split(x: &Tensor<2>, heads: usize) -> Tensor<4> {
        let [rows, width] = x.dims();
        x.clone().reshape([1, rows, heads, width / heads]).swap_dims(1, 2)
    }
}

impl Library for Burn {
    type Tensor = Tensor<2>;
    type Linear = (Tensor<2>, Tensor<1>);

    fn tensor(&self, numbers: &[f32], shape: [usize; 2]) -> Result<Tensor<2>> {
        Ok(Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &self.device))
    }

    fn prepare(&self, weight: &Array, bias: &Array) -> Result<Self::Linear> {
        let weight: Tensor<2> = self.tensor(&weight.numbers, [weight.shape[0], weight.shape[1]])?;
        let bias = Tensor::from_data(TensorData::new(bias.numbers.clone(), [bias.numbers.len()]), &self.device);
        // Laid out once as it is used.
        let [outputs, inputs] = weight.dims();
        let turned = weight.transpose().into_data().try_to_vec::<f32>().map_err(|error| anyhow!("{error:?}"))?;
        Ok((self.tensor(&turned, [inputs, outputs])?, bias))
    }

    fn linear(&self, x: &Tensor<2>, (weight, bias): &Self::Linear) -> Result<Tensor<2>> {
        Ok(linear(x.clone(), weight.clone(), Some(bias.clone())))
    }

    fn norm(&self, x: &Tensor<2>, gain: &Tensor<2>, offset: &Tensor<2>, eps: f64) -> Result<Tensor<2>> {
        let row = |row: &Tensor<2>| row.clone().squeeze_dim::<1>(0);
        Ok(layer_norm(x.clone(), row(gain), Some(row(offset)), eps))
    }

    fn attention(&self, q: &Tensor<2>, k: &Tensor<2>, v: &Tensor<2>, heads: usize) -> Result<Tensor<2>> {
        let [rows, _] = q.dims();
        let [_, width] = v.dims();
        let [q, k, v] = [q, k, v].map(|x| Self::split(x, heads));
        Ok(attention(q, k, v, None, None, Default::default()).swap_dims(1, 2).reshape([rows, width]))
    }

    fn gelu(&self, x: &Tensor<2>) -> Result<Tensor<2>> {
        Ok(gelu(x.clone()))
    }

    fn add(&self, x: &Tensor<2>, y: &Tensor<2>) -> Result<Tensor<2>> {
        Ok(x.clone() + y.clone())
    }

    fn scale(&self, x: &Tensor<2>, offset: &Tensor<2>, gain: &Tensor<2>) -> Result<Tensor<2>> {
        Ok((x.clone() - offset.clone()) * gain.clone())
    }

    fn join(&self, x: &Tensor<2>, y: &Tensor<2>, axis: usize) -> Result<Tensor<2>> {
        Ok(Tensor::cat(vec![x.clone(), y.clone()], axis))
    }

    fn rows(&self, table: &Tensor<2>, ids: &[u32]) -> Result<Tensor<2>> {
        let numbers: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let ids: Tensor<1, Int> = Tensor::from_data(TensorData::new(numbers, [ids.len()]), &self.device);
        Ok(table.clone().select(0, ids))
    }

    fn read(&self, x: Tensor<2>) -> Result<Vec<f32>> {
        x.into_data().try_to_vec().map_err(|error| anyhow!("{error:?}"))
    }
}
