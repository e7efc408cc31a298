//! Options of lucidrains' perceiver-pytorch.

use crate::support::Directory;
use percio_codegen_core::model::{Reads, Softmax};

#[test]
fn the_softmax_runs_over_the_latents_where_a_layer_says_so() {
    let model = Directory::of("lucidrains-perceiver-residual").load().unwrap();
    let inverted = |index: &usize| matches!(model.blocks[*index].attention.softmax, Softmax::Queries { .. });
    assert_eq!(model.schedule.iter().map(inverted).collect::<Vec<_>>(), [false, false, true, false]);
    assert!(model.blocks.iter().all(|block| block.reads != Reads::ContextThenItself));
    let states: Vec<&[usize]> = model.mixtures.iter().map(|mixture| mixture.states.as_slice()).collect();
    assert_eq!(states, [[0, 2].as_slice(), &[0, 2, 4]]);
}

#[test]
fn latents_among_the_keys_are_as_wide_as_the_data() {
    let model = Directory::of("lucidrains-perceiver-queries").load().unwrap();
    assert_eq!(model.blocks[0].reads, Reads::ContextThenItself);
    let mut directory = Directory::of("lucidrains-perceiver-residual");
    directory.set("/args/queries_contribute_kv", true);
    directory.complains(&[
        "lets latents of 10 numbers (`args.latent_dim`) and data of 16",
        "possible for equal widths alone: set it to false",
    ]);
}

#[test]
fn a_model_with_layers_that_write_to_the_data_is_refused() {
    let mut directory = Directory::of("lucidrains-perceiver-residual");
    directory.insert("data_proj.weight", &[1], &[0.0]).set("/class", "experimental.Perceiver");
    directory.complains(&["`perceiver_pytorch.experimental.Perceiver`", "writes from the latents back to the data"]);
}
