//! Any model whose tokens may arrive one at a time, in any way that they may.

use super::script::{self, Act};
use super::{interpreted, interpreter, largest, scripts};
use crate::support::random_model::{Recipe, config, on_grids, recipes, sample};
use crate::support::tolerance;
use percio_codegen_core::program::Program;
use percio_codegen_core::{CompileOptions, compile};
use percio_hosttools::backend::{Backend, Outputs};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::{Sample, Value};
use proptest::prelude::*;

fn are_near(found: &Outputs, expected: &Outputs) -> bool {
    let distance = Distance::between(&[found.concat()], &[expected.concat()], 1);
    distance.max_abs <= tolerance::STREAM * f64::from(largest(&expected.concat()))
}

/// Whether tokens arrive, and all outputs follow from them.
fn streams(program: &Program) -> bool {
    program.stream().is_some() && !program.queries_need_input()
}

/// The tokens that the mask of `sample` keeps, each at its place; `None` where that says nothing.
fn kept(program: &Program, sample: &Sample) -> Option<Vec<Act>> {
    let stream = program.stream().filter(|stream| stream.constant.is_empty())?;
    let mask = sample.inputs.iter().find_map(|value| if let Value::Mask(mask) = value { Some(mask) } else { None })?;
    let mut acts = Vec::new();
    for (input, stage) in stream.tokens.iter().enumerate() {
        let tokens = script::arriving(program, stage, &sample.inputs[stage.input?]);
        let is_kept = |token: &usize| mask.get(stage.first + token).is_none_or(|&keep| keep);
        let places = (0..script::count(stage, &tokens)).filter(is_kept);
        acts.extend(places.map(|at| Act::PushAt(input, at as u32, script::part(stage, &tokens, at, at + 1))));
    }
    // Of no token at all, attention takes the mean of those that are hidden, or nothing: it depends on the model.
    (!acts.is_empty()).then_some(acts)
}

/// In whatever order and chunks tokens arrive, they are an inference.
fn arrive(recipe: &Recipe) -> Result<(), TestCaseError> {
    let program = compile(recipe.model(), &CompileOptions::default()).unwrap();
    if streams(&program) {
        let sample = Sample::noise(&program);
        let expected = interpreter(&program).infer(&sample).expect("a program that runs");
        for acts in scripts(&program, &sample) {
            prop_assert!(are_near(&interpreted(&program, &acts), &expected), "{acts:?}");
            let stored: Vec<Act> = acts.iter().flat_map(|act| [act.clone(), Act::Store]).collect();
            prop_assert_eq!(interpreted(&program, &stored), interpreted(&program, &acts), "stored and resumed");
        }
    }
    Ok(())
}

/// Tokens that are not pushed are those that a mask leaves out.
fn leave_out(recipe: &Recipe) -> Result<(), TestCaseError> {
    let program = compile(recipe.model(), &CompileOptions::default()).unwrap();
    let sample = sample(recipe, &program);
    if let Some(acts) = kept(&program, &sample).filter(|_| streams(&program)) {
        let expected = interpreter(&program).infer(&sample).expect("a program that runs");
        prop_assert!(are_near(&interpreted(&program, &acts), &expected), "{acts:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_order_and_any_chunks_are_an_inference(recipe in recipes()) {
        arrive(&recipe)?;
    }

    #[test]
    fn a_token_that_is_not_pushed_is_masked(recipe in recipes()) {
        leave_out(&recipe)?;
    }

    #[test]
    fn tokens_on_a_grid_arrive_in_any_order(recipe in on_grids()) {
        arrive(&recipe)?;
        leave_out(&recipe)?;
    }
}
