//! What the rewrites save, and that they change what a model computes by roundings alone.

use crate::support::fixtures::{self, model_for};
use crate::support::model_directory::ModelDirectory;
use crate::support::tolerance;
use percio_codegen_core::model::Model;
use percio_codegen_core::passes::{Passes, keep_outputs};
use percio_codegen_core::program::{Decision, Program, WeightFormat};
use percio_codegen_core::{CompileOptions, EmitOptions, LoadOptions, Optimize, compile, emit, load};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::Sample;
use std::collections::BTreeSet;

fn outputs(program: &Program, samples: &[Sample]) -> Vec<Outputs> {
    let mut interpreter = Interpreter::new(program).unwrap_or_else(|error| panic!("{error}"));
    samples.iter().map(|sample| interpreter.infer(sample).unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[test]
fn all_folds_compute_what_none_does_on_every_golden() {
    for name in fixtures::names() {
        for path in fixtures::references(&name) {
            let file = fixtures::reference(&path);
            let model = model_for(&name, &file);
            let written = model.macs();
            let none = CompileOptions { passes: Passes::NONE, ..CompileOptions::default() };
            let [plain, folded] =
                [none, CompileOptions::default()].map(|options| compile(model.clone(), &options).unwrap());
            let bound = |program| file.bind(program).unwrap_or_else(|problems| panic!("{name}: {problems}")).samples;
            let [expected, computed] = [&plain, &folded].map(|program| outputs(program, &bound(program)));
            let column = |all: &[Outputs], index: usize| -> Vec<Vec<f32>> {
                all.iter().map(|outputs| outputs[index].clone()).collect()
            };
            for (index, output) in folded.outputs.iter().enumerate() {
                let numbers: Vec<Vec<f32>> = column(&expected, index);
                let distance = Distance::between(&column(&computed, index), &numbers, output.width);
                assert!(distance.is_within(tolerance::PASSES), "{name}, {}: {distance:?}", output.name);
            }
            println!(
                "{name}: {written} multiply-accumulates as written, {} before the folds, {} after",
                plain.macs(),
                folded.macs()
            );
            assert!(folded.macs() <= plain.macs(), "{name}");
        }
    }
}

/// The MACs of each named model with all folds, and with all but one.
#[test]
fn what_single_folds_save() {
    let saved = |name: &str, model: &Model, without: Passes| {
        let [before, after] = [without, Passes::default()]
            .map(|passes| compile(model.clone(), &CompileOptions { passes, ..CompileOptions::default() }).unwrap());
        println!(
            "{name}: {} → {} multiply-accumulates, {} → {} bytes of weights, {} → {} of RAM",
            before.macs(),
            after.macs(),
            before.flash_bytes(),
            after.flash_bytes(),
            before.ram_bytes(),
            after.ram_bytes()
        );
        assert!(after.macs() < before.macs() && after.flash_bytes() <= before.flash_bytes(), "{name}");
    };
    // The one classifier whose norm before the keys does nothing, over images of 28 × 28 pixels that become rows of 60.
    let mut classifier = ModelDirectory::read(&fixtures::directory("tigges-classifier")).widened(12, 60);
    classifier.config["args"]["embed_dim"] = 60.into();
    classifier.config["args"]["input_shape"] = [28, 28].into();
    let merged = Passes { merge_stem: false, ..Passes::default() };
    saved("curt-tigges' classifier, 28 × 28, width 60, without `merge_stem`", &made(&classifier), merged);
}

/// A video's class alone: neither its sound nor its picture is decoded, and no position of them is asked for.
#[test]
fn outputs_that_are_left_out_cost_nothing() {
    for name in ["hf-video", "deepmind-video"] {
        let path = fixtures::references(name).remove(0);
        let file = fixtures::reference(&path);
        let (model, mut class) = (model_for(name, &file), model_for(name, &file));
        let ignored = keep_outputs(&mut class, &["label"]).expect("it has a class");
        let [all, mut class] = [model, class].map(|model| compile(model, &CompileOptions::default()).unwrap());
        println!(
            "{name}: {} → {} multiply-accumulates, {} → {} bytes of weights, {} → {} of RAM",
            all.macs(),
            class.macs(),
            all.flash_bytes(),
            class.flash_bytes(),
            all.ram_bytes(),
            class.ram_bytes()
        );
        assert!(
            class.macs() < all.macs() && class.flash_bytes() < all.flash_bytes() && class.ram_bytes() < all.ram_bytes()
        );
        assert_eq!(class.inputs.len() + ignored.len(), all.inputs.len());
        class.ignored_inputs.extend(ignored);
        let bound = |program| file.bind(program).unwrap_or_else(|problems| panic!("{name}: {problems}")).samples;
        let [expected, computed] = [&all, &class].map(|program| outputs(program, &bound(program)));
        let label = all.outputs.iter().position(|output| output.name == "label").expect("it has a class");
        for (expected, computed) in expected.iter().zip(&computed) {
            assert_eq!(computed.as_slice(), std::slice::from_ref(&expected[label]), "{name}");
        }
    }
    let mut model = fixtures::model("hf-video", &LoadOptions::default());
    let unknown = keep_outputs(&mut model, &["label", "sound"]).expect_err("it has no sound");
    assert_eq!(unknown, "the model has no output `sound`; its outputs are `audio`, `image`, `label`");
}

fn made(directory: &ModelDirectory) -> Model {
    let place = tempfile::tempdir().expect("a directory");
    directory.write(place.path());
    load(place.path(), &LoadOptions::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn tiny_mlm(optimize: Option<Optimize>) -> Program {
    compile(
        fixtures::model("tiny-mlm", &LoadOptions::default()),
        &CompileOptions { optimize, ..CompileOptions::default() },
    )
    .unwrap()
}

#[test]
fn tiny_mlm_is_small() {
    let program = tiny_mlm(None);
    let (macs, arena) = (program.macs(), 4 * program.arena_len);
    println!(
        "tiny-mlm: {macs} multiply-accumulates, {arena} bytes beside the outputs, {} of weights",
        program.flash_bytes()
    );
    assert!(macs <= 1_100_000 && arena <= 12 << 10, "{macs} {arena}");
}

#[test]
fn only_a_program_that_may_take_flash_has_kernels_for_its_shapes() {
    let made = |optimize| {
        let code = emit(&tiny_mlm(optimize), &EmitOptions::new("Net")).to_string();
        let calls = code
            .split("linear_fixed :: < _ , ")
            .skip(1)
            .map(|call| call.split(" > (isa").next().unwrap_or_default().to_owned());
        calls.collect::<BTreeSet<String>>()
    };
    let [latents, queries] = ["16", "{ :: percio :: independent_tile (64 , 18) }"];
    let shapes = [(latents, "32 , 32"), (latents, "64 , 32"), (queries, "32 , 32"), (queries, "32 , 64")];
    assert_eq!(made(None), shapes.map(|(rows, sizes)| format!("{rows} , {sizes}")).into());
    assert_eq!(made(Some(Optimize::Flash)), BTreeSet::new());
}

#[test]
fn each_goal_saves_what_it_says() {
    let [usual, speed, ram, flash] =
        [None, Some(Optimize::Speed), Some(Optimize::Ram), Some(Optimize::Flash)].map(tiny_mlm);
    assert_eq!(speed.macs(), usual.macs());
    assert!(ram.arena_len < usual.arena_len && usual.arena_len < speed.arena_len);
    assert!(flash.flash_bytes() < usual.flash_bytes() && flash.macs() > usual.macs());
}

/// Decisions are about what the program does: where one layer is the only one that is not as written, what it saves is what
/// the program saves.
#[test]
fn figures_of_a_choice_are_those_of_the_program() {
    for weights in WeightFormat::ALL {
        figures(weights);
    }
}

fn figures(weights: WeightFormat) {
    let passes = Passes { absorb_keys: false, absorb_values: false, separate_positions: false, ..Passes::default() };
    let compiled = |passes| {
        let model = fixtures::model("tiny-mlm", &LoadOptions::default());
        compile(model, &CompileOptions { passes, weights, ..CompileOptions::default() }).unwrap()
    };
    let [plain, program] = [passes, Passes::default()].map(compiled);
    let saved = |program: &Program| -> u64 { program.decisions.iter().map(|decision| decision.chosen.macs).sum() };
    assert_eq!(plain.macs() - program.macs(), saved(&plain) - saved(&program));
    let bytes =
        |program: &Program| -> usize { program.decisions.iter().map(|decision| decision.chosen.flash_bytes).sum() };
    assert_eq!(plain.flash_bytes() - program.flash_bytes(), bytes(&plain) - bytes(&program));
}

/// The MNIST classifier of perceiver-io's examples, with other weights: 28 × 28 pixels, 32 bands, 32 latents × 128.
#[test]
fn first_cross_attention_of_a_digit_classifier_is_a_fiftieth() {
    let compiled = |passes| {
        let options = CompileOptions { passes, ..CompileOptions::default() };
        compile(made(&ModelDirectory::digits()), &options).unwrap()
    };
    let kept = compiled(Passes { separate_positions: false, ..Passes::default() });
    let program = compiled(Passes::default());
    let Decision { layer, chosen, alternatives } = &program.decisions[0];
    let written = alternatives.iter().find(|way| way.what == "as written").expect("it is not as written");
    // The block's MLP is the same either way.
    let mlp = 2 * 32 * 128 * 128;
    let [before, after] = [written, chosen].map(|way| way.macs + mlp);
    println!("{layer}: {before} multiply-accumulates as written, {after} with {}", chosen.what);
    println!("with positions in the tokens {}: {:?}", kept.decisions[0].chosen.macs + mlp, kept.decisions[0].chosen);
    println!("{} bytes of RAM, before {}", program.ram_bytes(), kept.ram_bytes());
    assert!((35_500_000..35_700_000).contains(&before) && after <= 9_000_000, "{before} {after}");
    let attention = |program: &Program| program.decisions[0].chosen.macs;
    assert!(attention(&program) * 15 < attention(&kept), "{} of {}", attention(&program), attention(&kept));
    assert!(program.ram_bytes() <= kept.ram_bytes() && program.flash_bytes() < kept.flash_bytes());
}
