//! Every pass, alone and with all others, computes the same function as no pass at all.

use crate::support::isa::on_every_isa;
use crate::support::random_model::{Recipe, config, recipes, sample};
use crate::support::tolerance;
use percio_codegen_core::passes::Passes;
use percio_codegen_core::{CompileOptions, compile};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use proptest::prelude::*;

const PASSES: [(&str, Passes); 7] = [
    ("fold_input_scale", Passes { fold_input_scale: true, ..Passes::NONE }),
    ("fold_norms", Passes { fold_norms: true, ..Passes::NONE }),
    ("fold_score_scale", Passes { fold_score_scale: true, ..Passes::NONE }),
    ("drop_key_bias", Passes { drop_key_bias: true, ..Passes::NONE }),
    ("move_value_bias", Passes { move_value_bias: true, ..Passes::NONE }),
    ("bake_queries", Passes { bake_queries: true, ..Passes::NONE }),
    (
        "all of them",
        Passes {
            fold_input_scale: true,
            fold_norms: true,
            fold_score_scale: true,
            drop_key_bias: true,
            move_value_bias: true,
            bake_queries: true,
        },
    ),
];

fn outputs(recipe: &Recipe, passes: Passes) -> Outputs {
    let program = compile(recipe.model(), &CompileOptions { passes, ..CompileOptions::default() });
    let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{error}"));
    interpreter.infer(&sample(recipe, &program)).unwrap_or_else(|error| panic!("{error}"))
}

on_every_isa! {
    fn passes_keep_what_a_model_computes() {
        proptest!(config(), |(recipe in recipes())| {
            let expected = outputs(&recipe, Passes::NONE);
            for (name, passes) in PASSES {
                let distance = Distance::between(&outputs(&recipe, passes), &expected, 1);
                prop_assert!(distance.is_within(tolerance::PASSES), "{name}: {distance:?}");
            }
        });
    }
}

#[test]
fn all_of_them_is_the_default() {
    assert_eq!(PASSES[6].1, Passes::default());
}
