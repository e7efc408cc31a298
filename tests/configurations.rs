//! The configurations of the six models that DeepMind published, without their weights.

use crate::support::fixtures::MANIFEST;
use percio_codegen_core::model::Model;
use percio_codegen_core::{LoadOptions, outline};
use std::path::Path;

/// Their parameters, as transformers counts them.
const PARAMETERS: [(&str, u64); 6] = [
    ("language-perceiver", 201_108_230),
    ("vision-perceiver-learned", 62_255_848),
    ("vision-perceiver-fourier", 48_440_627),
    ("vision-perceiver-conv", 48_646_522),
    ("optical-flow-perceiver", 41_057_134),
    ("multimodal-perceiver", 19_858_855),
];

/// Multiply-accumulates: half the operations that the paper prints for the two models whose count is that of both papers.
const MACS: [(&str, f64); 2] = [("vision-perceiver-fourier", 203e9), ("vision-perceiver-conv", 185e9)];

fn described(name: &str) -> Model {
    let options = LoadOptions::default();
    outline(&Path::new(MANIFEST).join("configurations").join(name), &options)
        .unwrap_or_else(|problems| panic!("{name}: {problems}"))
}

#[test]
fn parameters_are_counted_to_the_last() {
    for (name, parameters) in PARAMETERS {
        let model = described(name);
        println!("{name}: {} parameters, {:.1} G MACs", model.parameters, model.macs() as f64 / 1e9);
        assert_eq!(model.parameters, parameters, "{name}");
    }
}

#[test]
fn multiply_accumulates_are_those_of_the_papers() {
    for (name, macs) in MACS {
        let counted = described(name).macs() as f64;
        assert!((counted / macs - 1.0).abs() < 0.01, "{name}: {counted:.4e}");
    }
}
