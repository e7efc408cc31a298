//! Layers that move numbers: embeddings, positions, rows and windows.

use crate::support::{Case, LENGTHS, check, numbers};
use crate::tolerance::{AFFINE, EXACT, SINE, mean};
use half::{bf16, f16};
use percio::isa::{Isa, Scalar};
use percio::layers::{self, Embed, Fourier, Hide, MaxPool, Mean, Rows, Transpose, Unfold};
use percio::reference;

/// A layer and its operands. What a layer leaves alone must stay as it was, so every output starts as noise.
#[derive(Debug)]
enum Move {
    Embed(Embed),
    Fourier(Fourier),
    FourierAt(Fourier),
    FourierOf(Fourier, Vec<f32>),
    Copy(Rows),
    Add(Rows),
    Affine(Rows),
    Mean(Mean),
    Hide(Hide),
    Transpose(Transpose),
    Unfold(Unfold),
    MaxPool(MaxPool),
}

const ROOM: usize = 16_384;
const KEPT: [bool; 6] = [true, false, false, true, true, false];
const IDS: [u32; 7] = [3, 0, 99, 4, 4, u32::MAX, 1];

impl Case for Move {
    fn layer<I: Isa>(&self, isa: I) -> Vec<f32> {
        let (x, y, mut out) = (numbers(ROOM, 1), numbers(ROOM, 2), numbers(ROOM, 3));
        match self {
            Self::Embed(shape) => layers::embed(isa, shape, &IDS, &x, &mut out),
            Self::Fourier(shape) => layers::fourier(isa, shape, &x, &mut out),
            Self::FourierAt(shape) => layers::fourier_at(isa, shape, &IDS, &x, &mut out),
            Self::FourierOf(shape, frequencies) => {
                layers::fourier_of(isa, shape, &vec![frequencies.as_slice(); shape.axes], &x, &mut out)
            }
            Self::Copy(shape) => layers::copy_rows(isa, shape, &x, &mut out),
            Self::Add(shape) => layers::add_rows(isa, shape, &x, &mut out),
            Self::Affine(shape) => layers::affine_rows(isa, shape, &x, &y, &mut out),
            Self::Mean(shape) => layers::mean_rows(isa, shape, &x, &mut out),
            Self::Hide(shape) => layers::hide_rows(isa, shape, &KEPT, &mut out),
            Self::Transpose(shape) => layers::transpose(isa, shape, &x, &mut out),
            Self::Unfold(shape) => layers::unfold(isa, shape, &x, &mut out),
            Self::MaxPool(shape) => layers::max_pool(isa, shape, &x, &mut out),
        }
        out
    }

    fn twin(&self) -> Vec<f32> {
        let (x, y, mut out) = (numbers(ROOM, 1), numbers(ROOM, 2), numbers(ROOM, 3));
        match self {
            Self::Embed(shape) => reference::embed(shape, &IDS, &x, &mut out),
            Self::Fourier(shape) => reference::fourier(shape, &x, &mut out),
            Self::FourierAt(shape) => reference::fourier_at(shape, &IDS, &x, &mut out),
            Self::FourierOf(shape, frequencies) => {
                reference::fourier_of(shape, &vec![frequencies.as_slice(); shape.axes], &x, &mut out)
            }
            Self::Copy(shape) => reference::copy_rows(shape, &x, &mut out),
            Self::Add(shape) => reference::add_rows(shape, &x, &mut out),
            Self::Affine(shape) => reference::affine_rows(shape, &x, &y, &mut out),
            Self::Mean(shape) => reference::mean_rows(shape, &x, &mut out),
            Self::Hide(shape) => reference::hide_rows(shape, &KEPT, &mut out),
            Self::Transpose(shape) => reference::transpose(shape, &x, &mut out),
            Self::Unfold(shape) => reference::unfold(shape, &x, &mut out),
            Self::MaxPool(shape) => reference::max_pool(shape, &x, &mut out),
        }
        out
    }
}

#[test]
fn embeddings_of_half_width() {
    let table: Vec<bf16> = numbers(5 * 11, 1).into_iter().map(bf16::from_f32).collect();
    let wide: Vec<f32> = table.iter().map(|x| x.to_f32()).collect();
    let shape = Embed { rows: IDS.len(), vocabulary: 5, width: 11, out_stride: 12 };
    let mut expected = numbers(ROOM, 3);
    reference::embed(&shape, &IDS, &wide, &mut expected);
    let mut out = numbers(ROOM, 3);
    layers::embed(Scalar, &shape, &IDS, &table, &mut out);
    assert_eq!(out, expected);
    let table: Vec<f16> = wide.iter().map(|&x| f16::from_f32(x)).collect();
    let wide: Vec<f32> = table.iter().map(|x| x.to_f32()).collect();
    reference::embed(&shape, &IDS, &wide, &mut expected);
    layers::embed(Scalar, &shape, &IDS, &table, &mut out);
    assert_eq!(out, expected);
}

#[test]
fn embeddings() {
    for width in LENGTHS {
        check(&Move::Embed(Embed { rows: IDS.len(), vocabulary: 5, width, out_stride: width + 2 }), EXACT);
    }
}

#[test]
fn positions() {
    for (shape, axes) in [([1, 1, 9], 1), ([1, 3, 4], 2), ([2, 3, 4], 3)] {
        for (with_position, sine_only) in [(false, false), (true, false), (true, true), (false, true)] {
            for (bands, by_axis) in [(0, false), (1, true), (5, false), (5, true), (8, false), (8, true)] {
                let mut fourier =
                    Fourier { shape, axes, bands, by_axis, with_position, sine_only, first: 0, rows: 0, out_stride: 0 };
                fourier.out_stride = fourier.width() + 3;
                let all = shape.iter().product();
                for (first, rows) in [(0, 1), (0, all), (all / 2, all / 3), (all - 1, 3)] {
                    check(&Move::Fourier(Fourier { first, rows, ..fourier }), EXACT);
                }
                check(&Move::FourierAt(Fourier { first: 1, rows: IDS.len(), ..fourier }), EXACT);
                let frequencies = (0..bands).map(|band| 1.0 + band as f32 * 13.7).collect();
                check(&Move::FourierOf(Fourier { rows: 1, ..fourier }, frequencies), SINE);
            }
        }
    }
}

#[test]
fn rows() {
    for width in LENGTHS {
        for (x_stride, out_stride) in [(width, width), (width + 3, width), (0, width + 1)] {
            let shape = Rows { rows: 6, width, x_stride, out_stride };
            check(&Move::Copy(shape), EXACT);
            check(&Move::Add(shape), EXACT);
            check(&Move::Affine(shape), AFFINE);
        }
    }
}

#[test]
fn means() {
    for width in LENGTHS {
        for rows in [1, 2, 7, 50] {
            check(&Move::Mean(Mean { rows, width }), mean(rows));
        }
    }
}

#[test]
fn windows() {
    for channels in [1, 3, 8, 9] {
        for (kernel, stride, pad) in [(1, 1, [0, 0]), (2, 2, [0, 0]), (3, 1, [1, 0]), (3, 2, [0, 1]), (5, 3, [2, 2])] {
            let (height, width) = (7, 6);
            let (out_height, out_width) =
                ((height + 2 * pad[0] - kernel) / stride + 1, (width + 2 * pad[1] - kernel) / stride + 1);
            for (channels_first, frames, depth) in [(false, 1, 1), (true, 1, 1), (true, 4, 2), (false, 3, 1)] {
                let out_stride = depth * kernel * kernel * channels + 1;
                let all = frames / depth * out_height * out_width;
                for (first, rows) in [(0, all), (all / 2, all / 3)] {
                    check(
                        &Move::Unfold(Unfold {
                            frames,
                            depth,
                            channels,
                            height,
                            width,
                            channels_first,
                            kernel,
                            stride,
                            pad,
                            out_height,
                            out_width,
                            first,
                            rows,
                            out_stride,
                        }),
                        EXACT,
                    );
                }
            }
        }
    }
}

#[test]
fn pools() {
    for channels in LENGTHS {
        for (kernel, stride, pad) in
            [(1, 1, [0, 0]), (2, 2, [0, 0]), (3, 2, [0, 0]), (3, 1, [0, 1]), (3, 2, [1, 0]), (2, 1, [1, 1])]
        {
            let (height, width) = (5, 7);
            let (out_height, out_width) =
                ((height + 2 * pad[0] - kernel) / stride + 1, (width + 2 * pad[1] - kernel) / stride + 1);
            let out_stride = channels + 1;
            let shape = MaxPool { channels, width, height, kernel, stride, pad, out_height, out_width, out_stride };
            check(&Move::MaxPool(shape), EXACT);
        }
    }
}

#[test]
fn hidden_rows() {
    for width in LENGTHS {
        for rows in [0, 1, 3, 6, 9] {
            for present in [0, 1, 4, 6, 8, 20] {
                check(&Move::Hide(Hide { rows, width, present }), EXACT);
            }
        }
    }
}

#[test]
fn rows_become_columns() {
    for (rows, width) in LENGTHS.into_iter().flat_map(|rows| [(rows, 1), (rows, 7), (1, rows), (16, rows)]) {
        check(&Move::Transpose(Transpose { rows, width, accumulate: false }), EXACT);
        check(&Move::Transpose(Transpose { rows, width, accumulate: true }), EXACT);
    }
    check(&Move::Transpose(Transpose { rows: 0, width: 5, accumulate: false }), EXACT);
}
