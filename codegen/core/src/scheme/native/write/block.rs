//! Attention blocks.

use super::store::{Store, named};
use crate::Problems;
use crate::model::{Attention, Block, Mlp, Query, Reads, Residual, Rotary, Softmax};
use crate::scheme::native::config::{ACTIVATIONS, word};
use crate::scheme::native::config::{EMPTY_ROWS, GATES, READS, ROTARY_PLACES};
use serde_json::{Map, Value, json};

/// The fields of `block`, whose tensors are called `prefix` and more.
pub(super) fn write(block: &Block, prefix: &str, store: &mut Store) -> Result<Value, Problems> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), block.name.clone().into());
    fields.insert("reads".to_owned(), word(&READS, &block.reads).into());
    attention(block, prefix, store, &mut fields)?;
    match &block.mlp {
        Some(part) => mlp(part, &format!("{prefix}.mlp"), store, &mut fields),
        None => drop(fields.insert("widening".to_owned(), 0.into())),
    }
    if let Some(mixer) = &block.mixer {
        let parts = [("columns", &mixer.columns), ("rows", &mixer.rows)].map(|(part, read)| {
            let mut fields = Map::new();
            mlp(read, &format!("{prefix}.mixer.{part}"), store, &mut fields);
            (part, fields.into())
        });
        fields.insert("mixer".to_owned(), named(parts));
    }
    Ok(fields.into())
}

fn attention(block: &Block, prefix: &str, store: &mut Store, fields: &mut Map<String, Value>) -> Result<(), Problems> {
    let (part, attention) = (|part: &str| format!("{prefix}.{part}"), &block.attention);
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    let Query::Projected { norm, linear } = &attention.query else {
        return Err(Problems::model(format!(
            "the queries of block `{}` are constants, which a pass has made: write the model before any pass",
            block.name
        )));
    };
    set("heads", attention.heads.into());
    set("qk", attention.qk.into());
    set("v", attention.v.into());
    set("norm_q", store.norm(&part("norm_q"), norm.as_ref()));
    store.linear(&part("q"), linear);
    if block.reads != Reads::Itself {
        set("norm_kv", store.norm(&part("norm_kv"), attention.norm_kv.as_ref()));
    }
    for (name, linear) in [("k", &attention.key), ("v", &attention.value), ("o", &attention.output)] {
        store.linear(&part(name), linear);
    }
    if let Some(norms) = &attention.head_norms {
        set("head_norms", store.norm(&part("head_norm_q"), Some(&norms.query)));
        store.norm(&part("head_norm_k"), Some(&norms.key));
    }
    if let Some(rotary) = &attention.rotary {
        set("rotary", self::rotary(rotary, attention.heads, &part("rotary"), store));
    }
    rules(attention, &mut set);
    match &attention.residual {
        Residual::None => set("residual", false.into()),
        Residual::Add => set("residual", true.into()),
        Residual::Gru(gru) => {
            store.linear(&part("gru.input"), &gru.input);
            store.linear(&part("gru.hidden"), &gru.hidden);
            set("residual", "gru".into());
        }
    }
    Ok(())
}

/// What is not as usual of who attends to what.
fn rules(attention: &Attention, mut set: impl FnMut(&str, Value)) {
    let usual = 1.0 / (attention.qk as f64 / attention.heads as f64).sqrt();
    if attention.scale != usual {
        set("scale", attention.scale.into());
    }
    if attention.causal {
        set("causal", true.into());
    }
    if let Softmax::Queries { eps } = attention.softmax {
        set("softmax", "queries".into());
        set("softmax_eps", eps.into());
    }
    if attention.empty_rows != Default::default() {
        set("empty_rows", word(&EMPTY_ROWS, &attention.empty_rows).into());
    }
    if attention.masks_queries {
        set("masks_queries", true.into());
    }
}

fn rotary(rotary: &Rotary, heads: usize, name: &str, store: &mut Store) -> Value {
    store.put(name, &rotary.frequencies);
    let places = word(&ROTARY_PLACES, &rotary.places);
    let turning = (rotary.heads != heads).then(|| ("heads", rotary.heads.into()));
    named([("pairs", rotary.frequencies.len().into()), ("places", places.into())].into_iter().chain(turning))
}

fn mlp(mlp: &Mlp, name: &str, store: &mut Store, fields: &mut Map<String, Value>) {
    let (hidden, width) = (mlp.down.weight.columns(), mlp.down.weight.rows());
    let (field, value) = match hidden / width {
        times @ 1.. if times * width == hidden => ("widening", times),
        _ => ("hidden", hidden),
    };
    store.linear(&format!("{name}.up"), &mlp.up);
    store.linear(&format!("{name}.down"), &mlp.down);
    let norm = store.norm(&format!("{name}.norm"), mlp.norm.as_ref());
    let activation = word(&ACTIVATIONS, &mlp.activation);
    let gate = mlp.gate.map(|_| ("gate", word(&GATES, &mlp.gate)));
    fields.insert(field.to_owned(), json!(value));
    fields.insert("activation".to_owned(), activation.into());
    fields.extend(gate.map(|(name, word)| (name.to_owned(), word.into())));
    fields.insert("mlp_norm".to_owned(), norm);
}
