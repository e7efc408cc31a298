//! What compiling costs in memory. Alone in its process, because a peak belongs to a process.
#![cfg(target_os = "linux")]

#[path = "process/memory.rs"]
mod process;

use percio_codegen_core::program::WeightFormat;
use percio_codegen_core::scheme::{self, LoadOptions};
use percio_codegen_core::{CompileOptions, compile, load, outline};
use process::memory;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;

/// A model of seven blocks of this width in the directory `path`: 44 MB of weights, all zero.
fn write(path: &Path) {
    const WIDTH: usize = 512;
    let config = json!({
        "model_type": "percio", "format": 1,
        "inputs": [{"name": "x", "kind": "tokens", "tokens": 3, "channels": WIDTH}],
        "latents": {"count": 3, "width": WIDTH},
        "encoder": {"cross": {"heads": 4}, "layers": {"count": 6, "heads": 4}},
        "outputs": [{"name": "rows"}],
    });
    fs::write(path.join("config.json"), config.to_string()).unwrap();
    let described = outline(path, &LoadOptions::default()).unwrap();
    let native = scheme::native(&described).unwrap();
    fs::write(path.join("config.json"), native.config.to_string()).unwrap();
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, tensor) in &native.tensors {
        let begin = end;
        end += 4 * tensor.len();
        header.insert(name.clone(), json!({"dtype": "F32", "shape": tensor.shape, "data_offsets": [begin, end]}));
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = fs::File::create(path.join("model.safetensors")).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + end) as u64).unwrap();
}

/// The blob of the model in the directory `path`, and the most memory that it took to make it.
fn compiled(path: &Path, weights: WeightFormat) -> (u64, u64) {
    let before = memory("VmRSS");
    let model = load(path, &LoadOptions::default()).unwrap();
    let program = compile(model, &CompileOptions { weights, ..CompileOptions::default() }).unwrap();
    (program.blob.len() as u64, memory("VmHWM") - before)
}

/// A tensor is read when it is packed, and dropped then: of a model in single precision there is never more than that in memory,
/// whatever its weights become.
#[test]
fn a_model_is_not_in_memory_beside_its_blob() {
    let place = tempfile::tempdir().unwrap();
    write(place.path());
    let size = fs::metadata(place.path().join("model.safetensors")).unwrap().len();
    // The smallest first: a peak stays.
    for (weights, most) in [(WeightFormat::F16, 0.6), (WeightFormat::Bf16, 0.6), (WeightFormat::F32, 1.1)] {
        let (blob, added) = compiled(place.path(), weights);
        println!("{}: a blob of {blob} bytes from a file of {size} took {added} bytes at most", weights.name());
        assert!(size > 40_000_000 && blob as f64 > 0.95 * size as f64 * weights.bytes() as f64 / 4.0);
        assert!(added as f64 <= most * size as f64, "{}: {added} bytes for a file of {size}", weights.name());
    }
}
