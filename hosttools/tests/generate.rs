//! Generation: what is kept changes nothing, and what comes out is what the sources generate.

use percio_codegen_core::model::Model;
use percio_codegen_core::{CompileOptions, LoadOptions, compile, load};
use percio_hosttools::generate::{Cached, Pick, Predict, Recomputed, Sequence, Tail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As far as what is kept may be from what is computed anew, as a share of the largest logit: the order of sums differs.
const BOUND: f32 = 1e-5;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn model(name: &str) -> Model {
    load(&fixtures().join(name), &LoadOptions::default()).unwrap_or_else(|problems| panic!("{name}: {problems}"))
}

/// Every fixture that says what its source generated, and what.
fn generated() -> Vec<(String, Value)> {
    let directories = fixtures().read_dir().expect("the fixtures").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = directories
        .filter_map(|path| {
            let text = fs::read_to_string(path.join("generated.json")).ok()?;
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, serde_json::from_str(&text).expect("generated.json holds JSON")))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(found.len(), 10, "{found:?}");
    found
}

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().expect("a list").iter();
    ids.map(|id| u32::try_from(id.as_u64().expect("an id")).expect("an id")).collect()
}

#[test]
fn ids_are_those_of_the_source() {
    for (name, written) in generated() {
        let model = model(&name);
        let tail = Tail::of(&model).expect("a Perceiver AR");
        let latents = written["latents"].as_u64().map(|latents| latents as usize);
        let (prompt, expected) = (ids(&written["prompt"]), ids(&written["generated"]));
        let mut sequence = Sequence::new(tail, &prompt, latents).expect("a prompt");
        let program = compile(model, &CompileOptions::default()).unwrap();
        let mut cached = Cached::new(&program).expect("a Perceiver AR");
        for _ in &expected {
            sequence.step(&mut cached, &mut Pick::likeliest()).expect("a step");
        }
        assert_eq!(sequence.ids()[prompt.len()..], expected, "{name}");
    }
}

/// Token by token, from the shortest prompt until tokens have left, for every number of latents to begin with.
#[test]
fn what_is_kept_is_what_would_be_computed() {
    for (name, _) in generated() {
        let program = compile(model(&name), &CompileOptions::default()).unwrap();
        let mut recomputed = Recomputed::new(&program).expect("a program");
        let tail = Tail::of(&model(&name)).expect("a Perceiver AR");
        let prompt: Vec<u32> =
            (0..tail.prefix.map_or(4, |prefix| prefix + 2) as u32).map(|id| 1 + id * 5 % 16).collect();
        let counts = if tail.prefix.is_some() { vec![None] } else { vec![None, Some(1), Some(3)] };
        for latents in counts {
            let mut cached = Cached::new(&program).expect("a Perceiver AR");
            let mut sequence = Sequence::new(tail, &prompt, latents).expect("a prompt");
            for step in 0..tail.tokens + 4 {
                let split = sequence.split();
                let kept = cached.predict(sequence.ids(), split).expect("logits");
                let anew = recomputed.predict(sequence.ids(), split).expect("logits");
                let most = anew.iter().fold(0f32, |most, logit| most.max(logit.abs()));
                let off = kept.iter().zip(&anew).fold(0f32, |off, (a, b)| off.max((a - b).abs()));
                assert!(
                    off <= BOUND * most && kept.len() == anew.len(),
                    "{name}, {latents:?}, step {step}: {off} of {most}"
                );
                let [a, b] = [&kept, &anew].map(|logits| Pick::likeliest().pick(logits, tail.end));
                assert_eq!(a, b, "{name}, {latents:?}, step {step}");
                // A draw with a seed of its own each step, so that sequences do not settle on one id.
                let mut pick = Pick::among(5, 3.0, step as u64);
                sequence.step(&mut cached, &mut pick).expect("a step");
            }
        }
    }
}

/// While only latents are added a token costs one row; without, all latents.
#[test]
fn a_new_token_is_one_row_until_there_are_as_many_latents_as_can_be() {
    for (name, prompt, expected) in [
        // Up to 5 latents after 6 tokens: one row each, then all 5 for each token.
        ("lucidrains-ar", 7, [1, 1, 1, 1, 1, 5, 5]),
        ("krasserm-08-causal-lm", 7, [1, 1, 1, 1, 1, 5, 5]),
        ("google-ar", 1, [1, 1, 1, 1, 1, 5, 5]),
        // With positions that count from the end every latent is another one after every token.
        ("google-ar-absolute", 1, [1, 2, 3, 4, 5, 5, 5]),
    ] {
        let tail = Tail::of(&model(name)).expect("a Perceiver AR");
        let program = compile(model(name), &CompileOptions::default()).unwrap();
        let mut cached = Cached::new(&program).expect("a Perceiver AR");
        let mut sequence = Sequence::new(tail, &vec![1; prompt], None).expect("a prompt");
        let rows = expected.map(|_| {
            let before = cached.rows();
            sequence.step(&mut cached, &mut Pick::likeliest()).expect("a step");
            cached.rows() - before
        });
        assert_eq!(rows, expected, "{name}");
    }
}

#[test]
fn another_sequence_begins_anew() {
    let tail = Tail::of(&model("google-ar")).expect("a Perceiver AR");
    let program = compile(model("google-ar"), &CompileOptions::default()).unwrap();
    let logits = |cached: &mut Cached<'_>, ids: &[u32]| {
        let sequence = Sequence::new(tail, ids, None).expect("a prompt");
        cached.predict(sequence.ids(), sequence.split()).expect("logits")
    };
    let mut used = Cached::new(&program).expect("a Perceiver AR");
    logits(&mut used, &[3, 4, 5, 6]);
    let mut fresh = Cached::new(&program).expect("a Perceiver AR");
    assert_eq!(logits(&mut used, &[3, 4, 7, 6, 2]), logits(&mut fresh, &[3, 4, 7, 6, 2]));
}

#[test]
fn wrong_prompts() {
    let message = |name: &str, prompt: &[u32], latents| {
        let tail = Tail::of(&model(name)).expect("a Perceiver AR");
        Sequence::new(tail, prompt, latents).expect_err("a wrong prompt").to_string()
    };
    assert_eq!(
        message("google-ar", &[3, 0], None),
        "the prompt holds 0 at place 1, expected ids below 19 without 0, which ends a sequence: correct it"
    );
    assert_eq!(
        message("lucidrains-ar", &[17; 7], None),
        "the prompt holds 17 at place 0, expected ids below 17: correct it"
    );
    assert_eq!(message("lucidrains-ar", &[1; 6], None), "the prompt has 6 ids, expected 7 to 11: give more");
    assert_eq!(
        message("krasserm-08-causal-lm", &[1; 12], None),
        "the prompt has 12 ids, expected 1 to 11: give its last ones"
    );
    assert_eq!(
        message("krasserm-08-causal-lm", &[1; 9], Some(2)),
        "2 latents are asked for, expected 3 to 5 of a prompt of 9 ids: correct the number"
    );
    assert!(
        message("krasserm-07-causal-lm", &[1; 3], Some(2)).contains("the model itself says that at least 0 tokens")
    );
    let other = Tail::of(&model("hf-masked-lm")).expect_err("no Perceiver AR").to_string();
    assert!(other.contains("does not continue a sequence: generation needs a Perceiver AR"), "{other}");
}

fn percio(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_percio")).args(arguments).env_remove("PERCIO_ISA").output().expect("percio starts")
}

#[test]
fn the_command_prints_ids() {
    let directory = fixtures().join("lucidrains-ar");
    let written: Value =
        serde_json::from_str(&fs::read_to_string(directory.join("generated.json")).expect("a file")).expect("JSON");
    let prompt = ids(&written["prompt"]).iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let model = directory.to_string_lossy().into_owned();
    let fixed = ["generate", &model, "--prompt", &prompt, "--tokens", "13"];
    let text = percio(&fixed);
    let expected = ids(&written["generated"]).iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    assert_eq!(String::from_utf8_lossy(&text.stdout).trim(), expected);
    let report = |more: &[&str]| -> Value {
        let output = percio(&[&fixed, more, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let anew = report(&["--no-cache"]);
    assert_eq!(
        (&anew["generated"], &anew["cached"], &anew["rows"]),
        (&written["generated"], &Value::Bool(false), &Value::Null)
    );
    let drawn = ["--top-k", "4", "--temperature", "2.5", "--seed", "9"];
    assert_eq!(report(&drawn)["generated"], report(&[&drawn[..], &["--no-cache"]].concat())["generated"]);
    assert_ne!(report(&drawn)["generated"], written["generated"]);
    let half = ["--weights", "f16"];
    assert_eq!(report(&half)["generated"], report(&[&half[..], &["--no-cache"]].concat())["generated"]);
    let wrong = percio(&["generate", &model, "--prompt", "1,2"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&wrong.stderr).trim(),
        "error: the prompt has 2 ids, expected 7 to 11: give more"
    );
}
