//! What the library's versions call the tensors of a Perceiver IO.

use crate::scheme::Version;
use crate::scheme::block::{Biases, Names};
use crate::scheme::checkpoint::{Bias, Checkpoint};
use crate::scheme::krasserm::layer::{self, Layer};
use crate::scheme::krasserm::versions::Versions;

/// What some versions call the tensors of the encoder, and after the decoder's prefix those of the decoder.
pub(in crate::scheme::krasserm) struct Dialect {
    /// The versions.
    pub(in crate::scheme::krasserm) versions: Versions,
    /// A tensor of the encoder that later versions call otherwise.
    pub(in crate::scheme::krasserm) tell: &'static str,
    /// The latents at the start.
    pub(super) latents: &'static str,
    /// The first cross-attention, and all further ones.
    pub(super) cross: [&'static str; 2],
    /// The first block of self-attention, and all further ones.
    pub(super) layers: [&'static str; 2],
    /// Between a layer and its parts.
    pub(super) nest: &'static str,
    /// The embedding of ids.
    pub(in crate::scheme::krasserm) embedding: &'static str,
    /// Whether embeddings are multiplied by the root of their width.
    pub(super) scales_embedding: bool,
    /// The positions of ids.
    pub(super) positions: &'static str,
    /// The Fourier features of pixels.
    pub(in crate::scheme::krasserm) fourier: &'static str,
    /// The cross-attention of the decoder.
    pub(super) decoder: &'static str,
    /// What the decoder asks.
    pub(super) queries: &'static str,
    /// The embedding again, as the weight of a tied head.
    pub(super) tied_weight: Option<&'static str>,
    /// The bias of a tied head.
    pub(super) tied_bias: &'static str,
    /// Whether queries, keys and values have biases.
    qkv_bias: Bias,
}

/// The names of 0.3.
const V3: Dialect = Dialect {
    versions: Versions::new(3, 3),
    tell: "latent",
    latents: "latent",
    cross: ["cross_attn_1", "cross_attn_n"],
    layers: ["self_attn_1", "self_attn_n"],
    nest: "",
    embedding: "input_adapter.text_embedding.weight",
    scales_embedding: true,
    positions: "input_adapter.pos_encoding",
    fourier: "input_adapter.position_encoding",
    decoder: "cross_attn",
    queries: "output_adapter._output_query",
    tied_weight: Some("output_adapter.embedding_weights"),
    tied_bias: "output_adapter.bias",
    qkv_bias: Bias::Absent,
};

/// The names of 0.4.
const V4: Dialect = Dialect {
    versions: Versions::new(4, 4),
    tied_weight: Some("output_adapter.proj.weight"),
    tied_bias: "output_adapter.proj.bias",
    qkv_bias: Bias::Required,
    ..V3
};

/// The names of 0.5 and 0.6.
const V5: Dialect = Dialect {
    versions: Versions::new(5, 6),
    embedding: "input_adapter.txt_embedding.weight",
    scales_embedding: false,
    tied_weight: None,
    tied_bias: "output_adapter.bias",
    ..V4
};

/// From the newest to the oldest; those that cannot be told apart compute the same.
static DIALECTS: [Dialect; 6] = [
    Dialect {
        versions: Versions::new(7, 11),
        tell: "latent_provider._query",
        latents: "latent_provider._query",
        positions: "input_adapter.pos_embedding.weight",
        fourier: "input_adapter.position_encoding.position_encoding",
        queries: "output_query_provider._query",
        ..V5
    },
    V5,
    V4,
    V3,
    Dialect {
        versions: Versions::new(2, 2),
        tell: "cross_attn_1.module.0.module.q_norm.weight",
        cross: ["cross_attn_1.module", "cross_attn_n.module"],
        nest: ".module",
        decoder: "cross_attention.module",
        ..V3
    },
    Dialect {
        versions: Versions::new(1, 1),
        tell: "layer_1.0.0.module.q_norm.weight",
        cross: ["layer_1.0", "layer_n.0"],
        layers: ["layer_1.1", "layer_n.1"],
        decoder: "cross_attention",
        queries: "output",
        qkv_bias: Bias::Required,
        ..V3
    },
];

/// What the encoder and the decoder are called: the newer versions number them, the oldest masked language models name them.
const PARTS: [[&str; 2]; 2] = [["0.", "1."], ["encoder.", "decoder."]];

/// The names of a checkpoint.
#[derive(Clone, Copy)]
pub(in crate::scheme::krasserm) struct Found {
    /// After the parts' prefixes.
    pub(in crate::scheme::krasserm) names: &'static Dialect,
    /// The prefix of the encoder.
    pub(super) encoder: &'static str,
    /// The prefix of the decoder.
    pub(super) decoder: &'static str,
}

/// The newest dialect that fits the tensors, if possible one of `version`.
pub(in crate::scheme::krasserm) fn recognise(checkpoint: &Checkpoint, version: Option<Version>) -> Option<Found> {
    let candidates = DIALECTS
        .iter()
        .flat_map(|names| PARTS.iter().map(move |&[encoder, decoder]| Found { names, encoder, decoder }));
    let fitting: Vec<_> = candidates.filter(|found| found.fits(checkpoint)).collect();
    let meant = fitting.iter().find(|found| version.is_none_or(|version| found.names.versions.hold(version)));
    meant.or(fitting.first()).copied()
}

/// The names of `version`, or of the newest.
pub(in crate::scheme::krasserm) fn of_version(version: Option<Version>) -> Found {
    let known = version.and_then(|version| DIALECTS.iter().find(|names| names.versions.hold(version)));
    Found { names: known.unwrap_or(&DIALECTS[0]), encoder: PARTS[0][0], decoder: PARTS[0][1] }
}

/// A tensor of each dialect, and its versions.
pub(in crate::scheme::krasserm) fn tells() -> impl Iterator<Item = (String, Versions)> {
    DIALECTS.iter().map(|names| (format!("{}{}", PARTS[0][0], names.tell), names.versions))
}

impl Found {
    fn fits(&self, checkpoint: &Checkpoint) -> bool {
        let has = |name: &str| checkpoint.has(&self.in_encoder(name));
        let in_cross = |name| format!("{}.0.module.{name}", self.names.cross[0]);
        let is_biased = has(&in_cross("attention.q_proj.bias")) == (self.names.qkv_bias == Bias::Required);
        let embeds = DIALECTS.iter().all(|other| other.embedding == self.names.embedding || !has(other.embedding));
        has(self.names.tell) && has(&in_cross("kv_norm.weight")) && (is_biased || self.is_first()) && embeds
    }

    /// The full name of a tensor of the encoder.
    pub(in crate::scheme::krasserm) fn in_encoder(&self, name: &str) -> String {
        format!("{}{name}", self.encoder)
    }

    /// The full name of a tensor of the decoder.
    pub(super) fn in_decoder(&self, name: &str) -> String {
        format!("{}{name}", self.decoder)
    }

    /// Whether this is the first version: its configuration has other fields, its attention is PyTorch's.
    pub(super) fn is_first(&self) -> bool {
        self.names.versions.are_before(2)
    }

    /// The names of a layer's parts.
    pub(super) fn layer(&self, kind: Layer) -> Names {
        let biases = Biases { projections: self.names.qkv_bias, ..Biases::all(Bias::Required) };
        if self.is_first() { layer::packed(kind, biases) } else { layer::names(kind, biases) }
    }
}
