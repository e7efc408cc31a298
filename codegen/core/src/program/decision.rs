//! What the planner chose, for reports.

/// How one attention is computed, and how else it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The block.
    pub layer: String,
    /// How it is.
    pub chosen: Way,
    /// As the source writes it, and what takes the least multiplications, flash or RAM, unless that is how it is.
    pub alternatives: Vec<Way>,
}

/// A way to compute an attention, and what it takes beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// In words.
    pub what: String,
    /// Multiply-accumulate operations of its runs: those of the linear layers up to its result, and its own.
    pub macs: u64,
    /// Bytes of their weights, and of the rows that ask where these are constants.
    pub flash_bytes: usize,
    /// Bytes of what is made from the rows at a time: queries, keys, values, what is gathered.
    pub ram_bytes: usize,
}
