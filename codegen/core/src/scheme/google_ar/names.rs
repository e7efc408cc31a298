//! Haiku's names of the parameters, as those of linear layers and norms elsewhere: `module.weight` and `module.bias`.

use crate::scheme::block::{Biases, Names, Projections};
use crate::scheme::checkpoint::Bias;

/// `module:parameter` to the name of a tensor and the axes it has, in its order; a linear layer is `[outputs, inputs]` then.
pub(super) fn plain(name: &str) -> Option<(String, &'static [usize])> {
    let (module, parameter) = name.split_once(':')?;
    let (part, axes): (_, &[usize]) = match parameter {
        "w" => ("weight", &[1, 0]),
        "b" | "offset" => ("bias", &[0]),
        "scale" => ("weight", &[0]),
        "embeddings" => ("weight", &[0, 1]),
        _ => return None,
    };
    Some((format!("{module}.{part}"), axes))
}

/// The name of the `index`-th module called `name`.
pub(super) fn numbered(name: &str, index: usize) -> String {
    if index == 0 { name.to_owned() } else { format!("{name}_{index}") }
}

/// The parts of a block.
pub(super) fn block(is_cross: bool) -> Names {
    Names {
        norm_q: "/layer_norm",
        norm_kv: "/layer_norm_1",
        projections: Projections::Separate {
            query: "/attention/linear",
            key: "/attention/linear_1",
            value: "/attention/linear_2",
        },
        output: "/attention/linear_3",
        mlp_norm: if is_cross { "/layer_norm_2" } else { "/layer_norm_1" },
        up: "/dense/linear",
        down: "/dense/linear_1",
        biases: Biases::all(Bias::Required),
    }
}
