//! `config.json` of the native format: every field, its type and its default.

mod input;
mod part;

use crate::Problems;
use crate::model::{Activation, Combine, Layout};
use crate::scheme::fields::{Fields, LAYERS, SIZE};
use serde_json::Value;
use std::collections::BTreeSet;

/// The whole file.
pub(super) struct Config {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) norm_eps: f64,
    pub(super) inputs: Vec<Input>,
    pub(super) token_width: Option<usize>,
    pub(super) latents: usize,
    pub(super) latent_width: usize,
    pub(super) encoder: Encoder,
    pub(super) queries: Queries,
    pub(super) decoder: Attention,
    pub(super) outputs: Vec<Output>,
}

/// One input.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Offsets and gains.
    pub(super) scale: Option<[Vec<f64>; 2]>,
    pub(super) project: Option<usize>,
    pub(super) position: Option<Position>,
}

/// What an input holds.
pub(super) enum Kind {
    Tokens { tokens: usize, channels: usize },
    Series { samples: usize, channels: usize, patch: usize },
    Image { height: usize, width: usize, channels: usize, patch: usize, layout: Layout },
    Ids { vocabulary: usize, tokens: usize, embedding: usize },
}

/// Cross-attention, then `blocks` times the same `layers` self-attention layers.
pub(super) struct Encoder {
    pub(super) cross: Attention,
    pub(super) layers: usize,
    pub(super) blocks: usize,
    pub(super) layer: Attention,
}

/// A position encoding.
pub(super) struct Position {
    pub(super) encoding: PositionKind,
    pub(super) combine: Combine,
    pub(super) project: Option<usize>,
}

/// What says where a token is.
pub(super) enum PositionKind {
    /// `width` where it is concatenated.
    Learned {
        width: Option<usize>,
    },
    Fourier(Fourier),
}

/// Fourier features of a grid.
pub(super) struct Fourier {
    pub(super) bands: usize,
    pub(super) max_resolution: Option<Vec<f64>>,
    pub(super) sine_only: bool,
    pub(super) with_position: bool,
}

/// An attention block.
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) qk: Option<usize>,
    pub(super) v: Option<usize>,
    pub(super) widening: usize,
    pub(super) activation: Activation,
    pub(super) residual: bool,
}

/// What the decoder asks.
pub(super) enum Queries {
    Learned { count: usize, width: usize },
    Fourier { shape: Vec<usize>, fourier: Fourier },
}

/// One output.
pub(super) struct Output {
    pub(super) name: String,
    pub(super) queries: Option<[usize; 2]>,
    pub(super) width: Option<usize>,
    pub(super) tied: Option<String>,
    pub(super) labels: Vec<String>,
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
    file.need_word("model_type", &[("percio", ())]);
    file.need("format", "1, the only version there is", |value| (value == 1).then_some(()));
    let mut latents = file.need_object("latents");
    let (count, width) = (latents.need_whole("count", &SIZE), latents.need_whole("width", &SIZE));
    file.close(latents);
    let encoder = encoder(file);
    let (queries, decoder) = decoder(file);
    Config {
        name: file.text("name").unwrap_or_else(|| "model".to_owned()),
        summary: file.text("summary").unwrap_or_default(),
        norm_eps: norm_eps(file),
        inputs: each(file, "inputs", input::read),
        token_width: file.whole("token_width", &SIZE),
        latents: count,
        latent_width: width,
        encoder,
        queries,
        decoder,
        outputs: each(file, "outputs", part::output),
    }
}

fn norm_eps(file: &mut Fields) -> f64 {
    let small = |value: &Value| value.as_f64().filter(|eps| (0.0..1.0).contains(eps));
    file.read("norm_eps", "a number from 0 to below 1", small).unwrap_or(1e-5)
}

fn encoder(file: &mut Fields) -> Encoder {
    let mut encoder = file.need_object("encoder");
    let mut cross = encoder.need_object("cross");
    let cross_attention = part::attention(&mut cross, true);
    encoder.close(cross);
    let mut layers = encoder.need_object("layers");
    let count = layers.need_whole("count", &LAYERS);
    let blocks = layers.whole("blocks", &LAYERS).unwrap_or(1);
    let layer = part::attention(&mut layers, false);
    encoder.close(layers);
    file.close(encoder);
    Encoder { cross: cross_attention, layers: count, blocks, layer }
}

fn decoder(file: &mut Fields) -> (Queries, Attention) {
    let mut decoder = file.need_object("decoder");
    let mut queries = decoder.need_object("queries");
    let asked = part::queries(&mut queries);
    decoder.close(queries);
    let attention = part::attention(&mut decoder, true);
    file.close(decoder);
    (asked, attention)
}

fn each<T>(file: &mut Fields, list: &'static str, read: fn(&mut Fields) -> T) -> Vec<T> {
    let mut entries = Vec::new();
    for mut fields in file.need_objects(list) {
        entries.push(read(&mut fields));
        file.close(fields);
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
