//! What loading costs in memory. Alone in its process, because a peak belongs to a process.
#![cfg(target_os = "linux")]

#[path = "process/memory.rs"]
mod process;

use percio_codegen_core::load;
use percio_codegen_core::scheme::LoadOptions;
use process::memory;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Tokens of the vocabulary: its embedding is 128 MB, nearly all of the checkpoint.
const TOKENS: usize = 1_000_000;

/// The masked language model `tiny-mlm` with a large vocabulary, all numbers zero, in the directory `path`.
fn write(path: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tiny-mlm");
    let mut config: Value = serde_json::from_slice(&fs::read(fixture.join("config.json")).unwrap()).unwrap();
    config["vocab_size"] = json!(TOKENS);
    fs::write(path.join("config.json"), config.to_string()).unwrap();
    let bytes = fs::read(fixture.join("model.safetensors")).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, tensor) in metadata.tensors() {
        let mut shape = tensor.shape.clone();
        if name.ends_with("preprocessor.embeddings.weight") || name == "embedding_decoder.bias" {
            shape[0] = TOKENS;
        }
        let begin = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(name, json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}));
    }
    let header = Value::Object(header).to_string();
    let mut file = fs::File::create(path.join("model.safetensors")).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + end) as u64).unwrap();
}

/// Matrices stay in the file until they are packed.
#[test]
fn a_checkpoint_that_is_loaded_is_not_in_memory() {
    let place = tempfile::tempdir().unwrap();
    write(place.path());
    let size = fs::metadata(place.path().join("model.safetensors")).unwrap().len();
    let before = memory("VmRSS");
    let model = load(place.path(), &LoadOptions::default()).unwrap();
    let added = memory("VmHWM") - before;
    println!("{} parameters of {size} bytes took {added} bytes at most", model.parameters);
    assert!(model.parameters > 33_000_000);
    assert!(added as f64 <= 0.1 * size as f64, "{added} bytes for a file of {size}");
}
