//! What holds for the program of every model: its memory, its weights and its figures.

mod extent;

use crate::support::random_model::{Recipe, config, recipes};
use extent::Extent;
use percio_codegen_core::model::{Block, Input, Model, Reads, Residual};
use percio_codegen_core::passes::Passes;
use percio_codegen_core::program::{Lengths, Place, Program, Step, Target, Weights};
use percio_codegen_core::{CompileOptions, compile};
use proptest::prelude::*;
use std::ops::Range;

/// The program of `recipe` with all passes, and with none.
fn programs(recipe: &Recipe) -> [Program; 2] {
    [Passes::default(), Passes::NONE].map(|passes| compile(recipe.model(), &CompileOptions { passes }))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn places_lie_in_their_buffers_and_apart(recipe in recipes()) {
        for program in programs(&recipe) {
            for step in &program.steps {
                for (index, place) in step.places().into_iter().enumerate() {
                    let buffer = &program.buffers[place.buffer];
                    prop_assert!(place.offset + place.len <= buffer.len, "{step:?} leaves {buffer:?}");
                    prop_assert!(buffer.offset + buffer.len <= program.arena_len);
                    for lengths in runs(&program) {
                        let place = numbers(&program, place, lengths);
                        for other in step.places()[..index].iter().map(|other| numbers(&program, other, lengths)) {
                            let are_apart = place.end <= other.start || other.end <= place.start;
                            prop_assert!(are_apart, "{step:?} reads or writes a number twice");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn steps_stay_in_their_places_and_read_what_was_written_for_them(recipe in recipes()) {
        for (program, lengths) in programs(&recipe).iter().flat_map(|program| runs(program).map(move |run| (program, run))) {
            // For each number of the arena the buffer that it was last written as.
            let mut written = vec![None; program.arena_len];
            for step in &program.steps {
                for (extent, place) in extent::reads(step, lengths) {
                    let place_numbers = numbers(program, place, lengths);
                    prop_assert!(extent.end() <= place_numbers.len(), "{step:?} reads beyond its place");
                    for number in extent.numbers(place_numbers.start) {
                        prop_assert_eq!(written[number], Some(place.buffer), "{:?} reads number {}", step, number);
                    }
                }
                let extent = extent::written(step, lengths);
                match step.target() {
                    Target::Arena(place) => {
                        let place_numbers = numbers(program, place, lengths);
                        prop_assert!(extent.end() <= place_numbers.len(), "{step:?} writes beyond its place");
                        extent.numbers(place_numbers.start).for_each(|number| written[number] = Some(place.buffer));
                    }
                    Target::Output(index) => {
                        let output = &program.outputs[*index];
                        prop_assert_eq!(extent, Extent::rows(output.rows, output.width));
                    }
                }
            }
            let outputs = program.steps.iter().filter(|step| matches!(step.target(), Target::Output(_))).count();
            prop_assert_eq!(outputs, program.outputs.len(), "every output is written once");
        }
    }

    #[test]
    fn weights_lie_aligned_in_the_blob_and_are_as_many_as_their_step_reads(recipe in recipes()) {
        for program in programs(&recipe) {
            for (step, weights, wanted) in program.steps.iter().flat_map(|step| weights(step, program.longest())) {
                prop_assert_eq!(weights.len, wanted, "{:?}", step);
                prop_assert_eq!(weights.offset % percio_format::ALIGN, 0, "{:?}", step);
                prop_assert!(weights.offset + weights.len * 4 <= program.blob.len(), "{step:?}");
                let is_part = program.parts.iter().any(|part| part.offset == weights.offset && part.bytes == weights.len * 4);
                prop_assert!(is_part, "{step:?} reads weights that are no part of the blob");
            }
        }
    }

    #[test]
    fn figures_follow_from_the_model(recipe in recipes()) {
        let model = recipe.model();
        let [folded, plain] = programs(&recipe);
        prop_assert_eq!(plain.macs(), macs(&model));
        prop_assert!(folded.macs() <= plain.macs());
        for program in [folded, plain] {
            let outputs: usize = program.outputs.iter().map(|output| output.rows * output.width * 4).sum();
            let aligned = |bytes: usize| bytes.next_multiple_of(percio_format::ALIGN);
            prop_assert_eq!(program.ram_bytes(), aligned(aligned(program.arena_len * 4) + outputs));
            prop_assert_eq!(program.flash_bytes(), program.parts.iter().map(|part| aligned(part.bytes)).sum::<usize>());
        }
    }
}

/// The longest run and the shortest.
fn runs(program: &Program) -> [Lengths; 2] {
    let longest = program.longest();
    [longest, if program.has_variable_length() { Lengths { tokens: 1 } } else { longest }]
}

/// The numbers of the arena that a place covers.
fn numbers(program: &Program, place: &Place, lengths: Lengths) -> Range<usize> {
    let (offset, numbers) = (program.buffers[place.buffer].offset, place.numbers(lengths));
    offset + numbers.start..offset + numbers.end
}

/// The weights of a step that it has, each with the numbers that its shape asks for.
fn weights(step: &Step, lengths: Lengths) -> Vec<(&Step, Weights, usize)> {
    let mut weights = match *step {
        Step::Embed { table, vocabulary, width, .. } => vec![(table, vocabulary * width)],
        Step::Linear { weight, bias, inputs, outputs, .. } => {
            vec![(weight, percio_format::packed_len(outputs, inputs)), (bias, outputs)]
        }
        Step::Normalize { gain, offset, width, .. } | Step::AffineRows { gain, offset, width, .. } => {
            vec![(gain, width), (offset, width)]
        }
        Step::Fourier { tables, shape, axes, bands, .. } => {
            let positions: usize = shape[3 - axes..].iter().sum();
            vec![(tables, positions * (2 * bands + 1))]
        }
        _ => Vec::new(),
    };
    weights.extend(extent::constants(step, lengths));
    let is_there = |&(weights, _): &(Weights, usize)| weights != Weights::NONE;
    weights.into_iter().filter(is_there).map(|(weights, wanted)| (step, weights, wanted)).collect()
}

/// Multiply-accumulate operations of a model as its checkpoint says it: those of its linear layers and attentions.
fn macs(model: &Model) -> u64 {
    let tokens = model.tokens();
    let width = model.inputs.iter().map(Input::full_width).max().unwrap_or(0);
    let [latents, latent_width] = model.latents.shape();
    let projected = model.inputs.iter().map(|input| {
        let before_pool: usize = input.stem.grid().iter().product();
        input.project.as_ref().map_or(0, |linear| before_pool * linear.weight.len())
    });
    let encoder =
        model.schedule.iter().map(|&index| block_macs(&model.blocks[index], (latents, latent_width), (tokens, width)));
    let [queries, query_width] = model.output_rows();
    let decoder = model
        .decoder
        .as_ref()
        .map_or(0, |decoder| block_macs(&decoder.block, (queries, query_width), (latents, latent_width)));
    let heads = model
        .outputs
        .iter()
        .map(|output| output.linear.as_ref().map_or(0, |linear| output.rows.most() * linear.weight.len()));
    (projected.sum::<usize>() + encoder.sum::<usize>() + decoder + heads.sum::<usize>()) as u64
}

/// Those of one block, for `(rows, width)` of its own rows and of the others.
fn block_macs(block: &Block, (rows, width): (usize, usize), (others, context): (usize, usize)) -> usize {
    let (qk, v) = (block.attention.qk, block.attention.v);
    let (from_itself, from_others) = match block.reads {
        Reads::Itself => (rows, 0),
        Reads::Context => (0, others),
        Reads::ContextThenItself => (rows, others),
        Reads::PrefixThenItself => (rows, others - rows),
    };
    let keys = from_itself + from_others;
    let projections = rows * width * (qk + v) + (from_itself * width + from_others * context) * (qk + v);
    let mlp = block.mlp.as_ref().map_or(0, |mlp| mlp.up.weight.len() + mlp.down.weight.len());
    let gates = match &block.attention.residual {
        Residual::Gru(cell) => cell.input.weight.len() + cell.hidden.weight.len(),
        Residual::None | Residual::Add => 0,
    };
    projections + rows * keys * (qk + v) + rows * (mlp + gates)
}
