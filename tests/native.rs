//! Models written in the native format and read again: the same program, number for number.

use crate::support::fixtures;
use crate::support::random_model::{config, recipes};
use percio_codegen_core::model::Model;
use percio_codegen_core::program::Program;
use percio_codegen_core::scheme::{self, LoadOptions};
use percio_codegen_core::{CompileOptions, compile, load};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::reference::File;
use percio_hosttools::save::{Storage, save};
use proptest::prelude::*;
use std::path::Path;

/// `model` as it is read from a directory of the native format that it has been written to.
fn written_and_read(model: &Model, directory: &Path) -> Model {
    let native = scheme::native(model).unwrap_or_else(|problems| panic!("{}: {problems}", model.name));
    save(&native, directory, true, Storage::Single).unwrap_or_else(|error| panic!("{}: {error:#}", model.name));
    load(directory, &LoadOptions::default()).unwrap_or_else(|problems| panic!("{}: {problems}", model.name))
}

/// What runs, without the names that are for reports alone.
fn shown(program: &Program) -> String {
    let Program { inputs, ignored_inputs, outputs, max_tokens, arena_len, steps, stages, .. } = program;
    format!("{inputs:?}\n{ignored_inputs:?}\n{outputs:?}\n{max_tokens} {arena_len}\n{steps:#?}\n{stages:#?}")
}

/// Asserts that two models are one program.
fn are_one_program(original: Model, again: Model) -> [Program; 2] {
    let name = original.name.clone();
    let [original, again] = [original, again].map(|model| compile(model, &CompileOptions::default()).unwrap());
    assert_eq!(shown(&original), shown(&again), "{name}: the programs differ");
    assert!(original.blob == again.blob, "{name}: the weights differ");
    [original, again]
}

fn outputs(program: &Program, file: &File) -> Vec<Outputs> {
    let reference = file.bind(program).unwrap_or_else(|problems| panic!("{}: {problems}", program.name));
    let mut interpreter = Interpreter::new(program).unwrap_or_else(|error| panic!("{}: {error}", program.name));
    let run = |sample| interpreter.infer(sample).unwrap_or_else(|error| panic!("{}: {error}", program.name));
    reference.samples.iter().map(run).collect()
}

/// Every fixture against every reference of it: the imported one computes the same bits.
#[test]
fn imported_fixtures_compute_the_same_bits() {
    let place = tempfile::tempdir().expect("a directory for models");
    for name in fixtures::names() {
        for path in fixtures::references(&name) {
            let file = fixtures::reference(&path);
            let original = fixtures::model_for(&name, &file);
            let again = written_and_read(&original, &place.path().join(&name));
            assert_eq!(original.macs(), again.macs(), "{name}");
            let [original, again] = are_one_program(original, again);
            let [expected, computed] = [&original, &again].map(|program| bits(&outputs(program, &file)));
            assert!(expected == computed, "{name} computes something else once it is imported");
        }
    }
}

fn bits(outputs: &[Outputs]) -> Vec<u32> {
    outputs.iter().flatten().flatten().map(|number| number.to_bits()).collect()
}

/// An imported model, imported again, is the same files.
#[test]
fn importing_twice_changes_nothing() {
    let place = tempfile::tempdir().expect("a directory for models");
    for name in fixtures::names() {
        let file = fixtures::reference(&fixtures::references(&name)[0]);
        let first = scheme::native(&fixtures::model_for(&name, &file)).expect("a model before any pass");
        save(&first, place.path(), true, Storage::Single).expect("a directory that can be written");
        let again = load(place.path(), &LoadOptions::default()).expect("a native model");
        let second = scheme::native(&again).expect("a model before any pass");
        let without_source = |native: &scheme::Native| {
            let mut config = native.config.clone();
            config.as_object_mut().and_then(|fields| fields.remove("source"));
            config
        };
        assert_eq!(without_source(&first), without_source(&second), "{name}");
        assert!(first.tensors == second.tensors, "{name}: the tensors differ");
    }
}

proptest! {
    #![proptest_config(config())]
    /// Whatever a model is made of, the format says it.
    #[test]
    fn any_model_can_be_said(recipe in recipes()) {
        let place = tempfile::tempdir().expect("a directory for a model");
        let model = recipe.model();
        are_one_program(model.clone(), written_and_read(&model, &place.path().join("model")));
    }
}
