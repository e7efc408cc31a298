//! What the classes of Hugging Face transformers put before the encoder and after it, and DeepMind's reading of them.

use crate::support::{Directory, fixture, has_all};
use percio_codegen_core::container;
use percio_codegen_core::model::{
    Activation, EmptyRows, Encoding, Extent, Grid, Mask, Model, Pad, Queries, Residual, Window, linear_frequencies,
};
use percio_codegen_core::scheme::Fidelity;
use percio_codegen_core::{LoadOptions, outline};
use serde_json::json;

fn deepmind(name: &str) -> Model {
    let mut directory = Directory::of(name);
    directory.options.fidelity = Fidelity::DeepMind;
    directory.load().unwrap()
}

/// The model that the configuration describes.
fn described(name: &str) -> Model {
    let options = LoadOptions { fidelity: Fidelity::DeepMind, ..LoadOptions::default() };
    outline(&fixture(name), &options).unwrap()
}

/// The numbers of the tensor `name` of a fixture.
fn stored(fixture_name: &str, name: &str) -> Vec<f32> {
    let mut weights = container::open(&fixture(fixture_name).join("model.safetensors")).unwrap();
    weights.take(name).unwrap().read(name).unwrap().numbers().unwrap().into_owned()
}

#[test]
fn optical_flow_asks_its_own_tokens() {
    let model = Directory::of("hf-optical-flow").load().unwrap();
    assert_eq!((model.inputs[0].name.as_str(), model.inputs[0].stem.raw_shape()), ("inputs", vec![2, 27, 5, 7]));
    assert_eq!((model.inputs[0].grid(), model.inputs[0].full_width()), (vec![5, 7], 322));
    assert_eq!(model.mask, None);
    let decoder = model.decoder.as_ref().unwrap();
    assert!(matches!(decoder.queries, Queries::Tokens) && matches!(decoder.block.attention.residual, Residual::None));
    assert_eq!((decoder.block.attention.qk, decoder.block.attention.v), (18, 18), "as wide as the latents");
    assert_eq!((model.outputs[0].name.as_str(), model.outputs[0].shape.as_slice()), ("logits", [5, 7, 2].as_slice()));
    let weight = &model.outputs[0].linear.as_ref().unwrap().weight;
    let stored = stored("hf-optical-flow", "perceiver.decoder.decoder.final_layer.weight");
    assert!(
        weight
            .numbers()
            .unwrap()
            .iter()
            .zip(stored)
            .all(|(scaled, whole)| (scaled - whole / 100.0).abs() < 1e-7 * whole.abs())
    );
}

#[test]
fn optical_flow_has_the_size_it_was_trained_for() {
    let mut directory = Directory::of("hf-optical-flow");
    directory.shape("inputs", &[2, 27, 5, 8]);
    directory.complains(&["`inputs` is [2, 27, 5, 8]", "fixes [2, 27, 5, 7]"]);
}

#[test]
fn a_mask_is_an_input_where_the_data_has_one() {
    let mut directory = Directory::of("hf-optical-flow");
    directory.options.data_shapes.insert("attention_mask".to_owned(), vec![3, 35]);
    assert_eq!(directory.load().unwrap().mask, Some(Mask::new("attention_mask")));
    assert_eq!(Directory::of("hf-raw").load().unwrap().mask, Some(Mask::new("attention_mask")), "always");
}

#[test]
fn modalities() {
    let model = Directory::of("hf-video").load().unwrap();
    let tokens: Vec<_> =
        model.inputs.iter().map(|input| (input.name.as_str(), input.stem.raw_shape(), input.tokens())).collect();
    assert_eq!(
        tokens,
        [("audio", vec![30, 1], 5), ("image", vec![3, 3, 8, 8], 12), ("label", vec![9], 1)],
        "alphabetical"
    );
    assert!(model.inputs.iter().all(|input| input.full_width() == 395));
    let masked: Vec<_> = model.inputs.iter().map(|input| input.masked.is_some()).collect();
    assert_eq!(masked, [false, false, true]);
    assert!(model.provenance.remarks.iter().any(|remark| remark.starts_with("`label` is never read")));
    let Encoding::Fourier(sound) = &model.inputs[0].position.as_ref().unwrap().encoding else { panic!("fourier") };
    assert_eq!(
        (sound.shape.as_slice(), sound.frequencies.as_slice()),
        ([5].as_slice(), [linear_frequencies(30.0, 192)].as_slice())
    );
}

#[test]
fn points_of_modalities() {
    let mut directory = Directory::of("hf-video");
    let model = directory.load().unwrap();
    let Queries::Parts(parts) = &model.decoder.as_ref().unwrap().queries else { panic!("parts") };
    assert_eq!(parts.iter().map(|part| part.count()).collect::<Vec<_>>(), [3, 5, 1], "as config.json says");
    let Encoding::Fourier(image) = &parts[1].encoding else { panic!("fourier") };
    assert_eq!((image.shape.as_slice(), image.grid), ([2, 3, 5].as_slice(), Grid::HalfOpen));
    assert_eq!(model.output_rows(), [9, 11]);

    directory.unset("/input_shapes");
    let model = directory.load().unwrap();
    let rows: Vec<_> = model.outputs.iter().map(|output| output.rows.clone()).collect();
    assert_eq!(rows, [Extent::Rows(0..5), Extent::Rows(5..35), Extent::Rows(35..36)], "all of them");
    assert_eq!(model.outputs[0].shape, [30]);

    directory.shape("points.image", &[2, 3]);
    directory.complains(&["`points.image` is [2, 3]", "expected [points]"]);
}

#[test]
fn sizes_of_modalities() {
    let mut directory = Directory::of("hf-video");
    directory.shape("audio", &[60, 1]).shape("image", &[2, 3, 4, 12]);
    let model = directory.load().unwrap();
    assert_eq!(model.inputs.iter().map(|input| input.tokens()).collect::<Vec<_>>(), [10, 6, 1]);
    directory.shape("audio", &[61, 1]).shape("image", &[1, 3, 4, 12]);
    let all = directory.complaints();
    has_all(&all[0], &["`audio` is [61, 1]", "a multiple of `samples_per_patch` 6"]);
    has_all(&all[1], &["`image` is [1, 3, 4, 12]", "2 frames or more and sides that 4 divides"]);

    let mut directory = Directory::of("hf-video");
    directory.set("/num_frames", 1).set("/audio_samples_per_frame", 31);
    let all = directory.complaints().join("\n");
    has_all(&all, &["`audio_samples_per_frame` is 31, which `samples_per_patch` 6 does not divide"]);
    has_all(&all, &["`num_frames` is 1", "drops the time axis"]);
}

#[test]
fn rows_that_the_caller_makes() {
    let mut directory = Directory::of("hf-raw");
    let model = directory.load().unwrap();
    assert_eq!((model.tokens(), model.token_width(), model.outputs[0].name.as_str()), (9, 11, "last_hidden_state"));
    assert!(model.decoder.is_none());
    assert_eq!(directory.shape("inputs", &[50, 11]).load().unwrap().tokens(), 50);
    directory.shape("inputs", &[50, 12]);
    directory.complains(&["`inputs` is [50, 12]", "[tokens, 11] (`d_model`)"]);
    directory.options.input_shapes.clear();
    directory.unset("/input_shapes");
    directory.complains(&["does not say how many tokens `inputs` has", "`input_shapes` {\"inputs\": [50, 11]}"]);
    directory.set("/input_shapes", json!({"inputs": ["9", 11]}));
    directory.complains(&["`input_shapes`", "a list of lengths for each input"]);
}

#[test]
fn deepmind_pads_and_turns() {
    let model = deepmind("hf-image-conv");
    let (input, plain) = (&model.inputs[0], Directory::of("hf-image-conv").load().unwrap());
    assert_eq!(input.tail.as_ref().unwrap().pool, Some(Window { kernel: 3, stride: 2, pad: Pad::Same }));
    assert_eq!((input.grid(), plain.inputs[0].grid()), (vec![14, 14], vec![13, 13]));
    let at = |model: &Model, row: usize, column: usize| {
        let weight = &model.inputs[0].project.as_ref().unwrap().weight;
        weight.numbers().unwrap()[5 * 147 + (row * 7 + column) * 3 + 2]
    };
    for (row, column) in [(0, 0), (1, 4), (6, 2)] {
        assert_eq!(at(&model, row, column).to_bits(), at(&plain, column, row).to_bits());
    }
}

#[test]
fn deepmind_masks_and_activates() {
    let model = described("hf-raw");
    assert_eq!(model.blocks[0].attention.empty_rows, EmptyRows::Zero);
    assert_eq!(model.blocks[1].mlp.as_ref().unwrap().activation, Activation::GeluTanh);
    assert!(model.provenance.remarks.iter().any(|remark| remark.contains("what DeepMind's original does")));
    assert!(described("tiny-mlm").decoder.unwrap().block.attention.masks_queries);
    assert!(matches!(described("hf-image-learned").decoder.unwrap().block.attention.residual, Residual::None));
    assert!(matches!(described("hf-image-fourier").decoder.unwrap().block.attention.residual, Residual::Add));
}

#[test]
fn same_padding_is_that_of_tensorflow() {
    let window = |kernel, stride| Window { kernel, stride, pad: Pad::Same };
    assert_eq!((window(7, 2).count(224), window(7, 2).before(224)), (112, 2));
    assert_eq!((window(7, 2).count(13), window(7, 2).before(13)), (7, 3));
    assert_eq!((window(3, 2).count(112), window(3, 2).before(112)), (56, 0));
    assert_eq!((window(3, 2).count(9), window(3, 2).before(9)), (5, 1));
    assert_eq!((window(2, 5).count(6), window(2, 5).before(6)), (2, 0));
}
