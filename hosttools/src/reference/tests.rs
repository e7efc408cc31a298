//! Messages of the reference reader.

use super::File;
use crate::sample::Value;
use percio_codegen_core::container::{Array, Numbers};
use percio_codegen_core::model::Provenance;
use percio_codegen_core::program::{Count, Input, InputKind, Lengths, Output, Program, Sequence};
use std::collections::BTreeMap;

fn program(inputs: Vec<(&str, InputKind)>, outputs: &[(&str, usize, usize)]) -> Program {
    let output = |&(name, rows, width): &(&str, usize, usize)| Output {
        name: name.to_owned(),
        rows,
        count: Count::fixed(rows),
        width,
        axes: vec![],
        labels: vec![],
    };
    Program {
        name: "tiny".to_owned(),
        summary: String::new(),
        provenance: Provenance::default(),
        parameters: 0,
        inputs: inputs.into_iter().map(|(name, kind)| Input { name: name.to_owned(), kind }).collect(),
        ignored_inputs: vec!["label".to_owned()],
        outputs: outputs.iter().map(output).collect(),
        keeps_outputs: true,
        fixed_kernels: true,
        no_stream: None,
        max_tokens: 4,
        max_latents: 0,
        layers: vec![],
        sequence: Sequence::default(),
        buffers: vec![],
        arena_len: 0,
        steps: vec![],
        stages: vec![],
        marks: vec![],
        blob: vec![],
        parts: vec![],
        decisions: vec![],
        generation: Err(String::new()),
    }
}

fn file(arrays: &[(&str, &[usize], Numbers)]) -> File {
    let array = |(name, shape, numbers): &(&str, &[usize], Numbers)| {
        ((*name).to_owned(), Array { shape: shape.to_vec(), numbers: numbers.clone() })
    };
    File::new(arrays.iter().map(array).collect::<BTreeMap<_, _>>())
}

fn words() -> Program {
    let inputs = vec![
        ("ids", InputKind::Ids { max: 4, vocabulary: 9 }),
        ("attention_mask", InputKind::Mask { max: 4, padding: Some("pad_mask".to_owned()) }),
    ];
    program(inputs, &[("logits", 1, 2)])
}

fn messages(file: &File, program: &Program) -> Vec<String> {
    match file.bind(program) {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

#[test]
fn samples_and_expectations_are_split_along_the_batch() {
    let file = file(&[
        ("input.inputs", &[2, 3], Numbers::I64(vec![1, 2, 3, 4, 5, 8])),
        ("input.attention_mask", &[2, 3], Numbers::I64(vec![1, 1, 0, 1, 1, 1])),
        ("output.logits", &[2, 2], Numbers::F32(vec![1.0, 2.0, 3.0, 4.0])),
        ("output.hidden", &[2, 1], Numbers::F32(vec![1.0, 2.0])),
        ("label.logits", &[2], Numbers::I64(vec![1, 0])),
        ("stage.latents", &[7], Numbers::F32(vec![0.0; 7])),
    ]);
    let reference = file.bind(&words()).expect("the file fits");
    assert_eq!(reference.samples[0].inputs, [Value::Ids(vec![1, 2, 3]), Value::Mask(vec![true, true, false])]);
    assert_eq!(reference.samples[1].lengths(&words()), Lengths { tokens: 3, ..Lengths::default() });
    assert_eq!(reference.expected[0].numbers, [[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(reference.expected[0].labels, Some(vec![vec![1], vec![0]]));
    assert_eq!(reference.not_compared, ["output.hidden"]);
}

#[test]
fn padding_is_the_opposite_of_attention() {
    let file = file(&[
        ("input.ids", &[1, 3], Numbers::I64(vec![1, 2, 3])),
        ("input.pad_mask", &[1, 3], Numbers::I64(vec![0, 1, 1])),
        ("output.logits", &[1, 2], Numbers::F32(vec![1.0, 2.0])),
    ]);
    let reference = file.bind(&words()).expect("the file fits");
    assert_eq!(reference.samples[0].inputs, [Value::Ids(vec![1, 2, 3]), Value::Mask(vec![true, false, false])]);
}

#[test]
fn whole_floats_are_ids_and_a_mask_is_optional() {
    let file = file(&[
        ("input.ids", &[1, 2], Numbers::F32(vec![0.0, 8.0])),
        ("output.logits", &[1, 1, 2], Numbers::F32(vec![1.0, 2.0])),
    ]);
    let reference = file.bind(&words()).expect("the file fits");
    assert_eq!(reference.samples[0].inputs, [Value::Ids(vec![0, 8]), Value::Mask(vec![])]);
}

#[test]
fn the_only_output_needs_no_name() {
    let inputs = ("input.ids", [1, 1].as_slice(), Numbers::I64(vec![1]));
    let only = file(&[inputs.clone(), ("output.latents", &[1, 2], Numbers::F32(vec![1.0, 2.0]))]);
    let reference = only.bind(&words()).expect("the file fits");
    assert_eq!(
        (reference.expected[0].numbers.as_slice(), reference.not_compared.len()),
        ([vec![1.0, 2.0]].as_slice(), 0)
    );
    let two = file(&[
        inputs,
        ("output.latents", &[1, 2], Numbers::F32(vec![1.0, 2.0])),
        ("output.rows", &[1, 2], Numbers::F32(vec![1.0, 2.0])),
    ]);
    assert_eq!(
        messages(&two, &words()),
        ["the model computes `logits` and the file has no `output.logits`; outputs there: `latents`, `rows`"]
    );
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let program = program(
        vec![("motion", InputKind::Numbers { shape: vec![3, 2] }), ("sound", InputKind::Numbers { shape: vec![4] })],
        &[("activity", 1, 2)],
    );
    let file =
        file(&[("input.sound", &[1, 4], Numbers::F32(vec![0.0; 4])), ("input.light", &[1], Numbers::I64(vec![0]))]);
    assert_eq!(
        messages(&file, &program),
        [
            "the model reads `motion` and the file has no `input.motion`; inputs there: `light`, `sound`",
            "`input.light` is no input of the model, which reads `motion`, `sound`: rename it or leave it out",
            "the model computes `activity` and the file has no `output.activity`; outputs there: none",
        ]
    );
}

#[test]
fn shapes_are_held_to_the_model() {
    let program =
        program(vec![("motion", InputKind::Numbers { shape: vec![3, 2] })], &[("activity", 1, 2), ("track", 2, 3)]);
    let file = file(&[
        ("input.motion", &[1, 2, 3], Numbers::F32(vec![0.0; 6])),
        ("output.activity", &[1, 5], Numbers::F32(vec![0.0; 5])),
        ("output.track", &[1, 3, 2], Numbers::F32(vec![0.0; 6])),
    ]);
    assert_eq!(
        messages(&file, &program),
        [
            "`input.motion` has shape [1, 2, 3], expected [samples, 3, 2]",
            "`output.activity` has shape [1, 5], expected [samples, 2]",
            "`output.track` has shape [1, 3, 2], expected [samples, 2, 3]",
        ]
    );
}

#[test]
fn ids_outside_the_vocabulary_and_long_ones_are_refused() {
    let good = ("output.logits", [2, 2].as_slice(), Numbers::F32(vec![0.0; 4]));
    let outside = file(&[("input.ids", &[2, 2], Numbers::I64(vec![0, 8, 3, 9])), good.clone()]);
    assert_eq!(messages(&outside, &words()), ["`input.ids` holds 9 in sample 1, expected whole numbers from 0 to 8"]);
    let long = file(&[("input.ids", &[2, 5], Numbers::I64(vec![0; 10])), good.clone()]);
    assert_eq!(messages(&long, &words()), ["`input.ids` has shape [2, 5], expected [samples, 1 to 4 ids]"]);
    let uneven = file(&[
        ("input.ids", &[2, 3], Numbers::I64(vec![0; 6])),
        ("input.attention_mask", &[2, 4], Numbers::I64(vec![1; 8])),
        good,
    ]);
    assert_eq!(
        messages(&uneven, &words()),
        ["`attention_mask` covers 4 tokens and `ids` has 3: give both the same length"]
    );
}

#[test]
fn batches_agree() {
    let file = file(&[
        ("input.ids", &[2, 1], Numbers::I64(vec![0, 1])),
        ("output.logits", &[3, 2], Numbers::F32(vec![0.0; 6])),
    ]);
    assert_eq!(
        messages(&file, &words()),
        ["`output.logits` has 3 samples, the inputs 2: write the same batch to both"]
    );
}

/// Three ids after which come up to two latents.
fn prefixed(prefix_len: Option<&str>) -> (File, Program) {
    let inputs =
        vec![("ids", InputKind::Ids { max: 4, vocabulary: 9 }), ("prefix_len", InputKind::Prefix { latents: 2 })];
    let mut file = file(&[
        ("input.ids", &[2, 3], Numbers::I64(vec![1, 2, 3, 4, 5, 8])),
        ("output.logits", &[2, 2], Numbers::F32(vec![1.0, 2.0, 3.0, 4.0])),
    ]);
    file.metadata.extend(prefix_len.map(|text| ("prefix_len".to_owned(), text.to_owned())));
    (file, program(inputs, &[("logits", 1, 2)]))
}

#[test]
fn the_length_of_the_prefix_is_in_the_metadata() {
    let (file, program) = prefixed(Some("2"));
    let reference = file.bind(&program).expect("the file fits");
    assert_eq!(reference.samples[1].inputs, [Value::Ids(vec![4, 5, 8]), Value::Prefix(2)]);
    assert_eq!(reference.samples[1].lengths(&program), Lengths { tokens: 3, prefix: 2, ..Lengths::default() });
}

#[test]
fn a_prefix_leaves_some_latents_and_not_too_many() {
    let message = |prefix_len| {
        let (file, program) = prefixed(prefix_len);
        messages(&file, &program)
    };
    let (silent, program) = prefixed(None);
    let shortest = silent.bind(&program).expect("the file fits").samples[0].lengths(&program);
    assert_eq!(shortest, Lengths { tokens: 3, prefix: 1, ..Lengths::default() }, "as many latents as there can be");
    assert_eq!(
        message(Some("two")),
        ["the metadata's `prefix_len` is `two`, expected how many tokens come before the latents: a whole number"]
    );
    for (asked, nearest) in [("0", 1), ("3", 2)] {
        let expected = format!(
            "the metadata's `prefix_len` is {asked}; of 3 tokens, with 1 to 2 latents after it, the nearest possible is {nearest}"
        );
        assert_eq!(message(Some(asked)), [expected]);
    }
}
