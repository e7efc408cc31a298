//! What becomes of tokens after the last position.

use super::script::{self, Act};
use super::{interpreted, interpreter, largest};
use crate::support::fixtures;
use crate::support::random_model::{config, recipes, sample};
use crate::support::tolerance;
use percio_codegen_core::program::{Program, Step};
use percio_codegen_core::{AfterLast, CompileOptions, LoadOptions, compile, impossible};
use percio_hosttools::backend::Backend;
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::Sample;
use proptest::prelude::*;

fn options(positions: AfterLast) -> CompileOptions {
    CompileOptions { positions: Some(positions), ..CompileOptions::default() }
}

fn fixture(name: &str, positions: AfterLast) -> Program {
    let model = fixtures::model(name, &LoadOptions::default());
    let problems = impossible(&model, &options(positions));
    assert!(problems.is_empty(), "{name}: {problems:?}");
    compile(model, &options(positions)).unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn computed_positions_are_those_of_the_table(recipe in recipes()) {
        let model = recipe.model();
        if impossible(&model, &options(AfterLast::Unbounded)).is_empty() {
            let [table, line] = [AfterLast::Stop, AfterLast::Unbounded].map(|after| compile(recipe.model(), &options(after)).unwrap());
            let computes = line.steps.iter().any(|step| matches!(step, Step::Waves { .. }));
            prop_assert!(computes, "no position is computed");
            let input = sample(&recipe, &table);
            let expected = interpreter(&table).infer(&input).expect("a program that runs");
            let found = interpreter(&line).infer(&input).expect("a program that runs");
            let distance = Distance::between(&found, &expected, 1);
            prop_assert!(distance.is_within(tolerance::LINE), "{distance:?}");
        }
    }

    #[test]
    fn what_is_impossible_is_said(recipe in recipes()) {
        let model = recipe.model();
        for after in AfterLast::ALL {
            let problems = impossible(&model, &options(after));
            let program = compile(recipe.model(), &options(after)).unwrap();
            prop_assert!(problems.is_empty() <= program.stream().is_some(), "{problems:?}");
        }
    }
}

/// All tokens twice: where positions wrap, each token counts twice, which changes nothing; where they stop, the second
/// time is not read.
#[test]
fn tokens_after_the_last_position_wrap_or_are_not_read() {
    for name in ["hf-image-learned", "hf-image-fourier", "native-grid"] {
        for after in [AfterLast::Stop, AfterLast::Wrap] {
            let program = fixture(name, after);
            let sample = Sample::noise(&program);
            let once = script::in_order(&program, &sample, &[3]);
            let twice: Vec<Act> = once.iter().chain(&once).cloned().collect();
            let [once, twice] = [once, twice].map(|acts| interpreted(&program, &acts).concat());
            let distance = Distance::between(&[twice], std::slice::from_ref(&once), 1);
            assert!(
                distance.max_abs <= tolerance::STREAM * f64::from(largest(&once)),
                "{name}, {after:?}: {distance:?}"
            );
        }
    }
}
