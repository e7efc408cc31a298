//! What a class is read from.

use super::EPS;
use super::config::Config;
use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::{Fidelity, LoadOptions};

/// What a class is read from.
pub(super) struct Source<'a> {
    pub(super) config: Config,
    pub(super) options: &'a LoadOptions,
    pub(super) checkpoint: Checkpoint,
    /// Sentences for the user.
    pub(super) remarks: Vec<String>,
}

impl Source<'_> {
    /// Whether the model computes what DeepMind's original does.
    pub(super) fn is_deepmind(&self) -> bool {
        self.options.fidelity == Fidelity::DeepMind
    }

    /// The shape of the input `name` of `rank` axes, whose size the checkpoint leaves open: the caller's, else that of
    /// config.json. One that does not fit is a problem.
    pub(super) fn shape(
        &mut self,
        name: &str,
        rank: usize,
        expected: &str,
        fits: impl Fn(&[usize]) -> bool,
    ) -> Option<Vec<usize>> {
        let written = self.config.input_shapes.get(name).map(Vec::as_slice);
        let shape = self.options.shape(name, rank).or(written)?;
        if shape.len() == rank && fits(shape) {
            return Some(shape.to_vec());
        }
        self.checkpoint.complain_about(
            LoadOptions::INPUT_SHAPES,
            format!("the shape given for `{name}` is {shape:?}, expected {expected}: correct it"),
        );
        None
    }

    /// What the source says and does about its own numbers.
    pub(super) fn remark_on_numerics(&mut self) {
        if let Some(eps) = self.config.ignored_eps {
            self.remarks.push(format!(
                "`layer_norm_eps` {eps:e} is ignored, as transformers ignores it: every layer norm uses {EPS:e}"
            ));
        }
        if self.is_deepmind() {
            self.remarks.push(
                "computes what DeepMind's original does with these weights, not transformers: the tanh form of GELU, \"same\" \
                 padding of convolutions, masks that leave empty rows zero"
                    .to_owned(),
            );
        }
    }
}
