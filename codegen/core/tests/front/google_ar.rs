//! google-research/perceiver-ar, and wrong checkpoints of it.

use crate::support::{Directory, has_all, messages};
use percio_codegen_core::load;
use percio_codegen_core::model::{Activation, Latents, Places, Query, Reads, Residual};
use percio_codegen_core::scheme::LoadOptions;
use serde_json::json;

#[test]
fn parts() {
    let model = Directory::of("google-ar").load().unwrap();
    assert_eq!(model.provenance.implementation, "google-research/perceiver-ar (JAX, Haiku), PerceiverAR");
    has_all(&model.provenance.remarks.join("\n"), &["Haiku's module `perceiver_ar`", "first id 0, which is padding"]);
    assert!(matches!(&model.latents, Latents::Tail { most: 5, project: Some(_), prefix: Some(0), end: Some(0), .. }));
    let reads: Vec<_> = model.blocks.iter().map(|block| block.reads).collect();
    assert_eq!(reads, [Reads::Context, Reads::Itself]);
    for block in &model.blocks {
        let rotary = block.attention.rotary.as_ref().unwrap();
        assert_eq!((&*rotary.frequencies.numbers().unwrap(), rotary.places), ([1.0].as_slice(), Places::FromEnd));
        assert!(block.attention.causal && matches!(block.attention.residual, Residual::Add));
        assert_eq!(block.mlp.as_ref().unwrap().activation, Activation::SquaredRelu);
    }
    assert!(model.norm.is_some() && model.outputs[0].linear.as_ref().unwrap().bias.is_some() && model.mask.is_none());
}

#[test]
fn options() {
    let model = Directory::of("google-ar-options").load().unwrap();
    let reads: Vec<_> = model.blocks.iter().map(|block| block.reads).collect();
    assert_eq!(reads, [Reads::Context, Reads::Itself, Reads::Context, Reads::Itself]);
    let cross = &model.blocks[2].attention;
    assert_eq!((cross.qk, cross.heads), (12, 2), "as wide as the latents");
    assert!(matches!(cross.residual, Residual::None));
    let rotary = cross.rotary.as_ref().unwrap();
    assert_eq!((rotary.heads, rotary.frequencies.data.len()), (1, 3), "of two heads 0.7 turn");
    assert!(rotary.frequencies.numbers().unwrap()[0] == -1.0, "places are negative");
    assert!(
        (rotary.frequencies.numbers().unwrap()[2] + 1.0 / 30.0).abs() < 1e-7,
        "the longest wave is one longer than said"
    );
    let absolute = Directory::of("google-ar-absolute").load().unwrap();
    assert_eq!(absolute.inputs[0].position.as_ref().unwrap().places, Places::FromEnd);
    assert!(absolute.blocks.iter().all(|block| block.attention.rotary.is_none()));
}

/// Queries at places one further are queries that have turned by the angle of one place.
#[test]
fn moved_queries_are_turned() {
    let query = |directory: &Directory| {
        let model = directory.load().unwrap();
        let Query::Projected { linear, .. } = &model.blocks[0].attention.query else { panic!("a linear layer") };
        linear.bias.as_ref().unwrap().numbers().unwrap().into_owned()
    };
    let mut directory = Directory::of("google-ar-options");
    let moved = query(&directory);
    directory.set("/args/initial_query_offsetting", false);
    let own = query(&directory);
    let (a, b) = (own[0], own[1]);
    let (sine, cosine) = 1.0f32.sin_cos();
    assert!((moved[0] - (a * cosine - b * sine)).abs() < 1e-6 && (moved[1] - (b * cosine + a * sine)).abs() < 1e-6);
    assert_eq!(moved[6..], own[6..], "the second head does not turn");
}

#[test]
fn what_is_not_computed() {
    let mut directory = Directory::of("google-ar");
    directory.set("/args/initial_query_embed_style", "learned").set("/args/num_latents_per_position", 2);
    directory.set("/args/use_positions_from_data", true).set("/args/mask_style", "stride");
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["`args.initial_query_embed_style` in config.json makes the latents from a table", "does not compute"],
    );
    has_all(&text, &["`args.num_latents_per_position` in config.json is 2", "one latent a token"]);
    has_all(&text, &["`args.use_positions_from_data` in config.json is true", "counts them from the last token"]);
    has_all(&text, &["`args.mask_style` in config.json is \"stride\", expected \"final_block\""]);
}

#[test]
fn arguments() {
    let mut directory = Directory::of("google-ar");
    directory.set("/args/z_index_dim", 12).set("/args/max_wavelength", 10).set("/args/activation_name", "elu");
    directory.set("/args/additional_cross_attend_after_layers", json!([1])).unset("/args/position_encoding_type");
    let text = directory.complaints().join("\n");
    has_all(&text, &["`args.max_wavelength` in config.json is 10, less than `args.max_context_length` 11"]);
    has_all(&text, &["`args.activation_name` in config.json is \"elu\", expected one of \"sq_relu\", \"relu\""]);
    has_all(&text, &["`args.additional_cross_attend_after_layers`", "below `args.num_transformers_per_block` 1"]);
    has_all(
        &text,
        &["`args.position_encoding_type` in config.json is missing, expected one of \"rotary\", \"absolute\""],
    );
    let mut directory = Directory::of("google-ar");
    directory.set("/args/z_index_dim", 12).set("/class", "PerceiverIO");
    let text = directory.complaints().join("\n");
    has_all(&text, &["`args.z_index_dim` in config.json is 12, more than `args.max_context_length` 11"]);
    has_all(&text, &["`class` in config.json is \"PerceiverIO\", expected \"PerceiverAR\""]);
    let mut directory = Directory::of("google-ar");
    directory.set("/args/fraction_to_rotate", 0.2);
    has_all(&directory.complaints()[0], &["of the 9 numbers of a head of `encoder.cross` none turn", "cannot run"]);
    let mut directory = Directory::of("google-ar-absolute");
    directory.set("/args/initial_query_offsetting", true).set("/args/input_idx_size", json!([5, 7]));
    let text = directory.complaints().join("\n");
    has_all(&text, &["`args.input_idx_size` in config.json is [5,7], expected a list of one length"]);
    has_all(&text, &["`args.initial_query_offsetting` in config.json is true", "absolute positions"]);
}

#[test]
fn contradictions() {
    let mut directory = Directory::of("google-ar");
    directory.set("/args/num_z_channels", 16).set("/args/num_transformers_per_block", 2);
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["have 18 where args.num_z_channels makes 16", "`perceiver_ar/~/linear.weight` [18, 18] instead of [16, 18]"],
    );
    has_all(&text, &["lacks 16 tensors", "`perceiver_ar/~/self_attention_1/attention/linear.weight`"]);
    let mut directory = Directory::of("google-ar");
    directory.remove("perceiver_ar/~/logits:w").insert("perceiver_ar/~/head:w", &[2, 3], &[0.0; 6]);
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["lacks 1 tensor", "`perceiver_ar/~/logits.weight` [19, 18]", "`perceiver_ar/~/head.weight` [3, 2]"],
    );
    directory.unset("/args");
    directory.complains(&["`args` in config.json is missing"]);
}

/// Parameters tell whose they are; what they leave open is asked for.
#[test]
fn without_a_library() {
    let mut directory = Directory::of("google-ar");
    directory.unset("/library").unset("/class");
    directory.load().unwrap();
    std::fs::remove_file(directory.path().join("config.json")).unwrap();
    let problems = load(directory.path(), &LoadOptions::default()).unwrap_err();
    has_all(&messages(&problems).join("\n"), &["`args` in config.json is missing"]);
}
