//! Layers that share their weights: a state dict repeats them under each layer, some files name them once.

use super::encoder::Recipe;
use super::layout::Part;
use crate::model::{Block, Tensor};
use crate::scheme::checkpoint::Checkpoint;

/// The distinct blocks so far.
pub(super) struct Shared<'a> {
    recipe: &'a Recipe<'a>,
    pub(super) blocks: Vec<Block>,
    /// The block of each part.
    parts: Vec<(Part, usize)>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(recipe: &'a Recipe<'a>) -> Self {
        Self { recipe, blocks: Vec::new(), parts: Vec::new() }
    }

    /// The index of the block of `part`.
    pub(super) fn part(&mut self, checkpoint: &mut Checkpoint, part: Part) -> usize {
        let weights = self.weights(checkpoint, part);
        let block = self.recipe.configure(weights, part);
        let is_same = |known: &Block| shares(known, &block) && known.attention.softmax == block.attention.softmax;
        let index = self.blocks.iter().position(is_same).unwrap_or(self.blocks.len());
        if index == self.blocks.len() {
            self.blocks.push(block);
        }
        self.parts.push((part, index));
        index
    }

    /// The block of `part`: one that is there already when the weights are the same.
    fn weights(&self, checkpoint: &mut Checkpoint, part: Part) -> Block {
        let tied = self.recipe.tied_part(part);
        let known =
            |wanted| self.parts.iter().find(|(known, _)| *known == wanted).map(|(_, index)| &self.blocks[*index]);
        let [place, _] = self.recipe.places(part);
        if let Some(block) = tied.and_then(known)
            && !checkpoint.has(&format!("{place}.norm.weight"))
        {
            return block.clone();
        }
        let read = self.recipe.block(checkpoint, part);
        if let Some(block) = self.blocks.iter().find(|block| repeats(&read.tensors(), &block.tensors())) {
            checkpoint.discount(&read.tensors());
            return block.clone();
        }
        if let Some(tied) = tied.filter(|_| read.tensors().iter().all(|tensor| !tensor.is_empty())) {
            let [other, _] = self.recipe.places(tied);
            checkpoint.complain(format!(
                "`args.weight_tie_layers` is true, but the weights of `{place}` are not those of `{other}`: set it to false, or \
                 save the weights that belong to it"
            ));
        }
        read
    }

    /// A sentence on what is shared, if anything is.
    pub(super) fn remark(&self) -> Option<String> {
        let (parts, blocks) = (self.parts.len(), self.blocks.len());
        (blocks < parts).then(|| format!("{parts} layers share the weights of {blocks}, which are kept once"))
    }
}

/// Whether two blocks have one set of numbers.
fn shares(a: &Block, b: &Block) -> bool {
    a.attention.output.weight.data.address() == b.attention.output.weight.data.address()
}

/// Whether the numbers are the same, tensor by tensor.
pub(super) fn repeats(a: &[&Tensor], b: &[&Tensor]) -> bool {
    let same = |(a, b): (&&Tensor, &&Tensor)| !a.is_empty() && a.shape == b.shape && a.data == b.data;
    a.len() == b.len() && a.iter().zip(b).all(same)
}
