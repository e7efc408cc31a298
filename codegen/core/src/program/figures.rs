//! What a program costs, exactly.

use super::{Count, InputKind, Program, Step};

impl Count {
    /// The most rows this can be.
    #[must_use]
    pub fn most(self, max_tokens: usize) -> usize {
        match self {
            Self::Fixed(rows) => rows,
            Self::Tokens => max_tokens,
        }
    }
}

impl Step {
    /// The name of the function of `percio::layers`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embed { .. } => "embed",
            Self::Linear { .. } => "linear",
            Self::Normalize { x: Some(_), .. } => "normalize",
            Self::Normalize { x: None, .. } => "normalize_in_place",
            Self::Attention { .. } => "attention",
            Self::CopyRows { .. } => "copy_rows",
            Self::AddRows { .. } => "add_rows",
            Self::AffineRows { .. } => "affine_rows",
            Self::Fourier { .. } => "fourier",
            Self::Unfold { .. } => "unfold",
            Self::MaxPool { .. } => "max_pool",
        }
    }

    /// Multiply-accumulate operations at the most tokens: those of matrix products and attention.
    #[must_use]
    pub fn macs(&self, max_tokens: usize) -> u64 {
        match *self {
            Self::Linear { rows, inputs, outputs, .. } => (rows.most(max_tokens) * inputs * outputs) as u64,
            Self::Attention { queries, keys, heads, qk, v_width, .. } => {
                (queries * keys.most(max_tokens) * heads * (qk + v_width)) as u64
            }
            _ => 0,
        }
    }
}

impl Program {
    /// Multiply-accumulate operations of one inference at the most tokens.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.steps.iter().map(|step| step.macs(self.max_tokens)).sum()
    }

    /// Bytes of the generated type: the arena, then the outputs, rounded up to the arena's alignment.
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        let outputs: usize = self.outputs.iter().map(|output| output.rows * output.width).sum();
        ((self.arena_len * 4).next_multiple_of(percio_format::ALIGN) + outputs * 4)
            .next_multiple_of(percio_format::ALIGN)
    }

    /// Bytes of weights and tables.
    #[must_use]
    pub fn flash_bytes(&self) -> usize {
        self.blob.len()
    }

    /// Whether the number of tokens may differ from run to run.
    #[must_use]
    pub fn has_variable_length(&self) -> bool {
        self.inputs.iter().any(|input| matches!(input.kind, InputKind::Ids { .. }))
    }
}
