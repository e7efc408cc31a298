//! Where the interpreter's time goes.

use super::times::median;
use crate::backend::Interpreter;
use crate::sample::Sample;
use crate::stages::stage_of_steps;
use crate::table::{grouped, table};
use anyhow::Result;
use percio_codegen_core::program::Program;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Runs at least so many …
const FEWEST: usize = 5;
/// … for at least so long.
const SHORTEST: Duration = Duration::from_millis(500);

/// A layer of the model: the steps towards one of its stages.
#[derive(Debug, Serialize)]
pub(super) struct Layer {
    name: String,
    macs: u64,
    /// The median over several runs.
    time_ns: u64,
}

/// The layers of `program` in the order of a run.
pub(super) fn layers(program: &Program, sample: &Sample, isa: Option<&str>) -> Result<Vec<Layer>> {
    let stages = stage_of_steps(program);
    let mut names: Vec<&String> = Vec::new();
    stages.iter().for_each(|name| {
        if !names.contains(&name) {
            names.push(name)
        }
    });
    let mut interpreter = Interpreter::new(program)?.on(isa);
    interpreter.profile(sample);
    let (started, mut runs) = (Instant::now(), Vec::new());
    while runs.len() < FEWEST || started.elapsed() < SHORTEST {
        runs.push(interpreter.profile(sample));
    }
    let of = |name: &String| {
        let steps: Vec<usize> = (0..stages.len()).filter(|&step| &stages[step] == name).collect();
        let time = |run: &Vec<Duration>| steps.iter().map(|&step| run[step].as_nanos() as u64).sum();
        Layer {
            name: name.clone(),
            macs: steps.iter().map(|&step| program.step_macs(step)).sum(),
            time_ns: median(runs.iter().map(time).collect()).unwrap_or(0),
        }
    };
    Ok(names.into_iter().map(of).filter(|layer| layer.macs > 0 || layer.time_ns > 0).collect())
}

/// A table of them, beside what a core can do, in MACs a nanosecond.
pub(super) fn text(layers: &[Layer], peak: Option<f64>) -> String {
    let total: u64 = layers.iter().map(|layer| layer.time_ns).sum();
    let header = ["layer", "MACs", "µs", "share", "MACs a nanosecond", "of the peak"].map(str::to_owned).to_vec();
    let rate = |layer: &Layer| layer.macs as f64 / layer.time_ns.max(1) as f64;
    let row = |layer: &Layer| {
        vec![
            layer.name.clone(),
            grouped(layer.macs),
            format!("{:.1}", layer.time_ns as f64 / 1e3),
            format!("{:.1} %", 100.0 * layer.time_ns as f64 / total.max(1) as f64),
            format!("{:.2}", rate(layer)),
            peak.map_or_else(String::new, |peak| format!("{:.1} %", 100.0 * rate(layer) / peak)),
        ]
    };
    table(&[header].into_iter().chain(layers.iter().map(row)).collect::<Vec<_>>())
}
