//! Loaded models compute what the library that wrote the checkpoint computed.

use crate::evaluate::{Sample, evaluate};
use crate::support::{fixture, model};
use percio_codegen_core::container::{Array, Arrays, Numbers, read_any};
use percio_codegen_core::model::{Input, Stem};
use std::fs;

/// The references are float32; the evaluation rounds nothing. Their own error, over a few hundred terms a sum and half a
/// dozen layers, stays below 2e-5 of the largest output; a wrong formula does not.
const BOUND: f64 = 2e-5;

fn floats(array: &Array) -> Vec<f64> {
    match &array.numbers {
        Numbers::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect(),
        Numbers::I64(numbers) => numbers.iter().map(|&number| number as f64).collect(),
    }
}

/// The part of `array` that belongs to one sample.
fn sample_of(array: &Array, index: usize) -> Vec<f64> {
    let len = array.shape[1..].iter().product();
    floats(array).chunks_exact(len).nth(index).unwrap().to_vec()
}

fn sample(input: &Input, arrays: &Arrays, index: usize) -> Sample {
    let numbers = sample_of(&arrays[&format!("input.{}", input.name)], index);
    let Stem::Ids { mask, .. } = &input.stem else { return Sample::Numbers(numbers) };
    let mask = mask.as_ref().and_then(|mask| arrays.get(&format!("input.{mask}")));
    let keep =
        mask.map_or(vec![true; numbers.len()], |mask| sample_of(mask, index).iter().map(|m| *m != 0.0).collect());
    Sample::Ids(numbers.into_iter().map(|id| id as usize).collect(), keep)
}

/// Largest difference over all samples of a reference, over the largest output.
fn error(name: &str, reference: &str) -> f64 {
    let model = model(name);
    let (arrays, _) = read_any(&fixture(name).join(reference)).unwrap();
    let count = arrays[&format!("output.{}", model.outputs[0].name)].shape[0];
    let mut worst: f64 = 0.0;
    for index in 0..count {
        let samples: Vec<_> = model.inputs.iter().map(|input| sample(input, &arrays, index)).collect();
        for (output, rows) in model.outputs.iter().zip(evaluate(&model, &samples)) {
            let expected = sample_of(&arrays[&format!("output.{}", output.name)], index);
            let got: Vec<f64> = rows.into_iter().flatten().collect();
            assert_eq!(got.len(), expected.len(), "{name}, output {}", output.name);
            let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let difference = got.iter().zip(&expected).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            worst = worst.max(difference / largest);
        }
    }
    worst
}

#[test]
fn every_fixture_means_what_its_reference_says() {
    let mut references = 0;
    for entry in fs::read_dir(fixture("")).unwrap() {
        let dir = entry.unwrap().path();
        let name = dir.file_name().unwrap().to_str().unwrap();
        let files = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        for reference in files.filter(|file| file.starts_with("reference")) {
            let error = error(name, &reference);
            println!("{name}/{reference}: {error:.1e}");
            assert!(error < BOUND, "{name}/{reference}: {error:e}");
            references += 1;
        }
    }
    assert!(references >= 12, "only {references} references");
}
