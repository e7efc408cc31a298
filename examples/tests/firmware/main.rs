//! The firmware of `examples/firmware`, built for a Cortex-M4F and run in QEMU: what it prints is as recorded, agrees
//! with the host and stays in its limits; what it links holds no panic, no formatting and no heap.
//!
//! `motion.out` beside the program is the record. After a change that is meant to alter it, run
//! `PERCIO_OVERWRITE=1 ./ci.sh qemu` and read the difference.

mod image;
mod output;
mod program;

use examples::Recording;
use image::Image;
use output::{Output, Window};
use std::fs;
use std::sync::OnceLock;

/// The same model on the host.
#[percio::model("models/motion")]
pub struct Motion;

/// Largest difference between two logits that count as the same number: they are printed to four decimals, and hosts
/// round sums of products in another order than the device (about 1e-6 of a logit).
const TOLERANCE: f32 = 2e-4;
/// Instructions of an inference may exceed the record by this factor.
const SLOWER: f64 = 1.02;
/// Bytes of stack that an inference may use.
const STACK: u64 = 4096;
/// Bytes of static variables beside the model.
const STATICS: u64 = 1024;
/// Bytes of code beside weights, tables and recorded windows.
const CODE: u64 = 96 * 1024;
/// Bytes of a firmware with the masked language model; onnx2c's takes 257,732.
const TINY_MLM: u64 = 230 * 1024;

/// The record, replaced before it is first read where that is wanted.
fn record() -> Output {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let path = program::directory().join("src/bin/motion.out");
        if std::env::var_os("PERCIO_OVERWRITE").is_some() {
            fs::write(&path, program::printed()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    Output::parse(text)
}

fn assert_same(ours: &Window, theirs: &Window, whose: &str) {
    assert_eq!(
        (ours.told.as_str(), ours.truth.as_str()),
        (theirs.told.as_str(), theirs.truth.as_str()),
        "{ours:?}, {whose}: {theirs:?}"
    );
    assert_eq!(ours.logits.len(), theirs.logits.len(), "{ours:?}, {whose}: {theirs:?}");
    for (a, b) in ours.logits.iter().zip(&theirs.logits) {
        assert!((a - b).abs() <= TOLERANCE, "{ours:?}, {whose}: {theirs:?}");
    }
}

#[test]
fn prints_what_is_recorded() {
    let (output, record) = (Output::parse(program::printed()), record());
    assert_eq!(output.windows.len(), record.windows.len());
    for (ours, theirs) in output.windows.iter().zip(&record.windows) {
        assert_same(ours, theirs, "recorded");
    }
    assert_eq!(output.figure("windows"), output.windows.len() as u64);
    assert_eq!(output.figure("correct"), record.figure("correct"));
}

#[test]
fn agrees_with_the_host() {
    let file =
        fs::read(program::directory().join("../models/motion/reference.safetensors")).expect("the recording is there");
    let recording = Recording::new(&file).unwrap();
    let (acceleration, rotation) =
        (recording.series("input.acceleration").unwrap(), recording.series("input.rotation").unwrap());
    let label = |class: usize| Motion::LABELS[class].to_owned();
    let truth = recording.classes("label.logits").unwrap();
    let output = Output::parse(program::printed());
    assert_eq!(output.windows.len(), truth.len());
    let mut net = Box::new(Motion::new());
    for (index, window) in output.windows.iter().enumerate() {
        let logits = net.infer(&MotionInput { acceleration: acceleration[index], rotation: rotation[index] });
        let told = label(percio::top::<1>(logits)[0].0);
        let host = Window { index, told, truth: label(truth[index]), logits: logits.to_vec() };
        assert_same(window, &host, "on the host");
        assert_eq!(window.index, index);
    }
}

#[test]
fn figures_stay_in_their_limits() {
    let (output, record) = (Output::parse(program::printed()), record());
    let [instructions, recorded] = [&output, &record].map(|output| output.figure("instructions of an inference"));
    let most = (recorded as f64 * SLOWER) as u64;
    assert!((1..=most).contains(&instructions), "{instructions} instructions, {recorded} are recorded");
    let stack = output.figure("bytes of stack of an inference");
    assert!((1..=STACK).contains(&stack), "an inference uses {stack} bytes of stack, expected at most {STACK}");
    let [model, statics] = ["bytes of the model in RAM", "bytes of .bss and .data"].map(|name| output.figure(name));
    assert_eq!(model, output.figure("bytes the model announced"));
    assert_eq!(model, Motion::RAM_BYTES as u64, "the host plans another size");
    let beside = statics.checked_sub(model).expect("the model is a static variable");
    assert!(beside <= STATICS, "{beside} bytes of static variables beside the model, expected at most {STATICS}");
}

/// The symbols that speak of a panic, of formatting or of a heap.
fn unwanted(image: &Image) -> Vec<&String> {
    let names = image.symbols.iter();
    names.filter(|name| ["panic", "fmt", "alloc"].iter().any(|word| name.contains(word))).collect()
}

#[test]
fn links_no_panic_no_formatting_and_no_heap() {
    let images = program::images();
    assert!(!unwanted(&Image::read(&images.motion)).is_empty(), "a program that prints must have such symbols");
    for path in [&images.audit, &images.sequence, &images.picture] {
        let audit = Image::read(path);
        assert!(audit.symbols.iter().any(|name| name == "main"), "the image has lost its symbols: {:?}", audit.symbols);
        let found = unwanted(&audit);
        assert!(found.is_empty(), "{} links {found:#?}", path.display());
    }
}

#[test]
fn code_stays_small() {
    let images = program::images();
    for (name, path) in [("motion", &images.motion), ("audit", &images.audit)] {
        let sections = Image::read(path).sections;
        let sections: Vec<_> = sections.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
        println!("{name}: {} bytes", sections.join(", "));
    }
    let windows = Output::parse(program::printed()).windows.len() * size_of::<MotionInput>();
    let code = Image::read(&images.audit).flash - (Motion::FLASH_BYTES + windows) as u64;
    println!("audit: {code} bytes of code, {} of weights, {windows} of recorded windows", Motion::FLASH_BYTES);
    assert!(code <= CODE, "{code} bytes of code, expected at most {CODE}");
}

#[test]
fn a_firmware_with_a_language_model_is_small() {
    let flash = Image::read(&program::images().tiny_mlm).flash;
    println!("tiny_mlm: {flash} bytes of flash");
    assert!(flash <= TINY_MLM, "{flash} bytes of flash, expected at most {TINY_MLM}");
}
