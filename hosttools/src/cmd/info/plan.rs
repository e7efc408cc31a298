//! What the planner made of a model.

use super::layers::{Layer, print_layers};
use super::{figure, headed, row};
use crate::table::{grouped, shape, table};
use percio_codegen_core::program::{Gathering, Lengths, Program, Stage, Step};
use serde::Serialize;

/// Parts of the flash that are shown.
const BIGGEST: usize = 10;

#[derive(Serialize)]
pub(super) struct Plan<'a> {
    weights: &'static str,
    ram_bytes: usize,
    /// What of it is not an output.
    arena_bytes: usize,
    flash_bytes: usize,
    /// Most tokens, and most queries, that go through at a time; none where all do.
    token_tile: Option<usize>,
    query_tile: Option<usize>,
    layers: Vec<Layer<'a>>,
    steps: Vec<StepFigures>,
    flash: Vec<Part<'a>>,
    arena: Vec<Buffer<'a>>,
}

#[derive(Serialize)]
struct StepFigures {
    name: &'static str,
    shape: String,
    macs: u64,
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    bytes: usize,
}

#[derive(Serialize)]
struct Buffer<'a> {
    name: &'a str,
    offset: usize,
    bytes: usize,
    first_step: usize,
    last_step: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(program: &'a Program, weights: &'static str) -> Self {
        let mut flash: Vec<Part<'_>> =
            program.parts.iter().map(|part| Part { name: &part.name, bytes: part.bytes }).collect();
        flash.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        flash.truncate(BIGGEST);
        let step = |(index, step): (usize, &Step)| StepFigures {
            name: step.name(),
            shape: describe(step, program.longest(index)),
            macs: program.step_macs(index),
        };
        let buffers = program.buffers.iter().map(|buffer| Buffer {
            name: &buffer.name,
            offset: 4 * buffer.offset,
            bytes: 4 * buffer.len,
            first_step: buffer.first,
            last_step: buffer.last,
        });
        Self {
            weights,
            ram_bytes: program.ram_bytes(),
            arena_bytes: 4 * program.arena_len,
            flash_bytes: program.flash_bytes(),
            token_tile: program.stages.iter().find_map(|stage| match stage {
                Stage::Tokens(stage) => Some(stage.tile),
                Stage::Once(_) | Stage::Queries(_) => None,
            }),
            query_tile: program.stages.iter().find_map(|stage| match stage {
                Stage::Queries(stage) => Some(stage.tile),
                Stage::Once(_) | Stage::Tokens(_) => None,
            }),
            layers: program.decisions.iter().map(Layer::new).collect(),
            steps: program.steps.iter().enumerate().map(step).collect(),
            flash,
            arena: buffers.collect(),
        }
    }

    pub(super) fn figures(&self) -> Vec<Vec<String>> {
        let tiles = [("tokens at a time", self.token_tile), ("queries at a time", self.query_tile)];
        let bytes = [
            figure("RAM, bytes", self.ram_bytes as u64),
            figure("of it without outputs", self.arena_bytes as u64),
            figure("flash, bytes", self.flash_bytes as u64),
        ];
        bytes.into_iter().chain(tiles.into_iter().filter_map(|(name, rows)| Some(figure(name, rows? as u64)))).collect()
    }

    pub(super) fn print(&self) {
        print_layers(&self.layers);
        let steps = self.steps.iter().enumerate();
        let steps =
            steps.map(|(index, step)| row([&format!("{index} {}", step.name), &step.shape, &grouped(step.macs)]));
        println!("\n{}", table(&headed(["step", "shape", "MACs"], steps)));
        let parts = self.flash.iter().map(|part| row([part.name, &grouped(part.bytes as u64)]));
        println!("\n{}", table(&headed(["biggest in flash", "bytes"], parts)));
        let buffers = self.arena.iter().map(|buffer| {
            let steps = format!("{} to {}", buffer.first_step, buffer.last_step);
            row([buffer.name, &grouped(buffer.offset as u64), &grouped(buffer.bytes as u64), &steps])
        });
        println!("\n{}", table(&headed(["in RAM", "offset", "bytes", "steps"], buffers)));
    }
}

/// A step's shape in a run of these lengths.
fn describe(step: &Step, lengths: Lengths) -> String {
    match *step {
        Step::Embed { rows, vocabulary, width, .. } => format!("{} × {width} of {vocabulary}", rows.at(lengths)),
        Step::Linear { rows, inputs, outputs, .. } => format!("{} × {inputs} → {outputs}", rows.at(lengths)),
        Step::Attention { queries, keys, heads, qk, v_width, .. }
        | Step::InvertedAttention { queries, keys, heads, qk, v_width, .. } => {
            format!("{} over {}, {heads} × ({qk}, {v_width})", queries.at(lengths), keys.at(lengths))
        }
        Step::Gather { shape: Gathering { queries, heads, qk, v_width, .. }, keys, .. } => {
            format!("{queries} over {}, {heads} × ({qk}, {v_width})", keys.at(lengths))
        }
        Step::Begin { shape, .. } | Step::Settle { shape, .. } => {
            format!("{}, {} × {}", shape.queries, shape.heads, shape.v_width)
        }
        Step::Normalize { rows, width, .. }
        | Step::Gate { rows, width, .. }
        | Step::Gru { rows, width, .. }
        | Step::Rotate { rows, width, .. }
        | Step::CopyRows { rows, width, .. }
        | Step::AddRows { rows, width, .. }
        | Step::MeanRows { rows, width, .. }
        | Step::HideRows { rows, width, .. }
        | Step::Transpose { rows, width, .. }
        | Step::Mix { rows, width, .. }
        | Step::Mixed { rows, width, .. }
        | Step::AffineRows { rows, width, .. } => format!("{} × {width}", rows.at(lengths)),
        Step::Fourier { shape: lengths, axes, bands, .. } => {
            format!("{}, {bands} bands", shape(&lengths[3 - axes.min(3)..]))
        }
        Step::Waves { ref line, rows, .. } => format!("{}, {} bands", rows.at(lengths), line.waves.len()),
        Step::Unfold { channels, kernel, rows, .. } => {
            format!("{} of {kernel} × {kernel} × {channels}", rows.at(lengths))
        }
        Step::MaxPool { channels, kernel, out_height, out_width, .. } => {
            format!("{out_height} × {out_width} of {kernel} × {kernel} × {channels}")
        }
    }
}
