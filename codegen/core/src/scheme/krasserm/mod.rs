//! krasserm's perceiver-io, versions 0.1 to 0.11.
//!
//! The versions call the same tensors differently (`dialect`); the models are built from dataclasses (`config`) that stand in
//! `config.json` as `model_config`, or among the hyper-parameters of a Lightning checkpoint.

mod adapter;
mod ar;
mod class;
mod io;
mod layer;
mod source;
mod versions;

use super::checkpoint::Checkpoint;
use super::fields::Fields;
use super::labels;
use crate::Problems;
use crate::model::Model;
use class::CLASSES;
use serde_json::{Value, json};

/// The value of `library`.
pub(super) const LIBRARY: &str = "krasserm/perceiver-io";

/// Epsilon of every layer norm: PyTorch's default, which upstream never overrides.
const EPS: f64 = 1e-5;

/// What every model computes.
const OUTPUT: &str = "logits";

/// Whether `config` is one of this library: it says so, or it is what the library's Lightning modules keep.
pub(super) fn is_meant(config: &Value) -> bool {
    let said = |field| config.get(field).and_then(Value::as_str);
    match (said("library"), said("model_type")) {
        (Some(library), _) => library == LIBRARY,
        (None, Some(kind)) => CLASSES.iter().any(|(_, known, _)| *known == kind),
        (None, None) => is_bare(config),
    }
}

/// Whether `config` is what a model is built from, with nothing around it.
fn is_bare(config: &Value) -> bool {
    let has = |fields: &[&str]| fields.iter().all(|field| config.get(field).is_some());
    has(&["encoder", "decoder", "num_latents"]) || has(&["max_seq_len", "num_channels", "num_self_attention_layers"])
}

/// Reads a checkpoint.
pub(super) fn load(name: &str, config: Value, mut checkpoint: Checkpoint) -> Result<Model, Problems> {
    let bare = is_bare(&config);
    let settings = if bare { Some(&config) } else { config.get("model_config") }.cloned().unwrap_or_default();
    let mut fields = Fields::new("", if bare { json!({}) } else { config });
    let recognised = source::recognise(&mut fields, &settings, &mut checkpoint);
    let mut settings =
        if bare { Fields::new("", settings).of("the hyper-parameters") } else { fields.need_object("model_config") };
    let labels = labels::read(&mut fields);
    let mut problems = fields.known();
    let Some(source) = problems.take(recognised) else { return Err(problems) };
    let model = source.model(&mut settings, &mut checkpoint);
    // A Lightning module has hyper-parameters of its own beside those of the model.
    problems.append(if bare { settings.known() } else { settings.finish() });
    let Some(mut model) = model else { return Err(problems) };
    if let (Some(labels), [output]) = (labels, model.outputs.as_mut_slice()) {
        labels.put_on(output, &mut checkpoint);
    }
    let mut provenance = source.provenance(model.mask.as_ref());
    provenance.remarks.append(&mut model.provenance.remarks);
    let model = Model { name: name.to_owned(), provenance, ..model };
    match problems.take(checkpoint.finish(model, |_| false)) {
        Some(model) => problems.finish(model),
        None => Err(problems),
    }
}
