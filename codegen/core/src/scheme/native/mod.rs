//! percio's own format, `model_type = "percio"` (docs/native-format.md).

mod config;
mod input;
mod output;
mod position;

use super::block::{self, Biases, Names, Projections, Spec};
use super::checkpoint::{Axis, Bias, Checkpoint};
use crate::Problems;
use crate::model::{Block, Decoder, Input, Latents, Model, Provenance, Queries};
use config::{Attention, Config};

/// The parts of a block.
const BLOCK: Names = Names {
    norm_q: ".norm_q",
    norm_kv: ".norm_kv",
    projections: Projections::Separate { query: ".q", key: ".k", value: ".v" },
    output: ".o",
    mlp_norm: ".mlp.norm",
    up: ".mlp.up",
    down: ".mlp.down",
    biases: Biases::all(Bias::Optional),
};

/// Reads a model of this format.
pub(super) fn load(config: serde_json::Value, mut checkpoint: Checkpoint) -> Result<Model, Problems> {
    let config = config::read(config)?;
    let inputs = input::read(&config, &mut checkpoint);
    let token_width = inputs.iter().map(Input::width).max().unwrap_or(1).max(config.token_width.unwrap_or(1));
    let axes = [(config.latents, "latents.count"), latent_width(&config)];
    let latents = checkpoint.tensor("latents", &axes);
    let blocks = encoder(&config, &mut checkpoint, (token_width, "the tokens' width"));
    let schedule = (0..config.encoder.blocks).flat_map(|_| 1..blocks.len());
    let decoder = decoder(&config, &mut checkpoint);
    let model = Model {
        name: config.name.clone(),
        summary: config.summary.clone(),
        provenance: Provenance {
            implementation: "percio, native format 1".to_owned(),
            remarks: vec!["recognised by `model_type` \"percio\"".to_owned()],
        },
        parameters: 0,
        schedule: std::iter::once(0).chain(schedule).collect(),
        outputs: output::read(&config, &mut checkpoint, &inputs, decoder.queries.shape([0, 0])),
        inputs,
        mask: None,
        latents: Latents::Learned(latents),
        blocks,
        mixtures: Vec::new(),
        norm: None,
        decoder: Some(decoder),
    };
    checkpoint.finish(model, |_| false)
}

fn latent_width(config: &Config) -> Axis<'static> {
    (config.latent_width, "latents.width")
}

fn encoder(config: &Config, checkpoint: &mut Checkpoint, tokens: Axis<'_>) -> Vec<Block> {
    let latents = latent_width(config);
    let cross = Place { section: "encoder.cross", name: "encoder.cross", rows: latents, context: Some(tokens) };
    let mut blocks = vec![cross.read(config, checkpoint, &config.encoder.cross, tokens, None)];
    for index in 0..config.encoder.layers {
        let name = format!("encoder.layers.{index}");
        let layer = Place { section: "encoder.layers", name: &name, rows: latents, context: None };
        blocks.push(layer.read(config, checkpoint, &config.encoder.layer, latents, Some(latents)));
    }
    blocks
}

fn decoder(config: &Config, checkpoint: &mut Checkpoint) -> Decoder {
    let queries = match &config.queries {
        config::Queries::Learned { count, width } => {
            let axes = [(*count, "decoder.queries.count"), (*width, "the queries' width")];
            Queries::Learned(checkpoint.tensor("decoder.queries", &axes))
        }
        config::Queries::Fourier { shape, fourier } => {
            Queries::Fourier(position::fourier(checkpoint, "decoder.queries", shape, fourier))
        }
    };
    let latents = latent_width(config);
    let rows = (queries.shape([0, 0])[1], "the queries' width");
    let place = Place { section: "decoder", name: "decoder.cross", rows, context: Some(latents) };
    let block = place.read(config, checkpoint, &config.decoder, latents, None);
    Decoder { queries, block, project: None }
}

/// Where a block stands.
struct Place<'a> {
    /// In the configuration.
    section: &'a str,
    /// In the checkpoint.
    name: &'a str,
    rows: Axis<'a>,
    context: Option<Axis<'a>>,
}

impl Place<'_> {
    /// Reads the block; `qk` and `v` are the widths where `attention` names none (`v`: that of `qk`).
    fn read(
        &self,
        config: &Config,
        checkpoint: &mut Checkpoint,
        attention: &Attention,
        qk: Axis<'_>,
        v: Option<Axis<'_>>,
    ) -> Block {
        let [heads, qk_source, v_source, widening] =
            ["heads", "qk", "v", "widening"].map(|field| format!("{}.{field}", self.section));
        let qk = attention.qk.map_or(qk, |width| (width, qk_source.as_str()));
        let v = attention.v.map_or(v.unwrap_or(qk), |width| (width, v_source.as_str()));
        let spec = Spec {
            name: self.name,
            prefix: self.name,
            rows: self.rows,
            context: self.context,
            heads: (attention.heads, &heads),
            qk,
            v,
            widening: (attention.widening, &widening),
            activation: attention.activation,
            residual: attention.residual,
            eps: config.norm_eps,
        };
        block::read(checkpoint, &BLOCK, &spec)
    }
}
