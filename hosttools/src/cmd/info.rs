//! `percio info`: what a model needs and what it is made of.

use super::print_json;
use crate::cli::Verdict;
use crate::options::{Format, ModelArgs};
use crate::table::{grouped, shape, table};
use anyhow::Result;
use percio_codegen_core::program::{Gathering, InputKind, Lengths, Program, Step};
use serde::Serialize;

/// Parts of the flash that are shown.
const BIGGEST: usize = 10;

/// Shapes, parameters, MACs, flash and RAM of a model
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    summary: &'a str,
    weights: &'static str,
    provenance: Provenance<'a>,
    parameters: u64,
    macs: u64,
    ram_bytes: usize,
    flash_bytes: usize,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
    steps: Vec<StepFigures>,
    flash: Vec<Part<'a>>,
    arena: Vec<Buffer<'a>>,
}

#[derive(Serialize)]
struct Provenance<'a> {
    implementation: &'a str,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Port<'a> {
    name: &'a str,
    shape: Vec<usize>,
    kind: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    labels: &'a [String],
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

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let program = self.model.program()?;
        let report = Report::new(&program, self.model.weights.name());
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl<'a> Report<'a> {
    fn new(program: &'a Program, weights: &'static str) -> Self {
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
            name: &program.name,
            summary: &program.summary,
            weights,
            provenance: Provenance {
                implementation: &program.provenance.implementation,
                remarks: &program.provenance.remarks,
            },
            parameters: program.parameters,
            macs: program.macs(),
            ram_bytes: program.ram_bytes(),
            flash_bytes: program.flash_bytes(),
            inputs: inputs(program),
            outputs: outputs(program),
            steps: program.steps.iter().enumerate().map(step).collect(),
            flash,
            arena: buffers.collect(),
        }
    }

    fn print(&self) {
        println!("{}: {}", self.name, self.provenance.implementation);
        let remarks = self.provenance.remarks.iter().map(String::as_str);
        [self.summary].into_iter().chain(remarks).filter(|text| !text.is_empty()).for_each(|text| println!("  {text}"));
        let figure = |name: &str, number: u64| vec![name.to_owned(), grouped(number)];
        let figures = [
            figure("parameters", self.parameters),
            figure("multiply-accumulates", self.macs),
            figure("RAM, bytes", self.ram_bytes as u64),
            figure("flash, bytes", self.flash_bytes as u64),
        ];
        println!("\n{}", table(&figures));
        let ports = |what: &str, ports: &[Port<'_>]| {
            let rows = ports.iter().map(|port| row([port.name, &shape(&port.shape), port.kind]));
            println!("\n{}", table(&headed([what, "shape", "kind"], rows)));
        };
        ports("input", &self.inputs);
        ports("output", &self.outputs);
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

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn headed<const N: usize>(header: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    std::iter::once(row(header)).chain(rows).collect()
}

fn inputs(program: &Program) -> Vec<Port<'_>> {
    let port = |input: &'_ percio_codegen_core::program::Input| match &input.kind {
        InputKind::Numbers { shape } => (shape.clone(), "numbers"),
        InputKind::Ids { max, .. } => (vec![*max], "ids"),
        InputKind::Mask { max, .. } => (vec![*max], "mask"),
        InputKind::Points { count, .. } => (vec![*count], "points"),
        InputKind::Prefix { .. } => (vec![], "count"),
    };
    let ports = program.inputs.iter().map(|input| (input, port(input)));
    ports.map(|(input, (shape, kind))| Port { name: &input.name, shape, kind, labels: &[] }).collect()
}

fn outputs(program: &Program) -> Vec<Port<'_>> {
    let outputs = program.outputs.iter();
    outputs
        .map(|output| Port { name: &output.name, shape: output.shape(), kind: "numbers", labels: &output.labels })
        .collect()
}

/// A step's shape in a run of these lengths.
fn describe(step: &Step, lengths: Lengths) -> String {
    match *step {
        Step::Embed { rows, vocabulary, width, .. } => format!("{} × {width} of {vocabulary}", rows.at(lengths)),
        Step::Linear { rows, inputs, outputs, .. } => format!("{} × {inputs} → {outputs}", rows.at(lengths)),
        Step::Attention { queries, keys, heads, qk, v_width, .. } => {
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
        | Step::AffineRows { rows, width, .. } => format!("{} × {width}", rows.at(lengths)),
        Step::Fourier { shape: lengths, axes, bands, .. } => {
            format!("{}, {bands} bands", shape(&lengths[3 - axes.min(3)..]))
        }
        Step::Unfold { channels, kernel, rows, .. } => {
            format!("{} of {kernel} × {kernel} × {channels}", rows.at(lengths))
        }
        Step::MaxPool { channels, kernel, out_height, out_width, .. } => {
            format!("{out_height} × {out_width} of {kernel} × {kernel} × {channels}")
        }
    }
}
