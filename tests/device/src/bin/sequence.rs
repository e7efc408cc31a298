//! Continues sequences with two Perceiver AR on the processor that it runs on.
//!
//! It prints to the semihosting console, for each model, `bytes` and the size of its generator, then `ids` and what the
//! generator makes of the prompt of the fixture's `generated.json`, always taking the likeliest id.
#![no_std]
#![no_main]

use percio::Generator;
use semihosting::{print, println, process};

/// Rotary positions; latents are added until there are five.
#[percio::model("../fixtures/krasserm-08-causal-lm", outside = true)]
pub struct Rotary;

/// Positions that are added to tokens, too: once the first token leaves, all are computed again.
#[percio::model("../fixtures/lucidrains-ar", outside = true)]
pub struct Added;

/// How many ids the fixtures hold.
const COUNT: usize = 13;

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    let (mut rotary, mut added) = (Rotary::generator(), Added::generator());
    go_on(&mut rotary, &[12, 20, 19, 14, 10, 20, 10]);
    go_on(&mut added, &[9, 5, 2, 0, 4, 8, 1]);
    process::exit(0)
}

fn go_on<G: Generator>(generator: &mut G, prompt: &[u32]) {
    println!("bytes {}", size_of::<G>());
    print!("ids");
    let mut id = likeliest(generator.begin(prompt));
    print!(" {id}");
    for _ in 1..COUNT {
        id = likeliest(generator.push(id));
        print!(" {id}");
    }
    println!();
}

fn likeliest(logits: &[f32]) -> u32 {
    percio::top::<1>(logits)[0].0 as u32
}
