//! The files of a model: a directory, or one file of weights.

use crate::Problems;
use crate::container::{self, Weights};
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config.json";
/// Taken before any other file of weights.
const WEIGHTS: &str = "model.safetensors";
/// Names of other files of weights.
const NAMES: [&str; 3] = ["model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];
/// Extensions of files of weights that may have any name.
const EXTENSIONS: [&str; 6] = ["ckpt", "pt", "pth", "pystate", "pickle", "npz"];

/// Weights of formats that are not read, and what to do with them.
const OTHER_WEIGHTS: [(&str, &str); 2] = [
    ("flax_model.msgpack", "load that file with transformers (`from_flax=True`) and call `save_pretrained`"),
    ("tf_model.h5", "load that file with transformers (`from_tf=True`) and call `save_pretrained`"),
];

/// Where a model is.
pub(super) struct Location {
    directory: PathBuf,
    /// The file of weights, if the path names it.
    file: Option<PathBuf>,
}

impl Location {
    /// The model at `path`, a directory or a file of weights.
    pub(super) fn of(path: &Path) -> Result<Self, Problems> {
        if path.is_dir() {
            Ok(Self { directory: path.to_owned(), file: None })
        } else if path.exists() {
            let directory = path.parent().unwrap_or(Path::new("")).to_owned();
            Ok(Self { directory, file: Some(path.to_owned()) })
        } else {
            Err(Problems::model(format!(
                "`{}` does not exist, expected a directory that holds {CONFIG} and {WEIGHTS}, or a file of weights: correct \
                 the path",
                path.display()
            )))
        }
    }

    /// The name of the file of weights without its extension, else that of the directory.
    pub(super) fn name(&self) -> String {
        let full = self.directory.canonicalize();
        let directory = full.as_deref().unwrap_or(&self.directory).file_name();
        let name = self.file.as_deref().and_then(Path::file_stem).or(directory);
        name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Where the configuration is, or would be.
    pub(super) fn config_path(&self) -> PathBuf {
        self.directory.join(CONFIG)
    }

    /// Whether there is a configuration.
    pub(super) fn has_config(&self) -> bool {
        self.config_path().exists()
    }

    /// The configuration, any JSON.
    pub(super) fn config(&self) -> Result<Value, Problems> {
        let path = self.config_path();
        let shown = path.display();
        let text = fs::read_to_string(&path).map_err(|error| {
            Problems::model(match error.kind() {
                ErrorKind::NotFound => format!("`{shown}` does not exist: save the model's configuration there"),
                _ => format!("`{shown}` cannot be read as text ({error}): write it again"),
            })
        })?;
        serde_json::from_str(&text)
            .map_err(|error| Problems::model(format!("`{shown}` is not JSON ({error}): correct that place")))
    }

    /// The weights.
    pub(super) fn weights(&self) -> Result<Weights, Problems> {
        match &self.file {
            Some(file) => container::open(file),
            None => container::open(&self.find()?),
        }
    }

    /// Whether there are weights, readable or not.
    pub(super) fn has_weights(&self) -> bool {
        self.file.is_some() || self.candidates().is_ok_and(|found| !found.is_empty())
    }

    /// The files of weights in the directory; one of the usual name stands for all.
    fn candidates(&self) -> Result<Vec<PathBuf>, Problems> {
        let preferred = self.directory.join(WEIGHTS);
        if preferred.exists() {
            return Ok(vec![preferred]);
        }
        let shown = self.directory.display();
        let entries = fs::read_dir(&self.directory)
            .map_err(|error| Problems::model(format!("`{shown}` cannot be listed ({error}): make it readable")))?;
        let mut found: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| is_weights(path)).collect();
        found.sort();
        Ok(found)
    }

    /// The file of weights in the directory.
    fn find(&self) -> Result<PathBuf, Problems> {
        let shown = self.directory.display();
        let found = self.candidates()?;
        match found.as_slice() {
            [] => Err(self.nothing_found()),
            [only] => Ok(only.clone()),
            [first, ..] => {
                let names: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
                let names: Vec<_> = names.iter().map(|name| format!("`{}`", name.display())).collect();
                Err(Problems::model(format!(
                    "`{shown}` holds {} files of weights, expected one: {}; remove the others, or name the file (`{}`)",
                    names.len(),
                    names.join(", "),
                    first.display()
                )))
            }
        }
    }

    fn nothing_found(&self) -> Problems {
        let shown = self.directory.join(WEIGHTS);
        let shown = shown.display();
        if let Some((other, remedy)) = OTHER_WEIGHTS.iter().find(|(other, _)| self.directory.join(other).exists()) {
            return Problems::model(format!("`{shown}` does not exist, but `{other}` does: {remedy}"));
        }
        let (names, extensions) = (NAMES.join(", "), EXTENSIONS.map(|extension| format!("*.{extension}")).join(", "));
        Problems::model(format!(
            "`{shown}` does not exist, and neither does any of {names}, {extensions}: save the weights there"
        ))
    }
}

fn is_weights(path: &Path) -> bool {
    let is = |name: Option<&std::ffi::OsStr>, known: &[&str]| known.iter().any(|known| name == Some(known.as_ref()));
    path.is_file() && (is(path.file_name(), &NAMES) || is(path.extension(), &EXTENSIONS))
}
