//! Generated code: the same numbers as the interpreter, bit for bit, and an interface that cannot fail.

mod halves;
pub(crate) mod models;
mod random;
mod sequences;

use crate::support::fixtures::{self, program, program_for};
use crate::support::isa::on_every_isa;
use models::{Ids, MaskedLm, MaskedLmInput, Runs, for_every_fixture};
use percio::Model;
use percio_codegen_core::program::Program;
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::sample::Sample;

on_every_isa! {
    fn generated_code_and_interpreter_agree_bit_for_bit() {
        for_every_fixture!(agree);
    }
}

/// Compares on made-up inputs, and on every sample of the references with inputs as large as the checkpoint says.
fn agree(name: &str, net: &mut impl Runs) {
    let program = program(name);
    let mut interpreter = Interpreter::new(&program).unwrap_or_else(|error| panic!("{name}: {error}"));
    for sample in samples(name, &program) {
        let expected = interpreter.infer(&sample).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bits(&net.run(&sample)), bits(&expected), "{name}");
    }
}

fn samples(name: &str, program: &Program) -> Vec<Sample> {
    let mut samples = vec![Sample::noise(program)];
    for path in fixtures::references(name) {
        let file = fixtures::reference(&path);
        if program_for(name, &file).inputs == program.inputs {
            let reference = file.bind(program).unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
            samples.extend(reference.samples);
        }
    }
    samples
}

fn bits(outputs: &Outputs) -> Vec<Vec<u32>> {
    outputs.iter().map(|numbers| numbers.iter().map(|number| number.to_bits()).collect()).collect()
}

#[test]
fn constants_are_those_of_the_program() {
    for_every_fixture!(constants);
}

fn constants<M: Runs>(name: &str, _: &mut M) {
    let program = program(name);
    assert_eq!(M::NAME, program.name);
    assert_eq!(M::RAM_BYTES, size_of::<M>(), "{name}");
    assert_eq!(M::RAM_BYTES, program.ram_bytes(), "{name}");
    assert_eq!(M::FLASH_BYTES, program.flash_bytes(), "{name}");
    assert_eq!(M::MACS, program.macs(), "{name}");
    assert_eq!(M::PARAMETERS, program.parameters, "{name}");
    assert_eq!(M::CHECKSUM, percio_format::crc32(&program.blob), "{name}");
}

#[test]
fn the_weights_in_flash_match_their_checksum() {
    assert_eq!(percio_format::crc32(MaskedLm::weights()), MaskedLm::CHECKSUM);
    assert_eq!(MaskedLm::weights().len(), MaskedLm::FLASH_BYTES);
    assert_eq!(<MaskedLm as Model>::CHECKSUM, MaskedLm::CHECKSUM);
    assert_eq!(models::Multi::ACTIVITY_LABELS, ["rest", "walk", "run"]);
}

#[test]
fn a_model_is_a_type_parameter() {
    fn last<M: Model>(net: &mut M, inputs: &[&M::Input<'_>], read: impl Fn(M::Output<'_>) -> Vec<f32>) -> Vec<f32> {
        inputs.iter().map(|input| read(net.infer(input))).last().unwrap_or_default()
    }
    let (long, short) = ([1u32; Ids::TOKENS], [2u32, 3]);
    let last = last(&mut Ids::new(), &[&long, &short], |output| output.logits.as_flattened().to_vec());
    assert_eq!(last, Ids::new().infer(&short).logits.as_flattened());
}

on_every_isa! {
    fn a_short_input_after_a_long_one_is_as_if_it_were_the_first() {
        let all = program("hf-masked-lm");
        let Sample { inputs } = Sample::noise(&all);
        let long = crate::support::typed::ids(&inputs[0]);
        let mut used = MaskedLm::new();
        for count in (1..=MaskedLm::TOKENS).rev() {
            let mask: Vec<bool> = (0..count).map(|token| token % 3 != 1).collect();
            for mask in [mask.as_slice(), &[]] {
                used.infer(&MaskedLmInput { input_ids: long, attention_mask: &[] });
                let input = MaskedLmInput { input_ids: &long[..count], attention_mask: mask };
                assert_eq!(used.infer(&input), MaskedLm::new().infer(&input), "{count} ids, mask {mask:?}");
            }
        }
    }
}

on_every_isa! {
    fn no_input_makes_generated_code_fail() {
        let mut net = MaskedLm::new();
        let (many, wild, few) = ([1; 4 * MaskedLm::TOKENS], [u32::MAX; 5], [3, 28, 29]);
        let masks: [&[bool]; 4] = [&[], &[false; 2], &[false; MaskedLm::TOKENS], &[true; 5 * MaskedLm::TOKENS]];
        for input_ids in [many.as_slice(), &wild, &few, &[]] {
            for attention_mask in masks {
                let logits = net.infer(&MaskedLmInput { input_ids, attention_mask });
                let ids = input_ids.len();
                assert!(logits.as_flattened().iter().all(|x| x.is_finite()), "{ids} ids, mask {attention_mask:?}: {logits:?}");
            }
        }
        let all = *net.infer(&MaskedLmInput { input_ids: &many[..MaskedLm::TOKENS], attention_mask: &[] });
        assert_eq!(net.infer(&MaskedLmInput { input_ids: &many, attention_mask: &[] }), &all, "ids beyond the most are not read");
    }
}

#[test]
fn a_model_can_be_a_static() {
    static NET: std::sync::Mutex<Ids> = std::sync::Mutex::new(Ids::new());
    let mut net = NET.lock().expect("no other test uses it");
    assert_eq!(net.infer(&[4, 5]).first, Ids::default().infer(&[4, 5]).first);
}
