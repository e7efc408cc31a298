//! The files of a model directory.

use crate::model::Tensor;
use crate::{Problems, container};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// Weights that other tools write, and what to do with them.
const OTHER_WEIGHTS: [(&str, &str); 4] = [
    (
        "pytorch_model.bin",
        "load that file with transformers and call `save_pretrained`, which writes model.safetensors",
    ),
    ("model.safetensors.index.json", "save the model in one piece (`save_pretrained` with a larger `max_shard_size`)"),
    ("flax_model.msgpack", "load that file with transformers (`from_flax=True`) and call `save_pretrained`"),
    ("tf_model.h5", "load that file with transformers (`from_tf=True`) and call `save_pretrained`"),
];

/// Whether `dir` is a directory at all.
pub(super) fn check(dir: &Path) -> Result<(), Problems> {
    let shown = dir.display();
    if dir.is_dir() {
        Ok(())
    } else if dir.exists() {
        Err(Problems::model(format!("`{shown}` is a file, expected the directory that holds {CONFIG} and {WEIGHTS}")))
    } else {
        Err(Problems::model(format!(
            "`{shown}` does not exist, expected a directory that holds {CONFIG} and {WEIGHTS}: correct the path"
        )))
    }
}

/// The last part of the path.
pub(super) fn name(dir: &Path) -> String {
    let full = dir.canonicalize();
    let name = full.as_deref().unwrap_or(dir).file_name();
    name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The configuration, any JSON.
pub(super) fn config(dir: &Path) -> Result<Value, Problems> {
    let path = dir.join(CONFIG);
    let shown = path.display();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Problems::model(match error.kind() {
            std::io::ErrorKind::NotFound => format!("`{shown}` does not exist: save the model's configuration there"),
            _ => format!("`{shown}` cannot be read as text ({error}): write it again"),
        })
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Problems::model(format!("`{shown}` is not JSON ({error}): correct that place")))
}

/// The weights.
pub(super) fn weights(dir: &Path) -> Result<BTreeMap<String, Tensor>, Problems> {
    let path = dir.join(WEIGHTS);
    if !path.exists()
        && let Some((other, remedy)) = OTHER_WEIGHTS.iter().find(|(other, _)| dir.join(other).exists())
    {
        let shown = path.display();
        return Err(Problems::model(format!("`{shown}` does not exist, but `{other}` does: {remedy}")));
    }
    container::read(&path)
}
