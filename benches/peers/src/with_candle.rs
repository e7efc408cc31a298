//! candle on one thread of the CPU.

use crate::files::Array;
use crate::forward::Library;
use anyhow::Result;
use candle_core::{D, Device, Tensor};
use candle_nn::{Linear, Module, ops};

pub(crate) struct Candle;

impl Candle {
    /// `[heads, rows, width of a head]`
    fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
        let (rows, width) = x.dims2()?;
        Ok(x.reshape((rows, heads, width / heads))?.transpose(0, 1)?.contiguous()?)
    }
}

impl Library for Candle {
    type Tensor = Tensor;
    type Linear = Linear;

    fn tensor(&self, numbers: &[f32], shape: [usize; 2]) -> Result<Tensor> {
        Ok(Tensor::from_slice(numbers, (shape[0], shape[1]), &Device::Cpu)?)
    }

    fn prepare(&self, weight: &Array, bias: &Array) -> Result<Linear> {
        let weight = Tensor::from_slice(&weight.numbers, weight.shape.as_slice(), &Device::Cpu)?;
        let bias = Tensor::from_slice(&bias.numbers, bias.shape.as_slice(), &Device::Cpu)?;
        Ok(Linear::new(weight, Some(bias)))
    }

    fn linear(&self, x: &Tensor, layer: &Linear) -> Result<Tensor> {
        Ok(layer.forward(x)?)
    }

    fn norm(&self, x: &Tensor, gain: &Tensor, offset: &Tensor, eps: f64) -> Result<Tensor> {
        Ok(ops::layer_norm(x, &gain.flatten_all()?, &offset.flatten_all()?, eps as f32)?)
    }

    fn attention(&self, q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
        let [q, k, v] = [Self::split(q, heads)?, Self::split(k, heads)?, Self::split(v, heads)?];
        let scale = 1.0 / (q.dim(D::Minus1)? as f64).sqrt();
        let weights = ops::softmax_last_dim(&(q.matmul(&k.t()?)? * scale)?)?;
        Ok(weights.matmul(&v)?.transpose(0, 1)?.flatten_from(1)?)
    }

    fn gelu(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.gelu_erf()?)
    }

    fn add(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        Ok((x + y)?)
    }

    fn scale(&self, x: &Tensor, offset: &Tensor, gain: &Tensor) -> Result<Tensor> {
        Ok(x.broadcast_sub(offset)?.broadcast_mul(gain)?)
    }

    fn join(&self, x: &Tensor, y: &Tensor, axis: usize) -> Result<Tensor> {
        Ok(Tensor::cat(&[x, y], axis)?)
    }

    fn rows(&self, table: &Tensor, ids: &[u32]) -> Result<Tensor> {
        Ok(table.embedding(&Tensor::new(ids, &Device::Cpu)?)?)
    }

    fn read(&self, x: Tensor) -> Result<Vec<f32>> {
        Ok(x.flatten_all()?.to_vec1()?)
    }
}
