//! Libraries whose models cannot be computed by anyone.

use crate::Problems;

/// What `library` may be, and why there is nothing to compute.
const LIBRARIES: [(&str, &str); 2] = [("Rishit-dagli/Perceiver", RISHIT_DAGLI), ("perceiver", RISHIT_DAGLI)];

const RISHIT_DAGLI: &str = "this is Rishit-dagli/Perceiver (the package `perceiver` for TensorFlow), which cannot run: its attention is \
                            defined inside its constructor and its norm drops the context, so the data never reaches the latents \
                            and there is nothing to compute; train lucidrains' perceiver-pytorch, which it was ported from";

/// The reason, if `library` is one of these.
pub(super) fn refusal(library: &serde_json::Value) -> Option<Problems> {
    LIBRARIES.iter().find(|(known, _)| library == known).map(|(_, reason)| Problems::model(*reason))
}
