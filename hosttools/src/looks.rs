//! Pictures of what a run passes through.

use crate::backend::{AttentionMap, StageRows};
use crate::picture::Picture;
use std::collections::BTreeMap;

/// Rows of a picture that show single queries.
const MOST_QUERIES: usize = 1024;

/// The pictures of what every attention weighs, all heads together.
pub(crate) fn attention(maps: &[AttentionMap]) -> Vec<Picture> {
    let mut turns = BTreeMap::<String, usize>::new();
    let picture = |map: &AttentionMap| {
        let turn = turns.entry(map.name.clone()).or_default();
        *turn += 1;
        let name = if *turn == 1 { map.name.clone() } else { format!("{}#{turn}", map.name) };
        let queries = map.queries.min(MOST_QUERIES);
        let what = format!("{} heads, rows × what they read", map.heads);
        Picture::new(name, &what, [queries, map.keys], &mean_over_heads(map)[..queries * map.keys])
    };
    maps.iter().filter_map(picture).collect()
}

/// `[queries, keys]`
pub(crate) fn mean_over_heads(map: &AttentionMap) -> Vec<f32> {
    let len = map.queries * map.keys;
    let mut mean = vec![0.0; len];
    for head in map.weights.chunks(len.max(1)) {
        mean.iter_mut().zip(head).for_each(|(sum, weight)| *sum += weight / map.heads as f32);
    }
    mean
}

/// The rows of each of these stages as they are.
pub(crate) fn stages(stages: &[StageRows]) -> Vec<Picture> {
    let picture = |stage: &StageRows| {
        let rows = stage.numbers.len() / stage.width.max(1);
        Picture::new(stage.name.clone(), "rows × numbers of a row", [rows, stage.width], &stage.numbers)
    };
    stages.iter().filter_map(picture).collect()
}
