//! What the shapes of a checkpoint say, and what only its configuration can, as a configuration of the port.

use super::{INPUTS, LIBRARY};
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::fields::{Fields, SIZE};
use crate::{Problems, Subject};
use serde_json::{Map, Value, json};

/// A model of the notebooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    MaskedLm,
    ImageLearned,
    ImageFourier,
    ImageConv,
    OpticalFlow,
    Video,
}

/// Each class, its name in the notebooks, the port's class, and a tensor (in the port's names) that only it and the classes
/// above it have.
const CLASSES: [(Class, &str, &str, &str); 6] = [
    (Class::MaskedLm, "masked_language_modelling", "PerceiverForMaskedLM", "embedding_decoder.bias"),
    (
        Class::ImageLearned,
        "learned_position_encoding",
        "PerceiverForImageClassificationLearned",
        "perceiver.input_preprocessor.convnet_1x1.weight",
    ),
    (
        Class::ImageConv,
        "conv_preprocessing",
        "PerceiverForImageClassificationConvProcessing",
        "perceiver.input_preprocessor.convnet.conv.weight",
    ),
    (
        Class::OpticalFlow,
        "optical_flow",
        "PerceiverForOpticalFlow",
        "perceiver.input_preprocessor.conv_after_patches.weight",
    ),
    (
        Class::Video,
        "video_autoencoding",
        "PerceiverForMultimodalAutoencoding",
        "perceiver.input_preprocessor.padding.image",
    ),
    (
        Class::ImageFourier,
        "fourier_position_encoding",
        "PerceiverForImageClassificationFourier",
        "perceiver.decoder.decoder.final_layer.weight",
    ),
];

impl Class {
    fn row(self) -> (&'static str, &'static str) {
        CLASSES.iter().find(|(class, ..)| *class == self).map_or(("", ""), |(_, name, port, _)| (name, port))
    }

    /// The notebook's name for it.
    pub(super) fn name(self) -> &'static str {
        self.row().0
    }

    fn is_image(self) -> bool {
        matches!(self, Self::ImageLearned | Self::ImageFourier | Self::ImageConv)
    }

    /// The port's name of the input that the original calls `name`.
    pub(super) fn port_input(self, name: &str) -> &str {
        match (self, name) {
            (Self::MaskedLm, INPUTS) => "input_ids",
            (_, INPUTS) if self.is_image() => "pixel_values",
            _ => name,
        }
    }

    /// The original's name of the input that the port calls `name`.
    pub(super) fn own_input(self, name: &str) -> &str {
        match (self, name) {
            (Self::MaskedLm, "input_ids") => INPUTS,
            (_, "pixel_values") => INPUTS,
            _ => name,
        }
    }

    /// Whether the input that the port calls `name` holds images, whose channels are last in the original.
    pub(super) fn has_images(self, name: &str) -> bool {
        match self {
            Self::MaskedLm => false,
            Self::Video => name == "image",
            _ => true,
        }
    }

    /// `num_blocks`, and heads of self- and cross-attention, as released.
    fn released(self) -> [usize; 3] {
        match self {
            Self::MaskedLm => [1, 8, 8],
            Self::OpticalFlow => [1, 16, 1],
            Self::Video => [1, 8, 1],
            Self::ImageLearned | Self::ImageFourier | Self::ImageConv => [8, 8, 1],
        }
    }
}

/// The class, and the port's configuration of it.
pub(super) fn read(config: Value, checkpoint: &Checkpoint) -> Result<(Class, Value), Problems> {
    let mut fields = Fields::new("", config);
    fields.need_word("library", &[(LIBRARY, ())]);
    let names = CLASSES.map(|(class, name, ..)| (name, class));
    let named = fields.word("class", &names);
    let args = fields.object("args").map_or_else(|| Ok(Map::new()), arguments);
    let mut problems = fields.finish();
    let recognised = CLASSES.iter().find(|(.., tensor)| checkpoint.shape(tensor).is_some()).map(|(class, ..)| *class);
    let (Some(class), Some(args)) = (named.or(recognised), problems.take(args)) else {
        if problems.is_empty() {
            problems.add(Subject::Model, unknown());
        }
        return Err(problems);
    };
    let mut port = shapes(class, checkpoint);
    port.extend(args);
    problems.finish((class, Value::Object(port)))
}

fn unknown() -> String {
    let names = CLASSES.map(|(_, name, ..)| format!("\"{name}\"")).join(", ");
    format!(
        "the parameters are those of none of the models {names}: give a checkpoint of one of them, or name it as `class` in \
         config.json"
    )
}

/// The fields that shapes leave open, as they are given.
fn arguments(mut args: Fields) -> Result<Map<String, Value>, Problems> {
    const WHOLE: [&str; 6] = [
        "num_blocks",
        "num_self_attention_heads",
        "num_cross_attention_heads",
        "num_frames",
        "audio_samples_per_frame",
        "num_labels",
    ];
    let mut given = Map::new();
    for name in WHOLE {
        if let Some(number) = args.whole(name, &SIZE) {
            given.insert(name.to_owned(), number.into());
        }
    }
    for name in ["image_size", "train_size", "output_shape"] {
        if let Some(value) = args.read(name, "a size", |value| Some(value.clone())) {
            given.insert(name.to_owned(), value);
        }
    }
    args.finish().finish(given)
}

/// What the shapes say, in the port's fields.
fn shapes(class: Class, checkpoint: &Checkpoint) -> Map<String, Value> {
    let length = |name: &str, axis: usize| checkpoint.shape(name).and_then(|shape| shape.get(axis)).copied();
    let encoder = |name: &str| format!("perceiver.encoder.{name}.weight");
    let layers = (0..).take_while(|layer| length(&encoder(&format!("self_attends.{layer}.mlp.dense1")), 0).is_some());
    let [blocks, self_heads, cross_heads] = class.released();
    let mut port = Map::new();
    let mut set = |name: &str, value: Option<usize>| {
        value.map(|value| port.insert(name.to_owned(), value.into()));
    };
    let latents = length("perceiver.embeddings.latents", 1);
    set("num_latents", length("perceiver.embeddings.latents", 0));
    set("d_latents", latents);
    set("d_model", length(&encoder("cross_attention.attention.self.key"), 1));
    set("num_blocks", Some(blocks));
    set("num_self_attends_per_block", Some(layers.count()));
    set("num_self_attention_heads", Some(self_heads));
    set("num_cross_attention_heads", Some(cross_heads));
    for (field, block) in [("cross", "cross_attention"), ("self", "self_attends.0")] {
        let hidden = length(&encoder(&format!("{block}.mlp.dense1")), 0);
        let factor = hidden.zip(latents).map(|(hidden, latents)| hidden / latents.max(1));
        set(&format!("{field}_attention_widening_factor"), factor);
    }
    set("vocab_size", length("perceiver.input_preprocessor.embeddings.weight", 0));
    set("max_position_embeddings", length("perceiver.input_preprocessor.position_embeddings.weight", 0));
    set("samples_per_patch", length("perceiver.output_postprocessor.modalities.audio.classifier.weight", 0));
    set("output_num_channels", length("perceiver.decoder.decoder.final_layer.weight", 0));
    let label = "perceiver.decoder.modalities.label.decoder.output_position_encodings.position_embeddings";
    set("_label_trainable_num_channels", length(label, 1));
    let labels = match class {
        Class::Video => length("perceiver.output_postprocessor.modalities.label.classifier.weight", 0),
        _ => length("perceiver.decoder.decoder.final_layer.weight", 0),
    };
    set("num_labels", labels.filter(|_| class != Class::OpticalFlow));
    widths(checkpoint, &mut port);
    port.insert("architectures".to_owned(), json!([class.row().1]));
    if class.is_image() {
        port.insert("image_size".to_owned(), json!(224));
    }
    port
}

/// Widths of queries, keys and values: unset where they follow from the others.
fn widths(checkpoint: &Checkpoint, port: &mut Map<String, Value>) {
    let rows = |block: &str, part: &str| {
        checkpoint
            .shape(&format!("perceiver.encoder.{block}.attention.self.{part}.weight"))
            .map(|shape| [shape[0], shape[1]])
    };
    let [Some([cross_qk, tokens]), Some([cross_v, _])] = ["key", "value"].map(|part| rows("cross_attention", part))
    else {
        return;
    };
    let [layer_qk, layer_v] = ["key", "value"].map(|part| rows("self_attends.0", part));
    let ([qk, width], [v, _]) = (layer_qk.unwrap_or([cross_qk, cross_qk]), layer_v.unwrap_or([cross_v, cross_v]));
    // Where a width is given, it is that of every block of the encoder.
    if cross_qk == qk && qk != width {
        port.insert("qk_channels".to_owned(), qk.into());
    } else if cross_qk != tokens {
        port.insert("cross_attention_shape_for_attention".to_owned(), "q".into());
    }
    if cross_v == v && (cross_v != cross_qk || v != qk) {
        port.insert("v_channels".to_owned(), v.into());
    }
}
