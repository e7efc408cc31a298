//! Generated code of random models, built as the tools build it: the same numbers as the interpreter, bit for bit.

use super::bits;
use crate::support::random_model::{Recipe, recipes, runner, sample};
use percio_codegen_core::program::{Count, Program, Step};
use percio_codegen_core::{CompileOptions, compile};
use percio_hosttools::backend::{Backend, Generated, Interpreter};
use percio_hosttools::sample::Sample;
use proptest::strategy::{Strategy, ValueTree};
use std::collections::BTreeSet;
use std::path::Path;

/// Models among which to look for those that have every kind of step between them.
const CANDIDATES: usize = 300;

/// A few models that have every kind of step between them: building each takes seconds.
fn models() -> Vec<(Recipe, Program)> {
    let (mut runner, recipes) = (runner(), recipes());
    let mut candidates: Vec<(Recipe, Program)> = Vec::new();
    for _ in 0..CANDIDATES {
        let recipe = recipes.new_tree(&mut runner).expect("recipes have no filter").current();
        let program = compile(recipe.model(), &CompileOptions::default()).unwrap();
        candidates.push((recipe, program));
    }
    let mut missing: BTreeSet<&str> = candidates.iter().flat_map(|(_, program)| kinds(program)).collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let gain = |index: &usize| kinds(&candidates[*index].1).intersection(&missing).count();
        let best = (0..candidates.len()).max_by_key(gain).expect("there are candidates");
        let found = candidates.swap_remove(best);
        missing.retain(|kind| !kinds(&found.1).contains(kind));
        chosen.push(found);
    }
    chosen
}

/// The kinds of a program's steps: their functions, what they do only sometimes, which lengths of the run they depend on.
fn kinds(program: &Program) -> BTreeSet<&'static str> {
    let mut kinds = BTreeSet::new();
    for step in &program.steps {
        kinds.insert(step.name());
        let flags = match *step {
            Step::Attention { causal, zero_empty, mask, .. } => {
                vec![(causal, "causal"), (zero_empty, "zero empty"), (mask.is_some(), "masked")]
            }
            Step::InvertedAttention { causal, mask, .. } => {
                vec![(causal, "causally inverted"), (mask.is_some(), "inverted and masked")]
            }
            Step::HideRows { rows, .. } => vec![(rows == Count::TILE, "hides rows of a tile")],
            Step::Normalize { centred, .. } => vec![(!centred, "root mean square")],
            Step::Gate { second, .. } => vec![(second, "second half")],
            Step::Rotate { first, skipped, from_end, .. } => vec![
                (first.prefix > 0, "starts after the prefix"),
                (skipped.padding > 0, "skips padding"),
                (from_end, "from the end"),
            ],
            _ => vec![],
        };
        let skips = step.places().into_iter().flat_map(|place| {
            [(place.skip.tokens > 0, "after the tokens"), (place.skip.prefix > 0, "after the prefix")]
        });
        kinds.extend(flags.into_iter().chain(skips).filter_map(|(is, kind)| is.then_some(kind)));
    }
    kinds
}

#[test]
fn random_models_agree_bit_for_bit() {
    for (recipe, program) in models() {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut generated = Generated::build_in(&program, cache).unwrap_or_else(|error| panic!("{recipe:?}: {error}"));
        let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{recipe:?}: {error}"));
        for sample in [Sample::noise(&program), sample(&recipe, &program)] {
            let [expected, found] = [interpreter.infer(&sample), generated.infer(&sample)]
                .map(|outputs| bits(&outputs.unwrap_or_else(|error| panic!("{recipe:?}: {error}"))));
            assert_eq!(found, expected, "{recipe:?}");
        }
    }
}
