//! Number types of weights: how a matrix of them is multiplied, and how they become `f32`.

use super::matmul::Matmul;
use super::tile::Tile;
use crate::isa::Isa;
use half::{bf16, f16};
use percio_format::PANEL;

/// A number type of weights.
pub trait Weight: Copy + Sized {
    /// `to[i] = from[i]`, as far as both reach.
    fn widen<I: Isa>(isa: I, from: &[Self], to: &mut [f32]);

    /// [`Isa::strip`] of numbers of this type.
    #[inline(always)]
    fn strip<I: Isa>(isa: I, groups: &[&[Self; PANEL]], index: usize) -> I::F32 {
        let mut numbers = [[0.0; PANEL]; 2];
        let groups = groups.iter().skip(index * I::LANES / PANEL).take(I::LANES.div_ceil(PANEL));
        groups.zip(&mut numbers).for_each(|(&group, to)| Self::widen(isa, group, to));
        isa.load(numbers.as_flattened().get(index * I::LANES % PANEL..).unwrap_or_default())
    }

    /// The innermost loop of the product.
    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, tile: &mut Tile<'_, ROWS, PANELS, Self>) {
        isa.call(tile);
    }

    /// The matrix product of [`super::matmul`].
    fn product<I: Isa>(isa: I, product: Matmul<'_, Self>);
}

impl Weight for f32 {
    #[inline(always)]
    fn widen<I: Isa>(_: I, from: &[Self], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
    }

    #[inline(always)]
    fn strip<I: Isa>(isa: I, groups: &[&[Self; PANEL]], index: usize) -> I::F32 {
        isa.strip(groups, index)
    }

    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const PANELS: usize>(isa: I, tile: &mut Tile<'_, ROWS, PANELS>) {
        isa.tile(tile);
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
