//! Model to [`Program`]: lowering to steps, packing of weights, liveness and placement in the arena.

mod ask;
mod attention;
mod blob;
mod block;
mod builder;
mod choose;
mod cost;
mod decode;
mod encode;
mod gather;
mod generate;
mod grid;
mod history;
mod inputs;
mod mark;
mod options;
mod place;
mod ring;
mod tile;
mod tokens;

pub use options::{AfterLast, CompileOptions, Optimize, Outputs, impossible};
pub use place::place;

use crate::Problems;
use crate::model::{Model, Queries};
use crate::passes;
use crate::program::{Count, Input, Output, Program, WeightFormat};
use blob::Blob;
use builder::Builder;
use tile::Tiles;

/// Compiles `model`. What of `options` is [`impossible`] is not followed. The weights are read from where the model was loaded
/// from, a tensor at a time.
///
/// # Errors
/// Files of weights that can no longer be read.
pub fn compile(mut model: Model, options: &CompileOptions) -> Result<Program, Problems> {
    passes::run(&mut model, options.passes)?;
    match options.optimize {
        Some(goal @ (Optimize::Ram | Optimize::Flash)) => best(model, options, goal),
        goal => plan(model, options, goal),
    }
}

/// The cheaper of two programs of the folded `model`. What is best for each layer alone need not be for all: the arena is as
/// large as its busiest step, and weights are shared.
fn best(model: Model, options: &CompileOptions, goal: Optimize) -> Result<Program, Problems> {
    let all = plan(model.clone(), options, Some(goal))?;
    let fewest = plan(model, options, None)?;
    let cost = |program: &Program| match goal {
        Optimize::Flash => (program.flash_bytes(), program.macs()),
        Optimize::Ram | Optimize::Speed => (program.ram_bytes(), program.macs()),
    };
    Ok(if cost(&fewest) < cost(&all) { fewest } else { all })
}

/// The program of the folded `model`, each of its layers as `optimize` says.
fn plan(mut model: Model, options: &CompileOptions, optimize: Option<Optimize>) -> Result<Program, Problems> {
    let (choices, decisions) = choose::choose(&model, options, optimize);
    passes::arrange(&mut model, &choices)?;
    let tiles = match options.tile {
        Some(rows) => Tiles { tokens: rows.get(), queries: rows.get() },
        None => tile::choose(&model, options),
    };
    let (mut builder, program) = lower(&model, tiles, options, Blob::new(options.weights));
    let generation = generate::lower(&model, options, &mut builder.blob, &program).map(Box::new);
    let (program, layout) = builder.finish(Program { generation, ..program });
    drop(model);
    Ok(Program { blob: layout.write()?, decisions, ..program })
}

/// Numbers in the arena of the program of `model`.
fn arena_len(model: &Model, tiles: Tiles, options: &CompileOptions) -> usize {
    let (builder, program) = lower(model, tiles, options, Blob::draft(options.weights));
    builder.finish(program).0.arena_len
}

/// The program of `model`, and its steps in the making.
fn lower(model: &Model, tiles: Tiles, options: &CompileOptions, blob: Blob) -> (Builder, Program) {
    let mut builder = Builder::new(model, tiles, options, blob);
    let encoded = encode::lower(&mut builder, model);
    decode::lower(&mut builder, model, encoded);
    let outputs = outputs(&builder, model);
    let (keeps_outputs, layers) = (builder.keeps_outputs, std::mem::take(&mut builder.layers));
    let max_latents = if builder.latent_count == Count::LATENTS { model.latents.shape()[0] } else { 0 };
    let program = Program {
        inputs: inputs::list(model),
        ignored_inputs: inputs::ignored(model),
        outputs,
        keeps_outputs,
        fixed_kernels: options.optimize != Some(Optimize::Flash),
        max_latents,
        layers,
        no_stream: gather::no_stream(model),
        max_tokens: model.tokens(),
        sequence: inputs::sequence(model),
        name: model.name.clone(),
        summary: model.summary.clone(),
        provenance: model.provenance.clone(),
        parameters: model.parameters,
        buffers: Vec::new(),
        arena_len: 0,
        steps: Vec::new(),
        stages: Vec::new(),
        marks: Vec::new(),
        blob: Vec::new(),
        parts: Vec::new(),
        decisions: Vec::new(),
        generation: Err(String::new()),
    };
    (builder, program)
}

/// What a model reads and what it computes, as its program would.
#[must_use]
pub fn ports(model: &Model) -> (Vec<Input>, Vec<Output>) {
    let tiles = Tiles { tokens: 1, queries: 1 };
    let builder = Builder::new(model, tiles, &CompileOptions::default(), Blob::draft(WeightFormat::F32));
    (inputs::list(model), outputs(&builder, model))
}

/// Whether only one block reads the tokens, so that it may normalise them in place.
fn tokens_are_read_once(model: &Model) -> bool {
    let are_queries = model.decoder.as_ref().is_some_and(|decoder| matches!(decoder.queries, Queries::Tokens));
    !are_queries && model.schedule.iter().filter(|&&block| model.blocks[block].reads.context()).count() == 1
}

fn outputs(builder: &Builder, model: &Model) -> Vec<Output> {
    let [_, width] = model.output_rows();
    let output = |output: &crate::model::Output| Output {
        name: output.name.clone(),
        rows: output.most(),
        count: if output.mean { Count::fixed(1) } else { decode::extent_count(builder, output) },
        width: output.linear.as_ref().map_or(width, |linear| linear.weight.rows()),
        axes: output.shape.clone(),
        labels: output.labels.clone(),
    };
    model.outputs.iter().map(output).collect()
}
