//! Files of inputs, and tokens as they arrive.

use crate::support::{directory, errors, fixture, json, percio, text};
use percio_codegen_core::container::{Array, Numbers};
use percio_hosttools::reference::File;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn said(arguments: &[&str]) -> String {
    let output = percio(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    errors(&output)
}

/// A 6 × 6 picture whose bytes count up.
fn picture(path: &Path) {
    let file = std::fs::File::create(path).expect("the file is made");
    let mut encoder = png::Encoder::new(file, 6, 6);
    encoder.set_color(png::ColorType::Rgb);
    let bytes: Vec<u8> = (0..108).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&bytes)).expect("the picture is written");
}

/// Numbers as NumPy saves them.
fn write_npy(path: &Path, shape: &str, numbers: &[f32]) {
    let header = format!("{:<117}\n", format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"));
    let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    std::fs::write(path, [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), &numbers].concat())
        .expect("the array is written");
}

#[test]
fn a_picture_is_numbers() {
    let directory = directory();
    let (png, csv) = (directory.path().join("picture.png"), directory.path().join("numbers.csv"));
    picture(&png);
    // Channels first, from 0 to 1, less the mean.
    let numbers = (0..3).flat_map(|channel| (0..36).map(move |pixel| (pixel * 3 + channel) as f32 / 255.0 - 0.25));
    let numbers: Vec<f32> = numbers.collect();
    std::fs::write(&csv, numbers.iter().map(|number| format!("{number:?}\n")).collect::<String>())
        .expect("the table is written");
    let npy = directory.path().join("numbers.npy");
    write_npy(&npy, "(3, 6, 6)", &numbers);
    let model = fixture("hf-image-learned");
    let run = |path: &Path, rest: &[&str]| {
        let output = percio(&[&["run", text(&model), "--input", text(path), "--format", "json"], rest].concat());
        json(&output)[0]["outputs"][0]["numbers"].clone()
    };
    assert_eq!(run(&png, &["--mean", "0.25"]), run(&csv, &[]));
    assert_eq!(run(&npy, &[]), run(&csv, &[]));
    assert_ne!(run(&png, &[]), run(&csv, &[]));
    let other = said(&["run", text(&fixture("hf-raw")), "--input", text(&png)]);
    assert!(other.contains("the picture has 6 rows of 6 pixels, and the model reads"), "{other}");
    let broken = directory.path().join("broken.png");
    std::fs::write(&broken, &std::fs::read(&png).expect("the picture")[..60]).expect("half of it");
    let broken = said(&["run", text(&model), "--input", text(&broken)]);
    assert!(broken.contains("broken.png` is no PNG file that can be read: save it again"), "{broken}");
}

#[test]
fn a_sound_is_windows_of_numbers() {
    let directory = directory();
    let path = directory.path().join("sound.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let write = |count: i16| {
        let mut writer = hound::WavWriter::create(&path, spec).expect("the file is made");
        (0..count).for_each(|sample| writer.write_sample(sample * 7).expect("it is written"));
        writer.finalize().expect("it is closed");
    };
    let model = fixture("hf-raw");
    let info = json(&percio(&["info", text(&model), "--format", "json"]));
    let window: u64 =
        info["inputs"][0]["shape"].as_array().expect("a shape").iter().filter_map(Value::as_u64).product();
    write(i16::try_from(2 * window + 3).expect("a small model"));
    let report = json(&percio(&["run", text(&model), "--input", text(&path), "--format", "json"]));
    assert_eq!(report.as_array().map(Vec::len), Some(2));
    write(3);
    let short = said(&["run", text(&model), "--input", text(&path)]);
    assert!(short.contains("the sound has 3 numbers, and the model reads"), "{short}");
}

#[test]
fn only_bytes_are_made_from_text() {
    let directory = directory();
    let path = directory.path().join("lines.txt");
    std::fs::write(&path, "one\n\ntwo\n").expect("the text is written");
    let message = said(&["run", text(&fixture("hf-masked-lm")), "--input", text(&path)]);
    assert!(message.contains("the model has 29 ids, and only the bytes of UTF-8"), "{message}");
    let message = said(&["run", text(&fixture("hf-image-learned")), "--input", text(&path)]);
    assert!(message.contains("the model does not read text"), "{message}");
    let message = said(&["run", text(&fixture("hf-masked-lm")), "--input", "ids.doc"]);
    assert!(message.contains("is none of .safetensors, .npy, .csv, .png, .wav and .txt"), "{message}");
}

/// What `percio run --watch` makes of `lines`.
fn watch(model: &Path, lines: &str, rest: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.args(["run", text(model), "--watch", "--format", "json"]).args(rest).env("PERCIO_ISA", "scalar");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("percio starts");
    // One that refuses a line reads no further.
    let _ = child.stdin.take().expect("its input").write_all(lines.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn tokens_are_run_as_they_arrive() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/motion");
    let reference = model.join("reference.safetensors");
    let file = File::read(&reference).expect("a reference");
    let inputs = file.under("input");
    let rows = |name: &str, sample: usize| -> Vec<Vec<f32>> {
        let Array { shape, numbers: Numbers::F32(numbers) } = inputs[name] else { panic!("numbers") };
        let len = shape[1] * shape[2];
        numbers[sample * len..][..len].chunks(shape[2]).map(<[f32]>::to_vec).collect()
    };
    // Two samples of acceleration for each of rotation, as the sensors give them.
    let line = |sample: usize, index: usize| {
        let (acceleration, rotation) = (rows("acceleration", sample), rows("rotation", sample));
        serde_json::json!({"acceleration": &acceleration[2 * index..2 * index + 2], "rotation": rotation[index]})
            .to_string()
    };
    let lines: Vec<String> =
        (0..2).flat_map(|sample| (0..100).map(move |index| (sample, index))).map(|(s, i)| line(s, i)).collect();
    let ran = json(&percio(&["run", text(&model), "--input", text(&reference), "--format", "json"]));
    let whole = |window: usize| ran[window]["outputs"][0].clone();
    for (lines, rest) in [
        (lines.join("\n"), ["--every", "100"].as_slice()),
        (format!("\n{}\n\n\n{}", lines[..100].join("\n"), lines[100..].join("\n")), &[]),
    ] {
        let output = watch(&model, &lines, rest);
        let windows: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON value a line"))
            .collect();
        assert_eq!(windows.len(), 2, "{}", errors(&output));
        for (window, computed) in windows.iter().enumerate() {
            let numbers = |output: &Value| -> Vec<f64> {
                output["numbers"].as_array().expect("numbers").iter().filter_map(Value::as_f64).collect()
            };
            let pairs = numbers(&computed["outputs"][0]).into_iter().zip(numbers(&whole(window)));
            assert!(pairs.clone().count() == 7 && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }
}

#[test]
fn a_line_that_is_no_token_is_said() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/motion");
    for (lines, message) in [
        ("{", "error: line 1: no JSON: `{`: "),
        (
            "{\"rotation\": [1, 2, 3]}\n[1]",
            "error: line 2: the model has several inputs: write {\"acceleration\": […], \"rotation\": […]}",
        ),
        ("{\"light\": [1]}", "error: line 1: no input `light`; tokens arrive at acceleration, rotation"),
        ("{\"rotation\": []}", "error: line 1: no numbers"),
        ("{\"acceleration\": [1, 2]}\n\n", "error: the window ends inside a token: 2 of its 15 numbers are there"),
        ("{\"rotation\": [1, 2, \"3\"]}", "error: line 1: expected numbers or lists of them, found `\"3\"`"),
    ] {
        let output = watch(&model, lines, &[]);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
        assert!(errors(&output).starts_with(message), "{}", errors(&output));
    }
    let whole = watch(&fixture("krasserm-11-causal-lm"), "[1]", &[]);
    assert!(errors(&whole).starts_with("error: the model needs all its tokens at once"), "{}", errors(&whole));
}
