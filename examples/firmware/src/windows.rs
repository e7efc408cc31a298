//! The recorded windows, in flash.

use crate::MotionInput;

/// `build.rs` writes them: a window is its acceleration, then its rotation.
const BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/windows.bin"));

/// The true class of each window.
pub const TRUTH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/truth.bin"));

/// The windows.
pub static WINDOWS: [MotionInput; TRUTH.len()] = {
    const EMPTY: MotionInput = MotionInput { acceleration: [[0.0; 3]; _], rotation: [[0.0; 3]; _] };
    let mut windows = [EMPTY; TRUTH.len()];
    let (numbers, rest) = BYTES.as_chunks();
    assert!(rest.is_empty() && numbers.len() * 4 == size_of_val(&windows), "windows.bin has another shape");
    let (mut window, mut at) = (0, 0);
    while window < windows.len() {
        at = fill(&mut windows[window].acceleration, numbers, at);
        at = fill(&mut windows[window].rotation, numbers, at);
        window += 1;
    }
    windows
};

/// Fills `samples` with the numbers from `at` on; returns where the next ones are.
const fn fill(samples: &mut [[f32; 3]], numbers: &[[u8; 4]], mut at: usize) -> usize {
    let samples = samples.as_flattened_mut();
    let mut index = 0;
    while index < samples.len() {
        samples[index] = f32::from_le_bytes(numbers[at]);
        (index, at) = (index + 1, at + 1);
    }
    at
}
