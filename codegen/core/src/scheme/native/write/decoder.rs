//! The decoder, and encodings of positions.

use super::block;
use super::store::{Store, named};
use crate::Problems;
use crate::model::{Decoder, Encoding, Fourier, Queries, QueryPart, Tensor, linear_frequencies};
use crate::scheme::native::config::{GRIDS, ORDERS, word};
use serde_json::{Map, Value, json};

/// The section.
pub(super) fn write(decoder: &Decoder, store: &mut Store) -> Result<Value, Problems> {
    let queries = queries(&decoder.queries, store);
    let mut fields = block::write(&decoder.block, "decoder.cross", store)?;
    fields["queries"] = queries;
    if let Some(linear) = &decoder.project {
        fields["project"] = linear.weight.rows().into();
        store.linear("decoder.project", linear);
    }
    Ok(fields)
}

fn queries(queries: &Queries, store: &mut Store) -> Value {
    const PLACE: &str = "decoder.queries";
    match queries {
        Queries::Learned(table) => {
            store.put(PLACE, table);
            json!({"kind": "learned", "count": table.rows(), "width": table.columns()})
        }
        Queries::Fourier(grid) => fourier(grid, PLACE, None, store).into(),
        Queries::Tokens => json!({"kind": "tokens"}),
        Queries::Input { name, count, width } => json!({"kind": "input", "name": name, "count": count, "width": width}),
        Queries::Parts(parts) => {
            let width = queries.shape([0, 0])[1];
            let parts: Vec<Value> = parts.iter().map(|read| part(read, store)).collect();
            json!({"kind": "parts", "parts": parts, "width": width})
        }
    }
}

fn part(part: &QueryPart, store: &mut Store) -> Value {
    let place = format!("decoder.queries.{}", part.name);
    let mut fields = match &part.encoding {
        Encoding::Learned(table) => {
            store.put(&place, table);
            let fields =
                [("kind", "learned".into()), ("count", table.rows().into()), ("width", table.columns().into())];
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        }
        Encoding::Fourier(grid) => fourier(grid, &place, None, store),
    };
    fields.insert("name".to_owned(), part.name.clone().into());
    fields.extend(part.points.map(|points| ("points".to_owned(), points.into())));
    store.optional(&format!("{place}.padding"), part.padding.as_ref());
    fields.into()
}

/// The fields of features whose tensors are at `place`; their shape is left out where it is `grid`.
pub(super) fn fourier(fourier: &Fourier, place: &str, grid: Option<&[usize]>, store: &mut Store) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    set("kind", "fourier".into());
    if grid != Some(&fourier.shape) {
        set("shape", fourier.shape.clone().into());
    }
    set("bands", fourier.bands().into());
    match resolutions(fourier) {
        Some(resolutions) => set("max_resolution", resolutions.into()),
        None => {
            let (axes, bands) = (fourier.frequencies.len(), fourier.bands());
            let numbers = fourier.frequencies.concat();
            store.put(&format!("{place}.frequencies"), &Tensor::new("frequencies", &[axes, bands], numbers));
            set("frequencies", "stored".into());
        }
    }
    set("grid", word(&GRIDS, &fourier.grid).into());
    set("order", word(&ORDERS, &fourier.layout).into());
    set("with_position", fourier.with_position.into());
    set("sine_only", fourier.sine_only.into());
    fields
}

/// What makes the same frequencies, evenly spaced, for each axis.
fn resolutions(fourier: &Fourier) -> Option<Vec<f64>> {
    let resolution = |frequencies: &Vec<f32>| {
        let last = 2.0 * f64::from(*frequencies.last()?);
        (linear_frequencies(last, frequencies.len()) == *frequencies).then_some(last)
    };
    fourier.frequencies.iter().map(resolution).collect()
}

/// The fields of an encoding without those of its kind; see [`fourier`].
pub(super) fn encoding(encoding: &Encoding, place: &str, grid: &[usize], store: &mut Store) -> Map<String, Value> {
    match encoding {
        Encoding::Fourier(features) => fourier(features, place, Some(grid), store),
        Encoding::Learned(table) => {
            store.put(place, table);
            let Value::Object(fields) = named([("kind", "learned".into()), ("width", table.columns().into())]) else {
                return Map::new();
            };
            fields
        }
    }
}
