//! The classifier of curt-tigges/perceivers, and what of the library cannot be computed.

use crate::support::{Directory, has_all};
use percio_codegen_core::load;
use percio_codegen_core::model::{Block, Encoding, Model, Query, Reads};
use percio_codegen_core::scheme::LoadOptions;
use serde_json::json;
use std::path::Path;

#[test]
fn parts() {
    let model = Directory::of("tigges-classifier").load().unwrap();
    assert_eq!(model.provenance.implementation, "curt-tigges/perceivers, Perceiver");
    assert_eq!((model.parameters, model.schedule.as_slice()), (6_207, [0, 1, 2, 3, 4, 5].as_slice()));
    has_all(&model.provenance.remarks[1], &["`lnorm1` and `lnormq`", "overwrites"]);
    let block = &model.blocks[3];
    assert_eq!((block.reads, block.attention.heads), (Reads::Context, 1));
    assert!(matches!(block.attention.query, Query::Projected { norm: None, .. }) && block.attention.norm_kv.is_none());
    let position = model.inputs[0].position.as_ref().unwrap();
    let Encoding::Fourier(fourier) = &position.encoding else { panic!("fourier") };
    assert_eq!(fourier.frequencies[0], fourier.frequencies[1], "one ladder for both axes");
    assert!(model.outputs[0].mean);
}

#[test]
fn hyper_parameters_are_a_configuration() {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints/tigges-classifier.ckpt");
    let trained = load(&checkpoint, &LoadOptions::default()).unwrap();
    let bare = Directory::of("tigges-classifier").load().unwrap();
    assert_eq!((&trained.provenance, trained.parameters), (&bare.provenance, bare.parameters));
    let tensors = |model: &Model| -> Vec<_> {
        model.blocks.iter().flat_map(Block::tensors).map(|tensor| tensor.data.clone()).collect()
    };
    assert_eq!(tensors(&trained), tensors(&bare));
}

#[test]
fn models_that_cannot_be_computed() {
    let mut directory = Directory::of("tigges-classifier");
    directory.insert("classifier.label_emb", &[5, 1, 12], &[0.0; 60]);
    directory.complains(&["`PerceiverIO`", "cannot run", "`torch.functional.gelu`", "train its `Perceiver`"]);
    directory.remove("classifier.label_emb").insert("embed.p_enc.penc.inv_freq", &[1], &[1.0]);
    directory.complains(&["`embed.p_enc.penc.inv_freq`", "drafts", "in none of its files"]);
    directory.remove("embed.p_enc.penc.inv_freq").set("/class", "PerceiverIO");
    directory.complains(&["`PerceiverIO`", "cannot run"]);
    for library in ["Rishit-dagli/Perceiver", "perceiver"] {
        directory.set("/library", library);
        directory.complains(&["Rishit-dagli/Perceiver", "never reaches", "nothing to compute"]);
    }
}

/// Recognised by its name or its tensors, as they are or below a trainer's module.
#[test]
fn poyo_turns_by_times() {
    for library in ["torch_brain", "poyo", "neuro-galaxy/torch_brain"] {
        let mut directory = Directory::of("tigges-classifier");
        directory.set("/library", library);
        directory.complains(&["this is POYO (torch_brain)", "come with a time at run time", "run it with torch_brain"]);
    }
    for root in ["", "model."] {
        let mut directory = Directory::of("tigges-classifier");
        directory.config = json!({"model": {"_target_": "torch_brain.models.POYO", "dim": 2}});
        for name in ["latent_emb.weight", "session_emb.weight", "enc_atn.to_kv.weight"] {
            directory.insert(&format!("{root}{name}"), &[2, 2], &[0.0; 4]);
        }
        directory.complains(&["this is POYO (torch_brain)", "values turn by those times"]);
    }
}

#[test]
fn arguments() {
    let mut directory = Directory::of("tigges-classifier");
    directory.set("/args/input_shape", json!([5])).set("/args/trnfr_heads", 5).unset("/args/n_classes");
    let text = directory.complaints().join("\n");
    has_all(
        &text,
        &["`args.input_shape` in config.json is [5], expected [height, width]", "`args.n_classes`", "missing"],
    );
    has_all(&text, &["`args.trnfr_heads` in config.json is 5, but must divide `args.embed_dim` 12"]);
    let mut directory = Directory::of("tigges-classifier");
    directory.set("/args/attn_mlp_dim", 8);
    has_all(&directory.complaints()[0], &["9 where args.attn_mlp_dim makes 8"]);
}
