//! What the fixtures are.

use crate::support::{fixture, model};
use percio_codegen_core::container;
use percio_codegen_core::model::{
    Activation, Attention, Combine, Decoder, Encoding, Extent, Layout, Mask, Model, Pad, Queries, Query, Residual,
    Stem, Window, linear_frequencies,
};

fn decoder(model: &Model) -> &Decoder {
    model.decoder.as_ref().unwrap()
}

fn adds(attention: &Attention) -> bool {
    matches!(attention.residual, Residual::Add)
}

#[test]
fn tiny_masked_lm() {
    let model = model("tiny-mlm");
    assert_eq!((model.name.as_str(), model.parameters), ("tiny-mlm", 47_488));
    assert_eq!(model.provenance.implementation, "Hugging Face transformers, PerceiverForMaskedLM");
    assert_eq!(model.latents.shape(), [16, 32]);
    assert_eq!(model.schedule, [0, 1, 2]);
    assert_eq!(model.inputs[0].name, "input_ids");
    let Stem::Ids { tokens: 64, embedding } = &model.inputs[0].stem else { panic!("ids") };
    assert_eq!(model.mask, Some(Mask::new("attention_mask")));
    assert_eq!(model.inputs[0].position.as_ref().unwrap().combine, Combine::Add);
    let attention = &decoder(&model).block.attention;
    assert_eq!((attention.heads, attention.qk, attention.v, adds(attention)), (8, 256, 32, false));
    let head = model.outputs[0].linear.as_ref().unwrap();
    assert_eq!(head.weight.data.address(), embedding.data.address(), "the tied head shares the embedding");
    assert_eq!((model.outputs[0].name.as_str(), model.outputs[0].rows.clone()), ("logits", Extent::Rows(0..64)));
    assert!(model.blocks.iter().all(|block| block.mlp.as_ref().unwrap().norm.as_ref().unwrap().eps == 1e-5));
    assert!(model.provenance.remarks.iter().any(|remark| remark.contains("`layer_norm_eps` 1e-12 is ignored")));
}

#[test]
fn convolutional_stem() {
    let model = model("hf-image-conv");
    let input = &model.inputs[0];
    let Stem::Image { channels: 3, layout: Layout::ChannelsFirst, window, .. } = input.stem else { panic!("image") };
    assert_eq!(window, Window { kernel: 7, stride: 2, pad: Pad::Fixed([3, 3]) });
    let tail = input.tail.as_ref().unwrap();
    assert_eq!((tail.activation, tail.pool), (Activation::Relu, Some(Window { kernel: 3, stride: 2, pad: Pad::NONE })));
    assert_eq!(input.full_width(), 322);
    let name = "perceiver.input_preprocessor.convnet.conv.weight";
    let mut weights = container::open(&fixture("hf-image-conv").join("model.safetensors")).unwrap();
    let kernel = weights.take(name).unwrap().read(name).unwrap();
    let weight = &input.project.as_ref().unwrap().weight;
    assert_eq!((kernel.shape.as_slice(), weight.shape.as_slice()), ([64, 3, 7, 7].as_slice(), [64, 147].as_slice()));
    for (out, channel, row, column) in [(0, 0, 0, 0), (5, 2, 3, 1), (63, 1, 6, 6), (17, 0, 2, 5)] {
        assert_eq!(
            weight.numbers().unwrap()[out * 147 + (row * 7 + column) * 3 + channel],
            kernel.numbers().unwrap()[((out * 3 + channel) * 7 + row) * 7 + column]
        );
    }
}

#[test]
fn repeated_blocks_and_fourier_positions() {
    let model = model("hf-image-fourier");
    assert_eq!(model.schedule, [0, 1, 2, 1, 2]);
    let Encoding::Fourier(fourier) = &model.inputs[0].position.as_ref().unwrap().encoding else { panic!("fourier") };
    assert_eq!((fourier.shape.as_slice(), fourier.bands()), ([9, 7].as_slice(), 64));
    assert_eq!(fourier.frequencies, [linear_frequencies(224.0, 64), linear_frequencies(224.0, 64)]);
    assert_eq!(model.blocks[0].attention.qk, 18, "`cross_attention_shape_for_attention` is q");
    assert!(adds(&decoder(&model).block.attention));
    assert!(model.outputs[0].labels.is_empty(), "LABEL_0 … are no names");
}

#[test]
fn learned_positions_are_projected() {
    let model = model("hf-image-learned");
    let input = &model.inputs[0];
    assert_eq!((input.data_width(), input.full_width()), (256, 512));
    let position = input.position.as_ref().unwrap();
    assert!(position.project.is_some() && matches!(&position.encoding, Encoding::Learned(_)));
}

#[test]
fn native_modalities() {
    let model = model("native-multi");
    let widths: Vec<_> = model.inputs.iter().map(|input| (input.width(), input.full_width())).collect();
    assert_eq!(widths, [(27, 29), (22, 29), (6, 29)]);
    assert_eq!(model.inputs.iter().map(|input| input.tokens()).collect::<Vec<_>>(), [5, 6, 5]);
    assert_eq!(model.schedule, [0, 1, 2, 1, 2]);
    assert!(!adds(&model.blocks[0].attention));
    assert_eq!((model.blocks[1].attention.qk, model.blocks[1].attention.v), (12, 27));
    assert_eq!(model.blocks[0].mlp.as_ref().unwrap().norm.as_ref().unwrap().eps, 0.001);
    assert_eq!(model.outputs[0].labels, ["rest", "walk", "run"]);
    assert_eq!(model.outputs[1].rows, Extent::Rows(1..4));
    assert!(model.outputs[2].linear.is_none());
}

#[test]
fn native_defaults_and_optional_biases() {
    let model = model("native-ids");
    let cross = &model.blocks[0].attention;
    assert_eq!((cross.qk, cross.v, adds(cross)), (21, 21, true), "as wide as the tokens");
    assert!(cross.key.bias.is_none() && cross.output.bias.is_some());
    let Query::Projected { linear, .. } = &cross.query else { panic!("projected") };
    assert!(linear.bias.is_none());
    assert_eq!(
        (decoder(&model).block.attention.qk, decoder(&model).block.attention.v),
        (18, 18),
        "as wide as the latents"
    );
    let tied = model.outputs[0].linear.as_ref().unwrap();
    assert_eq!((tied.weight.name.as_str(), tied.bias.is_some()), ("inputs.ids.embedding", true));
}

#[test]
fn native_grid_queries() {
    let model = model("native-grid");
    let Queries::Fourier(fourier) = &decoder(&model).queries else { panic!("fourier") };
    assert_eq!(fourier.shape, [3, 5]);
    let bands = fourier.bands();
    assert_eq!(fourier.frequencies, [linear_frequencies(4.0, bands), linear_frequencies(9.0, bands)]);
    assert!(model.blocks[0].mlp.is_none() && decoder(&model).block.mlp.is_none());
}
