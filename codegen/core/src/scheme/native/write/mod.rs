//! A [`Model`] as a directory of the native format: what `read` makes the same model of.

mod block;
mod decoder;
mod input;
mod output;
mod store;

use crate::Problems;
use crate::model::{Latents, Mixture, Model, Provenance};
use serde_json::{Map, Value, json};
use store::{Store, named};

/// A model in the native format.
#[derive(Clone, Debug)]
pub struct Native {
    /// `config.json`
    pub config: Value,
    /// The tensors of `model.safetensors` by name, in the order of the model.
    pub tensors: Vec<(String, crate::model::Tensor)>,
}

/// `model`, as a scheme has read it, in the native format.
///
/// # Errors
/// When a pass has made constants of queries: what passes make is not what a checkpoint says.
pub fn write(model: &Model) -> Result<Native, Problems> {
    let mut store = Store::new(model);
    let mut config = Map::new();
    let mut set = |name: &str, value: Value| drop(config.insert(name.to_owned(), value));
    set("model_type", "percio".into());
    set("format", 1.into());
    set("name", model.name.clone().into());
    if !model.summary.is_empty() {
        set("summary", model.summary.clone().into());
    }
    set("source", source(&model.provenance));
    set("norm_eps", store.eps().into());
    set("inputs", model.inputs.iter().map(|input| input::write(input, &mut store)).collect());
    set("token_width", model.token_width().into());
    if let Some(mask) = &model.mask {
        let padding = mask.padding.as_ref().map(|padding| ("padding", padding.clone().into()));
        set("mask", named([("name", mask.name.clone().into())].into_iter().chain(padding)));
    }
    set("latents", latents(&model.latents, &mut store));
    set("encoder", encoder(model, &mut store)?);
    if let Some(decoder) = &model.decoder {
        set("decoder", decoder::write(decoder, &mut store)?);
    }
    set("outputs", model.outputs.iter().map(|output| output::write(output, model, &mut store)).collect());
    let (tensors, shared) = store.finish();
    if !shared.is_empty() {
        set("shared", shared.into());
    }
    Ok(Native { config: config.into(), tensors })
}

fn source(provenance: &Provenance) -> Value {
    json!({"implementation": provenance.implementation, "remarks": provenance.remarks})
}

fn latents(latents: &Latents, store: &mut Store) -> Value {
    let [count, width] = latents.shape();
    match latents {
        Latents::Learned(table) => {
            store.put("latents", table);
            json!({"count": count, "width": width})
        }
        Latents::Tail { project, prefix, end, .. } => {
            store.optional_linear("latents.project", project.as_ref());
            let fields = [
                ("kind", "tail".into()),
                ("count", count.into()),
                ("width", width.into()),
                ("project", project.is_some().into()),
            ];
            let prefix = prefix.map(|prefix| ("prefix", prefix.into()));
            let end = end.map(|end| ("end", end.into()));
            named(fields.into_iter().chain(prefix).chain(end))
        }
    }
}

fn encoder(model: &Model, store: &mut Store) -> Result<Value, Problems> {
    let mut blocks = Vec::new();
    for (index, block) in model.blocks.iter().enumerate() {
        blocks.push(block::write(block, &format!("encoder.blocks.{index}"), store)?);
    }
    let norm = model.norm.as_ref().map(|norm| ("norm", store.norm("encoder.norm", Some(norm))));
    let mixtures: Vec<Value> =
        model.mixtures.iter().enumerate().map(|(index, mixture)| self::mixture(index, mixture, store)).collect();
    let mixtures = (!mixtures.is_empty()).then(|| ("mixtures", mixtures.into()));
    let fields = [("blocks", blocks.into()), ("schedule", model.schedule.clone().into())];
    Ok(named(fields.into_iter().chain(norm).chain(mixtures)))
}

fn mixture(index: usize, mixture: &Mixture, store: &mut Store) -> Value {
    let part = |part: &str| format!("encoder.mixtures.{index}.{part}");
    store.linear(&part("reduce"), &mixture.reduce);
    store.linear(&part("expand"), &mixture.expand);
    let norm = store.norm(&part("norm"), mixture.norm.as_ref());
    json!({"states": mixture.states, "rank": mixture.reduce.weight.rows(), "norm": norm})
}
