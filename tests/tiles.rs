//! However many tokens and queries go through at a time, a model computes the same.

use crate::support::isa::on_every_isa;
use crate::support::random_model::{config, recipes, sample};
use crate::support::tolerance;
use percio_codegen_core::{CompileOptions, compile};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use proptest::prelude::*;
use std::num::NonZeroUsize;

on_every_isa! {
    fn tiles_keep_what_a_model_computes() {
        proptest!(config(), |(recipe in recipes())| {
            let outputs = |tile| -> Outputs {
                let options = CompileOptions { tile: NonZeroUsize::new(tile), ..CompileOptions::default() };
                let program = compile(recipe.model(), &options).unwrap();
                let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{error}"));
                interpreter.infer(&sample(&recipe, &program)).unwrap_or_else(|error| panic!("{error}"))
            };
            let whole = outputs(usize::MAX);
            for tile in [1, 2, 5] {
                let distance = Distance::between(&outputs(tile), &whole, 1);
                prop_assert!(distance.is_within(tolerance::TILES), "{tile} at a time: {distance:?}");
            }
        });
    }
}
