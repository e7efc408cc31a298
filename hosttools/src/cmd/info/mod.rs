//! `percio info`: what a model needs and what it is made of. Without weights, what its configuration says about it.

mod arena;
mod fits;
mod layers;
mod plan;
mod savings;

use super::print_json;
use crate::cli::Verdict;
use crate::options::{Format, ModelArgs};
use crate::table::{grouped, shape, table};
use anyhow::Result;
use percio_codegen_core::model::Model;
use percio_codegen_core::plan::ports;
use percio_codegen_core::program::{Input, InputKind, Output, Program};
use percio_codegen_core::scheme::has_weights;
use plan::Plan;
use savings::Savings;
use serde::Serialize;

/// Shapes, parameters, MACs, flash and RAM of a model; without weights, what config.json alone says
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// Says what each fold saves also of a model of more than ten million parameters, by compiling it twelve times
    #[arg(long)]
    savings: bool,
}

/// Parameters of a model that is compiled without being asked to find out what folds save.
const MANY: u64 = 10_000_000;

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    described: Described,
    /// Of the plan; without one, as the source computes it.
    macs: u64,
    #[serde(flatten)]
    plan: Option<Plan<'a>>,
    #[serde(flatten)]
    savings: Option<Savings>,
}

/// What a configuration says.
#[derive(Serialize)]
struct Described {
    name: String,
    summary: String,
    provenance: Provenance,
    parameters: u64,
    /// As the source computes it, before any rewrite.
    macs_as_written: u64,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

#[derive(Serialize)]
struct Provenance {
    implementation: String,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct Port {
    name: String,
    shape: Vec<usize>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let model = if has_weights(&self.model.model) { self.model.model()? } else { self.model.outline()? };
        let described = Described::new(&model);
        let is_planned = has_weights(&self.model.model);
        // What folds save needs the model again; a large one is not kept beside its program.
        let kept = (is_planned && (self.savings || model.parameters <= MANY)).then(|| model.clone());
        let program = is_planned.then(|| self.model.compile(model)).transpose()?;
        let savings = kept.as_ref().zip(program.as_ref());
        let savings = savings.map(|(model, program)| Savings::of(&self.model, model, program)).transpose()?;
        let plan = program.as_ref().map(|program| Plan::new(program, self.model.weights.name()));
        let macs = program.as_ref().map_or(described.macs_as_written, Program::macs);
        let report = Report { described, macs, plan, savings };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl Described {
    fn new(model: &Model) -> Self {
        let (inputs, outputs) = ports(model);
        Self {
            name: model.name.clone(),
            summary: model.summary.clone(),
            provenance: Provenance {
                implementation: model.provenance.implementation.clone(),
                remarks: model.provenance.remarks.clone(),
            },
            parameters: model.parameters,
            macs_as_written: model.macs(),
            inputs: inputs.into_iter().map(Port::from).collect(),
            outputs: outputs.into_iter().map(Port::from).collect(),
        }
    }
}

impl From<Input> for Port {
    fn from(Input { name, kind }: Input) -> Self {
        let (shape, kind) = match kind {
            InputKind::Numbers { shape } => (shape, "numbers"),
            InputKind::Ids { max, .. } => (vec![max], "ids"),
            InputKind::Mask { max, .. } => (vec![max], "mask"),
            InputKind::Points { count, .. } => (vec![count], "points"),
            InputKind::Prefix { .. } => (vec![], "count"),
        };
        Self { name, shape, kind, labels: Vec::new() }
    }
}

impl From<Output> for Port {
    fn from(output: Output) -> Self {
        Self { shape: output.shape(), name: output.name, kind: "numbers", labels: output.labels }
    }
}

impl Report<'_> {
    fn print(&self) {
        let Described { name, summary, provenance, .. } = &self.described;
        println!("{name}: {}", provenance.implementation);
        let remarks = provenance.remarks.iter();
        [summary].into_iter().chain(remarks).filter(|text| !text.is_empty()).for_each(|text| println!("  {text}"));
        println!("\n{}", table(&self.figures()));
        let ports = |what: &str, ports: &[Port]| {
            let rows = ports.iter().map(|port| row([&port.name, &shape(&port.shape), port.kind]));
            println!("\n{}", table(&headed([what, "shape", "kind"], rows)));
        };
        ports("input", &self.described.inputs);
        ports("output", &self.described.outputs);
        match &self.plan {
            Some(plan) => {
                plan.print();
                match &self.savings {
                    Some(savings) => savings.print(),
                    None => println!("\n  --savings says what each fold saves"),
                }
            }
            None => println!("\nThere are no weights here, so nothing is planned: this is what config.json says."),
        }
    }

    fn figures(&self) -> Vec<Vec<String>> {
        let Described { parameters, macs_as_written, .. } = self.described;
        let mut figures =
            vec![figure("parameters", parameters), figure("multiply-accumulates as written", macs_as_written)];
        if let Some(plan) = &self.plan {
            figures.push(figure("multiply-accumulates", self.macs));
            figures.extend(plan.figures());
        }
        figures
    }
}

fn figure(name: &str, number: u64) -> Vec<String> {
    vec![name.to_owned(), grouped(number)]
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn headed<const N: usize>(header: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    std::iter::once(row(header)).chain(rows).collect()
}
