//! What the two models are made of, by the names of their tensors.

/// An attention with its MLP.
pub(crate) struct Block {
    /// Weight and bias are `{name}.weight` and `{name}.bias`.
    pub(crate) q: String,
    pub(crate) k: String,
    pub(crate) v: String,
    pub(crate) o: String,
    pub(crate) norm_q: String,
    /// None of a self-attention.
    pub(crate) norm_kv: Option<String>,
    pub(crate) mlp: [String; 3],
    pub(crate) heads: usize,
    pub(crate) residual: bool,
}

/// A Perceiver from its tokens on.
pub(crate) struct Model {
    pub(crate) latents: &'static str,
    pub(crate) cross: Block,
    pub(crate) layers: Vec<Block>,
    pub(crate) queries: &'static str,
    pub(crate) decoder: Block,
    /// Weight and bias of the logits.
    pub(crate) logits: [&'static str; 2],
    pub(crate) eps: f64,
}

pub(crate) fn tiny_mlm() -> Model {
    let block = |prefix: &str, heads, is_cross: bool, residual| {
        let attention = |name: &str| format!("perceiver.{prefix}.attention.{name}");
        let mlp = ["layernorm", "mlp.dense1", "mlp.dense2"].map(|name| format!("perceiver.{prefix}.{name}"));
        Block {
            q: attention("self.query"),
            k: attention("self.key"),
            v: attention("self.value"),
            o: attention("output.dense"),
            norm_q: attention("self.layernorm1"),
            norm_kv: is_cross.then(|| attention("self.layernorm2")),
            mlp,
            heads,
            residual,
        }
    };
    Model {
        latents: "perceiver.embeddings.latents",
        cross: block("encoder.cross_attention", 2, true, true),
        layers: (0..2).map(|layer| block(&format!("encoder.self_attends.{layer}"), 2, false, true)).collect(),
        queries: "perceiver.decoder.output_position_encodings.position_embeddings",
        decoder: block("decoder.decoding_cross_attention", 8, true, false),
        logits: ["perceiver.input_preprocessor.embeddings.weight", "embedding_decoder.bias"],
        eps: 1e-5,
    }
}

pub(crate) fn motion() -> Model {
    let block = |prefix: &str, heads, is_cross: bool| {
        let name = |name: &str| format!("{prefix}.{name}");
        Block {
            q: name("q"),
            k: name("k"),
            v: name("v"),
            o: name("o"),
            norm_q: name("norm_q"),
            norm_kv: is_cross.then(|| name("norm_kv")),
            mlp: ["mlp.norm", "mlp.up", "mlp.down"].map(name),
            heads,
            residual: true,
        }
    };
    Model {
        latents: "latents",
        cross: block("encoder.cross", 4, true),
        layers: (0..2).map(|layer| block(&format!("encoder.layers.{layer}"), 4, false)).collect(),
        queries: "decoder.queries",
        decoder: block("decoder.cross", 1, true),
        logits: ["outputs.logits.weight", "outputs.logits.bias"],
        eps: 1e-5,
    }
}

/// A sensor of `motion`: five samples of three numbers make a token.
pub(crate) struct Sensor {
    pub(crate) name: &'static str,
    pub(crate) offset: [f32; 3],
    pub(crate) gain: [f32; 3],
}

pub(crate) const SENSORS: [Sensor; 2] = [
    Sensor { name: "acceleration", offset: [0.0, 0.375, -0.138], gain: [1.07, 2.01, 1.82] },
    Sensor { name: "rotation", offset: [0.0217, 0.0, 0.0], gain: [0.985, 0.391, 0.919] },
];
pub(crate) const PATCH: usize = 5;

/// Fourier features of `tokens` places: the coordinate, eight sines, eight cosines.
pub(crate) fn positions(tokens: usize) -> Vec<f32> {
    let place = |token: usize| -1.0 + 2.0 * token as f64 / (tokens - 1) as f64;
    let angles =
        |token: usize| (0..8).map(move |band| std::f64::consts::PI * place(token) * (1.0 + 9.0 * band as f64 / 7.0));
    let row = |token| {
        let waves = angles(token).map(f64::sin).chain(angles(token).map(f64::cos));
        std::iter::once(place(token)).chain(waves).map(|x| x as f32)
    };
    (0..tokens).flat_map(row).collect()
}
