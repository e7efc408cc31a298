//! What the memory limits: one row times weights that are in no cache, and the stems of models, whose numbers are moved rather
//! than multiplied.

use benches::{Streams, numbers};
use half::{bf16, f16};
use percio::Activation;
use percio::isa::{self, Isa, Kernel};
use percio::kernels::weight::Weight;
use percio::layers::{self, Embed, Fourier, Linear, Unfold};
use percio_format::packed_len;
use std::hint::black_box;

struct Row<'a, W> {
    shape: Linear,
    x: &'a [f32],
    weight: &'a [W],
    out: &'a mut [f32],
}

impl<W: Weight> Kernel for Row<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        layers::linear(isa, &self.shape, self.x, self.weight, &[], self.out);
    }
}

/// A layer that moves numbers from `x` to `out`.
enum Move<'a> {
    Embed(Embed, &'a [u32]),
    Fourier(Fourier),
    Unfold(Unfold),
}

struct Moved<'a> {
    layer: &'a Move<'a>,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Moved<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        match self.layer {
            Move::Embed(shape, ids) => layers::embed(isa, shape, ids, self.x, self.out),
            Move::Fourier(shape) => layers::fourier(isa, shape, self.x, self.out),
            Move::Unfold(shape) => layers::unfold(isa, shape, self.x, self.out),
        }
    }
}

/// One row times as many weights as no cache holds.
fn row<W: Weight>(streams: &Streams, name: &str, weight: &[W]) {
    const WIDTH: usize = 4096;
    let (x, mut out) = (numbers(WIDTH), vec![0.0; weight.len() / WIDTH]);
    let shape = Linear {
        rows: 1,
        inputs: WIDTH,
        outputs: out.len(),
        x_stride: WIDTH,
        out_stride: out.len(),
        activation: Activation::Identity,
        accumulate: false,
    };
    streams.bytes(&format!("1 × {WIDTH} × {}, weights {name}", shape.outputs), size_of_val(weight), || {
        isa::dispatch(Row { shape: black_box(shape), x: &x, weight, out: &mut out });
    });
}

fn main() {
    let streams = Streams::start("one row, and stems");
    let weight = numbers(packed_len(16_384, 4096));
    row(&streams, "f32", &weight);
    row(&streams, "f16", &weight.iter().map(|&x| f16::from_f32(x)).collect::<Vec<_>>());
    row(&streams, "bf16", &weight.iter().map(|&x| bf16::from_f32(x)).collect::<Vec<_>>());

    let ids: Vec<u32> = (0..2048).map(|index| index * 97 % 262).collect();
    let embed = Embed { rows: ids.len(), vocabulary: 262, width: 768, out_stride: 768 };
    let mut fourier = Fourier {
        shape: [1, 224, 224],
        axes: 2,
        bands: 64,
        by_axis: false,
        with_position: true,
        sine_only: false,
        first: 0,
        rows: 4096,
        out_stride: 0,
    };
    fourier.out_stride = fourier.width();
    let window = |channels, kernel, stride, channels_first| Unfold {
        frames: 1,
        depth: 1,
        channels,
        height: 112,
        width: 112,
        channels_first,
        kernel,
        stride,
        pad: [kernel / 2; 2],
        out_height: 112 / stride,
        out_width: 112 / stride,
        first: 0,
        rows: (112 / stride) * (112 / stride),
        out_stride: kernel * kernel * channels,
    };
    let moves = [
        ("embedding of 2048 × 768", Move::Embed(embed, &ids)),
        ("Fourier features of 4096 × 258", Move::Fourier(fourier)),
        ("7 × 7 windows, 3 channels, first", Move::Unfold(window(3, 7, 2, true))),
        ("7 × 7 windows, 3 channels, last", Move::Unfold(window(3, 7, 2, false))),
        ("3 × 3 windows, 64 channels", Move::Unfold(window(64, 3, 1, false))),
    ];
    let x = numbers(112 * 112 * 64);
    for (name, layer) in &moves {
        let len = match layer {
            Move::Embed(shape, _) => shape.rows * shape.out_stride,
            Move::Fourier(shape) => shape.rows * shape.out_stride,
            Move::Unfold(shape) => shape.rows * shape.out_stride,
        };
        let mut out = vec![0.0; len];
        streams.bytes(name, 4 * len, || isa::dispatch(Moved { layer: black_box(layer), x: &x, out: &mut out }));
    }
}
