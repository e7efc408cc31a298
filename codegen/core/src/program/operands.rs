//! What a step reads and writes.

use super::{Count, Place, Source, Step, Target, Weights};

impl Step {
    /// The numbers it reads from the arena, the blob or an input, in the order of the call.
    #[must_use]
    pub fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Linear { x, .. }
            | Self::Gate { x, .. }
            | Self::CopyRows { x, .. }
            | Self::AddRows { x, .. }
            | Self::MeanRows { x, .. }
            | Self::MaxPool { x, .. }
            | Self::Settle { x, .. }
            | Self::Columns { x, .. }
            | Self::Transpose { x, .. }
            | Self::Mixed { x, .. } => vec![x],
            Self::Normalize { x, .. } => x.iter().collect(),
            Self::Gru { input, hidden, .. } => vec![input, hidden],
            Self::Mix { logits, x, .. } => vec![logits, x],
            Self::Attention { q, k, v, .. }
            | Self::InvertedAttention { q, k, v, .. }
            | Self::Gather { q, k, v, .. } => vec![q, k, v],
            Self::GatherGrid { q, k, .. } => vec![q, k],
            Self::Unfold { image, .. } => vec![image],
            Self::Embed { .. }
            | Self::Rotate { .. }
            | Self::Turn { .. }
            | Self::HideRows { .. }
            | Self::AffineRows { .. }
            | Self::Fourier { .. }
            | Self::Waves { .. }
            | Self::Begin { .. } => vec![],
        }
    }

    /// The numbers it writes.
    #[must_use]
    pub fn target(&self) -> &Target {
        match self {
            Self::Embed { out, .. }
            | Self::Linear { out, .. }
            | Self::Normalize { out, .. }
            | Self::Gate { out, .. }
            | Self::Gru { out, .. }
            | Self::Rotate { out, .. }
            | Self::Turn { out, .. }
            | Self::Attention { out, .. }
            | Self::InvertedAttention { out, .. }
            | Self::HideRows { out, .. }
            | Self::Transpose { out, .. }
            | Self::Mix { out, .. }
            | Self::Mixed { out, .. }
            | Self::Begin { out, .. }
            | Self::Gather { out, .. }
            | Self::Columns { out, .. }
            | Self::GatherGrid { out, .. }
            | Self::Settle { out, .. }
            | Self::CopyRows { out, .. }
            | Self::AddRows { out, .. }
            | Self::MeanRows { out, .. }
            | Self::AffineRows { out, .. }
            | Self::Fourier { out, .. }
            | Self::Waves { out, .. }
            | Self::Unfold { out, .. }
            | Self::MaxPool { out, .. } => out,
        }
    }

    /// The parts of the blob it reads.
    #[must_use]
    pub fn weights(&self) -> Vec<Weights> {
        let own = match *self {
            Self::Embed { table, .. } => [table, Weights::NONE],
            Self::Linear { weight, bias, .. } => [weight, bias],
            Self::Normalize { gain, offset, .. } | Self::AffineRows { gain, offset, .. } => [gain, offset],
            Self::Rotate { frequencies, .. } => [frequencies, Weights::NONE],
            Self::Fourier { tables, .. } => [tables, Weights::NONE],
            Self::Columns { parts, .. } => [parts, Weights::NONE],
            _ => [Weights::NONE; 2],
        };
        let read = self.sources().into_iter().filter_map(|source| match source {
            Source::Weights(rows) | Source::Table { rows, .. } | Source::LastRows { rows, .. } => Some(*rows),
            Source::Arena(_) | Source::Input(_) => None,
        });
        own.into_iter().chain(read).filter(|part| part.len > 0).collect()
    }

    /// The counts in its shape.
    fn counts(&self) -> Vec<Count> {
        match *self {
            Self::Embed { rows, .. }
            | Self::Linear { rows, .. }
            | Self::Normalize { rows, .. }
            | Self::Gate { rows, .. }
            | Self::Gru { rows, .. }
            | Self::Turn { rows, .. }
            | Self::CopyRows { rows, .. }
            | Self::AddRows { rows, .. }
            | Self::AffineRows { rows, .. }
            | Self::Fourier { rows, .. }
            | Self::Waves { rows, .. }
            | Self::MeanRows { rows, .. }
            | Self::HideRows { rows, .. }
            | Self::Columns { rows, .. }
            | Self::Transpose { rows, .. }
            | Self::Mix { rows, .. }
            | Self::Mixed { rows, .. }
            | Self::Unfold { rows, .. } => vec![rows],
            Self::Rotate { rows, first, skipped, .. } => vec![rows, first, skipped],
            Self::Attention { queries, keys, masked, .. } | Self::InvertedAttention { queries, keys, masked, .. } => {
                vec![queries, keys, masked]
            }
            Self::Gather { keys, .. } | Self::GatherGrid { keys, .. } => vec![keys],
            Self::Begin { .. } | Self::Settle { .. } | Self::MaxPool { .. } => vec![],
        }
    }

    /// Whether it needs something of the run's input: its numbers, ids or mask, or how many tokens it has.
    #[must_use]
    pub fn needs_input(&self) -> bool {
        let is_input = |source: &&Source| matches!(source, Source::Input(_));
        self.sources().iter().any(is_input)
            || self.counts().into_iter().any(Count::varies)
            || matches!(self, Self::Fourier { points: Some(_), .. })
            || matches!(
                self,
                Self::Embed { .. }
                    | Self::Attention { mask: Some(_), .. }
                    | Self::InvertedAttention { mask: Some(_), .. }
                    | Self::HideRows { .. }
                    | Self::Gather { mask: Some(_), .. }
                    | Self::GatherGrid { mask: Some(_), .. }
            )
    }

    /// Every part of the arena it touches, once: what it reads, in order, then what it writes.
    #[must_use]
    pub fn places(&self) -> Vec<&Place> {
        let sources = self.sources().into_iter().filter_map(|source| match source {
            Source::Arena(place) => Some(place),
            Source::Weights(_) | Source::Table { .. } | Source::LastRows { .. } | Source::Input(_) => None,
        });
        let target = match self.target() {
            Target::Arena(place) => Some(place),
            Target::Output(_) => None,
        };
        let mut places: Vec<&Place> = Vec::new();
        for place in sources.chain(target) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}
