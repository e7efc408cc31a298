//! Tokens that arrive a few at a time, states that are kept, merged and resumed, and queries that are asked one at a time.

mod adaptive;
mod asked;
mod models;
mod positions;
mod random;
mod script;

use crate::support::fixtures;
use crate::support::isa::on_every_isa;
use crate::support::tolerance;
use models::{Streams, for_every_stream};
use percio_codegen_core::program::Program;
use percio_hosttools::backend::{Backend, Interpreter, Outputs};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::Sample;
use script::Act;

on_every_isa! {
    fn generated_code_and_interpreter_agree_bit_for_bit_on_any_order_of_tokens() {
        for_every_stream!(agree);
    }
}

fn agree(name: &str, program: &Program, net: &mut impl Streams) {
    for acts in scripts(program, &Sample::noise(program)) {
        let state = net.gather(&acts);
        assert_eq!(bits(&net.finish(&state)), bits(&interpreted(program, &acts)), "{name}: {acts:?}");
    }
}

on_every_isa! {
    fn a_whole_input_at_once_is_an_inference_to_the_bit() {
        for_every_stream!(whole);
    }
}

fn whole(name: &str, program: &Program, net: &mut impl Streams) {
    let sample = Sample::noise(program);
    let expected = net.run(&sample);
    let whole = net.gather(&script::in_order(program, &sample, &[usize::MAX]));
    assert_eq!(bits(&net.finish(&whole)), bits(&expected), "{name}");
}

on_every_isa! {
    fn a_stored_state_goes_on_as_if_it_had_never_stopped() {
        for_every_stream!(store);
    }
}

fn store(name: &str, program: &Program, net: &mut impl Streams) {
    let acts = script::in_order(program, &Sample::noise(program), &[2, 1]);
    let stored: Vec<Act> = acts.iter().flat_map(|act| [act.clone(), Act::Store]).collect();
    let [straight, stored] = [acts, stored].map(|acts| net.gather(&acts));
    assert_eq!(bits(&net.finish(&straight)), bits(&net.finish(&stored)), "{name}");
}

on_every_isa! {
    fn a_query_alone_is_the_row_that_all_queries_have() {
        for_every_stream!(queries);
    }
}

fn queries(name: &str, program: &Program, net: &mut impl Streams) {
    let sample = Sample::noise(program);
    let expected = net.run(&sample);
    let state = net.gather(&script::in_order(program, &sample, &[usize::MAX]));
    let mut interpreter = interpreter(program);
    interpreter.infer(&sample).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (index, (output, expected)) in program.outputs.iter().zip(&expected).enumerate() {
        let row = |row: usize| &expected[row * output.width..][..output.width];
        for query in 0..output.rows {
            let alone = net.row(&state, index, query);
            assert_eq!(
                bits(&vec![alone.clone()]),
                bits(&vec![interpreter.decode(index, query).expect("a row alone").to_vec()]),
                "{name}"
            );
            let distance = Distance::between(&[alone], &[row(query).to_vec()], 1);
            assert!(
                distance.max_abs <= tolerance::STREAM * f64::from(largest(expected)),
                "{name}, query {query}: {distance:?}"
            );
        }
        assert_eq!(
            net.row(&state, index, output.rows + 3),
            net.row(&state, index, output.rows - 1),
            "{name}: beyond the last"
        );
        let all: Vec<usize> = (0..output.rows + 2).collect();
        let seen = net.rows(&state, index, &all);
        assert!(seen.iter().map(|(query, _)| *query).eq(0..output.rows), "{name}: each query once, in order");
        assert_eq!(
            seen.into_iter().flat_map(|(_, row)| row).collect::<Vec<f32>>(),
            *expected,
            "{name}: tiles as in an inference"
        );
        let some: Vec<usize> = (0..output.rows).rev().step_by(2).collect();
        for (query, numbers) in net.rows(&state, index, &some) {
            assert_eq!(numbers, net.row(&state, index, query), "{name}: queries apart from each other");
        }
    }
}

on_every_isa! {
    fn tokens_of_every_fixture_arrive_or_it_has_no_encoder() {
        for name in fixtures::names() {
            let program = fixtures::program(&name);
            assert_eq!(interpreter(&program).encoder().is_none(), program.stream().is_none(), "{name}");
            // Queries that are made from an input are asked one at a time: `asked.rs`.
            if program.stream().is_none() || program.queries_need_input() {
                continue;
            }
            let sample = Sample::noise(&program);
            let expected = interpreter(&program).infer(&sample).unwrap_or_else(|error| panic!("{name}: {error}"));
            for acts in scripts(&program, &sample) {
                let distance = Distance::between(&[interpreted(&program, &acts).concat()], &[expected.concat()], 1);
                assert!(distance.is_within(tolerance::STREAM), "{name}: {distance:?} with {acts:?}");
            }
        }
    }
}

#[test]
fn states_are_of_one_model() {
    let mut net = crate::generated::models::Ids::new();
    let bytes = net.encoder().state().to_bytes();
    let mut other = bytes;
    other[0] ^= 1;
    assert!(crate::generated::models::IdsState::from_bytes(&bytes).is_some());
    assert!(crate::generated::models::IdsState::from_bytes(&other).is_none(), "the checksum of other weights");
}

/// Ways for the tokens of `sample` to arrive: few where there are thousands, as each takes long.
fn scripts(program: &Program, sample: &Sample) -> Vec<Vec<Act>> {
    if program.max_tokens > 1000 {
        return vec![script::in_halves(program, sample, 100)];
    }
    let one = program.max_tokens.div_ceil(100);
    let chunks: [&[usize]; 3] = [&[one], &[3 * one, 1, 7 * one], &[usize::MAX]];
    let chunks = chunks.map(|chunks| script::in_order(program, sample, chunks));
    let others = [script::in_turns, script::backwards, script::in_halves].map(|way| way(program, sample, one));
    chunks.into_iter().chain(others).collect()
}

fn interpreter(program: &Program) -> Interpreter<'_> {
    Interpreter::new(program).unwrap_or_else(|error| panic!("{error}"))
}

/// What the interpreter makes of the script.
fn interpreted(program: &Program, acts: &[Act]) -> Outputs {
    let mut interpreter = interpreter(program);
    script::play(&mut interpreter, acts);
    interpreter.decode_all()
}

fn largest(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0, |largest, number| number.abs().max(largest))
}

fn bits(outputs: &Outputs) -> Vec<Vec<u32>> {
    outputs.iter().map(|numbers| numbers.iter().map(|number| number.to_bits()).collect()).collect()
}
