//! Counts the instructions of some kernels.
//!
//! It prints to the semihosting console, for each kernel, `cost`, its instructions and its name.
#![no_std]
#![no_main]

#[path = "../../../../hosttools/src/backend/templates/firmware/count.rs"]
mod count;
include!(concat!(env!("OUT_DIR"), "/board.rs"));

use core::hint::black_box;
use cortex_m_rt::entry;
use device::{ROOM, Random, RunAttention, RunLinear, RunNorm};
use percio::layers::{Attention, Linear, Normalize};
use percio::{Activation, isa};
use semihosting::{println, process};

/// Rows, inputs and outputs of linear layers, and what follows them.
const LINEAR: [(usize, usize, usize, Activation); 5] = [
    (16, 64, 64, Activation::Identity),
    (64, 32, 32, Activation::Identity),
    (1, 64, 64, Activation::Identity),
    (16, 15, 47, Activation::Identity),
    (16, 32, 32, Activation::GeluErf),
];
/// Queries, keys, heads and widths of attentions.
const ATTENTION: [(usize, usize, usize, usize, usize); 5] =
    [(16, 16, 2, 16, 16), (16, 64, 2, 16, 16), (64, 16, 8, 32, 4), (1, 16, 1, 32, 64), (7, 40, 1, 5, 5)];

/// Rows and widths of norms.
const NORM: [(usize, usize); 2] = [(16, 64), (16, 31)];

#[entry]
fn main() -> ! {
    let thousand = count::instructions(&mut || {
        // SAFETY: it changes nothing.
        unsafe { core::arch::asm!(".rept 1000", "nop", ".endr", options(nomem, nostack, preserves_flags)) };
    });
    println!("cost {thousand} a thousand instructions");
    let mut random = Random(3);
    let mut operands = [[0.0; 4 * ROOM]; 3];
    operands.iter_mut().for_each(|numbers| random.fill(numbers, 1.0));
    let mut out = [0.0; ROOM];
    let [a, b, c] = &operands;
    for (rows, inputs, outputs, activation) in LINEAR {
        let shape =
            Linear { rows, inputs, outputs, x_stride: inputs, out_stride: outputs, activation, accumulate: false };
        let instructions = count::instructions(&mut || {
            isa::dispatch(RunLinear { shape: black_box(shape), x: a, weight: b, bias: c, out: &mut out });
        });
        println!("cost {instructions} linear {rows} × {inputs} × {outputs}, {activation:?}");
    }
    for (queries, keys, heads, qk, v) in ATTENTION {
        let (key_heads, value_heads, masked) = (heads, heads, keys);
        let (scale, causal, zero_empty) = (1.0, false, false);
        let shape =
            Attention { queries, keys, masked, heads, key_heads, value_heads, qk, v, scale, causal, zero_empty };
        let instructions = count::instructions(&mut || {
            isa::dispatch(RunAttention { shape: black_box(shape), q: a, k: b, v: c, mask: &[], out: &mut out });
        });
        println!("cost {instructions} attention {queries} over {keys}, {heads} × ({qk}, {v})");
    }
    for (rows, width) in NORM {
        let shape = Normalize { rows, width, centred: true, eps: 1e-5 };
        let x = &mut out[..rows * width];
        let instructions =
            count::instructions(&mut || isa::dispatch(RunNorm { shape: black_box(shape), gain: &[], offset: &[], x }));
        println!("cost {instructions} norm {rows} × {width}");
    }
    process::exit(0)
}
