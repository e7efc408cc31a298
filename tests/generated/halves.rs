//! Weights of half width: generated code and interpreter, and how far they are from weights of full width.

#![allow(missing_docs, reason = "the attribute documents the types with each model's own summary, which may be empty")]

use super::models::{Ids, MaskedLm, Runs};
use super::{bits, samples};
use crate::support::fixtures::{directory, program};
use crate::support::isa::on_every_isa;
use crate::support::typed::{flat, ids, mask};
use percio_codegen_core::program::{Program, WeightFormat};
use percio_codegen_core::{CompileOptions, LoadOptions, compile, load};
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/hf-masked-lm", weights = "f16")]
pub struct MaskedLmF16;

impl Runs for MaskedLmF16 {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let [first, second] = sample.inputs.as_slice() else { panic!("expected ids and a mask") };
        vec![flat(self.infer(&MaskedLmF16Input { input_ids: ids(first), attention_mask: mask(second) }))]
    }
}

#[percio::model("fixtures/native-ids", weights = "bf16")]
pub struct IdsBf16;

impl Runs for IdsBf16 {
    fn run(&mut self, sample: &Sample) -> Outputs {
        let output = self.infer(ids(&sample.inputs[0]));
        vec![flat(output.logits), flat(output.first)]
    }
}

on_every_isa! {
    fn generated_code_and_interpreter_agree_bit_for_bit() {
        agree("hf-masked-lm", WeightFormat::F16, &mut MaskedLmF16::new());
        agree("native-ids", WeightFormat::Bf16, &mut IdsBf16::new());
    }
}

fn agree<M: Runs>(name: &str, format: WeightFormat, net: &mut M) {
    let program = stored_as(name, format);
    assert_eq!((M::FLASH_BYTES, M::CHECKSUM), (program.flash_bytes(), percio_format::crc32(&program.blob)));
    let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{name}: {error}"));
    for sample in samples(name, &program) {
        let expected = interpreter.infer(&sample).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bits(&net.run(&sample)), bits(&expected), "{name}");
    }
}

fn stored_as(name: &str, weights: WeightFormat) -> Program {
    let model = load(&directory(name), &LoadOptions::default()).unwrap_or_else(|problems| panic!("{name}: {problems}"));
    compile(model, &CompileOptions { weights, ..CompileOptions::default() }).unwrap()
}

/// Half precision keeps eleven bits of a weight, bf16 eight: outputs are that close, and not equal.
#[test]
fn outputs_are_as_close_as_the_weights() {
    close("hf-masked-lm", &mut MaskedLm::new(), &mut MaskedLmF16::new(), 2e-3);
    close("native-ids", &mut Ids::new(), &mut IdsBf16::new(), 2e-2);
}

fn close(name: &str, full: &mut impl Runs, half: &mut impl Runs, bound: f32) {
    let sample = Sample::noise(&program(name));
    for (full, half) in full.run(&sample).iter().zip(half.run(&sample)) {
        let most = full.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let apart = full.iter().zip(&half).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
        assert!(0.0 < apart && apart <= bound * most, "{name}: {apart:e} of {most:e}");
    }
}
