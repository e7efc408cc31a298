//! Haiku's names of parameters to those of the Hugging Face port, which computes the same graph.

/// The axes of a parameter that a tensor of the port has, in its order.
pub(super) type Axes = &'static [usize];

/// A parameter on its own: `[outputs, inputs]` of a table, `[width]` of a norm.
const TABLE: Axes = &[0, 1];
const VECTOR: Axes = &[0];
/// `[inputs, outputs]` becomes `[outputs, inputs]`.
const MATRIX: Axes = &[1, 0];
/// `[row, column, channel, output]` with its axes reversed, as the port's conversion left it; the port's module swaps row and
/// column back where it computes what the original did.
const KERNEL: Axes = &[3, 2, 1, 0];
/// `[1, 1, 1, channels]` becomes `[channels]`.
const CHANNELS: Axes = &[3];

/// Single parameters: module, parameter, the port's name, and its axes.
const SINGLE: [(&str, &str, &str, Axes); 13] = [
    ("perceiver_encoder/~/trainable_position_encoding", "pos_embs", "perceiver.embeddings.latents", TABLE),
    ("encoder/~/trainable_position_encoding", "pos_embs", "perceiver.embeddings.latents", TABLE),
    ("embed", "embeddings", "perceiver.input_preprocessor.embeddings.weight", TABLE),
    ("trainable_position_encoding", "pos_embs", "perceiver.input_preprocessor.position_embeddings.weight", TABLE),
    ("embedding_decoder", "bias", "embedding_decoder.bias", VECTOR),
    (
        "image_preprocessor/~_build_network_inputs/trainable_position_encoding",
        "pos_embs",
        "perceiver.input_preprocessor.position_embeddings.position_embeddings",
        TABLE,
    ),
    ("image_preprocessor/~/conv2_d_downsample/~/conv", "w", "perceiver.input_preprocessor.convnet.conv.weight", KERNEL),
    (
        "image_preprocessor/~/conv2_d_downsample/~/batchnorm",
        "scale",
        "perceiver.input_preprocessor.convnet.batchnorm.weight",
        CHANNELS,
    ),
    (
        "image_preprocessor/~/conv2_d_downsample/~/batchnorm",
        "offset",
        "perceiver.input_preprocessor.convnet.batchnorm.bias",
        CHANNELS,
    ),
    (
        "image_preprocessor/~/conv2_d_downsample/~/batchnorm/~/mean_ema",
        "average",
        "perceiver.input_preprocessor.convnet.batchnorm.running_mean",
        CHANNELS,
    ),
    (
        "image_preprocessor/~/conv2_d_downsample/~/batchnorm/~/var_ema",
        "average",
        "perceiver.input_preprocessor.convnet.batchnorm.running_var",
        CHANNELS,
    ),
    ("image_preprocessor/~/conv2_d", "w", "perceiver.input_preprocessor.convnet_1x1.weight", KERNEL),
    ("image_preprocessor/~/conv2_d", "b", "perceiver.input_preprocessor.convnet_1x1.bias", VECTOR),
];

/// Modules that are one linear layer.
const LINEAR: [(&str, &str); 5] = [
    ("image_preprocessor/patches_linear", "perceiver.input_preprocessor.conv_after_patches"),
    (
        "image_preprocessor/~_build_network_inputs/position_encoding_projector/linear",
        "perceiver.input_preprocessor.positions_projection",
    ),
    ("audio_postprocessor/linear", "perceiver.output_postprocessor.modalities.audio.classifier"),
    ("projection_postprocessor/linear", "perceiver.output_postprocessor.modalities.image.classifier"),
    ("classification_postprocessor/linear", "perceiver.output_postprocessor.modalities.label.classifier"),
];

/// Decoders, and the port's name of each.
const DECODERS: [(&str, &str); 4] = [
    ("basic_decoder", "perceiver.decoder"),
    ("classification_decoder/~/basic_decoder", "perceiver.decoder.decoder"),
    ("flow_decoder/~/basic_decoder", "perceiver.decoder.decoder"),
    ("multimodal_decoder/~/basic_decoder", "perceiver.decoder.decoder"),
];

/// Parts of a block that are the same in both kinds.
const BLOCK: [(&str, &str); 6] = [
    ("attention/linear", "attention.self.query"),
    ("attention/linear_1", "attention.self.key"),
    ("attention/linear_2", "attention.self.value"),
    ("attention/linear_3", "attention.output.dense"),
    ("mlp/linear", "mlp.dense1"),
    ("mlp/linear_1", "mlp.dense2"),
];
const CROSS_NORMS: [(&str, &str); 3] = [
    ("layer_norm", "attention.self.layernorm1"),
    ("layer_norm_1", "attention.self.layernorm2"),
    ("layer_norm_2", "layernorm"),
];
const SELF_NORMS: [(&str, &str); 2] = [("layer_norm", "attention.self.layernorm1"), ("layer_norm_1", "layernorm")];

/// The port's name of the parameter `parameter` of the module `module`, and its axes. `is_multimodal` decides whose queries a
/// classification decoder's are.
pub(super) fn port(module: &str, parameter: &str, is_multimodal: bool) -> Option<(String, Axes)> {
    let single = SINGLE.iter().find(|(from, name, ..)| (*from, *name) == (module, parameter));
    if let Some((.., name, axes)) = single {
        return Some(((*name).to_owned(), axes));
    }
    if let Some(layer) = look_up(&LINEAR, module) {
        return linear(layer, parameter);
    }
    modality(module, parameter)
        .or_else(|| decoder(module, parameter, is_multimodal))
        .or_else(|| encoder(module, parameter))
}

fn look_up<'a>(table: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    table.iter().find(|(from, _)| *from == key).map(|(_, name)| *name)
}

fn linear(layer: &str, parameter: &str) -> Option<(String, Axes)> {
    match parameter {
        "w" => Some((format!("{layer}.weight"), MATRIX)),
        "b" => Some((format!("{layer}.bias"), VECTOR)),
        _ => None,
    }
}

fn norm(layer: &str, parameter: &str) -> Option<(String, Axes)> {
    match parameter {
        "scale" => Some((format!("{layer}.weight"), VECTOR)),
        "offset" => Some((format!("{layer}.bias"), VECTOR)),
        _ => None,
    }
}

/// What fills a modality up to the common width, and what stands for its tokens.
fn modality(module: &str, parameter: &str) -> Option<(String, Axes)> {
    let (owner, of) = module.rsplit_once('/').filter(|_| parameter == "pos_embs")?;
    let name = match (owner, of.strip_suffix("_padding"), of.strip_suffix("_mask_token")) {
        ("multimodal_preprocessor", Some(modality), _) => format!("perceiver.input_preprocessor.padding.{modality}"),
        ("multimodal_preprocessor", _, Some(modality)) => format!("perceiver.input_preprocessor.mask.{modality}"),
        ("multimodal_decoder/~decoder_query", Some(modality), _) => format!("perceiver.decoder.padding.{modality}"),
        _ => return None,
    };
    Some((name, TABLE))
}

fn decoder(module: &str, parameter: &str, is_multimodal: bool) -> Option<(String, Axes)> {
    let (decoder, part) =
        DECODERS.iter().find_map(|(from, name)| Some((*name, module.strip_prefix(from)?.strip_prefix('/')?)))?;
    if let Some(part) = part.strip_prefix("cross_attention/") {
        return block(&format!("{decoder}.decoding_cross_attention"), part, parameter, &CROSS_NORMS);
    }
    match (part, parameter) {
        ("~/trainable_position_encoding", "pos_embs") => {
            let owner = if is_multimodal { "perceiver.decoder.modalities.label.decoder" } else { decoder };
            Some((format!("{owner}.output_position_encodings.position_embeddings"), TABLE))
        }
        ("output", _) => linear(&format!("{decoder}.final_layer"), parameter),
        _ => None,
    }
}

fn encoder(module: &str, parameter: &str) -> Option<(String, Axes)> {
    let part = module.strip_prefix("perceiver_encoder/~/").or_else(|| module.strip_prefix("encoder/~/"))?;
    let (layer, part) = part.split_once('/')?;
    if layer == "cross_attention" {
        return block("perceiver.encoder.cross_attention", part, parameter, &CROSS_NORMS);
    }
    let number = layer.strip_prefix("self_attention")?;
    let number: usize = if number.is_empty() { 0 } else { number.strip_prefix('_')?.parse().ok()? };
    block(&format!("perceiver.encoder.self_attends.{number}"), part, parameter, &SELF_NORMS)
}

fn block(block: &str, part: &str, parameter: &str, norms: &[(&str, &str)]) -> Option<(String, Axes)> {
    if let Some(layer) = look_up(&BLOCK, part) {
        return linear(&format!("{block}.{layer}"), parameter);
    }
    norm(&format!("{block}.{}", look_up(norms, part)?), parameter)
}
