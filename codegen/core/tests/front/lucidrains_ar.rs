//! lucidrains' perceiver-ar-pytorch, and wrong checkpoints of it.

use crate::support::{Directory, has_all, messages};
use percio_codegen_core::model::{Latents, Places, Reads};
use percio_codegen_core::scheme::LoadOptions;
use percio_codegen_core::{load, outline};

#[test]
fn parts() {
    let model = Directory::of("lucidrains-ar").load().unwrap();
    assert_eq!(model.provenance.implementation, "lucidrains perceiver-ar-pytorch 0.0.10, PerceiverAR");
    has_all(&model.provenance.remarks[0], &["recognised by", "`perceive_layers.0.0.to_kv.weight`"]);
    assert_eq!(model.parameters, 6_573);
    assert!(matches!(model.latents, Latents::Tail { most: 5, width: 7, project: None, prefix: Some(6), end: None }));
    let reads: Vec<_> = model.blocks.iter().map(|block| block.reads).collect();
    assert_eq!(reads, [Reads::PrefixThenItself, Reads::PrefixThenItself, Reads::Itself]);
    let biases: Vec<_> = model.blocks.iter().map(|block| block.attention.output.bias.is_some()).collect();
    assert_eq!(biases, [true, true, false]);
    for block in &model.blocks {
        let rotary = block.attention.rotary.as_ref().unwrap();
        assert_eq!((rotary.frequencies.len(), rotary.places, block.attention.causal), (16, Places::FromStart, true));
    }
    assert!(model.norm.is_none() && model.outputs[0].linear.as_ref().unwrap().bias.is_none());
}

/// Number i turns with number i + 17 of a head of 66; here neighbours do.
#[test]
fn half_split_pairs_become_neighbours() {
    let directory = Directory::of("lucidrains-ar-wrapped");
    let model = directory.load().unwrap();
    assert_eq!(model.provenance.implementation, "lucidrains perceiver-ar-pytorch 0.0.10, AutoregressiveWrapper");
    let (_, _, bytes) = &directory.tensors["net.layers.0.0.to_qkv.weight"];
    let stored: Vec<f32> = bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    let key = model.blocks[1].attention.key.weight.numbers().unwrap();
    let row = |output: usize| &key[output * 7..][..7];
    for (output, source) in [(0, 0), (1, 17), (2, 1), (33, 33), (34, 34), (65, 65)] {
        assert_eq!(row(output), &stored[(66 + source) * 7..][..7], "row {output}");
    }
}

#[test]
fn arguments() {
    let mut directory = Directory::of("lucidrains-ar");
    directory.set("/args/cross_attn_seq_len", 11).set("/args/dim_head", 31).set("/args/max_heads", 2);
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["`args.cross_attn_seq_len` in config.json is 11, not less than `args.max_seq_len` 11", "no latent"],
    );
    has_all(&text, &["`args.dim_head` in config.json is 31", "at least 32 numbers of a head", "cannot run"]);
    has_all(&text, &["`args.max_heads` in config.json is not a field"]);
    let mut directory = Directory::of("lucidrains-ar");
    directory.unset("/args/dim").set("/args/ff_mult", "two").set("/args/depth", -1);
    let text = directory.complaints().join("\n");
    has_all(&text, &["`args.dim` in config.json is missing", "`args.depth` in config.json is -1"]);
    has_all(&text, &["`args.ff_mult` in config.json is \"two\", expected a number"]);
}

#[test]
fn contradictions() {
    let mut directory = Directory::of("lucidrains-ar");
    directory.set("/args/heads", 3).set("/args/max_seq_len", 12).set("/args/perceive_depth", 1);
    let text = directory.complaints().join("\n");
    has_all(&text, &["have 66 where args.heads × args.dim_head makes 99", "`perceive_layers.0.0.to_q.weight`"]);
    has_all(&text, &["has 132 where 2 × args.heads × args.dim_head makes 198"]);
    has_all(&text, &["1 tensor has 11 where args.max_seq_len makes 12: `pos_emb.weight` [11, 7] instead of [12, 7]"]);
    has_all(&text, &["has no use for", "`perceive_layers.1.0.to_kv.weight`"]);
    let mut directory = Directory::of("lucidrains-ar");
    directory.set("/args/dim_head", 66);
    has_all(
        &directory.complaints().join("\n"),
        &["`rotary_pos_emb.inv_freq` [16] instead of [17]", "args.dim_head / 2"],
    );
    directory.set("/args/dim_head", 33).insert("rotary_pos_emb.inv_freq", &[16], &[1.0; 16]);
    directory.complains(&["`rotary_pos_emb.inv_freq` holds 1 at index 1", "`args.dim_head` make 0.56"]);
}

#[test]
fn tensors() {
    let mut directory = Directory::of("lucidrains-ar");
    directory.remove("layers.0.1.4.weight").remove("to_logits.weight").insert("head.weight", &[1], &[0.0]);
    let text = directory.complaints().join("\n");
    has_all(&text, &["lacks 2 tensors", "`layers.0.1.4.weight` [7, 14]", "`to_logits.weight` [17, 7]"]);
    has_all(&text, &["holds 1 tensor that config.json has no use for: `head.weight` [1]"]);
    let mut directory = Directory::of("lucidrains-ar");
    directory.remove("perceive_layers.0.0.to_kv.weight");
    directory.complains(&["lack `perceive_layers.0.0.to_kv.weight`, perhaps below `net.`", "\"PerceiverAR\""]);
    let mut directory = Directory::of("lucidrains-ar");
    directory.set("/class", "Perceiver");
    directory.complains(&["`class` in config.json is \"Perceiver\", expected \"PerceiverAR\" or"]);
    directory.set("/class", "PerceiverAR").insert("to_logits.weight", &[17, 7], &[f32::NAN; 119]);
    directory.complains(&["to_logits.weight"]);
}

/// Sizes from the configuration alone.
#[test]
fn outlines() {
    let directory = Directory::of("lucidrains-ar");
    directory.write();
    std::fs::remove_file(directory.path().join("model.safetensors")).unwrap();
    let model = outline(directory.path(), &LoadOptions::default()).map_err(|problems| messages(&problems)).unwrap();
    assert_eq!(model.parameters, 6_573);
}

/// Tensors tell whose they are; what they leave open is asked for.
#[test]
fn without_a_library() {
    let mut directory = Directory::of("lucidrains-ar");
    directory.unset("/library").unset("/class").unset("/version");
    assert_eq!(directory.load().unwrap().provenance.implementation, "lucidrains perceiver-ar-pytorch, PerceiverAR");
    std::fs::remove_file(directory.path().join("config.json")).unwrap();
    let problems = load(directory.path(), &LoadOptions::default()).unwrap_err();
    has_all(&messages(&problems).join("\n"), &["`args` in config.json is missing"]);
}
