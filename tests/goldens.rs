//! Every fixture, loaded, compiled and interpreted, against what its source computed.

use crate::support::fixtures::{self, program_for};
use crate::support::isa::on_every_isa;
use crate::support::tolerance;
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use std::path::Path;

// A test for each fixture, which has its name, on every instruction set of this machine.
include!(concat!(env!("OUT_DIR"), "/goldens.rs"));

/// Asserts that the fixture `name` computes what each of its references says.
fn holds(name: &str) {
    let failures: Vec<String> = fixtures::references(name).iter().flat_map(|path| check(name, path)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What is wrong with the fixture `name` against the reference at `path`.
fn check(name: &str, path: &Path) -> Vec<String> {
    let file = fixtures::reference(path);
    let program = program_for(name, &file);
    let reference = file.bind(&program).unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
    assert!(reference.not_compared.is_empty(), "{name} does not compute {:?}", reference.not_compared);
    let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{name}: {error}"));
    let run = |sample| interpreter.infer(sample).unwrap_or_else(|error| panic!("{name}: {error}"));
    let computed: Vec<Outputs> = reference.samples.iter().map(run).collect();
    let outputs = program.outputs.iter().zip(&reference.expected).enumerate();
    let distances = outputs.map(|(index, (output, expected))| {
        let column: Vec<Vec<f32>> = computed.iter().map(|outputs| outputs[index].clone()).collect();
        (&output.name, Distance::between(&column, &expected.numbers, output.width))
    });
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let described = distances.map(|(output, distance)| {
        let relative = distance.max_abs / distance.max_ref;
        let text = format!("{name}/{file}: {output} is {relative:.1e} of its largest number off");
        println!("{text}");
        (distance.is_within(tolerance::REFERENCE), text)
    });
    described.filter(|(is_within, _)| !is_within).map(|(_, text)| text).collect()
}
