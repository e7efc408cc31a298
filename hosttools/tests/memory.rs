//! What `percio run` takes of memory.
#![cfg(target_os = "linux")]

use half::{bf16, f16};
use percio_codegen_core::scheme::{self, LoadOptions};
use percio_codegen_core::{outline, program::WeightFormat};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Of the model's layers: seven blocks of it have 11 million parameters.
const WIDTH: usize = 512;

/// Makes a model of so many layers in the directory `path`, its weights from a generator of numbers, stored as `stored`.
fn write(path: &Path, layers: usize, stored: WeightFormat) {
    let config = json!({
        "model_type": "percio", "format": 1,
        "inputs": [{"name": "x", "kind": "tokens", "tokens": 3, "channels": WIDTH}],
        "latents": {"count": 3, "width": WIDTH},
        "encoder": {"cross": {"heads": 4}, "layers": {"count": layers, "heads": 4}},
        "outputs": [{"name": "rows"}],
    });
    fs::write(path.join("config.json"), config.to_string()).expect("the directory is there");
    let described = outline(path, &LoadOptions::default()).expect("the configuration is well formed");
    let native = scheme::native(&described).expect("nothing has been baked");
    fs::write(path.join("config.json"), native.config.to_string()).expect("the directory is there");
    let (dtype, mut header, mut end) = (stored.name().to_uppercase(), serde_json::Map::new(), 0);
    for (name, tensor) in &native.tensors {
        let begin = end;
        end += stored.bytes() * tensor.len();
        header.insert(name.clone(), json!({"dtype": dtype, "shape": tensor.shape, "data_offsets": [begin, end]}));
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = BufWriter::new(fs::File::create(path.join("model.safetensors")).expect("the directory is there"));
    let mut put = |bytes: &[u8]| file.write_all(bytes).expect("the disk has room");
    put(&(header.len() as u64).to_le_bytes());
    put(header.as_bytes());
    let mut state = 1u32;
    for _ in 0..end / stored.bytes() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let number = (state >> 8) as f32 / (1 << 24) as f32 * 0.1 - 0.05;
        match stored {
            WeightFormat::F32 => put(&number.to_le_bytes()),
            WeightFormat::F16 => put(&f16::from_f32(number).to_le_bytes()),
            WeightFormat::Bf16 => put(&bf16::from_f32(number).to_le_bytes()),
        }
    }
}

/// The most bytes that `percio run` has resident until it has computed a first window of the model in the directory `path`: it
/// waits for a second one while its figures are read.
fn peak(path: &Path, weights: WeightFormat) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg("run").arg(path).args(["--watch", "--every", "3", "--format", "json", "--weights", weights.name()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("percio starts");
    let (mut lines, printed) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
    for _ in 0..3 {
        writeln!(lines, "{:?}", [0.5f32; WIDTH]).expect("percio reads");
    }
    let mut window = String::new();
    BufReader::new(printed).read_line(&mut window).expect("percio prints");
    assert!(window.contains("rows"), "{window}");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("percio waits");
    drop(lines);
    assert!(child.wait().expect("it ends").success());
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("the kernel says it");
    let kilobytes: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    1024.0 * kilobytes
}

/// Whatever type the checkpoint has: its numbers are read a tensor at a time, and packed before the next.
#[test]
fn half_width_weights_take_half_the_memory() {
    use WeightFormat::{Bf16, F16, F32};
    let place = tempfile::tempdir().expect("a directory for models");
    let of = |name: &str, layers, stored| {
        let path = place.path().join(name);
        fs::create_dir(&path).expect("the directory is there");
        write(&path, layers, stored);
        path
    };
    // What the command itself takes, which is not to hide what the weights do.
    let small = of("small", 0, F32);
    let added = |path: &Path, weights| peak(path, weights) - peak(&small, F32);
    let full = added(&of("f32", 6, F32), F32);
    println!("f32: {full} bytes");
    assert!(full < 45e6, "{full} bytes for 42 million of weights");
    for (stored, weights) in [(F32, F16), (F32, Bf16), (F16, F16), (Bf16, Bf16)] {
        let path = of(&format!("{} as {}", stored.name(), weights.name()), 6, stored);
        let bytes = added(&path, weights);
        println!("{} from {}: {bytes} bytes, {:.2} of those of f32", weights.name(), stored.name(), bytes / full);
        assert!(bytes < 0.55 * full, "{} from {}: {bytes} bytes, f32 takes {full}", weights.name(), stored.name());
    }
}
