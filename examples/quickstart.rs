//! Classifies recorded wrist motion, and compares every answer with the framework that trained the model.
//!
//! ```text
//! cargo run --release -p examples --example quickstart
//! ```

use anyhow::Result;
use examples::Recording;
use std::time::{Duration, Instant};

/// Tells seven shoulder exercises apart from four seconds of wrist motion.
#[percio::model("models/motion")]
pub struct Motion;

/// Windows of people that the training never saw, with their true classes and the trained model's logits.
const RECORDING: &[u8] = include_bytes!("models/motion/reference.safetensors");

const CLASSES: usize = Motion::LABELS.len();

fn main() -> Result<()> {
    let recording = Recording::new(RECORDING)?;
    let acceleration = recording.series("input.acceleration")?;
    let rotation = recording.series("input.rotation")?;
    let windows: Vec<MotionInput> = acceleration
        .into_iter()
        .zip(rotation)
        .map(|(acceleration, rotation)| MotionInput { acceleration, rotation })
        .collect();
    let reference: Vec<[f32; CLASSES]> = recording.rows("output.logits")?;
    let truth = recording.classes("label.logits")?;

    let mut net = Box::new(Motion::new()); // in firmware this is a static
    let logits: Vec<[f32; CLASSES]> = windows.iter().map(|window| *net.infer(window)).collect();

    print_model();
    print_table(&logits, &truth);
    print_agreement(&logits, &reference);
    println!("time       {:.1?} an inference (median), {}", median_time(&mut net, &windows), percio::isa::name());
    Ok(())
}

fn print_model() {
    println!("{}: {} parameters, {} multiply-accumulates", Motion::NAME, Motion::PARAMETERS, Motion::MACS);
    println!("memory     {} bytes of RAM, {} bytes of flash", Motion::RAM_BYTES, Motion::FLASH_BYTES);
}

/// How often each true class was told as which, and the accuracy.
fn print_table(logits: &[[f32; CLASSES]], truth: &[usize]) {
    let mut table = [[0; CLASSES]; CLASSES];
    for (logits, &truth) in logits.iter().zip(truth) {
        table[truth][class(logits)] += 1;
    }
    let header: String = Motion::LABELS.iter().map(|label| format!("{label:>6}")).collect();
    println!("\ntrue \\ told{header}");
    for (label, row) in Motion::LABELS.iter().zip(&table) {
        let cells: String =
            row.iter().map(|&count| if count == 0 { "     ·".into() } else { format!("{count:6}") }).collect();
        println!("{label:<11}{cells}");
    }
    let correct: usize = (0..CLASSES).map(|class| table[class][class]).sum();
    println!("\naccuracy   {correct} of {} windows", truth.len());
}

fn print_agreement(logits: &[[f32; CLASSES]], reference: &[[f32; CLASSES]]) {
    let same = logits.iter().zip(reference).filter(|(ours, theirs)| class(*ours) == class(*theirs)).count();
    let differences =
        logits.as_flattened().iter().zip(reference.as_flattened()).map(|(ours, theirs)| (ours - theirs).abs());
    let largest = differences.fold(0.0, f32::max);
    println!("reference  {same} of {} windows in the same class, largest difference {largest:.1e}", reference.len());
}

/// The index of the largest logit.
fn class(logits: &[f32]) -> usize {
    percio::top::<1>(logits)[0].0
}

/// The median time of an inference over half a second.
fn median_time(net: &mut Motion, windows: &[MotionInput]) -> Duration {
    let (start, mut times) = (Instant::now(), Vec::new());
    for window in windows.iter().cycle() {
        if start.elapsed() > Duration::from_millis(500) {
            break;
        }
        let before = Instant::now();
        net.infer(window);
        times.push(before.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}
