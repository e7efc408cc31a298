//! Every pass, alone and with all others, computes the same function as no pass at all.

use crate::support::isa::on_every_isa;
use crate::support::random_model::{Recipe, config, on_grids, recipes, sample};
use crate::support::tolerance;
use percio_codegen_core::passes::{Passes, keep_outputs};
use percio_codegen_core::program::Decision;
use percio_codegen_core::{CompileOptions, Optimize, compile};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::Sample;
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

const PASSES: [(&str, Passes); 12] = [
    ("drop_dead", Passes { drop_dead: true, ..Passes::NONE }),
    ("fold_input_scale", Passes { fold_input_scale: true, ..Passes::NONE }),
    ("merge_stem", Passes { merge_stem: true, ..Passes::NONE }),
    ("fold_norms", Passes { fold_norms: true, ..Passes::NONE }),
    ("fold_score_scale", Passes { fold_score_scale: true, ..Passes::NONE }),
    ("drop_key_bias", Passes { drop_key_bias: true, ..Passes::NONE }),
    ("move_value_bias", Passes { move_value_bias: true, ..Passes::NONE }),
    ("bake_queries", Passes { bake_queries: true, ..Passes::NONE }),
    ("absorb_keys", Passes { absorb_keys: true, drop_key_bias: true, ..Passes::NONE }),
    ("absorb_values", Passes { absorb_values: true, move_value_bias: true, ..Passes::NONE }),
    (
        "separate_positions",
        Passes {
            fold_norms: true,
            drop_key_bias: true,
            move_value_bias: true,
            bake_queries: true,
            absorb_keys: true,
            absorb_values: true,
            separate_positions: true,
            ..Passes::NONE
        },
    ),
    (
        "all of them",
        Passes {
            drop_dead: true,
            fold_input_scale: true,
            merge_stem: true,
            fold_norms: true,
            fold_score_scale: true,
            drop_key_bias: true,
            move_value_bias: true,
            bake_queries: true,
            absorb_keys: true,
            absorb_values: true,
            separate_positions: true,
        },
    ),
];

/// What may be saved.
const GOALS: [Option<Optimize>; 4] = [None, Some(Optimize::Speed), Some(Optimize::Ram), Some(Optimize::Flash)];

/// What `recipe` computes, and how the planner has its attentions computed.
fn outputs(recipe: &Recipe, passes: Passes, optimize: Option<Optimize>) -> (Outputs, Vec<Decision>) {
    let program = compile(recipe.model(), &CompileOptions { passes, optimize, ..CompileOptions::default() }).unwrap();
    let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{error}"));
    let outputs = interpreter.infer(&sample(recipe, &program)).unwrap_or_else(|error| panic!("{error}"));
    (outputs, program.decisions)
}

on_every_isa! {
    fn passes_keep_what_a_model_computes() {
        proptest!(config(), |(recipe in recipes())| {
            let (expected, _) = outputs(&recipe, Passes::NONE, None);
            for (name, passes) in PASSES {
                let (folded, _) = outputs(&recipe, passes, None);
                let distance = Distance::between(&folded, &expected, 1);
                prop_assert!(distance.is_within(tolerance::PASSES), "{name}: {distance:?}");
            }
        });
    }

}

on_every_isa! {
    fn tokens_on_a_grid_need_no_positions() {
        let found = RefCell::new(0);
        proptest!(config(), |(recipe in on_grids())| {
            let kept = Passes { separate_positions: false, ..Passes::default() };
            let (expected, _) = outputs(&recipe, Passes::NONE, None);
            for goal in GOALS {
                let [kept, separated] = [kept, Passes::default()].map(|passes| outputs(&recipe, passes, goal));
                // Of a model that raises roundings beyond any bound, whatever is rounded, nothing is learnt.
                prop_assume!(Distance::between(&kept.0, &expected, 1).is_within(tolerance::PASSES));
                let distance = Distance::between(&separated.0, &expected, 1);
                prop_assert!(distance.is_within(tolerance::PASSES), "{goal:?}: {distance:?}");
                *found.borrow_mut() += usize::from(separated.1[0].chosen.what.ends_with("positions by axis"));
            }
        });
        assert!(found.into_inner() > 256, "hardly a model leaves out its positions");
    }
}

on_every_isa! {
    fn outputs_that_are_left_out_change_no_other() {
        let found = RefCell::new(0);
        proptest!(config(), |(recipe in recipes())| {
            let model = recipe.model();
            let [_, first] = model.outputs.as_slice() else { return Ok(()) };
            let mut alone = model.clone();
            let ignored = keep_outputs(&mut alone, &[&first.name]).expect("an output");
            let [all, alone] = [model, alone].map(|model| compile(model, &CompileOptions::default()).unwrap());
            prop_assert!(alone.macs() <= all.macs() && alone.flash_bytes() < all.flash_bytes());
            let whole = sample(&recipe, &all);
            let inputs = all.inputs.iter().zip(&whole.inputs).filter(|(input, _)| !ignored.contains(&input.name));
            let rest = Sample { inputs: inputs.map(|(_, value)| value.clone()).collect() };
            let run = |program, sample| Interpreter::new(program).and_then(|mut it| it.infer(sample));
            let [expected, computed] =
                [(&all, &whole), (&alone, &rest)].map(|(program, sample)| run(program, sample).expect("it runs"));
            let distance = Distance::between(&computed, &expected[1..], 1);
            prop_assert!(distance.is_within(tolerance::PASSES), "{distance:?}");
            *found.borrow_mut() += 1;
        });
        assert!(found.into_inner() > 20, "hardly a model has two outputs");
    }
}

on_every_isa! {
    fn whatever_is_saved_a_model_computes_the_same() {
        let ways = RefCell::new(BTreeSet::new());
        proptest!(config(), |(recipe in recipes())| {
            let (expected, _) = outputs(&recipe, Passes::NONE, None);
            for goal in GOALS {
                let (planned, decisions) = outputs(&recipe, Passes::default(), goal);
                let distance = Distance::between(&planned, &expected, 1);
                prop_assert!(distance.is_within(tolerance::PASSES), "{goal:?}: {distance:?}");
                ways.borrow_mut().extend(decisions.into_iter().map(|decision| decision.chosen.what));
            }
        });
        let ways = ways.into_inner();
        println!("{ways:?}");
        for part in ["queries baked", "keys absorbed", "values absorbed", "keys absorbed by head", "values absorbed by head"] {
            assert!(ways.iter().any(|way| way.split(", ").any(|found| found == part)), "no model has its {part}: {ways:?}");
        }
    }
}

#[test]
fn all_of_them_is_the_default() {
    assert_eq!(PASSES[11].1, Passes::default());
}
