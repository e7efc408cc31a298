//! Fewer latents, fewer layers: what each costs in accuracy and saves in work, on windows that the training never saw.
//!
//! ```text
//! cargo run --release -p examples --example adaptive
//! ```

use anyhow::Result;
use examples::Recording;

/// The same model as the quickstart's, of which runs may leave out latents and layers.
#[percio::model("models/motion", adaptive = true)]
pub struct Motion;

/// Windows of people that the training never saw, with their true classes.
const RECORDING: &[u8] = include_bytes!("models/motion/reference.safetensors");

fn main() -> Result<()> {
    let recording = Recording::new(RECORDING)?;
    let acceleration = recording.series("input.acceleration")?.into_iter();
    let windows = acceleration.zip(recording.series("input.rotation")?);
    let windows: Vec<_> = windows.map(|(acceleration, rotation)| MotionInput { acceleration, rotation }).collect();
    let truth = recording.classes("label.logits")?;

    println!("right answers of {} windows; the model was not trained for less than all of itself\n", windows.len());
    let depths: Vec<u32> = (0..=Motion::DEPTH).collect();
    let header: String = depths.iter().map(|depth| format!("{depth:>6}")).collect();
    println!("latents \\ layers{header}");
    let mut net = Box::new(Motion::new());
    for latents in
        [1, 2, 4, 8, 12, 16, 24, 32].into_iter().filter(|&latents| latents < Motion::LATENTS).chain([Motion::LATENTS])
    {
        let cells = depths.iter().map(|&depth| {
            net.with_latents(latents).with_depth(depth);
            let right =
                windows.iter().zip(&truth).filter(|(window, truth)| class(net.infer(window)) == **truth).count();
            format!("{right:>6}")
        });
        println!("{latents:<16}{}", cells.collect::<String>());
    }
    Ok(())
}

/// The index of the largest logit.
fn class(logits: &[f32]) -> usize {
    percio::top::<1>(logits)[0].0
}
