//! Which tokens of a sequence are read, and which of them are latents.

use anyhow::{Result, ensure};
use percio::sequence::{self, Split};
use percio_codegen_core::model::{Latents, Model, Stem};

/// How a model divides a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Most tokens that are read: the last ones.
    pub tokens: usize,
    /// Most latents, which are the last of those.
    pub latents: usize,
    /// How many tokens come before the latents, where the model itself says so.
    pub prefix: Option<usize>,
    /// The id that ends a sequence, so that none can hold it.
    pub end: Option<u32>,
    /// Ids are below this.
    pub vocabulary: usize,
}

impl Tail {
    /// What `model` says.
    ///
    /// # Errors
    /// When its latents are not the last of its ids, each of which gives the likelihoods of the id after it.
    pub fn of(model: &Model) -> Result<Self> {
        let (Latents::Tail { most, prefix, end, .. }, [input]) = (&model.latents, model.inputs.as_slice()) else {
            anyhow::bail!(
                "{} does not continue a sequence: generation needs a Perceiver AR",
                model.provenance.implementation
            );
        };
        let Stem::Ids { tokens, embedding } = &input.stem else {
            anyhow::bail!("`{}` holds no ids: generation needs a Perceiver AR over ids", input.name);
        };
        Ok(Self { tokens: *tokens, latents: *most, prefix: *prefix, end: *end, vocabulary: embedding.rows() })
    }

    /// How many tokens come before the latents of `prompt`, of which `latents` are asked for; without, as few as there can be.
    /// As a sequence grows its latents do, until there are as many as there can be; then the prefix grows.
    ///
    /// # Errors
    /// When the prompt is no sequence of the model, or cannot have so many latents.
    pub fn prefix_of(&self, prompt: &[u32], latents: Option<usize>) -> Result<usize> {
        let Self { tokens, vocabulary, .. } = *self;
        if let Some((place, id)) =
            prompt.iter().enumerate().find(|&(_, &id)| id as usize >= vocabulary || Some(id) == self.end)
        {
            let ends = self.end.map_or_else(String::new, |end| format!(" without {end}, which ends a sequence"));
            anyhow::bail!("the prompt holds {id} at place {place}, expected ids below {vocabulary}{ends}: correct it");
        }
        let count = prompt.len();
        let fewest = self.prefix.map_or(1, |prefix| prefix + 1);
        ensure!(
            (fewest..=tokens).contains(&count),
            "the prompt has {count} ids, expected {fewest} to {tokens}: {}",
            if count < fewest { "give more" } else { "give its last ones" }
        );
        match (self.prefix, latents) {
            (Some(prefix), None) => Ok(prefix),
            (Some(prefix), Some(_)) => anyhow::bail!(
                "the number of latents is asked for, but the model itself says that at least {prefix} tokens come before them: leave it out"
            ),
            (None, latents) => self.asked(count, latents),
        }
    }

    /// The prefix of a prompt of `count` tokens where the caller says how many of them are latents.
    fn asked(&self, count: usize, latents: Option<usize>) -> Result<usize> {
        // A longer prefix would leave too few latents once there are as many tokens as can be.
        let fewest = (count + self.latents).saturating_sub(self.tokens).max(1);
        let latents = latents.unwrap_or(fewest);
        let most = self.latents.min(count);
        ensure!(
            (fewest..=most).contains(&latents),
            "{latents} latents are asked for, expected {fewest} to {most} of a prompt of {count} ids: correct the number"
        );
        Ok(count - latents)
    }

    /// The division of the first `end` tokens of a sequence that began with `asked` tokens before its latents.
    #[must_use]
    pub fn split(&self, end: usize, asked: usize) -> Split {
        let Self { tokens, latents, .. } = *self;
        sequence::Tail { tokens, latents, moves: sequence::Moves::Never }.split(end as u64, asked)
    }
}
