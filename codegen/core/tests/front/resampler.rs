//! Resamplers, and wrong ones.

use crate::support::{Directory, has_all};
use percio_codegen_core::model::{Activation, Combine, Encoding, Reads, Stem};
use serde_json::json;

/// Library and class, and parameters as the library has them.
#[test]
fn classes() {
    let expected = [
        ("resampler-flamingo-pytorch", "flamingo-pytorch 0.1.2, PerceiverResampler", 2_160),
        ("resampler-open-flamingo", "open_flamingo 2.0.1, PerceiverResampler", 2_610),
        ("resampler-open-flamingo-bare", "open_flamingo 2.0.1, PerceiverResampler", 1_310),
        ("resampler-idefics", "transformers 5.23.0, IdeficsPerceiverResampler", 3_010),
        ("resampler-idefics-head-norms", "transformers 5.23.0, IdeficsPerceiverResampler", 1_570),
        ("resampler-ip-adapter", "ip-adapter 0.1.0, Resampler", 2_457),
        ("resampler-ip-adapter-positions", "ip-adapter 0.1.0, Resampler", 1_061),
    ];
    for (name, implementation, parameters) in expected {
        let model = Directory::of(name).load().unwrap();
        assert_eq!(model.provenance.implementation, implementation);
        assert_eq!(model.parameters, parameters, "{name}");
        assert!(model.blocks.iter().all(|block| block.reads == Reads::ContextThenItself), "{name}");
    }
}

#[test]
fn parts() {
    let flamingo = Directory::of("resampler-open-flamingo").load().unwrap();
    let Stem::Tokens { grid, channels: 10 } = &flamingo.inputs[0].stem else { panic!("tokens") };
    assert_eq!(grid, &[1, 3, 4]);
    let Encoding::Learned(table) = &flamingo.inputs[0].position.as_ref().unwrap().encoding else { panic!("a table") };
    assert_eq!(table.shape, [12, 10]);
    let table = table.numbers().unwrap();
    assert!(table[..10] == table[10..20] && table[30..40] != table[40..50], "a row a frame");
    assert!(flamingo.norm.is_some());
    let idefics = Directory::of("resampler-idefics-head-norms").load().unwrap();
    assert_eq!(idefics.blocks[0].mlp.as_ref().unwrap().activation, Activation::Relu);
    assert!(idefics.blocks[0].attention.head_norms.is_some());
    let adapter = Directory::of("resampler-ip-adapter-positions").load().unwrap();
    let position = adapter.inputs[0].position.as_ref().unwrap();
    assert!(position.project.is_some() && position.combine == Combine::Add, "before the linear layer on the features");
    assert!(adapter.norm.is_none() && adapter.outputs[0].last_norm.is_some());
}

#[test]
fn media() {
    let mut directory = Directory::of("resampler-open-flamingo");
    directory.set("/input_shapes/x", json!([2, 3, 4, 10]));
    directory.complains(&["`x` is [2, 3, 4, 10], expected [1 (`one medium`), frames, features, 10 (`args.dim`)]"]);
    directory.set("/input_shapes/x", json!([1, 6, 4, 10]));
    directory.complains(&["has 6 frames", "positions for 5 (`args.max_num_frames`)"]);
    let mut directory = Directory::of("resampler-flamingo-pytorch");
    directory.shape("x", &[1, 6, 10]);
    assert_eq!(directory.load().unwrap().inputs[0].grid(), [1, 6], "the axis of media may be there");
    let mut directory = Directory::of("resampler-ip-adapter-positions");
    directory.set("/input_shapes/x", json!([14, 8]));
    directory.complains(&["has 14 features", "positions for 13 (`args.max_seq_len`)"]);
}

#[test]
fn wrong_configurations() {
    let mut directory = Directory::of("resampler-ip-adapter");
    directory.set("/args/num_latents_mean_pooled", 2).set("/class", "ImageProjModel").set("/args/dims", 10);
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["`args.num_latents_mean_pooled` in config.json is 2", "from 0 to 0", "`args.dims`", "write `dim`"],
    );
    has_all(&text, &["`class` in config.json is \"ImageProjModel\", expected \"Resampler\""]);
    let mut directory = Directory::of("resampler-idefics");
    directory.set("/args/head_dim", 4);
    has_all(&directory.complaints()[0], &["5 where args.n_heads × args.head_dim makes 12"]);
    directory.set("/library", "idefics-pytorch");
    directory.complains(&["`library` in config.json is \"idefics-pytorch\"", "\"open_flamingo\"", "\"transformers\""]);
}
