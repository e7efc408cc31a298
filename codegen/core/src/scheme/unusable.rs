//! Libraries whose models cannot be computed: by anyone, or here.

use super::checkpoint::Checkpoint;
use crate::Problems;

/// What `library` may be, and why there is nothing to compute.
const LIBRARIES: [(&str, &str); 5] = [
    ("Rishit-dagli/Perceiver", RISHIT_DAGLI),
    ("perceiver", RISHIT_DAGLI),
    ("neuro-galaxy/torch_brain", POYO),
    ("torch_brain", POYO),
    ("poyo", POYO),
];

const RISHIT_DAGLI: &str = "this is Rishit-dagli/Perceiver (the package `perceiver` for TensorFlow), which cannot run: its attention is \
                            defined inside its constructor and its norm drops the context, so the data never reaches the latents \
                            and there is nothing to compute; train lucidrains' perceiver-pytorch, which it was ported from";

const POYO: &str = "this is POYO (torch_brain), whose tokens, latents and queries each come with a time at run time: queries, keys and \
                    values turn by those times, and what is gathered turns back by them, whereas percio's rotary positions count \
                    tokens and turn queries and keys alone, so it would compute other numbers: run it with torch_brain, or train a \
                    model whose tokens stand at fixed places, such as one of percio's own format over binned spikes";

/// Tensors that every POYO has, perhaps below the name that a trainer gives it.
const POYO_TENSORS: [&str; 3] = ["latent_emb.weight", "session_emb.weight", "enc_atn.to_kv.weight"];
const POYO_ROOTS: [&str; 2] = ["", "model."];

/// The reason, if `library` is one of these.
pub(super) fn refusal(library: &serde_json::Value) -> Option<Problems> {
    LIBRARIES.iter().find(|(known, _)| library == known).map(|(_, reason)| Problems::model(*reason))
}

/// The reason, if the tensors are those of such a model.
pub(super) fn refusal_of(checkpoint: &Checkpoint) -> Option<Problems> {
    let has_all = |root: &str| POYO_TENSORS.iter().all(|name| checkpoint.has(&format!("{root}{name}")));
    POYO_ROOTS.iter().any(|root| has_all(root)).then(|| Problems::model(POYO))
}
