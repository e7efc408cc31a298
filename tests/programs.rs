//! What holds for the program of every model: its memory, its weights and its figures.

mod extent;

use crate::support::random_model::{Recipe, config, recipes};
use extent::Extent;
use percio_codegen_core::passes::Passes;
use percio_codegen_core::program::{Head, Lengths, Place, Program, Stage, Step, Target, WeightFormat, Weights};
use percio_codegen_core::{AfterLast, CompileOptions, Outputs, compile};
use percio_hosttools::sample::{Sample, Value};
use proptest::prelude::*;
use std::num::NonZeroUsize;
use std::ops::Range;

/// The program of `recipe` with all passes, and with none and small tiles.
fn programs(recipe: &Recipe) -> [Program; 2] {
    let plain = CompileOptions {
        passes: Passes::NONE,
        tile: NonZeroUsize::new(2),
        positions: Some(AfterLast::Unbounded),
        weights: WeightFormat::F16,
        outputs: Outputs::Decoded,
        adaptive: true,
        optimize: None,
    };
    [CompileOptions::default(), plain].map(|options| compile(recipe.model(), &options).unwrap())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn places_lie_in_their_buffers_and_apart(recipe in recipes()) {
        for program in programs(&recipe) {
            for (step, lengths) in runs(&program).into_iter().flat_map(|lengths| run(&program, lengths)) {
                for (index, place) in step.places().into_iter().enumerate() {
                    let buffer = &program.buffers[place.buffer];
                    prop_assert!(place.offset + place.len <= buffer.len, "{step:?} leaves {buffer:?}");
                    prop_assert!(buffer.offset + buffer.len <= program.arena_len);
                    let place = numbers(&program, place, lengths);
                    for other in step.places()[..index].iter().map(|other| numbers(&program, other, lengths)) {
                        let are_apart = place.end <= other.start || other.end <= place.start;
                        prop_assert!(are_apart, "{step:?} reads or writes a number twice");
                    }
                }
            }
        }
    }

    #[test]
    fn steps_stay_in_their_places_and_read_what_was_written_for_them(recipe in recipes()) {
        for (program, lengths) in programs(&recipe).iter().flat_map(|program| runs(program).into_iter().map(move |run| (program, run))) {
            // For each number of the arena the buffer that it was last written as.
            let mut written = vec![None; program.arena_len];
            for (step, lengths) in run(program, lengths) {
                for (extent, place) in extent::reads(step, lengths) {
                    let place_numbers = numbers(program, place, lengths);
                    prop_assert!(extent.end() <= place_numbers.len(), "{step:?} reads beyond its place");
                    for number in extent.numbers(place_numbers.start) {
                        prop_assert_eq!(written[number], Some(place.buffer), "{:?} reads number {}", step, number);
                    }
                }
                let extent = extent::written(step, lengths);
                if let Target::Arena(place) = step.target() {
                    let place_numbers = numbers(program, place, lengths);
                    prop_assert!(extent.end() <= place_numbers.len(), "{step:?} writes beyond its place");
                    extent.numbers(place_numbers.start).for_each(|number| written[number] = Some(place.buffer));
                }
            }
        }
    }

    #[test]
    fn every_row_of_every_output_is_written_once(recipe in recipes()) {
        for program in programs(&recipe) {
            let mut written: Vec<Vec<usize>> = program.outputs.iter().map(|output| vec![0; output.rows]).collect();
            for stage in &program.stages {
                match stage {
                    Stage::Once(steps) => {
                        for step in &program.steps[steps.clone()] {
                            let Target::Output(index) = step.target() else { continue };
                            let output = &program.outputs[*index];
                            let whole = Extent::rows(output.rows, output.width);
                            prop_assert_eq!(extent::written(step, stage.tile(program.largest_run())), whole);
                            written[*index].iter_mut().for_each(|count| *count += 1);
                        }
                    }
                    Stage::Tokens(_) => {}
                    Stage::Queries(queries) => {
                        let rows = stage.whole(program.largest_run()).tile;
                        for Head { output, first, .. } in &queries.heads {
                            let rows = queries.first - first..queries.first - first + rows;
                            written[*output][rows].iter_mut().for_each(|count| *count += 1);
                        }
                    }
                }
            }
            prop_assert!(written.iter().flatten().all(|&count| count == 1), "{written:?}");
        }
    }

    #[test]
    fn weights_lie_aligned_in_the_blob_and_are_as_many_as_their_step_reads(recipe in recipes()) {
        for program in programs(&recipe) {
            for (step, weights, wanted) in (0..program.steps.len()).flat_map(|index| weights(&program, index)) {
                prop_assert_eq!(weights.len, wanted, "{:?}", step);
                prop_assert_eq!(weights.offset % percio_format::ALIGN, 0, "{:?}", step);
                let bytes = weights.len * weights.format.bytes();
                prop_assert!(weights.offset + bytes <= program.blob.len(), "{step:?}");
                let is_part = program.parts.iter().any(|part| (part.offset, part.bytes) == (weights.offset, bytes));
                prop_assert!(is_part, "{step:?} reads weights that are no part of the blob");
            }
        }
    }

    #[test]
    fn figures_follow_from_the_model(recipe in recipes()) {
        let model = recipe.model();
        let [folded, plain] = programs(&recipe);
        prop_assert_eq!(plain.macs() - made_again(&plain), model.macs());
        prop_assert!(folded.macs() <= plain.macs());
        for program in [folded, plain] {
            let kept = program.outputs.iter().filter(|_| program.keeps_outputs);
            let outputs: usize = kept.map(|output| output.rows * output.width * 4).sum();
            let aligned = |bytes: usize| bytes.next_multiple_of(percio_format::ALIGN);
            let choices = if program.is_adaptive() { 8 } else { 0 };
            prop_assert_eq!(program.ram_bytes(), aligned(aligned(program.arena_len * 4) + outputs + choices));
            let waves = program.steps.iter().map(|step| if let Step::Waves { line, .. } = step { line.waves.len() } else { 0 });
            let parts = program.parts.iter().map(|part| aligned(part.bytes)).sum::<usize>();
            prop_assert_eq!(program.flash_bytes(), parts + 16 * waves.sum::<usize>());
        }
    }
}

/// Multiplications for tokens that are made again as queries.
fn made_again(program: &Program) -> u64 {
    let again = |stage: &&Stage| matches!(stage, Stage::Queries(queries) if queries.asked.raw.is_some());
    let of_stage = |stage: &Stage| {
        let whole = stage.whole(program.largest_run());
        let Stage::Queries(queries) = stage else { return 0 };
        queries.asked.steps.clone().map(|index| program.steps[index].macs(whole)).sum::<u64>()
    };
    program.stages.iter().filter(again).map(of_stage).sum()
}

/// The largest run; the shortest prefix and the longest of all tokens and of one; all tokens padding.
fn runs(program: &Program) -> Vec<Lengths> {
    let samples = [program.max_tokens, 1].into_iter().flat_map(|tokens| {
        [0, tokens].map(|prefix| {
            let mut sample = Sample::noise(program);
            for value in &mut sample.inputs {
                match value {
                    Value::Ids(ids) => ids.truncate(tokens),
                    Value::Mask(mask) => *mask = vec![false; tokens],
                    Value::Prefix(asked) => *asked = prefix,
                    Value::Numbers(_) | Value::Points(_) => {}
                }
            }
            sample.lengths(program)
        })
    });
    std::iter::once(program.largest_run()).chain(samples).collect()
}

/// The steps in the order of a run whose stages all have two full tiles: of tokens, one that lies in the input and one that
/// has arrived.
fn run(program: &Program, lengths: Lengths) -> impl Iterator<Item = (&Step, Lengths)> {
    program.stages.iter().flat_map(move |stage| {
        let steps: Vec<Range<usize>> = match stage {
            Stage::Once(steps) => vec![steps.clone()],
            Stage::Tokens(stage) => {
                [&stage.tokens, &stage.gather, &stage.arriving, &stage.gather].map(Range::clone).to_vec()
            }
            Stage::Queries(_) => [stage.steps(), stage.steps()].concat(),
        };
        let lengths = stage.tile(lengths);
        steps.into_iter().flatten().map(move |index| (&program.steps[index], lengths))
    })
}

/// The numbers of the arena that a place covers.
fn numbers(program: &Program, place: &Place, lengths: Lengths) -> Range<usize> {
    let (offset, numbers) = (program.buffers[place.buffer].offset, place.numbers(lengths));
    offset + numbers.start..offset + numbers.end
}

/// The weights of a step that it has, each with the numbers that its shape asks for.
fn weights(program: &Program, index: usize) -> Vec<(&Step, Weights, usize)> {
    let step = &program.steps[index];
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
    // Some are read only for tokens that are padding, some only for those that are not.
    let longest = program.longest(index);
    let [none, all] = [0, longest.tokens]
        .map(|padding| extent::constants(step, Lengths { padding, ..longest }, table_rows(program, index)));
    weights.extend(none.into_iter().zip(all).map(|((weights, none), (_, all))| (weights, none.max(all))));
    let is_there = |&(weights, _): &(Weights, usize)| weights != Weights::NONE;
    weights.into_iter().filter(is_there).map(|(weights, wanted)| (step, weights, wanted)).collect()
}

/// The rows of tables that the step reads in all tiles together.
fn table_rows(program: &Program, index: usize) -> usize {
    let stages = program.stages.iter().filter(|stage| stage.sections().iter().any(|steps| steps.contains(&index)));
    let ends = stages.map(|stage| {
        let first = match stage {
            Stage::Queries(queries) if queries.asked.steps.contains(&index) => queries.first - queries.asked.first,
            Stage::Queries(queries) => queries.first,
            Stage::Once(_) | Stage::Tokens(_) => 0,
        };
        first + stage.whole(program.largest_run()).tile
    });
    ends.max().unwrap_or(0)
}
