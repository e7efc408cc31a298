//! The record of costs: `PERCIO_OVERWRITE=1 cargo test -p percio-hosttools --test boards record` writes it anew.

use crate::bars;
use crate::build::repository;
use crate::costs::{Cost, Costs, measure};
use percio_hosttools::board::Board;
use std::collections::BTreeMap;
use std::fs;

const RECORD: &str = "benches/record/boards.json";
/// What is measured may cost more than the record by this factor.
const MORE: f64 = 1.02;

/// Each cost that is beyond its record, or that has none.
fn beyond(board: &str, costs: &Costs, record: &Costs) -> Vec<String> {
    let more = |measured: u64, recorded: u64| measured as f64 > recorded as f64 * MORE;
    let one = |(name, cost): (&String, &Cost)| {
        let Some(recorded) = record.get(name) else { return Some(format!("{board}, {name}: not recorded")) };
        let worse = |measured: Option<u64>, recorded: Option<u64>| match (measured, recorded) {
            (Some(measured), Some(recorded)) => more(measured, recorded),
            (measured, recorded) => measured != recorded,
        };
        let costly = more(cost.instructions, recorded.instructions)
            || worse(cost.cycles_estimate, recorded.cycles_estimate)
            || worse(cost.stack_bytes, recorded.stack_bytes);
        costly.then(|| format!("{board}, {name}: {cost:?}, recorded {recorded:?}"))
    };
    costs.iter().filter_map(one).collect()
}

#[test]
fn costs_stay_as_recorded() {
    let path = repository(RECORD);
    let costs: BTreeMap<&str, Costs> = Board::ARM.iter().map(|board| (board.name, measure(board))).collect();
    if std::env::var_os("PERCIO_OVERWRITE").is_some() {
        let text = serde_json::to_string_pretty(&costs).expect("costs are JSON") + "\n";
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let record: BTreeMap<&str, Costs> = serde_json::from_str(&text).expect("the record is well formed");
    let none = Costs::new();
    let beyond: Vec<String> =
        costs.iter().flat_map(|(name, costs)| beyond(name, costs, record.get(name).unwrap_or(&none))).collect();
    assert!(beyond.is_empty(), "more than 2 % beyond {RECORD}:\n{}", beyond.join("\n"));
    let over = bars::over(&costs);
    assert!(over.is_empty(), "over their bars:\n{}", over.join("\n"));
}

#[test]
fn a_cost_beyond_its_record_is_told() {
    let costs = |instructions, cycles_estimate| {
        Costs::from([(
            "a kernel".to_owned(),
            Cost { instructions, cycles_estimate: Some(cycles_estimate), stack_bytes: None },
        )])
    };
    let record = costs(1000, 2000);
    assert_eq!(beyond("m4", &costs(1020, 2040), &record), Vec::<String>::new());
    assert_eq!(beyond("m4", &costs(1021, 2000), &record).len(), 1);
    assert_eq!(beyond("m4", &costs(1000, 2041), &record).len(), 1);
    assert_eq!(beyond("m4", &costs(1, 1), &Costs::new()), ["m4, a kernel: not recorded"]);
}
