//! What kernels and models cost on a board.

use crate::build::{build, repository};
use percio_hosttools::board::Board;
use percio_hosttools::estimate::address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::process::Command;

/// The models that are measured, and their weights.
const MODELS: [(&str, &str); 3] =
    [("tests/fixtures/tiny-mlm", "f32"), ("examples/models/motion", "f32"), ("examples/models/motion", "f16")];
/// What the program `costs` measures first, which tells whether it counts right.
const THOUSAND: &str = "a thousand instructions";

/// Instructions, and estimated cycles where the processor has a timing table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) cycles_estimate: Option<u64>,
    /// Of a model's inference.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) stack_bytes: Option<u64>,
}

/// Costs by the names of what is measured.
pub(crate) type Costs = BTreeMap<String, Cost>;

pub(crate) fn measure(board: &Board) -> Costs {
    let mut costs = kernels(board);
    for (model, weights) in MODELS {
        let name = model.rsplit('/').next().expect("a path has a last part");
        let suffix = if weights == "f32" { String::new() } else { format!(", {weights}") };
        costs.insert(format!("model {name}{suffix}"), bench(board, model, weights));
    }
    costs
}

fn kernels(board: &Board) -> Costs {
    let program = build(board, "costs");
    let said = board.count(&program, None).expect("the program ends well");
    let cost = |line: &str| {
        let (instructions, name) = line.strip_prefix("cost ")?.split_once(' ')?;
        Some((name.to_owned(), instructions.parse::<u64>().ok()?))
    };
    let counted: Vec<(String, u64)> = said.lines().map(|line| cost(line).expect(line)).collect();
    assert_eq!(counted.first(), Some(&(THOUSAND.to_owned(), 1000)), "{} counts wrongly", board.processor);
    let estimates = board.timing.map(|timing| {
        let entry = address(&program, "percio_measured").expect("the function that is measured");
        let trace = board.trace(&program, None, entry, 2 * counted.len()).expect("QEMU logs what runs");
        let call = |call| timing.estimate(&trace, call).expect("the call was seen").into_values().sum();
        let estimate = |index: usize| -> percio_hosttools::estimate::Cost {
            let [nothing, work]: [percio_hosttools::estimate::Cost; 2] = [2 * index, 2 * index + 1].map(call);
            work - nothing
        };
        (0..counted.len()).map(estimate).collect::<Vec<_>>()
    });
    let costs = counted.into_iter().enumerate().skip(1).map(|(index, (name, instructions))| {
        let estimate = estimates.as_ref().map(|estimates| estimates[index]);
        if let Some(estimate) = estimate {
            assert_eq!(estimate.instructions, instructions, "{name}: the log and the counter of {}", board.processor);
        }
        (
            name,
            Cost { instructions, cycles_estimate: estimate.map(|cost| cost.cycles_estimate as u64), stack_bytes: None },
        )
    });
    costs.collect()
}

fn bench(board: &Board, model: &str, weights: &str) -> Cost {
    let mut percio = Command::new(env!("CARGO_BIN_EXE_percio"));
    percio.arg("bench").arg(repository(model)).args(["--backend", &format!("qemu-{}", board.name), "--format", "json"]);
    percio.args(["--weights", weights]);
    let output = percio.env("PERCIO_CACHE", env!("CARGO_TARGET_TMPDIR")).output().expect("percio starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
