//! Number types of weights: how a matrix of them is multiplied, and how they become `f32`.

use super::matmul::Matmul;
use crate::isa::Isa;
use half::{bf16, f16};

/// A number type of weights.
pub trait Weight: Copy + Sized {
    /// `to[i] = from[i]`, as far as both reach.
    fn widen<I: Isa>(isa: I, from: &[Self], to: &mut [f32]);

    /// The matrix product of [`super::matmul`].
    fn product<I: Isa>(isa: I, product: Matmul<'_, Self>);
}

impl Weight for f32 {
    #[inline(always)]
    fn widen<I: Isa>(_: I, from: &[Self], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
    }

    #[inline(always)]
    fn product<I: Isa>(isa: I, product: Matmul<'_>) {
        isa.matmul(product);
    }
}

impl Weight for f16 {
    #[inline(always)]
    fn widen<I: Isa>(isa: I, from: &[Self], to: &mut [f32]) {
        isa.widen(from, to);
    }

    #[inline(always)]
    fn product<I: Isa>(isa: I, product: Matmul<'_, Self>) {
        isa.matmul_of_halves(product);
    }
}

impl Weight for bf16 {
    #[inline(always)]
    fn widen<I: Isa>(_: I, from: &[Self], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = f32::from_bits(u32::from(from.to_bits()) << 16));
    }

    #[inline(always)]
    fn product<I: Isa>(isa: I, product: Matmul<'_, Self>) {
        isa.matmul_of_halves(product);
    }
}
