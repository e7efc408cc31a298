//! Wrong and unusual checkpoints of Hugging Face transformers.

use crate::support::{Directory, has_all};
use percio_codegen_core::model::{Activation, Encoding, Residual, linear_frequencies};
use serde_json::json;

#[test]
fn tensors() {
    let mut directory = Directory::of("tiny-mlm");
    directory.remove("perceiver.encoder.self_attends.1.mlp.dense2.bias").remove("embedding_decoder.bias");
    directory.insert("perceiver.encoder.self_attends.2.mlp.dense2.bias", &[32], &[0.0; 32]);
    directory.insert("stray", &[1, 2], &[0.0; 2]);
    directory.insert("perceiver.embeddings.latents", &[8, 32], &[0.0; 256]);
    let all = directory.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(
        &all[0],
        &["1 tensor has 8 where num_latents makes 16", "`perceiver.embeddings.latents` [8, 32] instead of [16, 32]"],
    );
    has_all(&all[1], &["lacks 2 tensors", "self_attends.1.mlp.dense2.bias` [32]", "`embedding_decoder.bias` [64]"]);
    has_all(&all[2], &["holds 2 tensors", "self_attends.2.mlp.dense2.bias` [32]", "`stray` [1, 2]"]);
}

#[test]
fn known_buffers_are_ignored() {
    let mut directory = Directory::of("hf-masked-lm");
    let parameters = directory.load().unwrap().parameters;
    directory.insert("perceiver.input_preprocessor.position_ids", &[1, 3], &[0.0, 1.0, 2.0]);
    assert_eq!(directory.load().unwrap().parameters, parameters);
}

#[test]
fn running_statistics_are_no_parameters() {
    let directory = Directory::of("hf-image-conv");
    let all: usize = directory.tensors.values().map(|(_, shape, _)| shape.iter().product::<usize>()).sum();
    assert_eq!(directory.load_image([3, 21, 17]).parameters, all as u64 - 64 - 64 - 1);
}

impl Directory {
    fn load_image(&self, size: [usize; 3]) -> percio_codegen_core::model::Model {
        self.write();
        let mut options = self.options.clone();
        options.input_shapes.insert("pixel_values".to_owned(), size.to_vec());
        percio_codegen_core::load(self.path(), &options).unwrap()
    }
}

#[test]
fn classes_without_architectures() {
    let expected = [
        ("hf-masked-lm", "PerceiverForMaskedLM"),
        ("hf-sequence-classification", "PerceiverForSequenceClassification"),
        ("hf-image-learned", "PerceiverForImageClassificationLearned"),
        ("hf-image-fourier", "PerceiverForImageClassificationFourier"),
        ("hf-image-conv", "PerceiverForImageClassificationConvProcessing"),
        ("hf-optical-flow", "PerceiverForOpticalFlow"),
        ("hf-video", "PerceiverForMultimodalAutoencoding"),
        ("hf-raw", "PerceiverModel"),
    ];
    for (fixture, class) in expected {
        let mut directory = Directory::of(fixture);
        directory.unset("/architectures");
        let model = directory.load().unwrap();
        assert_eq!(model.provenance.implementation, format!("Hugging Face transformers, {class}"));
        has_all(&model.provenance.remarks[0], &["recognised by", "`architectures` is missing", class]);
        directory.set("/architectures", json!([]));
        assert_eq!(directory.load().unwrap().provenance, model.provenance, "an empty list is none");
    }
}

#[test]
fn unknown_classes() {
    let mut directory = Directory::of("hf-image-fourier");
    directory.set("/architectures", json!(["PerceiverForTokenClassification"]));
    directory.complains(&["`PerceiverForTokenClassification`", "`PerceiverForMaskedLM`", "`PerceiverModel`"]);
    directory.unset("/architectures");
    directory.tensors.clear();
    directory.complains(&["`architectures`", "is missing, and no tensor tells the class", "`PerceiverForOpticalFlow`"]);
}

#[test]
fn omitted_fields_have_the_defaults_of_the_library() {
    let mut directory = Directory::of("tiny-mlm");
    for field in ["num_blocks", "hidden_act", "use_query_residual", "cross_attention_widening_factor"] {
        directory.unset(&format!("/{field}"));
    }
    let model = directory.load().unwrap();
    assert_eq!(model.schedule, [0, 1, 2]);
    assert!(matches!(model.blocks[0].attention.residual, Residual::Add));
    directory.unset("/d_latents");
    let all = directory.complaints().join("\n");
    has_all(
        &all,
        &["have 32 where d_latents makes 1280", "[16, 32] instead of [16, 1280]", " more; correct config.json"],
    );
}

#[test]
fn activations() {
    let mut directory = Directory::of("tiny-mlm");
    let expected = [
        ("gelu", Activation::GeluErf),
        ("gelu_python", Activation::GeluErf),
        ("gelu_new", Activation::GeluTanh),
        ("gelu_fast", Activation::GeluTanh),
        ("gelu_accurate", Activation::GeluTanh),
        ("gelu_pytorch_tanh", Activation::GeluTanh),
        ("quick_gelu", Activation::QuickGelu),
        ("relu", Activation::Relu),
        ("relu2", Activation::SquaredRelu),
        ("silu", Activation::Silu),
        ("swish", Activation::Silu),
        ("tanh", Activation::Tanh),
        ("linear", Activation::Identity),
    ];
    for (name, activation) in expected {
        directory.set("/hidden_act", name);
        let model = directory.load().unwrap();
        assert_eq!(model.blocks[1].mlp.as_ref().unwrap().activation, activation, "{name}");
        assert_eq!(model.decoder.unwrap().block.mlp.as_ref().unwrap().activation, activation, "{name}");
    }
    directory.set("/hidden_act", "mish");
    directory.complains(&["`hidden_act`", "\"mish\"", "\"gelu\"", "\"relu2\""]);
}

#[test]
fn wrong_fields() {
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/d_model", "32").set("/num_latents", 0).set("/num_blocks", 1_000_000);
    directory.set("/cross_attention_shape_for_attention", "k").set("/id2label", json!({"0": "a", "2": "b"}));
    let all = directory.complaints().join("\n");
    assert_eq!(all.lines().count(), 5, "{all}");
    has_all(
        &all,
        &["`d_model` in config.json is \"32\", expected a whole number", "`num_latents` in config.json is 0"],
    );
    has_all(&all, &["`num_blocks`", "1024", "\"kv\", \"q\"", "`id2label`"]);
}

#[test]
fn contradictions() {
    let mut directory = Directory::of("tiny-mlm");
    directory.set("/num_self_attention_heads", 3);
    let all = directory.complaints();
    assert!(all.len() >= 2, "{all:#?}");
    has_all(&all[0], &["`num_self_attention_heads` is 3", "divide `d_latents` 32"]);
    has_all(&all[1], &["3 heads", "`encoder.layers.0`", "32 numbers (`qk_channels`)"]);

    let mut directory = Directory::of("hf-image-conv");
    directory.unset("/v_channels");
    let all = directory.complaints().join("\n");
    has_all(&all, &["21 numbers wide (`qk_channels`)", "set `v_channels` to 18"]);
}

#[test]
fn labels() {
    let mut directory = Directory::of("hf-image-fourier");
    directory.set("/id2label", json!({"2": "bird", "0": "cat", "1": "dog"}));
    assert_eq!(directory.load().unwrap().outputs[0].labels, ["cat", "dog", "bird"]);
    directory.unset("/id2label").set("/num_labels", 3);
    assert!(directory.load().unwrap().outputs[0].labels.is_empty());
    directory.unset("/num_labels");
    directory.complaints().iter().for_each(|message| has_all(message, &["final_layer", "the number of labels"]));
}

#[test]
fn image_sizes() {
    let mut directory = Directory::of("hf-image-fourier");
    let model = directory.load().unwrap();
    assert_eq!(model.inputs[0].grid(), [56, 56]);
    assert!(model.provenance.remarks.iter().any(|remark| remark.contains("56 × 56 pixels as `image_size` says")));
    assert_eq!(directory.load_image([3, 5, 8]).inputs[0].grid(), [5, 8]);
    directory.set("/image_size", json!([10, 12]));
    assert_eq!(directory.load().unwrap().inputs[0].grid(), [10, 12]);
    for wrong in [&[5, 8][..], &[1, 5, 8], &[3, 0, 8], &[3, 5, 1 << 40]] {
        directory.shape("pixel_values", wrong);
        let all = directory.complaints();
        has_all(&all[0], &["expected [3, height, width]"]);
    }
}

#[test]
fn convolution_grid_follows_the_image() {
    let mut directory = Directory::of("hf-image-conv");
    let model = directory.load_image([3, 224, 224]);
    assert_eq!(model.inputs[0].grid(), [55, 55]);
    let Encoding::Fourier(fourier) = &model.inputs[0].position.as_ref().unwrap().encoding else { panic!("fourier") };
    assert_eq!(fourier.shape, [55, 55]);
    assert_eq!(fourier.frequencies, [linear_frequencies(56.0, 64), linear_frequencies(56.0, 64)]);
    assert_eq!(directory.load_image([3, 5, 5]).inputs[0].grid(), [1, 1]);
    directory.shape("pixel_values", &[3, 4, 9]);
    directory.complains(&["4 × 9 pixels is too small", "at least 5 × 5"]);
}

#[test]
fn learned_positions_fix_the_image() {
    let mut directory = Directory::of("hf-image-learned");
    let size = directory.config["image_size"].as_u64().unwrap() as usize;
    directory.shape("pixel_values", &[3, size, size]);
    directory.load().unwrap();
    directory.shape("pixel_values", &[3, size + 1, size]);
    let tokens = format!("makes {} tokens", (size + 1) * size);
    directory.complains(&["`pixel_values`", &tokens, "learned positions"]);
}
