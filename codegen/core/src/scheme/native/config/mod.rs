//! `config.json` of the native format: every field, its type and its default.

mod block;
mod decoder;
mod encoder;
mod encoding;
mod input;
mod norm;
mod output;
mod words;

pub(super) use block::{Block, Hidden, Mlp, Residual, Rotary};
pub(super) use decoder::{Decoder, Part, Queries};
pub(super) use encoder::{Encoder, Mixture};
pub(super) use encoding::{Encoding, Fourier, Frequencies};
pub(super) use input::{Input, Kind, Position, Tail};
pub(super) use norm::Norm;
pub(super) use output::{Output, Rows};
pub(super) use words::{
    ACTIVATIONS, COMBINE, EMPTY_ROWS, GATES, GRIDS, LAYOUTS, ORDERS, POSITION_PLACES, READS, ROTARY_PLACES, word,
};

use crate::Problems;
use crate::model::{Mask, Provenance};
use crate::scheme::fields::{Fields, SIZE};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The whole file.
pub(super) struct Config {
    pub(super) name: String,
    pub(super) summary: String,
    /// Where the model was imported from.
    pub(super) source: Option<Provenance>,
    pub(super) norm_eps: f64,
    /// Tensors that are others: the name of each, and whose numbers it has.
    pub(super) shared: BTreeMap<String, String>,
    pub(super) inputs: Vec<Input>,
    pub(super) token_width: Option<usize>,
    pub(super) mask: Option<Mask>,
    pub(super) latents: Latents,
    pub(super) encoder: Encoder,
    pub(super) decoder: Option<Decoder>,
    pub(super) outputs: Vec<Output>,
}

/// Where the latents start from.
pub(super) struct Latents {
    pub(super) count: usize,
    pub(super) width: usize,
    /// Whether they are the last tokens.
    pub(super) is_tail: bool,
    /// Whether these go through a linear layer.
    pub(super) project: bool,
    /// How many tokens come before these, at least, unless the caller says so.
    pub(super) prefix: Option<usize>,
    /// The id that ends a sequence.
    pub(super) end: Option<u32>,
}

/// Reads `config.json`.
pub(super) fn read(json: Value) -> Result<Config, Problems> {
    let mut file = Fields::new("", json);
    let config = fields(&mut file);
    duplicates(&mut file, "inputs", config.inputs.iter().map(|input| input.name.as_str()));
    duplicates(&mut file, "outputs", config.outputs.iter().map(|output| output.name.as_str()));
    file.finish().finish(config)
}

fn fields(file: &mut Fields) -> Config {
    file.read("$schema", "anything", |_| Some(()));
    file.need_word("model_type", &[("percio", ())]);
    file.need("format", "1, the only version there is", |value| (value == 1).then_some(()));
    let latents = latents(file);
    let encoder = encoder::read(file);
    let decoder = decoder::read(file);
    Config {
        name: file.text("name").unwrap_or_else(|| "model".to_owned()),
        summary: file.text("summary").unwrap_or_default(),
        source: source(file),
        norm_eps: norm::eps(file, "norm_eps").unwrap_or(1e-5),
        shared: shared(file),
        inputs: each(file, "inputs", input::read),
        token_width: file.whole("token_width", &SIZE),
        mask: mask(file),
        latents,
        encoder,
        decoder,
        outputs: each(file, "outputs", output::read),
    }
}

fn source(file: &mut Fields) -> Option<Provenance> {
    let mut source = file.object("source")?;
    let implementation = source.text("implementation").unwrap_or_default();
    let remarks = source.read("remarks", "a list of texts", texts).unwrap_or_default();
    file.close(source);
    Some(Provenance { implementation, remarks })
}

fn shared(file: &mut Fields) -> BTreeMap<String, String> {
    let names = |value: &Value| {
        let map = value.as_object()?;
        map.iter().map(|(copy, original)| Some((copy.clone(), original.as_str()?.to_owned()))).collect()
    };
    file.read("shared", "an object of names of tensors", names).unwrap_or_default()
}

fn mask(file: &mut Fields) -> Option<Mask> {
    let mut mask = file.object("mask")?;
    let read = Mask { name: identifier(&mut mask), padding: mask.text("padding") };
    file.close(mask);
    Some(read)
}

fn latents(file: &mut Fields) -> Latents {
    let mut latents = file.need_object("latents");
    let is_tail = latents.word("kind", &[("learned", false), ("tail", true)]).unwrap_or(false);
    let read = Latents {
        count: latents.need_whole("count", &SIZE),
        width: latents.need_whole("width", &SIZE),
        is_tail,
        project: is_tail && latents.flag("project").unwrap_or(false),
        prefix: is_tail.then(|| latents.whole("prefix", &(0..=*SIZE.end()))).flatten(),
        end: is_tail.then(|| latents.read("end", "an id", |value| u32::try_from(value.as_u64()?).ok())).flatten(),
    };
    file.close(latents);
    read
}

/// Every entry of the list called `list`, which holds at least one.
fn each<T>(fields: &mut Fields, list: &'static str, read: fn(&mut Fields) -> T) -> Vec<T> {
    let mut entries = Vec::new();
    for mut entry in fields.need_objects(list) {
        entries.push(read(&mut entry));
        fields.close(entry);
    }
    entries
}

fn duplicates<'a>(file: &mut Fields, list: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names.filter(|name| !name.is_empty()) {
        if !seen.insert(name) {
            file.complain(list, &format!("has two entries named \"{name}\", expected different names: rename one"));
        }
    }
}

/// The name of an input or output, which the generated code uses as that of a field.
fn identifier(fields: &mut Fields) -> String {
    let usable = |value: &Value| {
        let name = value.as_str()?;
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        (plain && syn::parse_str::<syn::Ident>(name).is_ok()).then(|| name.to_owned())
    };
    let expected = "letters, digits and `_` that make the name of a Rust field (no digit first, no keyword)";
    fields.need("name", expected, usable).unwrap_or_default()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}
