//! The same models by percio, tract, candle and burn, for `benches/peers.py`, which times other peers beside them.
//!
//! `peers MODEL ONNX`: the model is `tiny-mlm` or `motion`, the file what tract reads. It prints the engines, a line each, with
//! how far their output is from the reference; then for every line `ENGINE RUNS` of standard input the nanoseconds that so many
//! inferences take.

mod files;
mod forward;
mod models;
mod with_burn;
mod with_candle;
mod with_percio;
mod with_tract;

use anyhow::{Context, Result, bail, ensure};
use files::Case;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;
use std::time::Instant;

/// A model in one library, with its input bound.
trait Engine {
    /// Runs the model once; `each` gets the outputs.
    fn infer(&mut self, each: &mut dyn FnMut(&[f32])) -> Result<()>;
}

fn engines(model: &str, case: &Case, onnx: &Path) -> Result<Vec<(&'static str, Box<dyn Engine>)>> {
    let mut engines = with_percio::engines(model, case)?;
    engines.push(("percio, interpreter", Box::new(with_percio::Interpreted::new(case)?)));
    engines.push(("tract", Box::new(with_tract::Tract::new(case, onnx)?)));
    engines.push(("candle", Box::new(forward::Forward::new(with_candle::Candle, model, case)?)));
    engines.push(("burn (flex)", Box::new(forward::Forward::new(with_burn::Burn::new(), model, case)?)));
    Ok(engines)
}

/// The largest difference from the reference, as a share of its largest number.
fn error(engine: &mut dyn Engine, expected: &[f32]) -> Result<f32> {
    let mut outputs = Vec::new();
    engine.infer(&mut |output| outputs.extend_from_slice(output))?;
    ensure!(outputs.len() == expected.len(), "{} numbers came out, expected {}", outputs.len(), expected.len());
    let largest = expected.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    Ok(outputs.iter().zip(expected).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / largest)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, onnx] = arguments.as_slice() else { bail!("usage: peers tiny-mlm|motion ONNX") };
    let case = Case::read(model)?;
    let mut engines = engines(model, &case, Path::new(onnx))?;
    for (name, engine) in &mut engines {
        println!("{name}\t{:e}", error(engine.as_mut(), &case.expected)?);
    }
    println!();
    stdout().flush()?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (name, runs) = line.rsplit_once(' ').context("a line is ENGINE RUNS")?;
        let engine = engines.iter_mut().find(|(known, _)| *known == name);
        let (_, engine) = engine.with_context(|| format!("no engine is called `{name}`"))?;
        let runs: u32 = runs.parse()?;
        let start = Instant::now();
        for _ in 0..runs {
            engine.infer(&mut |output| {
                std::hint::black_box(output);
            })?;
        }
        println!("{}", start.elapsed().as_nanos());
        stdout().flush()?;
    }
    Ok(())
}
