//! Model directories made at run time: a fixture with a mistake in it, and one of a given size.

use percio_codegen_core::container;
use percio_codegen_core::model::{FeatureLayout, Fourier, Grid, Tensor, fourier_features, linear_frequencies};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a model directory.
pub(crate) struct ModelDirectory {
    pub(crate) config: Value,
    tensors: BTreeMap<String, Tensor>,
}

impl ModelDirectory {
    /// Reads the directory at `path`.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path.join("config.json")).expect("the configuration of a fixture");
        let config = serde_json::from_str(&text).expect("the configuration of a fixture is JSON");
        let mut weights = container::open(&path.join("model.safetensors")).expect("the weights of a fixture");
        let names: Vec<String> = weights.names().map(str::to_owned).collect();
        let read = |name: String| {
            let tensor = weights.take(&name).expect("a tensor that is named").read(&name);
            (name, tensor.expect("numbers of a fixture"))
        };
        let tensors = names.into_iter().map(read).collect();
        Self { config, tensors }
    }

    /// About 1.2 MB of weights in percio's own format: width 128 everywhere, two layers.
    pub(crate) fn megabyte() -> Self {
        const WIDTH: usize = 128;
        let block = json!({"heads": 4, "widening": 1, "activation": "gelu", "residual": true});
        let layers = json!({"count": 2, "blocks": 1, "heads": 4, "widening": 1, "activation": "gelu"});
        let config = json!({
            "model_type": "percio", "format": 1, "name": "megabyte",
            "inputs": [{"name": "tokens", "kind": "tokens", "tokens": 4, "channels": WIDTH}],
            "latents": {"count": 4, "width": WIDTH},
            "encoder": {"cross": block, "layers": layers},
            "decoder": {"queries": {"kind": "learned", "count": 1, "width": WIDTH}, "heads": 4, "widening": 0, "residual": true},
            "outputs": [{"name": "rows"}],
        });
        let mut made = Self { config, tensors: BTreeMap::new() };
        made.add("latents", &[4, WIDTH]);
        made.add("decoder.queries", &[1, WIDTH]);
        made.add_block("encoder.cross", WIDTH, true, true);
        made.add_block("encoder.layers.0", WIDTH, false, true);
        made.add_block("encoder.layers.1", WIDTH, false, true);
        made.add_block("decoder.cross", WIDTH, true, false);
        made
    }

    /// 16 latents of 64 numbers in 4 heads, two layers, over `tokens` tokens of 22 numbers with Fourier features.
    pub(crate) fn sized(tokens: usize) -> Self {
        const WIDTH: usize = 64;
        const BANDS: usize = 8;
        let block = json!({"heads": 4, "qk": WIDTH, "widening": 1, "activation": "gelu", "residual": true});
        let layers = json!({"count": 2, "blocks": 1, "heads": 4, "widening": 1, "activation": "gelu"});
        let position = json!({"kind": "fourier", "combine": "concat", "bands": BANDS, "max_resolution": [64]});
        let config = json!({
            "model_type": "percio", "format": 1, "name": "sized",
            "inputs": [{"name": "samples", "kind": "tokens", "tokens": tokens, "channels": 22, "position": position}],
            "latents": {"count": 16, "width": WIDTH},
            "encoder": {"cross": block, "layers": layers},
            "decoder": {"queries": {"kind": "learned", "count": 1, "width": WIDTH}, "heads": 4, "widening": 1, "residual": true},
            "outputs": [{"name": "logits", "width": 6}],
        });
        let mut made = Self { config, tensors: BTreeMap::new() };
        made.add("latents", &[16, WIDTH]);
        made.add("decoder.queries", &[1, WIDTH]);
        made.add_attention("encoder.cross", WIDTH, 22 + 2 * BANDS + 1);
        made.add_block("encoder.layers.0", WIDTH, false, true);
        made.add_block("encoder.layers.1", WIDTH, false, true);
        made.add_attention("decoder.cross", WIDTH, WIDTH);
        made.add("outputs.logits.weight", &[6, WIDTH]);
        made.add("outputs.logits.bias", &[6]);
        made
    }

    /// The same over 64 tokens, asked at the positions of a grid.
    pub(crate) fn asked(grid: [usize; 2]) -> Self {
        let mut made = Self::sized(64);
        made.config["decoder"]["queries"] =
            json!({"kind": "fourier", "shape": grid, "bands": 8, "max_resolution": [64, 64]});
        made.config["decoder"]["qk"] = 64.into();
        let width = 2 * (1 + 2 * 8);
        made.tensors.retain(|name, _| !name.starts_with("decoder.") && !name.starts_with("outputs."));
        made.add_attention("decoder.cross", width, 64);
        made.add("decoder.cross.q.weight", &[64, width]);
        made.add("decoder.cross.q.bias", &[64]);
        for part in ["k", "v"] {
            made.add(&format!("decoder.cross.{part}.weight"), &[64, 64]);
            made.add(&format!("decoder.cross.{part}.bias"), &[64]);
        }
        made.add("decoder.cross.o.weight", &[width, 64]);
        made.add("outputs.logits.weight", &[6, width]);
        made.add("outputs.logits.bias", &[6]);
        made
    }

    /// The same tensors with every axis that is a multiple of `from` so much longer that it is one of `to`, and other numbers.
    pub(crate) fn widened(mut self, from: usize, to: usize) -> Self {
        let shapes = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone()));
        for (name, shape) in shapes.collect::<Vec<_>>() {
            let longer = |&length: &usize| if length.is_multiple_of(from) { length / from * to } else { length };
            self.add(&name, &shape.iter().map(longer).collect::<Vec<_>>());
        }
        self
    }

    /// A block of rows of `width` numbers that read rows of `other` numbers.
    fn add_attention(&mut self, name: &str, width: usize, other: usize) {
        self.add_block(name, width, true, true);
        for part in ["norm_kv.weight", "norm_kv.bias"] {
            self.add(&format!("{name}.{part}"), &[other]);
        }
        for part in ["k.weight", "v.weight"] {
            self.add(&format!("{name}.{part}"), &[width, other]);
        }
    }

    /// The image classifier of perceiver-io's MNIST example: 28 × 28 pixels, 32 bands, 32 latents × 128.
    pub(crate) fn digits() -> Self {
        const WIDTH: usize = 128;
        // A pixel, and its place: two coordinates with 32 sines and cosines each.
        const TOKEN: usize = 1 + 2 * (1 + 2 * 32);
        let config = json!({
            "library": "krasserm/perceiver-io", "version": "0.11.1", "model_type": "perceiver-io-image-classifier",
            "model_config": {
                "encoder": {
                    "image_shape": [28, 28, 1], "num_frequency_bands": 32, "num_cross_attention_heads": 1,
                    "num_self_attention_heads": 8, "num_self_attention_layers_per_block": 3,
                    "num_self_attention_blocks": 3, "first_self_attention_block_shared": false,
                },
                "decoder": {"num_classes": 10, "num_output_query_channels": WIDTH, "num_cross_attention_heads": 1},
                "num_latents": 32, "num_latent_channels": WIDTH,
            },
        });
        let mut made = Self { config, tensors: BTreeMap::new() };
        made.add("0.latent_provider._query", &[32, WIDTH]);
        let places = Fourier {
            shape: vec![28, 28],
            grid: Grid::Inclusive,
            frequencies: vec![linear_frequencies(28.0, 32); 2],
            layout: FeatureLayout::Blocks,
            with_position: true,
            sine_only: false,
        };
        let places_name = "0.input_adapter.position_encoding.position_encoding".to_owned();
        made.tensors.insert(places_name.clone(), Tensor { name: places_name, ..fourier_features(&places) });
        made.add_layer("0.cross_attn_1", ".0.module", WIDTH, Some(TOKEN), TOKEN);
        for (block, layer) in ["1", "n"].iter().flat_map(|block| (0..3).map(move |layer| (block, layer))) {
            made.add_layer(&format!("0.self_attn_{block}.{layer}"), ".0.module", WIDTH, None, WIDTH);
        }
        made.add_layer("1.cross_attn", ".0.module", WIDTH, Some(WIDTH), WIDTH);
        made.add("1.output_query_provider._query", &[1, WIDTH]);
        made.add("1.output_adapter.linear.weight", &[10, WIDTH]);
        made.add("1.output_adapter.linear.bias", &[10]);
        made
    }

    /// A layer of perceiver-io over rows of `width`, that reads others of `context`.
    fn add_layer(&mut self, name: &str, attention: &str, width: usize, context: Option<usize>, qk: usize) {
        let keys = context.unwrap_or(width);
        let norms = if context.is_some() { vec![("q_norm", width), ("kv_norm", keys)] } else { vec![("norm", width)] };
        let linears = [("q", qk, width), ("k", qk, keys), ("v", qk, keys), ("o", width, qk)];
        let attention = format!("{name}{attention}");
        for (norm, width) in norms {
            for part in ["weight", "bias"] {
                self.add(&format!("{attention}.{norm}.{part}"), &[width]);
            }
        }
        for (linear, outputs, inputs) in linears {
            self.add(&format!("{attention}.attention.{linear}_proj.weight"), &[outputs, inputs]);
            self.add(&format!("{attention}.attention.{linear}_proj.bias"), &[outputs]);
        }
        for part in [0, 1, 3] {
            let shape = [width, width];
            self.add(&format!("{name}.1.module.{part}.weight"), if part == 0 { &shape[1..] } else { &shape });
            self.add(&format!("{name}.1.module.{part}.bias"), &shape[1..]);
        }
    }

    fn add_block(&mut self, name: &str, width: usize, is_cross: bool, has_mlp: bool) {
        let norms = ["norm_q", "norm_kv", "mlp.norm"].map(|norm| (norm, true, width));
        let layers = ["q", "k", "v", "o", "mlp.up", "mlp.down"].map(|layer| (layer, false, width));
        for (part, is_norm, width) in norms.into_iter().chain(layers) {
            if (part == "norm_kv" && !is_cross) || (part.starts_with("mlp") && !has_mlp) {
                continue;
            }
            let shape = [width, width];
            self.add(&format!("{name}.{part}.weight"), if is_norm { &shape[1..] } else { &shape });
            self.add(&format!("{name}.{part}.bias"), &shape[1..]);
        }
    }

    fn add(&mut self, name: &str, shape: &[usize]) {
        // A prime apart, so that rows differ.
        let numbers = (0..shape.iter().product::<usize>()).map(|index| (index * 97 % 251) as f32 / 1000.0 - 0.1);
        let numbers = numbers.collect();
        self.tensors.insert(name.to_owned(), Tensor::new(name, shape, numbers));
    }

    /// Removes the tensor `name`.
    pub(crate) fn remove(&mut self, name: &str) {
        self.tensors.remove(name).unwrap_or_else(|| panic!("no tensor `{name}`"));
    }

    /// Gives the tensor `name` another shape of as many numbers.
    pub(crate) fn reshape(&mut self, name: &str, shape: &[usize]) {
        let tensor = self.tensor(name);
        *tensor = Tensor { shape: shape.to_vec(), ..tensor.clone() };
    }

    /// Sets one number of the tensor `name`.
    pub(crate) fn set(&mut self, name: &str, index: usize, number: f32) {
        self.tensor(name).data.change(move |numbers| numbers[index] = number);
    }

    fn tensor(&mut self, name: &str) -> &mut Tensor {
        self.tensors.get_mut(name).unwrap_or_else(|| panic!("no tensor `{name}`"))
    }

    /// Writes both files to the directory `path`, which need not exist.
    pub(crate) fn write(&self, path: &Path) {
        let bytes = |tensor: &Tensor| {
            tensor.numbers().unwrap().iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()
        };
        let data: Vec<(&String, &Tensor, Vec<u8>)> =
            self.tensors.iter().map(|(name, tensor)| (name, tensor, bytes(tensor))).collect();
        let view = |(name, tensor, bytes)| {
            let (name, tensor, bytes): (&String, &Tensor, &Vec<u8>) = (name, tensor, bytes);
            (name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).expect("as many bytes as the shape says"))
        };
        let views = data.iter().map(|(name, tensor, bytes)| view((*name, *tensor, bytes)));
        let weights = safetensors::serialize(views, None).expect("tensors of one type");
        std::fs::create_dir_all(path).expect("a directory for a model");
        std::fs::write(path.join("config.json"), self.config.to_string()).expect("config.json");
        std::fs::write(path.join("model.safetensors"), weights).expect("model.safetensors");
    }
}
