//! Memory of a process that pushes tokens into the bundled model, one at a time: `cargo bench -p benches --bench memory -- 1000`.
//!
//! It prints the bytes of the model, and in KiB the most that the process had resident before the first token and in all.
//! `memory.py` runs it for several numbers of tokens, and peers beside it.

/// Tells seven shoulder exercises apart; positions have no end, so any number of tokens may come.
#[percio::model("../examples/models/motion", outside = true, positions = "unbounded")]
pub struct Motion;

fn main() {
    let tokens = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1000);
    let mut net = Box::new(Motion::new());
    let before = peak();
    let mut encoder = net.encoder();
    for index in 0..tokens {
        let sample = |at: usize| ((index * 5 + at) % 97) as f32 / 48.5 - 1.0;
        encoder.push_acceleration(&std::array::from_fn(|at| [sample(at), sample(at + 31), sample(at + 62)]));
    }
    let logits = encoder.finish().decode(0).to_vec();
    println!("{} {before} {} {tokens} {logits:?}", size_of::<Motion>(), peak());
}

/// The most that this process had resident so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process has resident");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).expect("a number of kB")
}
