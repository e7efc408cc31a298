//! RAM against the length of the input, of this model and of other engines.

use super::super::peers::{PeerMemory, Peers};
use super::chart::{Series, key, lines, table};
use super::page::{Section, escape};
use crate::table::grouped;
use std::collections::BTreeSet;

pub(super) fn section(peers: &[Peers]) -> Option<Section> {
    let measured: Vec<&PeerMemory> = peers.iter().flat_map(|peers| &peers.memory).collect();
    let lengths: BTreeSet<u64> =
        measured.iter().flat_map(|memory| memory.bytes.iter().map(|&(tokens, _)| tokens)).collect();
    if lengths.is_empty() {
        return None;
    }
    let places: Vec<String> = lengths.iter().map(|&tokens| grouped(tokens)).collect();
    let at = |memory: &PeerMemory, tokens: u64| {
        memory.bytes.iter().find(|&&(known, _)| known == tokens).map(|&(_, bytes)| bytes)
    };
    let series: Vec<Series> = measured
        .iter()
        .map(|memory| Series {
            name: memory.name.clone(),
            values: lengths.iter().map(|&tokens| at(memory, tokens)).collect(),
        })
        .collect();
    let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
    let header: Vec<&str> = ["tokens"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let cell = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |bytes| grouped(bytes as u64));
    let rows: Vec<Vec<String>> = (0..places.len())
        .map(|place| {
            [places[place].clone()].into_iter().chain(series.iter().map(|series| cell(&series.values[place]))).collect()
        })
        .collect();
    let machines: Vec<String> =
        peers.iter().filter(|peers| !peers.memory.is_empty()).map(|peers| escape(&peers.machine)).collect();
    let body = format!(
        "<p>Bytes over the number of input tokens, both logarithmic. {}</p>{}{}<details><summary>the figures</summary>{}</details>",
        machines.join(" "),
        key(&names),
        lines("Bytes of RAM at each length", &places, &series, None),
        table("Bytes of RAM at each length", &header, &rows)
    );
    Some(Section::new("lengths", "RAM against the length of the input", body))
}
