//! Outputs.

use super::store::Store;
use crate::model::{Extent, Model, Output, Stem};
use serde_json::{Map, Value};

/// An entry of `outputs` of `model`.
pub(super) fn write(output: &Output, model: &Model, store: &mut Store) -> Value {
    let part = |part: &str| format!("outputs.{}.{part}", output.name);
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("name", output.name.clone().into());
    match &output.rows {
        Extent::Rows(rows) if *rows == (0..model.output_rows()[0]) => {}
        Extent::Rows(rows) => set("queries", vec![rows.start, rows.end].into()),
        Extent::Tokens { .. } => set("queries", "tokens".into()),
        Extent::Latents { .. } => set("queries", "latents".into()),
    }
    if output.mean {
        set("mean", true.into());
    }
    if let Some(norm) = &output.norm {
        set("norm", store.norm(&part("norm"), Some(norm)));
    }
    if let Some(linear) = &output.linear {
        match tied(model, output) {
            Some(input) => {
                set("tied", input.into());
                store.optional(&part("bias"), linear.bias.as_ref());
            }
            None => {
                set("width", linear.weight.rows().into());
                store.linear(&format!("outputs.{}", output.name), linear);
            }
        }
    }
    if let Some(norm) = &output.last_norm {
        set("last_norm", store.norm(&part("last_norm"), Some(norm)));
    }
    if !output.shape.is_empty() {
        set("shape", output.shape.clone().into());
    }
    if !output.labels.is_empty() {
        set("labels", output.labels.clone().into());
    }
    fields.into()
}

/// The input whose embedding the linear layer is.
fn tied<'a>(model: &'a Model, output: &Output) -> Option<&'a str> {
    let weight = &output.linear.as_ref()?.weight;
    let is_it = |stem: &Stem| matches!(stem, Stem::Ids { embedding, .. } if embedding.data.address() == weight.data.address() && embedding.shape == weight.shape);
    model.inputs.iter().find(|input| is_it(&input.stem)).map(|input| input.name.as_str())
}
