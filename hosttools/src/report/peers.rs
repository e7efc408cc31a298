//! What other engines take for the same model: figures from a file, to stand beside those measured here.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// The figures of some engines.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peers {
    /// What they were measured on; times of another machine say little.
    #[serde(default)]
    pub(crate) machine: String,
    /// The time of an inference.
    #[serde(default)]
    pub(crate) times: Vec<PeerTime>,
    /// RAM over the number of input tokens.
    #[serde(default)]
    pub(crate) memory: Vec<PeerMemory>,
}

/// The time of an inference.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerTime {
    pub(crate) name: String,
    pub(crate) microseconds: f64,
}

/// RAM over the number of input tokens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerMemory {
    pub(crate) name: String,
    /// Tokens and bytes.
    pub(crate) bytes: Vec<(u64, f64)>,
}

impl Peers {
    /// All that the files hold.
    ///
    /// # Errors
    /// A file that cannot be read or holds something else.
    pub(crate) fn read<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Vec<Self>> {
        let read = |path: &Path| {
            let shown = path.display();
            let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
            let peers: Self = serde_json::from_str(&text).with_context(|| {
                format!("`{shown}` holds no figures of other engines: expected the fields of docs/compare.md, \"times\" or \"memory\"")
            })?;
            let figures = peers.times.iter().map(|time| time.microseconds);
            let bytes = peers.memory.iter().flat_map(|memory| memory.bytes.iter().map(|&(_, bytes)| bytes));
            ensure!(figures.chain(bytes).all(|figure| figure > 0.0), "`{shown}` holds a figure that is not above zero");
            Ok(peers)
        };
        paths.into_iter().map(read).collect()
    }
}
