//! A sharded checkpoint: `{"weight_map": {"tensor": "file", …}}` beside the files it names.

use super::format::{self, Content};
use super::source::{Source, Span};
use super::{Weights, tensors};
use crate::{Problems, Subject};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The weights of all files that the index names.
pub(super) fn open(source: &Arc<Source>) -> Result<Weights, Problems> {
    let index = source.path().display();
    let directory = source.path().parent().unwrap_or(Path::new(""));
    let mut problems = Problems::new();
    let mut weights = Weights::new(source.path(), BTreeMap::new());
    for (file, names) in &shards(source)? {
        let path = directory.join(file);
        let shown = path.display();
        let Some(shard) = problems.take(open_shard(&path)) else { continue };
        for name in names.iter().filter(|name| shard.shape(name).is_none()) {
            let message =
                format!("`{index}` says that tensor `{name}` is in `{shown}`, but it is not: download both again");
            problems.add(Subject::Model, message);
        }
        for name in weights.append(shard) {
            let message = format!("tensor `{name}` of `{shown}` is in another file of `{index}` too: keep one");
            problems.add(Subject::Model, message);
        }
    }
    problems.finish(weights)
}

/// The files by name, and the tensors that each should hold.
fn shards(source: &Arc<Source>) -> Result<BTreeMap<String, Vec<String>>, Problems> {
    let shown = source.path().display();
    let json: Value = serde_json::from_slice(&Span::whole(source).bytes()?)
        .map_err(|error| Problems::model(format!("`{shown}` is not JSON ({error}): correct that place")))?;
    let Some(map) = json.get("weight_map").and_then(Value::as_object) else {
        return Err(Problems::model(format!(
            "`{shown}` is JSON without an object `weight_map`, expected weights or the index of a sharded checkpoint: name \
             the file of the weights"
        )));
    };
    let mut problems = Problems::new();
    let mut shards: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tensor, file) in map {
        match file.as_str().filter(|file| is_name(file)) {
            Some(file) => shards.entry(file.to_owned()).or_default().push(tensor.clone()),
            None => problems.add(
                Subject::Model,
                format!("`{shown}` gives tensor `{tensor}` the file {file}, expected the name of a file beside it: correct it"),
            ),
        }
    }
    problems.finish(shards)
}

/// Whether this is the name of a file, not a path that leads elsewhere.
fn is_name(file: &str) -> bool {
    Path::new(file).file_name().is_some_and(|name| name == file)
}

fn open_shard(path: &Path) -> Result<Weights, Problems> {
    let source = Arc::new(Source::open(path)?);
    match format::recognise(&source)? {
        Content::Index => Err(Problems::model(format!(
            "`{}` is JSON, expected the weights that the index names: download it again",
            path.display()
        ))),
        Content::Tensors(format) => tensors(&source, format),
    }
}
