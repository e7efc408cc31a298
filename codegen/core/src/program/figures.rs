//! What a program costs, exactly.

use super::{InputKind, Lengths, Program, Stage, Step};

impl Step {
    /// The name of the function of `percio::layers`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embed { .. } => "embed",
            Self::Linear { .. } => "linear",
            Self::Normalize { x: Some(_), .. } => "normalize",
            Self::Normalize { x: None, .. } => "normalize_in_place",
            Self::Gate { .. } => "gate",
            Self::Gru { .. } => "gru",
            Self::Rotate { .. } => "rotate",
            Self::Turn { .. } => "turn",
            Self::Attention { .. } => "attention",
            Self::InvertedAttention { .. } => "inverted_attention",
            Self::HideRows { .. } => "hide_rows",
            Self::Transpose { .. } => "transpose",
            Self::Mix { .. } => "mix",
            Self::Mixed { .. } => "mixed",
            Self::Begin { shape, .. } if shape.shares.is_some() => "begin_shares",
            Self::Gather { shape, .. } if shape.shares.is_some() => "gather_shares",
            Self::Settle { shape, .. } if shape.shares.is_some() => "settle_shares",
            Self::Begin { .. } => "begin",
            Self::Gather { .. } => "gather",
            Self::Settle { .. } => "settle",
            Self::Columns { .. } => "columns",
            Self::GatherGrid { .. } => "gather_grid",
            Self::CopyRows { .. } => "copy_rows",
            Self::AddRows { .. } => "add_rows",
            Self::MeanRows { .. } => "mean_rows",
            Self::AffineRows { .. } => "affine_rows",
            Self::Fourier { points: None, .. } => "fourier",
            Self::Fourier { points: Some(_), .. } => "fourier_at",
            Self::Waves { .. } => "waves",
            Self::Unfold { .. } => "unfold",
            Self::MaxPool { .. } => "max_pool",
        }
    }

    /// Multiply-accumulate operations of a run of these lengths: those of matrix products and attention.
    #[must_use]
    pub fn macs(&self, lengths: Lengths) -> u64 {
        match *self {
            Self::Linear { rows, inputs, outputs, .. } => (rows.at(lengths) * inputs * outputs) as u64,
            Self::Attention { queries, keys, heads, qk, v_width, .. }
            | Self::InvertedAttention { queries, keys, heads, qk, v_width, .. } => {
                (queries.at(lengths) * keys.at(lengths) * heads * (qk + v_width)) as u64
            }
            Self::Gather { ref shape, keys, .. } => {
                (shape.queries * keys.at(lengths) * shape.heads * (shape.qk + shape.v_width)) as u64
            }
            // Of a score and of what is gathered by it: the channels, and the factor of the places.
            Self::GatherGrid { ref shape, width, keys, .. } => {
                (shape.queries * keys.at(lengths) * shape.heads * 2 * (width + 1)) as u64
            }
            _ => 0,
        }
    }
}

impl Program {
    /// Multiply-accumulate operations of the largest run.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.stages.iter().map(|stage| self.stage_macs(stage)).sum()
    }

    /// Those of one stage.
    #[must_use]
    pub fn stage_macs(&self, stage: &Stage) -> u64 {
        let whole = stage.whole(self.largest_run());
        stage.steps().into_iter().flatten().map(|index| self.steps[index].macs(whole)).sum()
    }

    /// Those of the step `index` in all stages that run it.
    #[must_use]
    pub fn step_macs(&self, index: usize) -> u64 {
        let runs = |stage: &&Stage| stage.steps().iter().any(|steps| steps.contains(&index));
        let run = self.largest_run();
        self.stages.iter().filter(runs).map(|stage| self.steps[index].macs(stage.whole(run))).sum()
    }

    /// The largest run at the fullest tile of the step `index`.
    #[must_use]
    pub fn longest(&self, index: usize) -> Lengths {
        let holds = |stage: &&Stage| stage.sections().iter().any(|steps| steps.contains(&index));
        let run = self.largest_run();
        let tiles = self.stages.iter().filter(holds).map(|stage| stage.tile(run).tile);
        Lengths { tile: tiles.max().unwrap_or(0), ..run }
    }

    /// Bytes of the generated type: the arena, then the outputs that it keeps, rounded up to the arena's alignment.
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        let outputs = self.outputs.iter().filter(|_| self.keeps_outputs);
        let outputs: usize = outputs.map(|output| output.rows * output.width).sum();
        // How many latents and layers a run has: two words.
        let choices = if self.is_adaptive() { 2 } else { 0 };
        ((self.arena_len * 4).next_multiple_of(percio_format::ALIGN) + (outputs + choices) * 4)
            .next_multiple_of(percio_format::ALIGN)
    }

    /// Bytes of weights and tables, in the blob or in code.
    #[must_use]
    pub fn flash_bytes(&self) -> usize {
        let lines =
            self.steps.iter().map(|step| if let Step::Waves { line, .. } = step { line.waves.len() } else { 0 });
        self.blob.len() + lines.map(|waves| waves * size_of::<[u64; 2]>()).sum::<usize>()
    }

    /// Whether an input is as long as a run needs it, and so borrowed rather than held.
    #[must_use]
    pub fn borrows_inputs(&self) -> bool {
        self.inputs.iter().any(|input| matches!(input.kind, InputKind::Ids { .. } | InputKind::Mask { .. }))
    }

    /// Whether the number of tokens may differ from run to run.
    #[must_use]
    pub fn has_variable_length(&self) -> bool {
        self.inputs.iter().any(|input| matches!(input.kind, InputKind::Ids { .. }))
    }
}
