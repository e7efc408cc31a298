//! Layers over rows: norms, activations, embeddings, positions, sums and moves.

use super::{Draw, MOST, at_random, in_turn, noise};
use crate::support::{Case, check};
use crate::tolerance::{self, ACTIVATION, AFFINE, Bound, EXACT, EXP, SINE};
use half::{bf16, f16};
use percio::isa::{Isa, StridedMut};
use percio::kernels::{activation::apply, exp::exp};
use percio::layers::{self, Embed, Fourier, Mean, Normalize, Rows, Transpose, Unfold};
use percio::{Activation, reference};

/// A layer with its shape. What it leaves alone has to stay, so every output starts as noise.
#[derive(Debug)]
enum Layer {
    Norm(Normalize, bool),
    Activation(Activation, Rows),
    Exp(usize),
    Embed(Embed, Table),
    Fourier(Fourier),
    Copy(Rows),
    Add(Rows),
    Affine(Rows),
    Mean(Mean),
    Transpose(Transpose),
    Unfold(Unfold),
}

/// The numbers of a table of embeddings.
#[derive(Clone, Copy, Debug)]
enum Table {
    F32,
    F16,
    Bf16,
}

impl Layer {
    /// How many numbers a layer reads, of `x` and of constants, and writes.
    fn lens(&self) -> [usize; 3] {
        match *self {
            Self::Norm(Normalize { rows, width, .. }, affine) => {
                [rows * width, usize::from(affine) * width, rows * width]
            }
            Self::Activation(_, Rows { rows, out_stride, .. }) => [0, 0, rows * out_stride],
            Self::Exp(len) => [0, 0, len],
            Self::Embed(Embed { rows, vocabulary, width, out_stride }, _) => [vocabulary * width, 0, rows * out_stride],
            Self::Fourier(shape) => [shape.table_len(), 0, shape.rows * shape.out_stride],
            Self::Copy(shape) | Self::Add(shape) | Self::Affine(shape) => {
                [shape.rows * shape.x_stride.max(1) + shape.width, shape.width, shape.rows * shape.out_stride]
            }
            Self::Mean(Mean { rows, width }) => [rows * width, 0, width],
            Self::Transpose(Transpose { rows, width, .. }) => [rows * width, 0, rows * width],
            Self::Unfold(shape) => [shape.channels * shape.height * shape.width, 0, shape.rows * shape.out_stride],
        }
    }

    fn operands(&self) -> [Vec<f32>; 4] {
        let [x, constants, out] = self.lens();
        let mut x = noise(x, 1).to_vec();
        if let Self::Embed(_, table) = self {
            x.iter_mut().for_each(|x| match table {
                Table::F32 => {}
                Table::F16 => *x = f16::from_f32(*x).to_f32(),
                Table::Bf16 => *x = bf16::from_f32(*x).to_f32(),
            });
        }
        let mut out = noise(out, 4).to_vec();
        if let Self::Activation(..) | Self::Exp(_) = self {
            out.iter_mut().for_each(|x| *x *= 20.0);
        }
        [x, noise(constants, 2).to_vec(), noise(constants, 3).to_vec(), out]
    }

    /// Ids in no order, one of which is beyond the table.
    fn ids(shape: &Embed) -> Vec<u32> {
        (0..shape.rows as u32).map(|row| row.wrapping_mul(7919) % (shape.vocabulary as u32 + 1)).collect()
    }
}

impl Case for Layer {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let [x, gain, offset, mut out] = self.operands();
        match self {
            Self::Norm(shape, _) => layers::normalize(isa, shape, &x, &gain, &offset, &mut out),
            Self::Activation(activation, Rows { rows, width, out_stride, .. }) => {
                let mut rows = StridedMut::new(&mut out, *out_stride, *rows, *width).expect("room for the rows");
                apply(isa, *activation, &mut rows);
            }
            Self::Exp(_) => out.chunks_mut(I::LANES).for_each(|x| isa.store(exp(isa, isa.load(x)), x)),
            Self::Embed(shape, Table::F32) => layers::embed(isa, shape, &Self::ids(shape), &x, &mut out),
            Self::Embed(shape, Table::F16) => {
                let table: Vec<f16> = x.into_iter().map(f16::from_f32).collect();
                layers::embed(isa, shape, &Self::ids(shape), &table, &mut out);
            }
            Self::Embed(shape, Table::Bf16) => {
                let table: Vec<bf16> = x.into_iter().map(bf16::from_f32).collect();
                layers::embed(isa, shape, &Self::ids(shape), &table, &mut out);
            }
            Self::Fourier(shape) => layers::fourier(isa, shape, &x, &mut out),
            Self::Copy(shape) => layers::copy_rows(isa, shape, &x, &mut out),
            Self::Add(shape) => layers::add_rows(isa, shape, &x, &mut out),
            Self::Affine(shape) => layers::affine_rows(isa, shape, &gain, &offset, &mut out),
            Self::Mean(shape) => layers::mean_rows(isa, shape, &x, &mut out),
            Self::Transpose(shape) => layers::transpose(isa, shape, &x, &mut out),
            Self::Unfold(shape) => layers::unfold(isa, shape, &x, &mut out),
        }
        out
    }

    fn twin(&self) -> Vec<f32> {
        let [x, gain, offset, mut out] = self.operands();
        match self {
            Self::Norm(shape, _) => reference::normalize(shape, &x, &gain, &offset, &mut out),
            Self::Activation(activation, Rows { width, out_stride, .. }) => {
                for row in out.chunks_mut(*out_stride) {
                    row[..*width].iter_mut().for_each(|x| *x = reference::activate(*activation, f64::from(*x)) as f32);
                }
            }
            Self::Exp(_) => out.iter_mut().for_each(|x| *x = libm::exp(f64::from(*x)) as f32),
            Self::Embed(shape, _) => reference::embed(shape, &Self::ids(shape), &x, &mut out),
            Self::Fourier(shape) => reference::fourier(shape, &x, &mut out),
            Self::Copy(shape) => reference::copy_rows(shape, &x, &mut out),
            Self::Add(shape) => reference::add_rows(shape, &x, &mut out),
            Self::Affine(shape) => reference::affine_rows(shape, &gain, &offset, &mut out),
            Self::Mean(shape) => reference::mean_rows(shape, &x, &mut out),
            Self::Transpose(shape) => reference::transpose(shape, &x, &mut out),
            Self::Unfold(shape) => reference::unfold(shape, &x, &mut out),
        }
        out
    }
}

fn norm(draw: &mut Draw, [rows, width]: [usize; 2]) {
    // A deviation of 1/8 at least, as the bound asks.
    let shape = Normalize { rows, width, centred: draw.yes(), eps: 1.0 / 64.0 };
    check(&Layer::Norm(shape, draw.yes()), tolerance::norm(width));
}

#[test]
fn norms() {
    in_turn(7, [1..8, 1..40], norm);
    at_random(8, 200, 50_000, norm);
}

fn activation(draw: &mut Draw, [rows, width]: [usize; 2]) {
    use Activation::{GeluErf, GeluTanh, Identity, QuickGelu, Relu, Silu, SquaredRelu, Tanh};
    let activation = draw.of(&[Identity, GeluErf, GeluErf, GeluTanh, QuickGelu, Relu, SquaredRelu, Silu, Tanh]);
    let shape = Rows { rows, width, x_stride: 0, out_stride: width + draw.within(0..3) };
    check(&Layer::Activation(activation, shape), ACTIVATION);
}

#[test]
fn activations() {
    in_turn(9, [1..3, 1..5], activation);
    at_random(10, 200, 5_000, activation);
}

#[test]
fn exponentials() {
    for len in 1..=MOST {
        check(&Layer::Exp(len), EXP);
    }
}

fn embedding(draw: &mut Draw, [rows, vocabulary, width]: [usize; 3]) {
    let shape = Embed { rows, vocabulary, width, out_stride: width + draw.within(0..3) };
    for table in [Table::F32, Table::F16, Table::Bf16] {
        check(&Layer::Embed(shape, table), EXACT);
    }
}

#[test]
fn embeddings() {
    in_turn(12, [1..10, 1..8, 1..20], embedding);
    at_random(13, 100, 30_000, embedding);
}

fn positions(draw: &mut Draw, [rows, columns, bands]: [usize; 3]) {
    let mut shape = Fourier {
        shape: [1, rows, columns],
        axes: 2,
        bands,
        by_axis: draw.yes(),
        with_position: draw.yes(),
        sine_only: draw.yes(),
        first: draw.within(0..rows * columns),
        rows: draw.within(1..20),
        out_stride: 0,
    };
    shape.out_stride = shape.width() + draw.within(0..3);
    check(&Layer::Fourier(shape), Bound { relative: 0.0, ..SINE });
}

#[test]
fn fourier_features() {
    in_turn(14, [1..9, 1..9, 1..20], positions);
}

fn rows(draw: &mut Draw, [rows, width]: [usize; 2]) {
    let shape = Rows { rows, width, x_stride: width + draw.within(0..3), out_stride: width + draw.within(0..3) };
    check(&Layer::Copy(shape), EXACT);
    check(&Layer::Add(shape), EXACT);
    check(&Layer::Affine(shape), AFFINE);
    check(&Layer::Mean(Mean { rows, width }), tolerance::mean(rows));
    check(&Layer::Transpose(Transpose { rows, width, accumulate: draw.yes() }), EXACT);
}

#[test]
fn moves_and_sums() {
    in_turn(15, [1..8, 1..20], rows);
}

fn window(draw: &mut Draw, [height, width, channels]: [usize; 3]) {
    let (kernel, stride) = (draw.within(1..4), draw.within(1..4));
    let pad = [draw.within(0..kernel), draw.within(0..kernel)];
    let windows = |size: usize, pad: usize| (size + 2 * pad).saturating_sub(kernel) / stride + 1;
    let (out_height, out_width) = (windows(height, pad[0]), windows(width, pad[1]));
    let first = draw.within(0..out_height * out_width);
    let shape = Unfold {
        frames: 1,
        depth: 1,
        channels,
        height,
        width,
        channels_first: draw.yes(),
        kernel,
        stride,
        pad,
        out_height,
        out_width,
        first,
        rows: (out_height * out_width - first).min(40),
        out_stride: kernel * kernel * channels + draw.within(0..3),
    };
    check(&Layer::Unfold(shape), EXACT);
}

#[test]
fn windows() {
    in_turn(16, [1..7, 1..7, 1..7], window);
}
