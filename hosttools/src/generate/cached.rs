//! Every token by the rows that it adds; see [the module](super) for what is kept.

use super::block::{Block, Linear, Norm};
use super::{Predict, Split};
use anyhow::{Context, Result};
use percio::Activation;
use percio::isa::{Isa, Kernel, dispatch};
use percio_codegen_core::model::{Combine, Encoding, Input, Latents, Model, Places, Reads, Stem, Tensor};
use percio_codegen_core::passes::{self, Passes};

/// Keeps what a new token leaves as it was.
pub struct Cached {
    embedding: Tensor,
    /// Positions that are added to tokens, and how they count.
    positions: Option<(Tensor, Places)>,
    project: Option<Linear>,
    blocks: Vec<Block>,
    norm: Option<Norm>,
    head: Linear,
    width: usize,
    /// What the kept keys and values belong to.
    kept: Option<Kept>,
    rows: usize,
}

/// The tokens whose keys and values are kept.
struct Kept {
    ids: Vec<u32>,
    split: Split,
    /// The tokens after the first whose keys and values are those of a prefix, or of a whole sequence.
    context: usize,
}

impl Cached {
    /// A predictor that keeps nothing yet.
    ///
    /// # Errors
    /// When `model` is no Perceiver AR over ids with one head of logits.
    pub fn new(mut model: Model) -> Result<Self> {
        passes::run(&mut model, Passes::NONE);
        let described = format!("{} has parts that no Perceiver AR has", model.provenance.implementation);
        Self::of(&model)
            .with_context(|| format!("{described}, so that nothing of it can be kept: compute every token anew"))
    }

    fn of(model: &Model) -> Option<Self> {
        let ([input], [output], Latents::Tail { project, width, .. }) =
            (model.inputs.as_slice(), model.outputs.as_slice(), &model.latents)
        else {
            return None;
        };
        let Stem::Ids { embedding, .. } = &input.stem else { return None };
        let is_bare =
            input.scale.is_none() && input.project.is_none() && input.padding.is_none() && model.decoder.is_none();
        let is_plain = model.mixtures.is_empty() && !output.mean && output.norm.is_none() && output.last_norm.is_none();
        if !(is_bare && is_plain) {
            return None;
        }
        let mut reads = model.blocks.iter().map(|block| block.reads).filter(|reads| reads.context());
        let first = reads.next();
        // One context serves all of them.
        if reads.any(|reads| Some(reads) != first) {
            return None;
        }
        let blocks = model.schedule.iter().map(|&index| Block::new(&model.blocks[index]));
        Some(Self {
            embedding: embedding.clone(),
            positions: positions(input)?,
            project: project.as_ref().map(Linear::new),
            blocks: blocks.collect::<Option<_>>()?,
            norm: model.norm.as_ref().map(Norm::new),
            head: Linear::new(output.linear.as_ref()?),
            width: *width,
            kept: None,
            rows: 0,
        })
    }

    /// Rows of latents that went through the layers so far: without keeping any it would be all latents for each token.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Forgets what does not hold of a sequence divided as `split` says. Returns how many tokens after the first have their keys
    /// and values as context, and which is the first latent that has to be computed.
    fn forget(&mut self, ids: &[u32], split: Split) -> (usize, usize) {
        let follows =
            |kept: &Kept| ids.starts_with(&kept.ids) && kept.split.end < split.end && kept.split.first <= split.first;
        let Some(kept) = self.kept.take().filter(follows) else { return self.restart(split) };
        let moved = split.first - kept.split.first;
        let places_moved = match &self.positions {
            Some((_, Places::FromEnd)) => true,
            Some(_) => moved > 0,
            None => false,
        };
        if places_moved || moved > kept.context {
            return self.restart(split);
        }
        self.blocks.iter_mut().for_each(|block| block.context.forget(moved, kept.context));
        if (kept.split.first, kept.split.latents) == (split.first, split.latents) {
            return (kept.context, kept.split.end);
        }
        self.blocks.iter_mut().for_each(|block| block.own.clear());
        (kept.context - moved, split.latents)
    }

    /// Forgets everything.
    fn restart(&mut self, split: Split) -> (usize, usize) {
        for block in &mut self.blocks {
            block.context.clear();
            block.own.clear();
        }
        (0, split.latents)
    }

    /// Tokens `from` to `to`, of which `read` are read, as rows.
    fn tokens(&self, ids: &[u32], split: Split, from: usize, to: usize) -> Vec<f32> {
        let width = self.embedding.columns();
        let mut rows = Vec::with_capacity((to - from) * width);
        for (place, &id) in ids.iter().enumerate().take(to).skip(from) {
            rows.extend_from_slice(&self.embedding.data[id as usize * width..][..width]);
            if let Some((table, places)) = &self.positions {
                let place = if *places == Places::FromEnd { split.end - 1 - place } else { place - split.first };
                let row = rows.len() - width;
                rows[row..].iter_mut().zip(&table.data[place * width..]).for_each(|(x, position)| *x += position);
            }
        }
        rows
    }
}

/// Positions that are added to tokens; `None` where they join them otherwise.
fn positions(input: &Input) -> Option<Option<(Tensor, Places)>> {
    let Some(position) = &input.position else { return Some(None) };
    match (&position.encoding, position.combine, &position.project) {
        (Encoding::Learned(table), Combine::Add, None) => Some(Some((table.clone(), position.places))),
        _ => None,
    }
}

impl Predict for Cached {
    fn predict(&mut self, ids: &[u32], split: Split) -> Result<Vec<f32>> {
        Ok(dispatch(Advance { cached: self, ids, split }))
    }
}

/// The rows that a sequence has more than what is kept.
struct Advance<'a> {
    cached: &'a mut Cached,
    ids: &'a [u32],
    split: Split,
}

impl Kernel for Advance<'_> {
    type Output = Vec<f32>;

    fn run<I: Isa>(self, isa: I) -> Vec<f32> {
        let Self { cached, ids, split } = self;
        let (context, from) = cached.forget(ids, split);
        let has_whole = cached.blocks.iter().any(|block| block.reads == Reads::Context);
        // Blocks that read the whole sequence have no keys of their own rows.
        let to = if has_whole { split.end } else { split.latents };
        let more = cached.tokens(ids, split, split.first + context, to);
        let width = cached.embedding.columns();
        for block in cached.blocks.iter_mut().filter(|block| block.reads.context()) {
            block.read(isa, &more, width);
        }
        let tokens = cached.tokens(ids, split, from, split.end);
        let mut x =
            cached.project.as_ref().map_or(tokens.clone(), |linear| linear.apply(isa, &tokens, Activation::Identity));
        cached.rows += split.end - from;
        for block in &mut cached.blocks {
            block.advance(isa, &mut x, split.end - split.first);
        }
        cached.kept = Some(Kept { ids: ids[..split.end].to_vec(), split, context: to - split.first });
        let last = &x[x.len() - cached.width..];
        let normal = cached.norm.as_ref().map(|norm| norm.apply(isa, last, cached.width));
        cached.head.apply(isa, normal.as_deref().unwrap_or(last), Activation::Identity)
    }
}
