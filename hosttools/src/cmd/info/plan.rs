//! What the planner made of a model.

use super::arena::{letters, picture};
use super::fits::{self, Board};
use super::layers::{Layer, print_layers};
use super::{figure, headed, row};
use crate::stages::flash_by_stage;
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
    flash_by_layer: Vec<Layered>,
    arena: Vec<Buffer<'a>>,
    boards: Vec<Board>,
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

/// What a layer of the model has in flash.
#[derive(Serialize)]
struct Layered {
    name: String,
    bytes: usize,
}

#[derive(Serialize)]
pub(super) struct Buffer<'a> {
    pub(super) name: &'a str,
    pub(super) offset: usize,
    pub(super) bytes: usize,
    pub(super) first_step: usize,
    pub(super) last_step: usize,
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
            flash_by_layer: flash_by_stage(program).into_iter().map(|(name, bytes)| Layered { name, bytes }).collect(),
            arena: buffers.collect(),
            boards: Board::all(program),
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
        self.print_flash();
        self.print_arena();
        fits::print(&self.boards, self.flash_bytes, self.ram_bytes);
    }

    fn print_flash(&self) {
        let share = |bytes: usize| format!("{:.1} %", 100.0 * bytes as f64 / self.flash_bytes.max(1) as f64);
        let layers =
            self.flash_by_layer.iter().map(|part| row([&part.name, &grouped(part.bytes as u64), &share(part.bytes)]));
        println!("\n{}", table(&headed(["in flash", "bytes", "share"], layers)));
        let parts = self.flash.iter().map(|part| row([part.name, &grouped(part.bytes as u64), &share(part.bytes)]));
        println!("\n{}", table(&headed(["biggest in flash", "bytes", "share"], parts)));
    }

    fn print_arena(&self) {
        let letters = letters(&self.arena);
        let buffers = self.arena.iter().zip(&letters).map(|(buffer, letter)| {
            let steps = format!("{} to {}", buffer.first_step, buffer.last_step);
            let [offset, bytes] = [buffer.offset, buffer.bytes].map(|bytes| grouped(bytes as u64));
            row([&format!("{letter} {}", buffer.name), &offset, &bytes, &steps])
        });
        println!("\n{}", table(&headed(["in RAM", "offset", "bytes", "steps"], buffers)));
        println!("\n  bytes of the arena from below, steps of a run from the left");
        let lines = picture(&self.arena, &letters, self.arena_bytes, self.steps.len());
        lines.iter().for_each(|line| println!("{line}"));
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
        Step::GatherGrid { shape: Gathering { queries, heads, .. }, width, ref grid, axes, keys, .. } => {
            format!("{queries} over {}, {heads} × ({width}, {})", keys.at(lengths), shape(&grid[3 - axes.min(3)..]))
        }
        Step::Begin { shape, .. } | Step::Settle { shape, .. } => {
            format!("{}, {} × {}", shape.queries, shape.heads, shape.v_width)
        }
        Step::Normalize { rows, width, .. }
        | Step::Gate { rows, width, .. }
        | Step::Gru { rows, width, .. }
        | Step::Rotate { rows, width, .. }
        | Step::Turn { rows, width, .. }
        | Step::CopyRows { rows, width, .. }
        | Step::AddRows { rows, width, .. }
        | Step::MeanRows { rows, width, .. }
        | Step::HideRows { rows, width, .. }
        | Step::Columns { rows, width, .. }
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
