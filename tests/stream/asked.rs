//! Queries that the caller makes: equal to what all outputs have at those points.

use super::{interpreter, largest, script};
use crate::generated::models::{OpticalFlow, Runs, Video, VideoInput, deepmind};
use crate::support::fixtures;
use crate::support::tolerance;
use crate::support::typed::{array, points};
use percio_codegen_core::program::{Program, Stage};
use percio_hosttools::backend::{Backend, Interpreter};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::{Sample, Value};

/// `row` is row `point` of all `rows`, but for roundings.
fn is_row(row: &[f32], rows: &[f32], point: usize, name: &str) {
    let expected = &rows[point * row.len()..][..row.len()];
    let distance = Distance::between(&[row.to_vec()], &[expected.to_vec()], 1);
    let bound = tolerance::STREAM * f64::from(largest(rows));
    assert!(distance.max_abs <= bound, "{name}, point {point}: {distance:?}");
}

/// What each token of the only input is made from, and how many numbers that are.
fn raw_tokens(program: &Program, sample: &Sample) -> (Vec<f32>, usize) {
    let stage =
        program.stages.iter().find_map(|stage| if let Stage::Tokens(stage) = stage { Some(stage) } else { None });
    let stage = stage.expect("tokens that are made a few at a time");
    let Value::Numbers(numbers) = script::arriving(program, stage, &sample.inputs[0]) else {
        panic!("expected numbers")
    };
    (numbers, stage.shape.iter().product())
}

/// A model of optical flow asks with its tokens: any of them, alone, when all have been read or have arrived.
macro_rules! flow {
    ($name:literal, $net:path) => {{
        let program = fixtures::program($name);
        let sample = Sample::noise(&program);
        let mut net = Box::new(<$net>::new());
        let [all] = net.run(&sample).try_into().expect("one output");
        let (tokens, width) = raw_tokens(&program, &sample);
        let mut encoder = net.encoder();
        tokens.chunks_exact(width).for_each(|token| encoder.push(&array(&Value::Numbers(token.to_vec()))));
        let mut latents = encoder.finish();
        for (point, token) in tokens.chunks_exact(width).enumerate().step_by(3) {
            let query = latents.query(point as u32, &array(&Value::Numbers(token.to_vec())));
            is_row(latents.decode_with(&query), &all, point, $name);
        }
    }};
}

#[test]
fn flow_at_single_points() {
    flow!("hf-optical-flow", OpticalFlow);
    flow!("deepmind-optical-flow", deepmind::OpticalFlow);
}

#[test]
fn a_video_at_single_points() {
    let program = fixtures::program("hf-video");
    let sample = Sample::noise(&program);
    let [audio, image, audio_points, image_points] = sample.inputs.as_slice() else { panic!("expected four inputs") };
    let input = |audio_points, image_points| VideoInput {
        audio: array(audio),
        image: array(image),
        points_audio: audio_points,
        points_image: image_points,
    };
    let (own_audio, own_image) = (points(audio_points), points(image_points));
    let mut net = Box::new(Video::new());
    for point in 0..30 {
        let all = net.infer(&input(own_audio, [point; 5]));
        let (all_image, label) = (all.image.as_flattened().to_vec(), all.label.to_vec());
        let mut latents = net.encode(&input(own_audio, own_image));
        is_row(latents.decode_with_image(&Video::query_image(point as usize)), &all_image, 0, "image");
        is_row(latents.decode_with_label(&Video::query_label(0)), &label, 0, "label");
    }
    for point in 0..5 {
        let all = net.infer(&input([point; 3], own_image)).audio.to_vec();
        let mut latents = net.encode(&input(own_audio, own_image));
        is_row(latents.decode_with_audio(&Video::query_audio(point as usize)), &all, 0, "audio");
    }
}

#[test]
fn a_video_of_the_original_at_single_points() {
    let program = fixtures::program("deepmind-video");
    let sample = Sample::noise(&program);
    let mut net = Box::new(deepmind::Video::new());
    let all = net.run(&sample);
    let [audio, image] = sample.inputs.as_slice() else { panic!("expected two inputs") };
    let mut latents = net.encode(&deepmind::VideoInput { audio: array(audio), image: array(image) });
    for point in (0..program.outputs[1].rows).step_by(7) {
        is_row(latents.decode_with_image(&deepmind::Video::query_image(point)), &all[1], point, "image");
        is_row(latents.decode_image(point), &all[1], point, "image by its index");
    }
}

/// Where queries are positions, those between the positions of the grid can be asked for: on the grid they are the model's own.
#[test]
fn coordinates_on_the_grid_are_its_positions() {
    let name = "deepmind-video";
    let program = fixtures::program(name);
    let of_image = |stage: &&percio_codegen_core::program::QueryStage| stage.asked.name == "image";
    let asked = &program.queries().find(of_image).expect("queries for an image").asked;
    assert_eq!(asked.frequencies.len(), 3, "frames, rows and columns");
    let query = deepmind::Video::query_at_image([-1.0; 3]);
    let own = deepmind::Video::query_image(0);
    assert!(query.iter().zip(own).all(|(a, b)| (a - b).abs() < 1e-4), "{query:?}, {own:?}");
}

#[test]
fn generated_code_and_interpreter_agree_on_queries_of_the_caller() {
    let program = fixtures::program("deepmind-video");
    let sample = Sample::noise(&program);
    let mut interpreter: Interpreter<'_> = interpreter(&program);
    interpreter.infer(&sample).expect("a program that runs");
    let mut net = Box::new(deepmind::Video::new());
    let [audio, image] = sample.inputs.as_slice() else { panic!("expected two inputs") };
    let mut latents = net.encode(&deepmind::VideoInput { audio: array(audio), image: array(image) });
    for coordinate in [-1.0, -0.3, 0.0, 0.71, 1.0] {
        let query = deepmind::Video::query_at_image([coordinate, -coordinate, 0.5 * coordinate]);
        let expected = interpreter.decode_with(1, &query).expect("queries that are rows").to_vec();
        assert_eq!(latents.decode_with_image(&query).as_slice(), expected);
    }
}
