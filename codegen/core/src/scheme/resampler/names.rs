//! What the implementations call their parts.

use super::Family;
use crate::model::Activation;

/// The parts' names; those of a layer follow its own.
pub(super) struct Names {
    /// The package.
    pub(super) library: &'static str,
    pub(super) class: &'static str,
    /// The argument that holds the features.
    pub(super) input: &'static str,
    /// Positions of media, if there are any.
    pub(super) media: &'static str,
    /// Positions of frames, if there are any.
    pub(super) frames: &'static str,
    /// The list of layers.
    pub(super) layers: &'static str,
    /// Norm of the features.
    pub(super) norm_context: &'static str,
    /// Norm of the latents.
    pub(super) norm_latents: &'static str,
    pub(super) query: &'static str,
    pub(super) keys: Keys,
    pub(super) output: &'static str,
    /// Norms of each head's queries and keys, where a checkpoint has them.
    pub(super) head_norms: Option<[&'static str; 2]>,
    pub(super) mlp_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) activation: Activation,
    pub(super) down: &'static str,
    /// Norm of the last layer's latents; that of IP-Adapter follows a linear layer.
    pub(super) norm: &'static str,
}

/// Where keys and values come from.
pub(super) enum Keys {
    /// One linear layer.
    Fused(&'static str),
    /// One each.
    Separate([&'static str; 2]),
}

const FLAMINGO: Names = Names {
    library: "flamingo-pytorch",
    class: "PerceiverResampler",
    input: "x",
    media: "media_pos_emb",
    frames: "",
    layers: "layers",
    norm_context: ".0.norm_media",
    norm_latents: ".0.norm_latents",
    query: ".0.to_q",
    keys: Keys::Fused(".0.to_kv"),
    output: ".0.to_out",
    head_norms: None,
    mlp_norm: ".1.0",
    up: ".1.1",
    activation: Activation::GeluErf,
    down: ".1.3",
    norm: "norm",
};

const OPEN_FLAMINGO: Names =
    Names { library: "open_flamingo", media: "media_time_embs", frames: "frame_embs", ..FLAMINGO };

const IP_ADAPTER: Names = Names {
    library: "ip-adapter",
    class: "Resampler",
    norm_context: ".0.norm1",
    norm_latents: ".0.norm2",
    norm: "norm_out",
    ..FLAMINGO
};

const IDEFICS: Names = Names {
    library: "transformers",
    class: "IdeficsPerceiverResampler",
    input: "context",
    media: "",
    frames: "",
    layers: "blocks",
    norm_context: ".0.context_layer_norm",
    norm_latents: ".0.latents_layer_norm",
    query: ".0.q_proj",
    keys: Keys::Separate([".0.k_proj", ".0.v_proj"]),
    output: ".0.output_proj",
    head_norms: Some([".0.q_layer_norm", ".0.k_layer_norm"]),
    mlp_norm: ".1.ln",
    up: ".1.fc",
    activation: Activation::Relu,
    down: ".1.c_proj",
    norm: "layer_norm",
};

/// The names of `family`.
pub(super) fn of(family: Family) -> &'static Names {
    match family {
        Family::FlamingoPytorch => &FLAMINGO,
        Family::OpenFlamingo => &OPEN_FLAMINGO,
        Family::Idefics => &IDEFICS,
        Family::IpAdapter => &IP_ADAPTER,
    }
}
