//! Generators: they say what their source generates, bit for bit what the host's says, and what the whole model would.

use super::models::{google_ar, krasserm, lucidrains_ar};
use crate::support::fixtures::{self, program};
use crate::support::isa::on_every_isa;
use crate::support::random_model::{recipes, runner};
use crate::support::tolerance;
use percio::Generator;
use percio_codegen_core::model::{Extent, Input, Latents, Linear, Model, Output, Softmax, Stem, Tensor};
use percio_codegen_core::program::Program;
use percio_codegen_core::{CompileOptions, LoadOptions, compile};
use percio_hosttools::generate::{Cached, Pick, Predict, Recomputed, Sequence, Tail};
use percio_hosttools::metrics::Distance;
use proptest::strategy::{Strategy, ValueTree};
use serde_json::Value;
use std::num::NonZeroUsize;

/// Calls `$check` with the name of each fixture that says what its source generated, and a generator.
macro_rules! for_every_generator {
    ($check:path) => {{
        $check("google-ar", &mut google_ar::Rotary::generator());
        $check("google-ar-absolute", &mut google_ar::Absolute::generator());
        $check("google-ar-options", &mut google_ar::Options::generator());
        $check("krasserm-06-causal-lm", &mut krasserm::CausalLm06::generator());
        $check("krasserm-07-causal-lm", &mut krasserm::CausalLm07::generator());
        $check("krasserm-08-causal-lm", &mut krasserm::CausalLm08::generator());
        $check("krasserm-11-causal-lm", &mut krasserm::CausalLm11::generator());
        $check("krasserm-11-pretrained-symbolic-audio", &mut krasserm::PretrainedSymbolicAudio11::generator());
        $check("lucidrains-ar", &mut lucidrains_ar::Bare::generator());
        $check("lucidrains-ar-wrapped", &mut lucidrains_ar::Wrapped::generator());
    }};
}

/// The likeliest id that does not end a sequence.
fn likeliest<G: Generator>(logits: &[f32]) -> u32 {
    Pick::likeliest().pick(logits, G::END)
}

/// The prompt and what the source made of it.
fn written(name: &str) -> [Vec<u32>; 2] {
    let text = std::fs::read_to_string(fixtures::directory(name).join("generated.json")).expect("a file");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let ids = |name: &str| -> Vec<u32> {
        let ids = value[name].as_array().expect("a list").iter();
        ids.map(|id| u32::try_from(id.as_u64().expect("an id")).expect("an id")).collect()
    };
    // Where the source lets a caller choose, it had one latent, as a generator has.
    assert!(value["latents"].as_u64().is_none_or(|latents| latents == 1), "{name}");
    [ids("prompt"), ids("generated")]
}

on_every_isa! {
    fn generators_say_what_their_source_generates() {
        fn check<G: Generator>(name: &str, generator: &mut G) {
            let [prompt, expected] = written(name);
            let mut id = likeliest::<G>(generator.begin(&prompt));
            let mut found = vec![id];
            while found.len() < expected.len() {
                id = likeliest::<G>(generator.push(id));
                found.push(id);
            }
            assert_eq!(found, expected, "{name}");
        }
        for_every_generator!(check);
    }
}

on_every_isa! {
    fn generators_and_the_hosts_agree_bit_for_bit() {
        fn check<G: Generator>(name: &str, generator: &mut G) {
            let (program, tail) = (program(name), Tail::of(&model(name)).expect("a Perceiver AR"));
            let mut cached = Cached::new(&program).expect("a Perceiver AR");
            let longest = tail.tokens as u32 + 3;
            // The longest prompt is cut: its first ids are not read.
            for count in [1 + tail.prefix.unwrap_or(0), tail.tokens, tail.tokens + 2] {
                let prompt: Vec<u32> = (0..count as u32).map(|id| 1 + id * 5 % 16).collect();
                let read = &prompt[count.saturating_sub(tail.tokens)..];
                let mut sequence = Sequence::new(tail, read, None).expect("a prompt");
                let mut found = bits(generator.begin(&prompt));
                for id in 0..longest {
                    let expected = cached.predict(sequence.ids(), sequence.split()).expect("logits");
                    assert_eq!(found, bits(&expected), "{name}: {count} ids and {id}");
                    let id = 1 + id * 7 % 15;
                    sequence.push(id);
                    found = bits(generator.push(id));
                }
            }
        }
        for_every_generator!(check);
    }
}

fn model(name: &str) -> Model {
    fixtures::model(name, &LoadOptions::default())
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn constants_of_a_generator_are_those_of_the_program() {
    fn check<G: Generator>(name: &str, _: &mut G) {
        let program = program(name);
        let generation = program.generation.as_ref().expect("a Perceiver AR");
        assert_eq!([G::RAM_BYTES, generation.ram_bytes()], [size_of::<G>(); 2], "{name}");
        assert!(G::FLASH_BYTES >= program.flash_bytes(), "{name}");
        let macs = [generation.macs_per_token(), generation.most_macs_per_token()];
        assert_eq!([G::MACS_PER_TOKEN, G::MOST_MACS_PER_TOKEN], macs, "{name}");
        // All tokens and latents computed again is what a run is, but for the likelihoods of all but the last.
        assert!(macs[0] <= macs[1] && macs[1] <= program.macs(), "{name}: {macs:?}, a run {}", program.macs());
        println!("{name}: {} bytes of RAM, {macs:?} MACs a token, {} a run", G::RAM_BYTES, program.macs());
    }
    for_every_generator!(check);
}

#[test]
fn ids_that_end_a_sequence_are_never_part_of_one() {
    let (mut plain, mut ended) = (google_ar::Rotary::generator(), google_ar::Rotary::generator());
    assert_eq!(google_ar::RotaryGenerator::END, Some(0));
    assert_eq!(plain.begin(&[3, 4]), ended.begin(&[3, 4, 0, 5]));
    let before = *ended.logits();
    assert_eq!(ended.push(0), &before);
    assert_eq!([plain.len(), ended.len()], [2, 2]);
    assert_eq!(plain.push(7), ended.push(7));
    assert_eq!(ended.begin(&[]), &[0.0; 19]);
    assert!(ended.is_empty() && ended.logits() == &[0.0; 19]);
    assert_ne!(ended.push(7), &[0.0; 19], "a sequence may begin with a push");
}

/// Whether a caller says how many of a prompt are latents, and with which numbers of them.
#[test]
fn more_latents_may_be_asked_for() {
    let mut generator = krasserm::CausalLm08::generator();
    let prompt = [12, 20, 19, 14, 10, 20, 10];
    let mut logits = |latents| bits(generator.begin_with(&prompt, latents));
    let [none, one, three, five, many] = [0, 1, 3, 5, 9].map(&mut logits);
    assert_eq!((&none, &five), (&one, &many));
    assert!(one != three && three != five);
    assert_eq!(bits(krasserm::CausalLm08::generator().begin(&prompt)), one);
}

on_every_isa! {
    fn no_input_makes_a_generator_fail() {
        let mut generator = krasserm::CausalLm11::generator();
        for prompt in [[u32::MAX; 3].as_slice(), &[], &[1; 99]] {
            generator.begin(prompt);
            for id in [u32::MAX, 0, 23, 22] {
                assert!(generator.push(id).iter().all(|logit| logit.is_finite()), "{prompt:?}, {id}");
            }
        }
    }
}

/// Random models whose latents are the last of their ids, made such that they can go on token by token.
fn random() -> Vec<Model> {
    let (mut runner, recipes) = (runner(), recipes());
    let mut models =
        (0..2_000).map(|_| recipes.new_tree(&mut runner).expect("recipes have no filter").current().model());
    let mut found = Vec::new();
    for mut model in models.by_ref() {
        let ids = matches!(model.inputs.as_slice(), [Input { stem: Stem::Ids { .. }, .. }]);
        let Latents::Tail { most, width, .. } = model.latents else { continue };
        for block in &mut model.blocks {
            (block.attention.causal, block.attention.softmax) = (true, Softmax::Keys);
        }
        (model.decoder, model.mixtures) = (None, Vec::new());
        let linear = Linear { weight: Tensor::new("head", &[3, width], numbers(3 * width)), bias: None };
        model.outputs = vec![Output::new("logits", Extent::Latents { most }, Some(linear))];
        if ids && compile(model.clone(), &CompileOptions::default()).unwrap().generation.is_ok() {
            found.push(model);
        }
    }
    found
}

/// Checks that no two buffers that live at the same step overlap, and that what is kept lives at every step.
fn apart(program: &Program) {
    for (index, buffer) in program.buffers.iter().enumerate() {
        let last = program.steps.len() - 1;
        assert!(!buffer.name.contains(" kept ") || (buffer.first, buffer.last) == (0, last), "{buffer:?}");
        for other in &program.buffers[..index] {
            let live_together = buffer.first <= other.last && other.first <= buffer.last;
            let are_apart = buffer.offset + buffer.len <= other.offset || other.offset + other.len <= buffer.offset;
            assert!(!live_together || are_apart, "{buffer:?} and {other:?}");
        }
    }
}

/// So many numbers in ±1.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 37 + 11) % 64) as f32 / 32.0 - 1.0).collect()
}

#[test]
fn random_models_go_on_as_if_computed_anew() {
    let models = random();
    assert!(models.len() >= 20, "{} models of many can go on", models.len());
    for (index, model) in models.into_iter().enumerate() {
        let tile = NonZeroUsize::new(index % 4);
        let program = compile(model.clone(), &CompileOptions { tile, ..CompileOptions::default() }).unwrap();
        apart(&program.generation.as_ref().expect("it can go on").program);
        let tail = Tail::of(&model).expect("ids");
        let (mut cached, mut anew) =
            (Cached::new(&program).expect("a generation"), Recomputed::new(&program).expect("a program"));
        let count = 1 + tail.prefix.unwrap_or(0);
        let prompt: Vec<u32> = (1..=count as u32).map(|id| id % tail.vocabulary as u32).collect();
        let Ok(mut sequence) = Sequence::new(tail, &prompt, None) else { continue };
        for step in 0..tail.tokens + 3 {
            let [found, expected] = [&mut cached as &mut dyn Predict, &mut anew]
                .map(|predict| predict.predict(sequence.ids(), sequence.split()).expect("logits"));
            let distance = Distance::between(&[found], &[expected], 1);
            assert!(distance.is_within(tolerance::STREAM), "step {step} of the {index}th: {distance:?}");
            sequence.push((step * 3 % tail.vocabulary) as u32);
        }
    }
}
