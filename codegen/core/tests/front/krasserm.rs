//! perceiver-io of krasserm: what is recognised, and wrong checkpoints.

use crate::support::{Directory, has_all, messages, model};
use percio_codegen_core::model::{
    Block, Encoding, Extent, Latents, Mask, Model, Places, Queries, Query, Reads, Residual, Stem,
};
use percio_codegen_core::{LoadOptions, load, outline};
use serde_json::json;
use std::path::Path;

const PRETRAINED: &str = "krasserm-11-pretrained-image";

fn query_bias(block: &Block) -> bool {
    let Query::Projected { linear, .. } = &block.attention.query else { panic!("projected") };
    linear.bias.is_some()
}

#[test]
fn versions_are_told_by_their_names() {
    let expected = [
        ("krasserm-01-image", "0.1, ImageClassifier", "`0.layer_1.0.0.module.q_norm.weight`"),
        ("krasserm-02-image", "0.2, ImageClassifier", "`0.cross_attn_1.module.0.module.q_norm.weight`"),
        ("krasserm-03-text-classifier", "0.3, TextClassifier", "`0.latent`"),
        ("krasserm-06-image", "0.5 to 0.6, ImageClassifier", "`0.latent`"),
        ("krasserm-11-image", "0.7 to 0.11, ImageClassifier", "`0.latent_provider._query`"),
        (PRETRAINED, "0.7 to 0.11, ImageClassifier", "below `backend_model.`"),
        ("krasserm-01-masked-lm", "0.1, MaskedLanguageModel", "`encoder.layer_1.0.0.module.q_norm.weight`"),
        ("krasserm-02-masked-lm", "0.2, MaskedLanguageModel", "`encoder.cross_attn_1.module.0.module.q_norm.weight`"),
        ("krasserm-04-masked-lm", "0.4, MaskedLanguageModel", "`0.latent`"),
        ("krasserm-05-masked-lm", "0.5 to 0.6, MaskedLanguageModel", "`0.latent`"),
        ("krasserm-07-masked-lm", "0.7 to 0.11, MaskedLanguageModel", "`0.latent_provider._query`"),
        ("krasserm-07-optical-flow", "0.7 to 0.11, OpticalFlow", "`0.latent_provider._query`"),
        ("krasserm-06-causal-lm", "0.6, CausalLanguageModel", "`output_layer.weight`"),
        ("krasserm-07-causal-lm", "0.7, CausalLanguageModel", "`output_adapter.linear.weight`"),
        ("krasserm-08-causal-lm", "0.8 to 0.11, CausalLanguageModel", "`cross_attention.0.module.q_norm.weight`"),
        ("krasserm-11-pretrained-symbolic-audio", "0.8 to 0.11, SymbolicAudioModel", "below `backend_model.`"),
        ("krasserm-11-pretrained-masked-lm", "0.7 to 0.11, MaskedLanguageModel", "below `backend_model.`"),
        ("krasserm-11-text-classifier", "0.7 to 0.11, TextClassifier", "`0.latent_provider._query`"),
    ];
    for (fixture, implementation, tell) in expected {
        let Model { provenance, .. } = model(fixture);
        assert_eq!(provenance.implementation, format!("krasserm perceiver-io {implementation}"));
        has_all(&provenance.remarks[0], &["recognised by the tensor", tell]);
        let mut directory = Directory::of(fixture);
        if !fixture.contains("pretrained") {
            directory.unset("/version").unset("/model_type");
        }
        assert_eq!(directory.load().unwrap().provenance, provenance, "the tensors are enough");
    }
}

#[test]
fn repeated_layers() {
    let schedule = |fixture| model(fixture).schedule;
    assert_eq!(schedule("krasserm-01-image"), [0, 2, 3, 1, 4, 5, 1, 4, 5], "only the first of each is of its own");
    assert_eq!(schedule("krasserm-02-image"), [0, 1, 2, 0, 1, 2, 1, 2], "all is shared");
    assert_eq!(schedule("krasserm-06-image"), [0, 2, 3, 1, 4, 5, 4, 5], "nothing is shared");
    assert_eq!(schedule("krasserm-11-text-classifier"), [0, 2, 3, 1, 2, 3, 2, 3], "blocks are shared");
    assert_eq!(schedule(PRETRAINED), [0, 1, 2, 1, 2, 1, 2], "one cross-attention");
    let names: Vec<_> = model("krasserm-06-image").blocks.into_iter().map(|block| block.name).collect();
    assert_eq!(names[..3], ["encoder.cross", "encoder.cross_n", "encoder.layers.0"]);
    assert_eq!(names[4], "encoder.layers_n.0");
}

#[test]
fn widths_follow_the_class() {
    let attention = |model: &Model, index: usize| {
        let attention = &model.blocks[index].attention;
        (attention.qk, attention.v)
    };
    assert_eq!(attention(&model("krasserm-01-image"), 0), (12, 12), "the latents");
    assert_eq!(attention(&model("krasserm-06-image"), 0), (21, 21), "the tokens");
    assert_eq!(attention(&model("krasserm-11-text-classifier"), 0), (12, 12), "the latents");
    let own = model("krasserm-11-image");
    assert_eq!((attention(&own, 0), attention(&own, 2)), ((18, 24), (15, 12)));
    assert_eq!(own.blocks[0].mlp.as_ref().unwrap().up.weight.shape, [24, 12]);
}

#[test]
fn biases_and_residuals() {
    assert!(!query_bias(&model("krasserm-03-text-classifier").blocks[0]));
    assert!(query_bias(&model("krasserm-01-image").blocks[0]), "packed");
    assert!(query_bias(&model("krasserm-06-image").blocks[0]));
    let decoder = |fixture| model(fixture).decoder.unwrap().block;
    assert!(matches!(decoder("krasserm-06-image").attention.residual, Residual::Add));
    assert!(matches!(decoder("krasserm-11-image").attention.residual, Residual::None));
    assert!(
        model("krasserm-11-image")
            .blocks
            .iter()
            .all(|block| block.attention.norm_kv.is_some() == (block.reads == Reads::Context))
    );
}

#[test]
fn inputs_are_called_as_their_holder_calls_them() {
    let padding = Some(Mask { name: "attention_mask".to_owned(), padding: Some("pad_mask".to_owned()) });
    let text = model("krasserm-11-text-classifier");
    assert_eq!((text.inputs[0].name.as_str(), &text.mask), ("x", &padding));
    assert_eq!(text.outputs[0].name, "logits");
    let image = model("krasserm-11-image");
    assert_eq!((image.inputs[0].name.as_str(), image.mask), ("x", None));
    assert_eq!(model(PRETRAINED).inputs[0].name, "pixel_values");
    let name = |fixture| model(fixture).inputs[0].name.clone();
    assert_eq!([name("krasserm-02-masked-lm"), name("krasserm-04-masked-lm")], ["x_input", "x_masked"]);
    let pretrained = model("krasserm-11-pretrained-masked-lm");
    assert_eq!((pretrained.inputs[0].name.as_str(), pretrained.mask), ("input_ids", Some(Mask::new("attention_mask"))));
}

/// There is a row of logits for each id; the embedding makes them, unscaled, unless the queries have a width of their own.
#[test]
fn masked_language_models() {
    for fixture in ["krasserm-02-masked-lm", "krasserm-04-masked-lm", "krasserm-05-masked-lm"] {
        let directory = Directory::of(fixture);
        let embedding = directory.tensors.iter().find(|(name, _)| name.contains("t_embedding")).unwrap().1.2.clone();
        let model = directory.load().unwrap();
        assert_eq!(model.outputs[0].rows, Extent::Tokens { most: 11 });
        let head = model.outputs[0].linear.as_ref().unwrap();
        let bytes: Vec<u8> = head.weight.numbers().unwrap().iter().flat_map(|number| number.to_le_bytes()).collect();
        assert!(bytes == embedding && head.bias.is_some(), "{fixture}");
    }
    for fixture in ["krasserm-01-masked-lm", "krasserm-07-masked-lm"] {
        let model = model(fixture);
        has_all(&model.outputs[0].linear.as_ref().unwrap().weight.name, &["output_adapter.linear.weight"]);
    }
}

#[test]
fn ids_and_queries_come_in_pairs() {
    let mut directory = Directory::of("krasserm-05-masked-lm");
    let sizes = |directory: &Directory| {
        let model = directory.load().unwrap();
        let Queries::Learned(queries) = &model.decoder.as_ref().unwrap().queries else { panic!("learned") };
        let Encoding::Learned(positions) = &model.inputs[0].position.as_ref().unwrap().encoding else {
            panic!("learned")
        };
        let rows = [model.inputs[0].tokens(), positions.rows(), queries.rows(), model.outputs[0].rows.most()];
        (rows, model.provenance.remarks.last().cloned().unwrap())
    };
    directory.set("/model_config/decoder/max_seq_len", 9).insert(
        "1.output_adapter._output_query",
        &[9, 12],
        &[0.0; 108],
    );
    let (rows, remark) = sizes(&directory);
    assert_eq!(rows, [9; 4]);
    has_all(&remark, &["up to 9 ids", "`decoder.max_seq_len`", "the other 2 of `encoder.max_seq_len` 11"]);
    directory.set("/model_config/decoder/max_seq_len", 13).insert(
        "1.output_adapter._output_query",
        &[13, 12],
        &[0.0; 156],
    );
    assert_eq!(sizes(&directory).0, [11; 4]);
}

#[test]
fn one_query_an_image() {
    let mut directory = Directory::of("krasserm-11-image");
    directory.set("/model_config/decoder/num_output_queries", 3);
    assert_eq!(directory.load().unwrap().outputs[0].rows, Extent::Rows(0..1), "from 0.7 on the field changes nothing");
    assert_eq!(model("krasserm-06-image").outputs[0].rows, Extent::Rows(0..2));
}

#[test]
fn tied_heads_are_tied() {
    let mut directory = Directory::of("krasserm-04-masked-lm");
    directory.insert("1.output_adapter.proj.weight", &[23, 12], &[0.5; 276]);
    directory.complains(&["`1.output_adapter.proj.weight` differs from `0.input_adapter.text_embedding.weight`"]);
    let mut directory = Directory::of("krasserm-05-masked-lm");
    directory.set("/model_config/decoder/vocab_size", 24).insert("1.output_adapter.bias", &[24], &[0.0; 24]);
    directory.complains(&[
        "`encoder.vocab_size` in config.json is 23, but `decoder.vocab_size` is 24",
        "share one embedding",
    ]);
}

#[test]
fn optical_flow() {
    let directory = Directory::of("krasserm-07-optical-flow");
    let (_, _, bytes) = &directory.tensors["1.output_adapter.linear.weight"];
    let stored = f32::from_le_bytes(*bytes.first_chunk().unwrap());
    let model = directory.load().unwrap();
    assert!(matches!(model.decoder.as_ref().unwrap().queries, Queries::Tokens));
    let output = &model.outputs[0];
    assert_eq!(output.shape, [5, 6, 2]);
    assert_eq!(
        output.linear.as_ref().unwrap().weight.numbers().unwrap()[0],
        (f64::from(stored) / 7.0) as f32,
        "`rescale_factor` is 7"
    );
    let attention = &model.blocks[0].attention;
    assert_eq!((model.token_width(), attention.qk, attention.v), (23, 23, 23));
    let mut directory = directory;
    directory.set("/model_config/decoder/image_shape", json!([6, 5]));
    directory.complains(&["`decoder.image_shape` in config.json is [6, 5]", "`encoder.image_shape` is [5, 6]"]);
}

/// The library multiplied embeddings by the root of their width until 0.4.
#[test]
fn old_embeddings_are_scaled() {
    let directory = Directory::of("krasserm-03-text-classifier");
    let (_, _, bytes) = &directory.tensors["0.input_adapter.text_embedding.weight"];
    let stored = f32::from_le_bytes(*bytes.first_chunk().unwrap());
    let model = directory.load().unwrap();
    let Stem::Ids { embedding, .. } = &model.inputs[0].stem else { panic!("ids") };
    assert_eq!(embedding.numbers().unwrap()[0], stored * 12f32.sqrt());
}

#[test]
fn parameters_are_counted_once() {
    let floats = |directory: &Directory, wanted: fn(&str) -> bool| -> u64 {
        let tensors = directory.tensors.iter().filter(|(name, _)| wanted(name));
        tensors.map(|(_, (_, shape, _))| shape.iter().product::<usize>() as u64).sum()
    };
    let plain = Directory::of("krasserm-11-image");
    let stored = floats(&plain, |name| !name.ends_with("position_encoding"));
    assert_eq!(plain.load().unwrap().parameters, stored, "Fourier features are no parameters");
    let twice = Directory::of("krasserm-02-image");
    let stored = floats(&twice, |name| !name.ends_with("position_encoding") && !name.contains("attn_n."));
    assert_eq!(twice.load().unwrap().parameters, stored, "shared weights are stored twice");
}

#[test]
fn any_holder_is_found() {
    for root in ["model.", "backend_model."] {
        let mut directory = Directory::of("krasserm-11-text-classifier");
        directory.tensors = directory.tensors.into_iter().map(|(name, raw)| (format!("{root}{name}"), raw)).collect();
        let model = directory.load().unwrap();
        has_all(&model.provenance.remarks[0], &["`0.latent_provider._query`", &format!("below `{root}`")]);
    }
}

#[test]
fn labels() {
    let mut directory = Directory::of(PRETRAINED);
    directory.set("/id2label", json!({"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}));
    assert_eq!(directory.load().unwrap().outputs[0].labels, ["a", "b", "c", "d", "e"]);
    directory.set("/id2label", json!({"0": "a", "1": "b"}));
    directory.complains(&["`id2label` in config.json names 2 classes", "`logits` has 5 numbers"]);
    directory.set("/id2label", json!({"0": "LABEL_0", "1": "LABEL_1"}));
    assert!(directory.load().unwrap().outputs[0].labels.is_empty(), "LABEL_0 … are no names");
}

#[test]
fn fourier_features_are_verified() {
    let fixture = "krasserm-06-image";
    let Encoding::Fourier(fourier) = model(fixture).inputs[0].position.clone().unwrap().encoding else {
        panic!("fourier")
    };
    assert_eq!((fourier.shape.as_slice(), fourier.bands()), ([5, 7].as_slice(), 4));
    let mut directory = Directory::of(fixture);
    let mut wrong = vec![0.5; 35 * 18];
    wrong[0] = -1.0;
    directory.insert("0.input_adapter.position_encoding", &[35, 18], &wrong);
    directory.complains(&[
        "`0.input_adapter.position_encoding` holds 0.5 at flat index 1",
        "are -1",
        "`image_shape` [5, 7]",
    ]);
    directory.remove("0.input_adapter.position_encoding");
    let model = directory.set("/model_type", "perceiver-io-image-classifier").load();
    assert!(model.is_err(), "without it nothing tells pixels");
}

#[test]
fn tensors_of_nobody() {
    let mut directory = Directory::of("krasserm-11-image");
    directory.remove("0.latent_provider._query");
    directory.complains(&[
        "no version of perceiver-io",
        "`0.latent_provider._query` (0.7 to 0.11)",
        "`0.latent` (0.3)",
    ]);
}

#[test]
fn tensors() {
    let mut directory = Directory::of("krasserm-06-image");
    directory.remove("0.self_attn_n.1.0.module.attention.o_proj.bias").insert("1.stray", &[2], &[0.0; 2]);
    directory.insert("0.latent", &[8, 12], &[0.0; 96]);
    let all = directory.complaints();
    assert_eq!(all.len(), 3, "{all:#?}");
    has_all(&all[0], &["1 tensor has 8 where num_latents makes 7", "`0.latent` [8, 12] instead of [7, 12]"]);
    has_all(&all[1], &["lacks 1 tensor", "`0.self_attn_n.1.0.module.attention.o_proj.bias` [12]"]);
    has_all(&all[2], &["holds 1 tensor that", "`1.stray` [2]"]);
}

#[test]
fn weights_that_should_be_shared() {
    let mut directory = Directory::of("krasserm-02-image");
    directory.insert("0.cross_attn_n.module.1.module.3.bias", &[12], &[7.0; 12]);
    directory.complains(&[
        "1 tensor below `0.cross_attn_n.module.`",
        "`0.cross_attn_n.module.1.module.3.bias`",
        "differ",
    ]);
}

#[test]
fn contradictions() {
    let mut directory = Directory::of("krasserm-11-image");
    directory.set("/version", "0.6.0");
    directory.complains(&["`version` in config.json is \"0.6.0\"", "`0.latent_provider._query` is one of 0.7 to 0.11"]);
    directory.set("/version", "new");
    directory.complains(&["`version` in config.json is \"new\"", "such as \"0.11.1\""]);
    directory.set("/version", "0.11.1").set("/model_type", "perceiver-io-text-classifier");
    directory.complains(&[
        "says TextClassifier",
        "`0.input_adapter.position_encoding.position_encoding`",
        "ImageClassifier",
    ]);
    directory.set("/model_type", "perceiver-io-images");
    directory.complains(&["\"perceiver-io-images\"", "\"perceiver-io-image-classifier\""]);
}

#[test]
fn configurations() {
    let mut directory = Directory::of("krasserm-11-image");
    directory.set("/model_config/encoder/num_cross_attention_layers", 4);
    directory.complains(&["`model_config.encoder.num_cross_attention_layers` in config.json is 4", "3 blocks"]);
    directory.set("/model_config/encoder/num_cross_attention_layers", 2).set("/model_config/encoder/image_shape", 5);
    directory.set("/model_config/num_latent", 3).unset("/model_config/num_latents");
    let all = directory.complaints().join("\n");
    assert_eq!(all.lines().count(), 3, "{all}");
    has_all(&all, &["`model_config.encoder.image_shape` in config.json is 5, expected [height, width, channels]"]);
    has_all(
        &all,
        &[
            "`model_config.num_latents` in config.json is missing",
            "`model_config.num_latent` in config.json is not a field",
        ],
    );
    directory.unset("/model_config");
    directory.complains(&["`model_config` in config.json is missing"]);
}

#[test]
fn heads() {
    let mut directory = Directory::of("krasserm-11-text-classifier");
    directory.set("/model_config/encoder/num_self_attention_heads", 5);
    let all = directory.complaints().join("\n");
    has_all(
        &all,
        &["5 heads (`encoder.num_self_attention_heads`) of `encoder.layers.0`", "12 numbers (`num_latent_channels`)"],
    );
}

/// The last tokens are the latents, which see what is before them; some layers turn, the others do not.
#[test]
fn autoregressive_models() {
    let model = model("krasserm-11-causal-lm");
    assert!(matches!(model.latents, Latents::Tail { most: 5, width: 12, project: None, prefix: None, end: None }));
    let reads: Vec<_> = model.blocks.iter().map(|block| block.reads).collect();
    assert_eq!(reads, [Reads::PrefixThenItself, Reads::Itself, Reads::Itself, Reads::Itself]);
    assert!(model.blocks.iter().all(|block| block.attention.causal));
    let turns: Vec<_> = model.blocks.iter().map(|block| block.attention.rotary.is_some()).collect();
    assert_eq!(turns, [true, true, true, false], "`num_self_attention_rotary_layers` is 2");
    assert_eq!(model.blocks[0].attention.rotary.as_ref().unwrap().frequencies.len(), 3, "all of a head of 6");
    assert!(model.inputs[0].position.is_none() && model.norm.is_some() && model.decoder.is_none());
    let head = model.outputs[0].linear.as_ref().unwrap();
    assert_eq!((head.bias.is_none(), model.outputs[0].rows.clone()), (true, Extent::Latents { most: 5 }));
    let biases: Vec<_> = model.blocks.iter().map(|block| block.attention.output.bias.is_some()).collect();
    assert_eq!(biases, [true, false, false, false]);
}

#[test]
fn autoregressive_dialects() {
    let old = model("krasserm-06-causal-lm");
    let rotary = old.blocks[1].attention.rotary.clone().unwrap();
    assert_eq!((rotary.frequencies.len(), rotary.places), (2, Places::FromStart), "3 of a head of 6 make two pairs");
    assert!(old.blocks[2].attention.rotary.is_none() && old.mask.is_none());
    assert!(old.outputs[0].linear.as_ref().unwrap().bias.is_none());
    assert!(model("krasserm-07-causal-lm").outputs[0].linear.as_ref().unwrap().bias.is_some());
    let new = model("krasserm-08-causal-lm");
    assert_eq!(new.mask.unwrap().padding.as_deref(), Some("pad_mask"));
    assert_eq!(new.inputs[0].position.as_ref().unwrap().places, Places::AfterPadding);
    let all = model("krasserm-11-pretrained-symbolic-audio");
    assert!(
        all.blocks.iter().all(|block| block.attention.rotary.is_some()),
        "`num_self_attention_rotary_layers` is -1"
    );
}

/// Until 0.7 number i turned with number i + pairs; here neighbours do.
#[test]
fn half_split_pairs_become_neighbours() {
    let directory = Directory::of("krasserm-07-causal-lm");
    let (_, _, bytes) = &directory.tensors["self_attention.0.0.module.attention.k_proj.weight"];
    let stored: Vec<f32> = bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    let model = directory.load().unwrap();
    let key = model.blocks[1].attention.key.weight.numbers().unwrap();
    let row = |output: usize| &key[output * 12..][..12];
    // Two heads of 6 numbers, of which 4 turn.
    for (output, source) in [(0, 0), (1, 2), (2, 1), (3, 3), (4, 4), (5, 5), (6, 6), (7, 8), (8, 7), (11, 11)] {
        assert_eq!(row(output), &stored[source * 12..][..12], "row {output}");
    }
}

#[test]
fn wrong_autoregressive_models() {
    let mut directory = Directory::of("krasserm-08-causal-lm");
    directory.set("/model_config/max_latents", 12);
    directory.complains(&["`model_config.max_latents` in config.json is 12, more than `max_seq_len` 11"]);
    directory.set("/model_config/max_latents", 5).set("/model_config/num_self_attention_rotary_layers", -2);
    directory
        .complains(&["`model_config.num_self_attention_rotary_layers` in config.json is -2", "whole number from -1"]);
    directory.unset("/model_config/num_self_attention_rotary_layers").set("/model_config/num_heads", 3);
    directory.complains(&["`input_adapter.frq_pos_encoding.inv_freq` [2] instead of [1]", "pairs of a head's numbers"]);
    directory.set("/model_config/num_heads", 2).set("/model_type", "perceiver-io-text-classifier");
    directory.complains(&["says TextClassifier", "is one of CausalLanguageModel"]);
    directory.set("/model_type", "perceiver-ar-symbolic-audio-model");
    directory.insert("input_adapter.frq_pos_encoding.inv_freq", &[2], &[1.0, 0.5]);
    directory.complains(&["`input_adapter.frq_pos_encoding.inv_freq` holds 0.5 at index 1", "make 0.00"]);
    let mut odd = Directory::of("krasserm-11-causal-lm");
    odd.set("/model_config/num_heads", 4);
    let all = odd.complaints().join("\n");
    has_all(&all, &["3 numbers of a head (`num_channels` 12 / `num_heads` 4)", "choose an even number"]);
}

/// The published models, from their configurations alone.
#[test]
fn published_models() {
    let mnist = json!({
        "encoder": {"image_shape": [28, 28, 1], "num_cross_attention_heads": 1, "num_cross_attention_layers": 2,
                    "num_self_attention_blocks": 3, "num_self_attention_layers_per_block": 3,
                    "first_self_attention_block_shared": false},
        "decoder": {"num_classes": 10, "num_output_query_channels": 128, "num_cross_attention_heads": 1},
        "num_latents": 32, "num_latent_channels": 128,
    });
    let language = json!({
        "encoder": {"vocab_size": 262, "max_seq_len": 2048, "num_input_channels": 768, "num_cross_attention_qk_channels": 256,
                    "num_cross_attention_v_channels": 1280, "num_self_attention_qk_channels": 256,
                    "num_self_attention_v_channels": 1280, "num_self_attention_layers_per_block": 26, "params": null},
        "decoder": {"vocab_size": 262, "max_seq_len": 2048, "num_cross_attention_qk_channels": 256,
                    "num_cross_attention_v_channels": 768, "cross_attention_residual": false,
                    "num_output_query_channels": null},
        "num_latents": 256, "num_latent_channels": 1280,
    });
    let flow = json!({
        "encoder": {"image_shape": [368, 496], "num_cross_attention_heads": 1, "num_self_attention_heads": 16,
                    "num_self_attention_layers_per_block": 24},
        "decoder": {"image_shape": [368, 496], "num_cross_attention_qk_channels": 512, "num_cross_attention_v_channels": 512,
                    "num_cross_attention_heads": 1, "cross_attention_residual": false},
        "num_latents": 2048, "num_latent_channels": 512,
    });
    let expected = [
        ("perceiver-io-image-classifier", mnist, 907_212),
        ("perceiver-io-masked-language-model", language, 201_108_230),
        ("perceiver-io-optical-flow", flow, 41_057_134),
        ("perceiver-ar-causal-language-model", json!({}), 30_563_078),
    ];
    let place = tempfile::tempdir().unwrap();
    for (kind, config, parameters) in expected {
        let config = json!({"library": "krasserm/perceiver-io", "model_type": kind, "model_config": config});
        std::fs::write(place.path().join("config.json"), config.to_string()).unwrap();
        let model =
            outline(place.path(), &LoadOptions::default()).unwrap_or_else(|problems| panic!("{kind}: {problems}"));
        assert_eq!(model.parameters, parameters, "{kind}");
    }
    let config = json!({"library": "krasserm/perceiver-io", "model_config": {}});
    std::fs::write(place.path().join("config.json"), config.to_string()).unwrap();
    let all = messages(&outline(place.path(), &LoadOptions::default()).unwrap_err());
    has_all(&all[0], &["`model_type` in config.json is missing", "\"perceiver-io-optical-flow\""]);
}

/// A Lightning checkpoint needs no `config.json`: its hyper-parameters are the configuration.
#[test]
fn lightning() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints/krasserm-text-classifier.ckpt");
    let trained = load(&path, &LoadOptions::default()).unwrap();
    has_all(&trained.provenance.remarks[0], &["below `model.`", "Lightning module", "TextClassifier"]);
    let bare = model("krasserm-11-text-classifier");
    assert_eq!((trained.parameters, &trained.schedule, &trained.mask), (bare.parameters, &bare.schedule, &bare.mask));
    let tensors = |model: &Model| -> Vec<_> {
        model.blocks.iter().flat_map(Block::tensors).map(|tensor| (tensor.shape.clone(), tensor.data.clone())).collect()
    };
    assert_eq!(tensors(&trained), tensors(&bare));
}

#[test]
fn hyper_parameters_are_checked() {
    let place = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints/krasserm-text-classifier.ckpt");
    let mut bytes = std::fs::read(path).unwrap();
    let field = b"num_latent_channels";
    for at in 0..bytes.len() - field.len() {
        if bytes[at..].starts_with(field) {
            bytes[at] = b'x';
        }
    }
    let path = place.path().join("renamed.ckpt");
    std::fs::write(&path, bytes).unwrap();
    let all = messages(&load(&path, &LoadOptions::default()).unwrap_err());
    assert_eq!(all.len(), 1, "{all:#?}");
    has_all(&all[0], &["`num_latent_channels` in the hyper-parameters is missing"]);
}
