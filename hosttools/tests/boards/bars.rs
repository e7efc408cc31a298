//! What some costs stay below, whatever is recorded: from the published figures of CMSIS-NN for matrix products, and of
//! onnx2c's C for the masked language model (10.63 million instructions, 21.0 million estimated cycles on a Cortex-M4).

use crate::costs::{Cost, Costs};
use std::collections::BTreeMap;

/// The matrix product whose costs are those of its multiply-accumulates.
const PRODUCT: &str = "linear 16 × 64 × 64, Identity";
const MACS: f64 = 65536.0;
/// The masked language model.
const MODEL: &str = "model tiny-mlm";

/// A figure of a cost.
type Figure = fn(&Cost) -> Option<u64>;

const INSTRUCTIONS: (&str, Figure) = ("instructions", |cost| Some(cost.instructions));
const CYCLES: (&str, Figure) = ("estimated cycles", |cost| cost.cycles_estimate);
const STACK: (&str, Figure) = ("bytes of stack", |cost| cost.stack_bytes);

/// A board, what is measured there, the figure and its bar.
const BARS: [(&str, &str, (&str, Figure), f64); 7] = [
    ("m4", PRODUCT, CYCLES, 3.0 * MACS),
    ("m4", PRODUCT, INSTRUCTIONS, 2.7 * MACS),
    ("m7", PRODUCT, INSTRUCTIONS, 1.5 * MACS),
    ("m55", PRODUCT, INSTRUCTIONS, 0.6 * MACS),
    ("m4", MODEL, CYCLES, 4.2e6),
    ("m4", MODEL, INSTRUCTIONS, 3.5e6),
    ("m4", MODEL, STACK, 2048.0),
];

/// Each figure that is over its bar, or was not measured.
pub(crate) fn over(costs: &BTreeMap<&str, Costs>) -> Vec<String> {
    let one = |(board, name, (what, figure), bar): &(&str, &str, (&str, Figure), f64)| {
        let figure = costs.get(board).and_then(|costs| figure(costs.get(*name)?));
        let holds = figure.is_some_and(|figure| figure as f64 <= *bar);
        (!holds).then(|| format!("{board}, {name}: {figure:?} {what}, at most {bar} are wanted"))
    };
    BARS.iter().filter_map(one).collect()
}

#[test]
fn what_is_over_its_bar_or_missing_is_told() {
    let costs = |instructions, cycles| {
        let cost = Cost { instructions, cycles_estimate: Some(cycles), stack_bytes: Some(1024) };
        let costs = Costs::from([PRODUCT, MODEL].map(|name| (name.to_owned(), cost.clone())));
        BTreeMap::from(["m4", "m7", "m55"].map(|board| (board, costs.clone())))
    };
    assert_eq!(over(&costs(39_000, 196_608)), Vec::<String>::new());
    let told = over(&costs(39_000, 196_609));
    assert_eq!(told, ["m4, linear 16 × 64 × 64, Identity: Some(196609) estimated cycles, at most 196608 are wanted"]);
    assert_eq!(over(&BTreeMap::new()).len(), BARS.len());
}
